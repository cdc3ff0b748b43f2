"""What follows an investment: duties with days and to-dos, covenants measured from the firm's statements. Rules V-56 to V-59."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from modules.tenants.models.statement import FirmStatement
from parkops import records, settings, todos
from parkops.clock import add_months
from parkops.errors import Problems
from parkops.i18n import _, _l

from ..calc_limits import FAIL, UNKNOWN, covenant
from ..models.deal import TermSheet
from ..models.investment import COVENANTS, OPERATORS, Investment, InvestmentCovenant, InvestmentDuty
from ..states_deal import DUTY


def create_duty(session: Any, **values: Any) -> InvestmentDuty:
    """Something to be done by a day (V-56)."""
    return records.create(session, InvestmentDuty, values, _check)


def change_duty(session: Any, row: InvestmentDuty, **values: Any) -> InvestmentDuty:
    """Change a duty."""
    return records.change(session, row, values, _check)


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    every = values.get("every_months")
    if every is not None and not 1 <= every <= 120:
        problems.add("funds.V-56", _l("Duties come again after 1 to 120 months."), "every_months")


def after_closing(session: Any, row: Investment, sheet: TermSheet) -> None:
    """The duties every investment brings: registration within 30 days, quarterly reports, audited accounts, visits."""
    first = add_months(row.closed_on.replace(day=1), 3)
    rows = [("registration", _("Have the change of shareholders registered"), row.closed_on + timedelta(days=30), None)]
    if row.instrument == "convertible":
        rows = [("other", _("Decide on conversion or repayment"), sheet.matures_on - timedelta(days=60), None)] if sheet.matures_on else []
    if sheet.information:
        rows.append(("report", _("Quarterly report of the firm"), first, 3))
    rows.append(("audit", _("Audited accounts of the year"), date(row.closed_on.year + 1, 4, 30), 12))
    rows.append(("board" if sheet.board_seat else "visit", _("Board meeting") if sheet.board_seat else _("Visit to the firm"), first, 6))
    session.add_all(
        InvestmentDuty(park_id=row.park_id, investment_id=row.id, kind=k, title=t, due_on=d, every_months=n) for k, t, d, n in rows
    )
    session.flush()


def fulfil(session: Any, row: InvestmentDuty, *, on: date, note: str | None = None) -> str | None:
    """Done; a repeating one is due again (V-57)."""
    row.done_on, row.note = on, note or row.note
    DUTY.move(session, row, "fulfil", on=on)
    if row.every_months and row.investment.state in ("open", "held", "partly_sold"):
        due = add_months(row.due_on, row.every_months)
        session.add(
            InvestmentDuty(
                park_id=row.park_id,
                investment_id=row.investment_id,
                kind=row.kind,
                title=row.title,
                due_on=due,
                every_months=row.every_months,
            )
        )
        session.flush()
        return _("Done. It is due again on %(day)s.", day=due.isoformat())
    return None


def waive(session: Any, row: InvestmentDuty, *, on: date, reason: str) -> InvestmentDuty:
    """Not needed any more."""
    DUTY.move(session, row, "waive", on=on, reason=reason)
    return row


def _key(row: Any, what: str = "duty") -> str:
    return f"funds.{what}:{row.id}"


def remind_due(session: Any, *, on: date, park_id: int | None) -> dict[str, int]:
    """The job: one to-do per duty that is due soon (V-58), one per breached covenant (V-59)."""
    ahead = settings.get(session, "funds.duty_days", park_id)
    d, made = InvestmentDuty, 0
    query = (
        select(d)
        .join(Investment, Investment.id == d.investment_id)
        .options(joinedload(d.investment).joinedload(Investment.firm))
        .where(d.state == "open", d.due_on <= on + timedelta(days=ahead), Investment.state.in_(("open", "held", "partly_sold")))
    )
    for row in session.scalars(query.where(d.park_id == park_id) if park_id else query):
        todos.add(session, row, f"{row.investment.firm.name}：{row.title}", row.due_on, key=_key(row))
        made += 1
    broken = 0
    for found in measured(session, park_id):
        if found.verdict == FAIL and not found.row.waived:
            todos.add(session, found.row, _("Covenant broken: %(what)s", what=found.text)[:300], on, key=_key(found.row, "covenant"))
            broken += 1
    return {"duties": made, "covenants": broken}


def create_covenant(session: Any, **values: Any) -> InvestmentCovenant:
    """A promise of the firm about a figure of a year."""
    return records.create(session, InvestmentCovenant, values, _check_covenant)


def change_covenant(session: Any, row: InvestmentCovenant, **values: Any) -> InvestmentCovenant:
    """Enter what an inspection found, or why it is waived."""
    return records.change(session, row, values, _check_covenant)


def _check_covenant(session: Any, values: dict[str, Any], problems: Problems) -> None:
    if not 2000 <= values["year"] <= 2100:
        problems.add("funds.V-59", _l("Enter a year such as 2026."), "year")
    if values.get("found") is not None and values["metric"] != "manual":
        problems.add("funds.V-59", _l("This value is counted from the firm's statements; correct those instead."), "found")


@dataclass(frozen=True)
class Measured:
    """A covenant with what was found: pass, fail, or unknown while nobody reported it."""

    row: InvestmentCovenant
    value: Decimal | None
    verdict: str
    text: str


def measured(session: Any, park_id: int | None = None, investments: Iterable[int] | None = None) -> list[Measured]:
    """Every covenant against the annual statements of its year."""
    c = InvestmentCovenant
    query = select(c).join(Investment, Investment.id == c.investment_id).options(joinedload(c.investment).joinedload(Investment.firm))
    if park_id is not None:
        query = query.where(c.park_id == park_id)
    if investments is not None:
        query = query.where(c.investment_id.in_(list(investments)))
    rows = list(session.scalars(query.order_by(c.year, c.id)))
    firms = {r.investment.firm_id for r in rows}
    year = func.extract("year", FirmStatement.period_start)
    found = (
        {
            (s.firm_id, s.period_start.year): s
            for s in session.scalars(
                select(FirmStatement).where(
                    FirmStatement.firm_id.in_(firms), FirmStatement.grain == "year", year.in_({r.year for r in rows})
                )
            )
        }
        if firms
        else {}
    )
    return [_measure(r, found.get((r.investment.firm_id, r.year))) for r in rows]


def _measure(row: InvestmentCovenant, statement: Any) -> Measured:
    value = row.found if row.metric == "manual" else getattr(statement, row.metric, None) if statement is not None else None
    verdict = covenant(None if value is None else Decimal(value), row.op, row.threshold)
    shown = _("not reported") if verdict == UNKNOWN else f"{value:,}"
    text = _(
        "%(firm)s %(year)s: %(figure)s %(op)s %(threshold)s, found %(value)s",
        firm=row.investment.firm.name,
        year=row.year,
        figure=COVENANTS.label(row.metric),
        op=OPERATORS.label(row.op),
        threshold=f"{row.threshold:,.2f}",
        value=shown,
    )
    return Measured(row, value, verdict, text)
