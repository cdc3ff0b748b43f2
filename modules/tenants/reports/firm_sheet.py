"""One page about one firm: who it is, its way through the park, results over the years, standing and obligations.
Personal data is left out: a sheet is printed and handed around."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from parkops.errors import NotFound
from parkops.i18n import _, _l
from parkops.reports.document import Cell, Column, Document, Section, Table
from parkops.reports.registry import Report, Request

from ..models.carrier import Carrier
from ..models.datacall import DataCall, DataCallResponse
from ..models.financing import EXIT_KINDS, FINANCING_KINDS, ExitEvent, FinancingEvent
from ..models.firm import FIELDS, TRACKS, Firm
from ..models.intellectual import IP_KINDS
from ..models.qualification import QUALIFICATION_KINDS, Qualification
from ..models.stage import Stage
from ..services import fact_queries as facts
from ..services.firm_results import results
from ..services.mentors import mentors_of
from ..services.visits import open_follow_ups
from ..states import FIRM

FIGURES = (
    ("revenue", _l("Total revenue"), "money"),
    ("rd_expense", _l("R&D expense"), "money"),
    ("net_profit", _l("Net profit"), "money"),
    ("tax_paid", _l("Taxes and fees paid"), "money"),
    ("staff_total", _l("Staff"), "int"),
    ("ip_valid", _l("Valid IP"), "int"),
    ("equity", _l("Equity obtained"), "money"),
)


def firm_sheet(session: Any, request: Request) -> Document:
    """The sheet of `record_id` as of today."""
    firm = session.scalars(select(Firm).where(Firm.id == request.record_id)).first()
    if firm is None:
        raise NotFound(_l("There is no such record in your parks."))
    on = request.today
    sections = (
        _who(session, firm, on),
        _stages(session, firm),
        _results(session, firm, on),
        _standing(session, firm, on),
        _money(session, firm),
        _open(session, firm),
    )
    return Document(firm.name, f"{firm.credit_code or '—'} · {on.isoformat()}", sections, request.at, request.made_by)


def _label(choices: Any, code: str | None) -> str | None:
    return str(choices.label(code)) if code else None


def _who(session: Any, firm: Firm, on: date) -> Section:
    carrier = session.get(Carrier, firm.carrier_id) if firm.carrier_id else None
    return Section(
        _l("Firm"),
        facts=(
            (_l("Stage"), _label(FIRM.choices, firm.state), "text"),
            (_l("Carrier"), carrier.name if carrier else None, "text"),
            (_l("Industry track"), _label(TRACKS, firm.track), "text"),
            (_l("Technology field"), _label(FIELDS, firm.technology_field), "text"),
            (_l("Registered on"), firm.registered_on, "date"),
            (_l("Entered on"), firm.entered_on, "date"),
            (_l("Term ends on"), firm.term_ends_on, "date"),
            (_l("Registered capital"), firm.capital_amount, "money"),
            (_l("Currency"), firm.capital_currency, "text"),
            (_l("Mentor"), ", ".join(mentors_of(session, [firm.id], on).get(firm.id, [])) or None, "text"),
            (_l("Main products and technology"), firm.products, "text"),
        ),
    )


def _stages(session: Any, firm: Firm) -> Section:
    rows = [
        [str(FIRM.choices.label(s.state)), name or "—", s.starts_on, s.ends_on]
        for s, name in session.execute(
            select(Stage, Carrier.name)
            .outerjoin(Carrier, Carrier.id == Stage.carrier_id)
            .where(Stage.firm_id == firm.id)
            .order_by(Stage.starts_on)
        )
    ]
    if not rows:
        return Section(_l("Way through the park"), text=(_l("Not admitted yet."),))
    columns = (Column(_l("Stage"), width=1.4), Column(_l("Carrier"), width=2), Column(_l("From"), "date"), Column(_l("Until"), "date"))
    return Section(_l("Way through the park"), table=Table(columns, rows))


def _results(session: Any, firm: Firm, on: date) -> Section:
    found = results(session, firm.id, on, firm.entered_on)
    rows = [[str(title), *(Cell(v, fmt) for v in found[code])] for code, title, fmt in FIGURES]
    columns = (Column(_l("Figure"), width=1.6), *(Column(str(y), right=True) for y in found["years"]))
    return Section(_l("Results"), table=Table(columns, rows), note=_l("Money in yuan. A year without a figure was not reported."))


def _standing(session: Any, firm: Firm, on: date) -> Section:
    q = Qualification
    held = session.scalars(select(q).where(q.firm_id == firm.id, facts.qualification_valid(on)).order_by(q.obtained_on))
    lines = [
        (_label(QUALIFICATION_KINDS, x.kind), _("until %(day)s", day=x.valid_to.isoformat()) if x.valid_to else _("without end"), "text")
        for x in held
    ]
    ip = facts.valid_ip(session, [firm.id], on).get(firm.id, {})
    lines += [(_label(IP_KINDS, kind), count, "int") for kind, count in sorted(ip.items())]
    return (
        Section(_l("Qualifications and IP"), facts=tuple(lines))
        if lines
        else Section(_l("Qualifications and IP"), text=(_l("None on record."),))
    )


def _money(session: Any, firm: Firm) -> Section:
    f, e = FinancingEvent, ExitEvent
    rows = [
        [x.on_date, _label(FINANCING_KINDS, x.kind), x.investor or "—", x.amount_cny]
        for x in session.scalars(select(f).where(f.firm_id == firm.id).order_by(f.on_date))
    ]
    rows += [[x.on_date, _label(EXIT_KINDS, x.kind), x.market or "—", None] for x in session.scalars(select(e).where(e.firm_id == firm.id))]
    if not rows:
        return Section(_l("Financing"), text=(_l("None on record."),))
    columns = (
        Column(_l("Date"), "date"),
        Column(_l("Kind"), width=1.2),
        Column(_l("Investor or lender"), width=2),
        Column(_l("Amount in yuan"), "money"),
    )
    return Section(_l("Financing"), table=Table(columns, sorted(rows, key=lambda r: r[0])))


def _open(session: Any, firm: Firm) -> Section:
    """Answers owed to the park and promises owed to the firm."""
    r = DataCallResponse
    owed = session.execute(
        select(DataCall.name, DataCall.due_on)
        .join(r, r.call_id == DataCall.id)
        .where(r.firm_id == firm.id, DataCall.state == "open", r.state.in_(("open", "draft", "returned")))
        .order_by(DataCall.due_on)
    )
    rows = [[name, _("by the firm"), due] for name, due in owed] + [
        [x.title, _("by the park"), x.due_on] for x in open_follow_ups(session, firm.id)
    ]
    if not rows:
        return Section(_l("Open matters"), text=(_l("None."),))
    return Section(_l("Open matters"), table=Table((Column(_l("What"), width=3), Column(_l("Who")), Column(_l("Due on"), "date")), rows))


REPORTS = [
    Report(
        "firm-sheet",
        _l("Firm sheet"),
        firm_sheet,
        resource="tenants.firm",
        needs=("record",),
        formats=("pdf", "html", "xlsx", "json"),
        explain=_l("One firm on one page: stage, results over the years, standing, financing and open matters."),
    )
]
