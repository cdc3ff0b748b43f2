"""Facts about an applicant for a start-up loan, set-based (domain.md 7.1, 7.2). The subjects are `Applicant`s.

What nobody declared or proved is UNKNOWN with what to collect. Loans served by the park, arrears seen on them and admission to the park
are the park's own records: none on record means none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import ROUND_DOWN, Decimal
from typing import Any

from modules.tenants import facts as tenant_facts
from modules.tenants.services import history
from modules.tenants.services.stages import IN_PARK
from modules.tenants.states import FIRM
from parkops.clock import add_months
from parkops.i18n import _, _l
from parkops.rules.facts import UNKNOWN, Fact, provider

from ..models.person import GROUPS
from ..services import applicants, standings

CASE = "loans.case"
STAFF_LIMIT = 100


def _link(s: applicants.Applicant) -> list[tuple[str, int]]:
    return [("loans.case", s.case.id)] if s.case is not None else [("tenants.firm", s.firm.id)]


@provider(CASE, "in_park", title=_l("In the park"))
def in_park(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
    """The firm's stage on the day, from its history."""
    found, out = history.status_on(session, on, [s.firm.id for s in subjects]), {}
    for s in subjects:
        state = found.get(s.firm.id, (None, None))[0]
        out[s.id] = Fact(state in IN_PARK, source=str(FIRM.choices.label(state)) if state else _("Not admitted on that day"),
                         records=[("tenants.firm", s.firm.id)])
    return out


@provider(CASE, "small_or_micro", title=_l("Small or micro by the 2011 classification"))
def small_or_micro(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
    """As for firms in incubation."""
    found = tenant_facts.small_or_micro(session, list({s.firm.id: s.firm for s in subjects}.values()), on)
    return {s.id: found[s.firm.id] for s in subjects}


def _standing(session: Any, subjects: list[Any], on: date) -> dict[int, Any]:
    """Subject -> its firm's newest loan facts, or None."""
    parks = {s.park_id for s in subjects}
    found: dict[int, Any] = {}
    for park in parks:
        found |= standings.newest(session, {s.firm.id for s in subjects if s.park_id == park}, on, park)
    return {s.id: found.get(s.firm.id) for s in subjects}


def _declared(name: str, title: Any, collect: Any, own: str | None = None) -> None:
    """A fact read from the firm's loan facts, or for people from the case (`own`: its column)."""

    def answer(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
        known, out = _standing(session, subjects, on), {}
        for s in subjects:
            row = known[s.id]
            value = getattr(s.case, own, None) if own and s.case is not None else None
            if value is not None:
                out[s.id] = Fact(value, source=_("Declared in the case"), records=_link(s))
            elif row is not None and getattr(row, name) is not None and (own is None or s.kind == "firm"):
                out[s.id] = Fact(getattr(row, name), source=_("Loan facts of %(day)s: %(source)s", day=row.on_date.isoformat(),
                                                              source=row.source), records=[("loans.standing", row.id)])
            else:
                out[s.id] = Fact(collect=str(collect))
        return out

    answer.__qualname__ = f"loans.{name}"
    provider(CASE, name, title=title)(answer)


_declared("contracts_year", _l("Contracts of the hires for a year or longer"), _l("Labour contracts of the hires"))
_declared("in_arrears", _l("Wages or social insurance in arrears"), _l("Proof of social insurance"))
_declared("other_loans", _l("Has other loans"), _l("Credit report"), own="other_loans")


def _ratios(session: Any, subjects: list[Any], on: date, read: Callable[[Any], Fact]) -> dict[int, Fact]:
    known = _standing(session, subjects, on)
    out = {}
    for s in subjects:
        row = known[s.id]
        if row is None or row.staff_total is None or row.hired_eligible is None:
            out[s.id] = Fact(collect=_("List of staff, and who of the groups was hired within 12 months"))
        else:
            out[s.id] = read(row)
    return out


def _ratio(row: Any) -> Decimal:
    return (Decimal(row.hired_eligible) / row.staff_total).quantize(Decimal("0.000001"), ROUND_DOWN)


def _hired(row: Any, value: Decimal) -> Fact:
    return Fact(value, source=_("%(hired)s hired of %(staff)s staff (%(day)s)", hired=row.hired_eligible, staff=row.staff_total,
                                day=row.on_date.isoformat()), records=[("loans.standing", row.id)])


@provider(CASE, "hiring_ratio", title=_l("Hires of the groups ÷ staff"), fmt="percent")
def hiring_ratio(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
    """Whatever the size of the firm."""
    return _ratios(session, subjects, on, lambda row: _hired(row, _ratio(row)))


@provider(CASE, "hiring_ratio_over_100", title=_l("Hires of the groups ÷ staff, above 100 staff"), fmt="percent")
def hiring_ratio_over_100(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
    """Nothing for firms of up to 100 staff: the lower ratio is not theirs."""

    def read(row: Any) -> Fact:
        if row.staff_total > STAFF_LIMIT:
            return _hired(row, _ratio(row))
        return Fact(Decimal(0), source=_("Does not apply: %(staff)s staff", staff=row.staff_total), records=[("loans.standing", row.id)])

    return _ratios(session, subjects, on, read)


def _asked(name: str, title: Any, read: Callable[[Any], Any], fmt: str | None = None) -> None:
    def answer(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
        values = {s.id: (read(s), s) for s in subjects}
        return {i: Fact(UNKNOWN) if v is None else Fact(v, source=_("Loan case") if s.case is not None else _("As asked"), records=_link(s))
                for i, (v, s) in values.items()}

    answer.__qualname__ = f"loans.{name}"
    provider(CASE, name, title=title, fmt=fmt)(answer)


def _per_head(s: Any) -> Decimal | None:
    partners = s.case.partners if s.case is not None else None
    return None if s.amount is None or not partners else (s.amount / partners).quantize(Decimal("0.01"))


_asked("amount", _l("Amount of the loan"), lambda s: s.amount, "money")
_asked("term_months", _l("Term in months"), lambda s: s.term_months)
_asked("amount_per_head", _l("Amount a head"), _per_head, "money")


@provider(CASE, "times_used", title=_l("Earlier uses"))
def times_used(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
    """Loans of the programme before this one: those served here are counted, others are declared. Unknown while nobody declared them,
    unless our own count says enough."""
    own, known, out = applicants.earlier(session, subjects, on), _standing(session, subjects, on), {}
    for s in subjects:
        rows = own[s.id]
        declared = s.case.earlier_uses if s.case is not None else None
        if declared is None and s.kind == "firm" and known[s.id] is not None:
            declared = known[s.id].earlier_uses
        if declared is None and len(rows) < 3:
            out[s.id] = Fact(collect=_("How often the programme was used elsewhere"))
            continue
        numbers = ", ".join(c.number for c in rows) or _("none here")
        source = _("Served here: %(numbers)s; elsewhere: %(n)s", numbers=numbers, n=declared or 0)
        out[s.id] = Fact(len(rows) + (declared or 0), source=source, records=[("loans.case", c.id) for c in rows])
    return out


@provider(CASE, "past_overdue", title=_l("Was overdue in this programme"))
def past_overdue(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
    """Seen on a loan served here, else as declared."""
    own, known, out = applicants.earlier(session, subjects, on), _standing(session, subjects, on), {}
    late = applicants.ever_overdue(session, [c.id for rows in own.values() for c in rows], on)
    for s in subjects:
        bad = [c for c in own[s.id] if c.id in late]
        declared = s.case.past_overdue if s.case is not None else None
        if declared is None and s.kind == "firm" and known[s.id] is not None:
            declared = known[s.id].past_overdue
        if bad:
            out[s.id] = Fact(True, source=_("Overdue: %(numbers)s", numbers=", ".join(c.number for c in bad)),
                             records=[("loans.case", c.id) for c in bad])
        elif declared is None:
            out[s.id] = Fact(collect=_("Loan record of the bank"))
        else:
            out[s.id] = Fact(declared, source=_("As declared"), records=_link(s))
    return out


@provider(CASE, "guarantor_conflict", title=_l("Guarantor is bound elsewhere"))
def guarantor_conflict(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
    """A guarantor who borrows or stands in for another loan that runs."""
    found, out = applicants.guarantees(session, subjects), {}
    for s in subjects:
        rows = found[s.id]
        source = _("%(person)s is bound by %(number)s", person=rows[0][0], number=rows[0][1]) if rows else _("No such person on record")
        out[s.id] = Fact(bool(rows), source=source, records=[("loans.case", c.id) for _p, c in rows])
    return out


def _borrowers(session: Any, subjects: list[Any]) -> dict[int, list[Any]]:
    found = applicants.people(session, subjects)
    return {s.id: [p for role, p in found[s.case_id] if role in applicants.BORROWING] for s in subjects}


@provider(CASE, "identity_groups", title=_l("Every borrower belongs to a group"))
def identity_groups(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
    """The group is one of ten; unknown while somebody's is not recorded."""
    out = {}
    for i, rows in _borrowers(session, subjects).items():
        open_ones = [p for p in rows if p.identity_group is None]
        if not rows or open_ones:
            out[i] = Fact(collect=_("The group of each borrower, with its proof"))
        else:
            out[i] = Fact(True, source=", ".join(dict.fromkeys(str(GROUPS.label(p.identity_group)) for p in rows)),
                          records=[("loans.person", p.id) for p in rows])
    return out


@provider(CASE, "graduated_within", title=_l("Graduates finished within five years"))
def graduated_within(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
    """Asked of graduates only; five years to the day of application."""
    day = {s.id: s.case.applied_on if s.case is not None else on for s in subjects}
    out = {}
    for i, rows in _borrowers(session, subjects).items():
        graduates = [p for p in rows if p.identity_group == "graduate"]
        if any(p.graduated_on is None for p in graduates):
            out[i] = Fact(collect=_("The day on the diploma"))
        elif not rows:
            out[i] = Fact(collect=_("The group of each borrower, with its proof"))
        else:
            late = [p for p in graduates if add_months(p.graduated_on, 60) < day[i]]
            source = ", ".join(f"{p.graduated_on:%Y-%m}" for p in graduates) or _("No graduates")
            out[i] = Fact(not late, source=source, records=[("loans.person", p.id) for p in graduates])
    return out
