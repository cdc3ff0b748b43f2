"""What the tabs and pages of loans show."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from modules.tenants.models.firm import Firm
from parkops import approval, clock
from parkops.rules import engine
from parkops.rules.models import Decision

from .. import calc_schedule
from ..models.case import METHODS, LoanCase
from ..models.scheme import KINDS, LoanScheme
from ..models.subsidy import SubsidyClaim
from ..services import clocks, decide, dossier, papers, persons_of, precheck, schemes, servicing, subsidy
from ..states import LOAN, PARTIES


def desk_data(session: Any, case: LoanCase) -> dict[str, Any]:
    """One screen for whoever decides: money, parties, whose turn, rules, checklist, who has signed."""
    today = clock.today()
    decision = session.scalars(select(Decision).where(Decision.id == (case.decision_id or 0))).one_or_none()
    asked = next(iter(approval.of(session, case)), None)
    rows = [(p, papers.status(p, today), dossier.state_text(p, today)) for p in papers.of_case(session, case)]
    return {
        "case": case,
        "kinds": KINDS,
        "methods": METHODS,
        "decision": decision,
        "earlier": [d for d in engine.decisions_of(session, case) if d.id != case.decision_id],
        "asked": asked,
        "waiting": decide.open_request(session, case) is not None,
        "papers": rows,
        "open_papers": sum(p.kind.required and s in ("missing", "expired") for p, s, _t in rows),
        "turns": clocks.turns(session, case, today),
        "span": clocks.open_span(session, case),
        "states": LOAN.choices,
        "parties": PARTIES,
        "people": persons_of.rows(session, case),
        "cap": schemes.cap_of(session, case.scheme, case.kind),
        "fund_left": case.fund.line - case.fund.committed if case.fund is not None else None,
        "today": today,
    }


def schedule_data(session: Any, case: LoanCase) -> dict[str, Any]:
    """The schedule that holds with its totals and subtotals per year, and what was paid."""
    dues = servicing.live_dues(session, case)
    rows = [calc_schedule.Instalment(d.seq, d.due_on, d.days, d.principal, d.interest, d.balance) for d in dues]
    preview = not rows and case.amount_approved is not None and case.rate is not None
    if preview:
        start = case.contract_on or case.approved_on or clock.today()
        rows = calc_schedule.schedule(
            [(start, case.amount_approved)],
            rate=case.rate,
            start=start,
            end=clock.add_months(start, case.term_months),
            every=case.every_months,
            method=case.method,
            basis=case.scheme.day_basis,
        )
    return {
        "case": case,
        "rows": rows,
        "preview": preview,
        "totals": calc_schedule.totals(rows),
        "years": calc_schedule.by_year(rows),
        "methods": METHODS,
        "paid": servicing.repayments(session, case),
        "revision": dues[0].revision if dues else None,
        "today": clock.today(),
    }


def claim_data(session: Any, claim: SubsidyClaim) -> dict[str, Any]:
    """Loans of the bank that get nothing in the quarter, with the reason."""
    return {"claim": claim, "without": subsidy.without(session, claim)}


def firm_data(session: Any, firm: Firm) -> dict[str, Any]:
    """The firm's pre-check as of today under the scheme in force, its loan facts and its cases."""
    today = clock.today()
    scheme = schemes.scheme_on(session, firm.park_id, today)
    run = precheck.dry_run(session, scheme, on=today, firms=[firm])
    return {"firm": firm, "scheme": scheme, "row": run.rows[0] if run.rows else None, "run": run, "today": today}


def days_table(session: Any, park_id: int | None, start: date, end: date) -> list[dict[str, Any]]:
    """Per case applied for in `[start, end)`: working days of each party and the total, latest first."""
    query = select(LoanCase).where(LoanCase.applied_on >= start, LoanCase.applied_on < end)
    cases = list(session.scalars((query.where(LoanCase.park_id == park_id) if park_id else query).order_by(LoanCase.number.desc())))
    on = clock.today()
    found = clocks.days_by_party(session, [c.id for c in cases], on)
    return [{"case": c, "days": found.get(c.id, {}), "total": sum(found.get(c.id, {}).values())} for c in cases]


def averages(rows: list[dict[str, Any]]) -> dict[str, Decimal | None]:
    """Party -> mean working days of the cases that were with it."""
    out: dict[str, Decimal | None] = {}
    for party in PARTIES:
        days = [r["days"][party] for r in rows if party in r["days"]]
        out[party] = (Decimal(sum(days)) / len(days)).quantize(Decimal("0.1")) if days else None
    return out


def firm_fact(session: Any, firm: Firm) -> tuple[str, str | None]:
    """Loans of the firm: paid out and still owed."""
    c = LoanCase
    paid, back = session.execute(
        select(func.coalesce(func.sum(c.disbursed), 0), func.coalesce(func.sum(c.principal_repaid), 0)).where(c.firm_id == firm.id)
    ).one()
    return (f"{paid:,.2f} / {paid - back:,.2f}" if paid else "—"), None


def park_schemes(session: Any, park_id: int) -> list[LoanScheme]:
    """Newest first."""
    return list(
        session.scalars(
            select(LoanScheme).where(LoanScheme.park_id == park_id, LoanScheme.enabled).order_by(LoanScheme.effective_from.desc())
        )
    )
