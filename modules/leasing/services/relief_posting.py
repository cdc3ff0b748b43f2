"""Posting relief gross, as its own lines, and taking it back. Rules RR-30 to RR-36.

| method | rent of the month not billed yet | billed |
|---|---|---|
| exempt | a reducing line that the next bill carries | credit note, used on that bill; what was paid already is deducted |
| deduct | credit note, used on the firm's later bills as they come (job) | the same |
| refund | credit note, and a refund request for it | the same |

Ledger: Dr relief granted (contra-income, exempt income apart), Dr output VAT, Cr receivable. Nothing is ever edited: a claw-back
is a bill of opposite lines that name what they correct."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from modules.billing.models.bill import Bill
from modules.billing.models.catalogue import ChargeItem
from modules.billing.models.charge import Charge
from modules.billing.services import allocations, bills, charges, credits, posting, refunds
from parkops.errors import Problems
from parkops.i18n import _, _l
from parkops.rules import engine
from parkops.security import access

from ..models.lease import LeaseUnit
from ..models.relief_case import ReliefApplication, ReliefMonth
from ..models.space import Building, Unit
from ..states_relief import RELIEF
from . import relief_cases as cases
from . import relief_decide as decide
from . import relief_queries as queries
from . import relief_rules as rules

SOURCE = "leasing.relief_month"


def why_not_post(session: Any, app: ReliefApplication) -> str | None:
    """RR-30: a supplement agreement; RR-31: of sub-let premises the proof that it reached the actual operator."""
    if decide.why_not_check(session, app):
        return str(decide.OWN)
    if not app.agreement_no:
        return _("Enter the number of the supplement agreement first.")
    if app.sublet and app.scheme.pass_through:
        return _why_not_passed_on(session, app)
    return None


def _why_not_passed_on(session: Any, app: ReliefApplication) -> str | None:
    amount, n, without = queries.passed_on(session, [app.id]).get(app.id, (Decimal(0), 0, 0))
    if not n:
        return _("The premises are sub-let: list the actual operators and prove what reached them.")
    if without:
        return _("The proof of %(n)s operators is missing.", n=without)
    if amount < app.amount:
        return _("Only %(amount)s of %(total)s yuan are proven to have reached the operators.", amount=amount, total=app.amount)
    return None


def post_application(session: Any, app: ReliefApplication, *, on: date) -> ReliefApplication:
    """Post every month of a cleared application, all or none; the right is `act` on it and on bills."""
    access.require(session, "leasing.relief_application", "act")
    problems = Problems()
    decide.not_maker(session, app, problems)
    if app.notice_to is not None and on < app.notice_to:
        problems.add("leasing.RR-32", _l("The public notice lasts until %(day)s.", day=app.notice_to.isoformat()), "on")
    problems.stop()
    if app.sublet:
        _judge_proof(session, app)
    app.posted_on = on
    session.flush()
    RELIEF.move(session, app, "post", on=on)
    months = [m for m in cases.months(session, app) if m.amount > 0]
    lines = queries.rent_lines(session, app)
    later = [m for m in months if app.method == "exempt" and _unbilled(lines.get(m.month))]
    now = [m for m in months if m not in later]
    if later:
        charges.add_charges(session, app.park_id, [_demand(session, app, m, lines.get(m.month)) for m in later])
    if now:
        _credit(session, app, now, lines, on)
    for m in months:
        m.posted_on = on
    session.flush()
    return app


def _unbilled(found: queries.MonthLines | None) -> bool:
    return found is None or found.unposted or not found.bills


def _judge_proof(session: Any, app: ReliefApplication) -> None:
    """RR-31: the rules once more, with the proofs; the decision is kept."""
    found, problems = cases.examine(session, app), Problems()
    if not any(line.fact == rules.REACHES and line.verdict == "pass" for line in found.outcome.lines):
        problems.add("leasing.RR-31", _why_not_passed_on(session, app) or _l("The proof that it reached the actual operator is missing."))
    problems.stop()
    app.verdict, app.decision_id = found.verdict, engine.store(session, found.outcome, owner=app).id
    session.flush()


def _demand(session: Any, app: ReliefApplication, m: ReliefMonth, found: queries.MonthLines | None) -> dict[str, Any]:
    """The charge line of one month. It corrects the rent line when there is exactly one, and takes its method of VAT."""
    return {
        "key": f"{SOURCE}:{m.id}", "firm_id": app.firm_id, "carrier_id": app.carrier_id, "item_id": _rent_item(session), "kind": "relief",
        "source": SOURCE, "source_id": m.id, "approval_id": app.approval_id,
        "corrects_id": found.charges[0] if found is not None and len(found.charges) == 1 else None,
        "period_from": m.period_from, "period_to": m.period_to, "due_on": found.due_on if found is not None else m.period_from,
        "amount": -m.amount, "vat_method": "simplified" if _simplified(session, app) else "normal",
        "memo": _("Rent relief %(month)s %(number)s", month=m, number=app.number)}


def _rent_item(session: Any) -> int:
    return session.scalars(select(ChargeItem.id).where(ChargeItem.code == "rent")).one()


def _simplified(session: Any, app: ReliefApplication) -> bool:
    """As the rent itself: a building of the lease for which the simplified method was chosen."""
    return session.scalar(select(Building.id).join(Unit, Unit.building_id == Building.id).join(LeaseUnit, LeaseUnit.unit_id == Unit.id)
                          .where(LeaseUnit.lease_id == app.lease_id, Building.simplified_vat).limit(1)) is not None


def _credit(session: Any, app: ReliefApplication, months: list[ReliefMonth], lines: dict[date, queries.MonthLines], on: date) -> Bill:
    demands = [_demand(session, app, m, lines.get(m.month)) for m in months]
    note = credits.credit_charges(session, firm_id=app.firm_id, demands=demands, on=on,
                                  reason=_("Rent relief %(number)s, approval %(id)s", number=app.number, id=app.approval_id))
    for m in months:
        m.bill_id = note.id
    session.flush()
    if app.method == "exempt":
        pairs = _pairs(months, lines)
        if pairs:
            allocations.apply_credit(session, note, pairs=pairs, on=on)
    elif app.method == "refund":
        refunds.request_refund(session, credit=note, amount=-note.gross, on=on, reason=_("Rent relief %(number)s", number=app.number))
    return note


def _pairs(months: list[ReliefMonth], lines: dict[date, queries.MonthLines]) -> list[tuple[int, Decimal]]:
    """Each month's relief on the bills of its own rent, as far as they are open; the rest stays to the firm's credit."""
    left: dict[int, Decimal] = {b: amount for found in lines.values() for b, amount in found.bills}
    used: dict[int, Decimal] = {}
    for m in months:
        rest = m.amount
        for bill_id, _open in lines[m.month].bills:
            part = min(rest, left[bill_id])
            if part > 0:
                left[bill_id], rest = left[bill_id] - part, rest - part
                used[bill_id] = used.get(bill_id, Decimal(0)) + part
    return sorted(used.items())


def post_many(session: Any, apps: Any, *, on: date) -> dict[str, int]:
    """Several cleared applications at once; one that may not be posted stops all, with its reason."""
    for app in sorted(apps, key=lambda a: a.id):
        post_application(session, app, on=on)
    return {"posted": len(apps)}


def use_deductions(session: Any, *, on: date, park_id: int | None) -> dict[str, int]:
    """The job (RR-34): relief to be deducted, and what an exemption left over because the rent was paid already, settles the
    firm's later bills as they come, due first."""
    query = select(Bill).join(ReliefMonth, ReliefMonth.bill_id == Bill.id).join(
        ReliefApplication, ReliefApplication.id == ReliefMonth.application_id).where(
        ReliefApplication.method != "refund", ReliefApplication.state == "posted", Bill.state == "posted",
        Bill.settled != Bill.gross).distinct()
    used = 0
    for note in session.scalars(query.where(Bill.park_id == park_id) if park_id else query).all():
        later = session.scalars(select(Bill).where(
            Bill.firm_id == note.firm_id, Bill.kind == "bill", Bill.state == "posted", Bill.settled != Bill.gross,
            Bill.issued_on >= note.issued_on, Bill.issued_on <= on).order_by(Bill.due_on, Bill.id)).all()
        left, pairs = note.settled - note.gross, []
        for bill in later:
            part = min(left, bill.gross - bill.settled)
            if part > 0:
                pairs.append((bill.id, part))
                left -= part
        if pairs:
            allocations.apply_credit(session, note, pairs=pairs, on=on)
            used += 1
    return {"used": used}


def claw_back(session: Any, app: ReliefApplication, *, on: date, reason: str) -> ReliefApplication:
    """RR-35: the firm gave wrong facts or did not pass it on. What is billed is taken back by a posted bill of opposite lines;
    what still waits for a bill is taken off. Its months may be relieved again, its budget is free again."""
    access.require(session, "leasing.relief_application", "act")
    problems = Problems()
    decide.not_maker(session, app, problems)
    lines = relief_lines(session, app)
    states = dict(session.execute(select(Bill.id, Bill.state).where(Bill.id.in_([c.bill_id for c in lines if c.bill_id]))).tuples().all())
    if any(states.get(c.bill_id) == "draft" for c in lines):
        problems.add("leasing.RR-35", _l("A line is on a draft bill. Post or delete the draft first."))
    if app.posted_on is not None and on < app.posted_on:
        problems.add("leasing.RR-35", _l("It was posted on %(day)s; choose that day or a later one.", day=app.posted_on.isoformat()), "on")
    problems.stop()
    app.clawed_on = on
    session.flush()
    RELIEF.move(session, app, "claw_back", on=on, reason=reason)
    for line in [c for c in lines if c.bill_id is None]:
        charges.remove_charge(session, line)
    billed = [c for c in lines if c.bill_id is not None]
    if billed:
        _take_back(session, app, billed, on, reason)
    return app


def relief_lines(session: Any, app: ReliefApplication) -> list[Charge]:
    """The reducing lines of the application that were not taken back."""
    months = select(ReliefMonth.id).where(ReliefMonth.application_id == app.id)
    back = select(Charge.corrects_id).where(Charge.kind == "relief", Charge.gross > 0, Charge.corrects_id.is_not(None))
    return list(session.scalars(select(Charge).where(
        Charge.source == SOURCE, Charge.source_id.in_(months), Charge.kind == "relief", Charge.gross < 0,
        Charge.id.not_in(back)).order_by(Charge.id)))


def _take_back(session: Any, app: ReliefApplication, lines: list[Charge], on: date, reason: str) -> Bill:
    charges.add_charges(session, app.park_id, [{
        "key": f"{c.key}:back", "firm_id": c.firm_id, "carrier_id": c.carrier_id, "item_id": c.item_id, "kind": "relief", "source": SOURCE,
        "source_id": c.source_id, "approval_id": c.approval_id, "corrects_id": c.id, "period_from": c.period_from, "period_to": c.period_to,
        "due_on": on, "amount": -c.gross, "vat_method": "simplified" if _simplified(session, app) else "normal",
        "memo": _("Relief taken back: %(line)s", line=c.memo or c.key)} for c in lines])
    made = session.scalars(select(Charge.id).where(Charge.corrects_id.in_([c.id for c in lines]), Charge.gross > 0,
                                                   Charge.bill_id.is_(None)))
    bill = bills.make_bill(session, firm_id=app.firm_id, charge_ids=list(made), issued_on=on, due_on=on,
                           memo=_("Claw-back of rent relief %(number)s: %(reason)s", number=app.number, reason=reason))
    return posting.post_bill(session, bill, on=on)
