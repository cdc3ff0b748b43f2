"""Figures of a firm for the per-enterprise form (在孵(毕业)企业情况表): register, history, people's traits, annual statement, premises."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select

from modules.tenants.models.firm import FIELDS, INDUSTRIES, REGISTRATION_TYPES, TAXPAYERS
from modules.tenants.models.mentor import MentorAgreement
from modules.tenants.models.person import GENDERS, TRAITS, FirmPerson, Person
from modules.tenants.models.qualification import Qualification
from modules.tenants.models.stage import Stage
from modules.tenants.models.statement import FirmStatement
from modules.tenants.services import fact_queries as q
from parkops.i18n import _l

from .form_sources import Answer, Got, Span, source
from .measures import installed

FIRM = "tenants.firm"
REGISTER = _l("as entered with the firm")


def _column(name: str, title: Any, choices: Any = None) -> None:
    def answer(session: Any, firms: Sequence[Any], span: Span) -> Answer:
        out = {}
        for f in firms:
            value = getattr(f, name)
            shown = str(choices.label(value).msgid) if choices is not None and value is not None else value
            out[f.id] = Got(shown, REGISTER, ((FIRM, f.id, None),), "" if value is not None else title)
        return out

    source(f"firm.{name}", title, "firm", formula=REGISTER, choices=choices is not None)(answer)


for _name, _title in (
    ("name", _l("Name")),
    ("credit_code", _l("Unified social credit code")),
    ("registered_on", _l("Registered on")),
    ("entered_on", _l("Entered on")),
    ("industry_code", _l("Industry code")),
    ("founding_capital", _l("Capital at founding")),
):
    _column(_name, _title)
for _name, _title, _choices in (
    ("industry", _l("Industry sector"), INDUSTRIES),
    ("registration_type", _l("Registration type"), REGISTRATION_TYPES),
    ("technology_field", _l("Technology field"), FIELDS),
    ("taxpayer", _l("Taxpayer type"), TAXPAYERS),
):
    _column(_name, _title, _choices)


def _yes(rows: Any, firms: Sequence[Any], resource: str) -> Answer:
    found: dict[int, list[int]] = {}
    for firm_id, record_id in rows:
        found.setdefault(firm_id, []).append(record_id)
    return {f.id: Got(f.id in found, "", tuple((resource, i, None) for i in found.get(f.id, ()))) for f in firms}


@source("firm.mentored", _l("Mentoring relation"), "firm", formula=_l("a mentor agreement runs on the last day"))
def mentored(session: Any, firms: Sequence[Any], span: Span) -> Answer:
    """Item 9."""
    a = MentorAgreement
    rows = session.execute(
        select(a.firm_id, a.id).where(
            a.firm_id.in_([f.id for f in firms]), a.from_on <= span.last, or_(a.to_on.is_(None), a.to_on >= span.last)
        )
    )
    return _yes(rows, firms, "tenants.mentor_agreement")


def _graduation(session: Any, firms: Sequence[Any], span: Span) -> dict[int, tuple[int, date]]:
    s = Stage
    rows = session.execute(
        select(s.firm_id, s.id, s.starts_on)
        .where(s.firm_id.in_([f.id for f in firms]), s.state == "graduated", s.starts_on <= span.last)
        .order_by(s.firm_id, s.starts_on)
    )
    out: dict[int, tuple[int, date]] = {}
    for firm_id, record_id, day in rows:
        out.setdefault(firm_id, (record_id, day))
    return out


@source("firm.graduated", _l("Graduated"), "firm", formula=_l("graduated by the last day"))
def has_graduated(session: Any, firms: Sequence[Any], span: Span) -> Answer:
    """Item 10."""
    found = _graduation(session, firms, span)
    return {f.id: Got(f.id in found, "", ((FIRM, f.id, None),)) for f in firms}


@source("firm.graduated_on", _l("Graduated on"), "firm", formula=_l("first day after incubation, by the last day"))
def graduated_on(session: Any, firms: Sequence[Any], span: Span) -> Answer:
    """Item 11: required only of graduates."""
    found = _graduation(session, firms, span)
    return {f.id: Got(found[f.id][1] if f.id in found else None, "", ((FIRM, f.id, None),)) for f in firms}


@source("firm.hitech", _l("Hi-tech enterprise"), "firm", formula=_l("the qualification stands on the last day"))
def hitech(session: Any, firms: Sequence[Any], span: Span) -> Answer:
    """Item 12."""
    k = Qualification
    rows = session.execute(
        select(k.firm_id, k.id).where(k.firm_id.in_([f.id for f in firms]), k.kind == "hitech", q.qualification_valid(span.last))
    )
    return _yes(rows, firms, "tenants.qualification")


def _heads(session: Any, firms: Sequence[Any], span: Span) -> dict[int, tuple[int, Any]]:
    """The person in charge on the last day: the legal representative, else a founder."""
    fp = FirmPerson
    rows = session.execute(
        select(fp.firm_id, fp.id, fp.part, Person)
        .join(Person, Person.id == fp.person_id)
        .where(fp.firm_id.in_([f.id for f in firms]), fp.part.in_(("legal_representative", "founder")))
        .where(or_(fp.since.is_(None), fp.since <= span.last), or_(fp.until.is_(None), fp.until >= span.last))
        .order_by(fp.firm_id, fp.part.desc(), fp.is_main.desc(), fp.id)
    )
    out: dict[int, tuple[int, Any]] = {}
    for firm_id, record_id, _part, person in rows:
        out.setdefault(firm_id, (record_id, person))
    return out


def _head(name: str, title: Any, choices: Any = None) -> None:
    def answer(session: Any, firms: Sequence[Any], span: Span) -> Answer:
        found, out = _heads(session, firms, span), {}
        for f in firms:
            record, person = found.get(f.id, (None, None))
            value = None if person is None else getattr(person, name)
            shown = str(choices.label(value).msgid) if choices is not None and value is not None else value
            records = () if record is None else (("tenants.firm_person", record, None),)
            out[f.id] = Got(shown, _l("Person in charge"), records, "" if value is not None else title)
        return out

    source(f"head.{name}", title, "firm", formula=_l("of the legal representative, else of a founder"), choices=choices is not None)(answer)


_head("trait", _l("Founder trait"), TRAITS)
_head("serial", _l("Serial entrepreneur"))
_head("gender", _l("Gender"), GENDERS)


@source("statement", _l("Figure of the annual statement"), "firm", formula=_l("what the firm reported for the year"))
def statement(session: Any, firms: Sequence[Any], span: Span, figure: str = "revenue") -> Answer:
    """Items 16 to 25: an empty figure stays unreported."""
    s = FirmStatement
    query = select(s).where(s.firm_id.in_([f.id for f in firms]), s.grain == "year", s.period_start == date(span.last.year, 1, 1))
    found = {r.firm_id: r for r in session.scalars(query)} if span.is_year else {}
    out = {}
    for f in firms:
        row = found.get(f.id)
        value = None if row is None else getattr(row, figure)
        records = () if row is None else (("tenants.statement", row.id, None if value is None else Decimal(value)),)
        out[f.id] = Got(value, _l("Annual statement of %(year)s", year=span.last.year), records, _l("Annual statement of the firm"))
    return out


@source("firm.premises", _l("Area occupied in the carrier"), "firm", formula=_l("units the firm has let on the last day; else as reported"))
def premises(session: Any, firms: Sequence[Any], span: Span) -> Answer:
    """Item 17: from leases in the carrier of the form; a firm without one reports it itself."""
    found: dict[int, list[Any]] = {}
    if installed("leasing"):
        from modules.leasing.models.lease import Lease, LeaseUnit

        rows = session.execute(
            select(Lease.firm_id, LeaseUnit.unit_id, LeaseUnit.area)
            .join(Lease, Lease.id == LeaseUnit.lease_id)
            .where(Lease.firm_id.in_([f.id for f in firms]), LeaseUnit.during.op("@>")(span.last), Lease.carrier_id == span.carrier_id)
            .order_by(LeaseUnit.id)
        )
        for firm_id, unit_id, area in rows:
            found.setdefault(firm_id, []).append(("leasing.unit", unit_id, area))
    told = statement(session, [f for f in firms if f.id not in found], span, "premises_area")
    return {
        f.id: Got(sum((a for _r, _i, a in found[f.id]), Decimal(0)), _l("Leases on %(day)s", day=span.last), tuple(found[f.id]))
        if f.id in found
        else told[f.id]
        for f in firms
    }
