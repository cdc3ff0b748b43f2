"""A loan on its way: schedule, arrears and risk class, falling due, overdue and cured, extended, paid back. Rules LN-54 to LN-58."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, update

from parkops.errors import Problems
from parkops.i18n import _, _l
from parkops.rules import parameters
from parkops.security import access

from .. import calc_overdue, calc_schedule
from ..models.case import LoanCase
from ..models.money import GuaranteeClaim, LoanDue, LoanRepayment, LoanTranche
from ..states import OWING
from .clocks import advance

LIMITS = ("loans.risk_attention_to", "loans.risk_substandard_to", "loans.risk_doubtful_to")


def payouts(session: Any, case: LoanCase) -> list[tuple[date, Decimal]]:
    """Confirmed tranches by day."""
    return [(t.paid_on, t.amount) for t in session.scalars(select(LoanTranche).where(
        LoanTranche.case_id == case.id, LoanTranche.state == "confirmed").order_by(LoanTranche.paid_on, LoanTranche.id))]


def repayments(session: Any, case: LoanCase) -> list[LoanRepayment]:
    """Those that stand: neither reversals nor what they took back, in order of day."""
    back = select(LoanRepayment.reverses_id).where(LoanRepayment.case_id == case.id, LoanRepayment.reverses_id.is_not(None))
    return list(session.scalars(select(LoanRepayment).where(
        LoanRepayment.case_id == case.id, LoanRepayment.reverses_id.is_(None), LoanRepayment.id.not_in(back))
        .order_by(LoanRepayment.paid_on, LoanRepayment.id)))


def live_dues(session: Any, case: LoanCase) -> list[LoanDue]:
    """The schedule that holds."""
    return list(session.scalars(select(LoanDue).where(LoanDue.case_id == case.id, LoanDue.live).order_by(LoanDue.seq)))


def planned(session: Any, case: LoanCase) -> list[calc_schedule.Instalment]:
    """The schedule as the records say it now, in yuan; nothing is written."""
    flows = payouts(session, case)
    if not flows or case.last_day is None:
        return []
    repaid = [(r.paid_on, r.principal) for r in repayments(session, case) if r.principal]
    return calc_schedule.schedule(flows, rate=case.rate, start=case.first_paid_on, end=case.last_day, every=case.every_months,
                                  method=case.method, basis=case.scheme.day_basis, repaid=repaid)


def rebuild(session: Any, case: LoanCase) -> list[LoanDue]:
    """LN-54: a new revision when it differs from the one that holds; the old rows stay."""
    rows, have = planned(session, case), live_dues(session, case)
    if [(r.due_on, r.principal, r.interest) for r in rows] == [(d.due_on, d.principal, d.interest) for d in have]:
        return have
    top = session.scalar(select(func.coalesce(func.max(LoanDue.revision), 0)).where(LoanDue.case_id == case.id))
    session.execute(update(LoanDue).where(LoanDue.case_id == case.id, LoanDue.live).values(live=False)
                    .execution_options(synchronize_session="fetch"))
    made = [LoanDue(park_id=case.park_id, case_id=case.id, revision=top + 1, seq=r.seq, due_on=r.due_on, days=r.days,
                    principal=r.principal, interest=r.interest, balance=r.balance) for r in rows]
    session.add_all(made)
    session.flush()
    return made


def books(session: Any, cases: list[LoanCase]) -> dict[int, tuple[list[calc_overdue.Owed], list[calc_overdue.Paid]]]:
    """Case -> instalments that hold and payments (reversals count negative), two statements for all."""
    ids = [c.id for c in cases]
    dues: dict[int, list[calc_overdue.Owed]] = defaultdict(list)
    paid: dict[int, list[calc_overdue.Paid]] = defaultdict(list)
    d, r = LoanDue, LoanRepayment
    for case_id, on, principal, interest in session.execute(select(d.case_id, d.due_on, d.principal, d.interest).where(
            d.case_id.in_(ids), d.live)):
        dues[case_id].append(calc_overdue.Owed(on, principal, interest))
    for case_id, on, principal, interest in session.execute(select(r.case_id, r.paid_on, r.principal, r.interest).where(
            r.case_id.in_(ids))):
        paid[case_id].append(calc_overdue.Paid(on, principal, interest))
    return {i: (dues[i], paid[i]) for i in ids}


def risk_limits(session: Any, on: date) -> tuple[int, ...]:
    """Days overdue up to which the classes reach, by the dated parameters."""
    return tuple(int(parameters.get(session, code, on).value) for code in LIMITS)


def watch(session: Any, cases: list[LoanCase], *, on: date) -> None:
    """LN-55: arrears, risk class and next instalment of loans as of the day."""
    found, limits = books(session, cases), risk_limits(session, on)
    for case in cases:
        dues, paid = found[case.id]
        late = calc_overdue.arrears(dues, paid, on)
        case.days_overdue, case.overdue_amount, case.watched_on = late.days, late.amount, on
        case.risk = calc_overdue.risk_class(late.days, limits)
        case.next_due_on = min((d.on for d in dues if d.on >= on and d.principal + d.interest > 0), default=None)
    session.flush()


def watch_case(session: Any, case: LoanCase, *, on: date) -> str:
    """The button: work out the arrears now."""
    access.require(session, "loans.case", "change")
    problems = Problems()
    if case.state not in OWING:
        problems.add("loans.LN-55", _l("Nothing is owed in this state."))
    problems.stop()
    watch(session, [case], on=on)
    return _("%(days)s days overdue, %(amount)s yuan.", days=case.days_overdue, amount=f"{case.overdue_amount:,.2f}")


def why_not_watch(session: Any, case: LoanCase) -> str | None:
    """Only loans that owe something."""
    return None if case.state in OWING else _("Nothing is owed in this state.")


def watch_all(session: Any, *, on: date, park_id: int | None = None) -> dict[str, int]:
    """The nightly job: arrears of every loan, then those overdue, cured, fallen due and paid back are moved on."""
    query = select(LoanCase).where(LoanCase.state.in_(OWING), LoanCase.disbursed > 0).order_by(LoanCase.id)
    cases = list(session.scalars(query.where(LoanCase.park_id == park_id) if park_id else query))
    watch(session, cases, on=on)
    counts = dict.fromkeys(("watched", "settled", "overdue", "cured", "matured"), 0)
    counts["watched"] = len(cases)
    for case in cases:
        step = _step(session, case, on)
        if step is not None:
            advance(session, case, step, on=on)
            if step == "settle":
                case.settled_on, case.next_due_on = _last_payment(session, case) or on, None
            counts[{"settle": "settled", "overdue": "overdue", "cure": "cured", "mature": "matured"}[step]] += 1
    session.flush()
    return counts


def _step(session: Any, case: LoanCase, on: date) -> str | None:
    if case.state == "disbursing":
        return None
    if case.outstanding == 0 and not case.overdue_amount:
        return "settle"
    if case.days_overdue:
        return "overdue" if case.state != "overdue" else None
    if case.state == "overdue":
        return "cure"
    if case.state in ("running", "extended") and case.last_day is not None and on >= case.last_day:
        return "mature"
    return None


def _last_payment(session: Any, case: LoanCase) -> date | None:
    return session.scalar(select(func.max(LoanRepayment.paid_on)).where(LoanRepayment.case_id == case.id))


def why_not_complete(session: Any, case: LoanCase) -> str | None:
    """LN-53: something was paid out, nothing waits for confirmation."""
    open_one = session.scalar(select(LoanTranche.id).where(LoanTranche.case_id == case.id, LoanTranche.state == "recorded").limit(1))
    if open_one is not None:
        return _("A payout waits for confirmation.")
    return None if case.disbursed else _("Nothing was paid out yet.")


def complete_payout(session: Any, case: LoanCase, *, on: date) -> LoanCase:
    """No more is paid out: what was not drawn is given up, the fund stands in for what is owed."""
    advance(session, case, "paid_out", on=on)
    session.refresh(case)
    return case


def why_not_mature(session: Any, case: LoanCase) -> str | None:
    """There is a last day."""
    return None if case.last_day is not None else _("Nothing was paid out yet.")


def mature_case(session: Any, case: LoanCase, *, on: date) -> LoanCase:
    """LN-56: on its last day."""
    problems = Problems()
    if case.last_day is None or on < case.last_day:
        problems.add("loans.LN-56", _l("It falls due on %(day)s.", day=str(case.last_day)), "on")
    problems.stop()
    advance(session, case, "mature", on=on)
    return case


def _arrears(session: Any, case: LoanCase, on: date) -> calc_overdue.Arrears:
    return calc_overdue.arrears(*books(session, [case])[case.id], on)


def why_not_overdue(session: Any, case: LoanCase) -> str | None:
    """By the last look at the arrears."""
    return None if case.days_overdue else _("No arrears are known; look at the arrears first.")


def mark_overdue(session: Any, case: LoanCase, *, on: date) -> LoanCase:
    """LN-57: an instalment was not met by its day."""
    access.require(session, "loans.case", "act")
    problems = Problems()
    watch(session, [case], on=on)
    if not case.days_overdue:
        problems.add("loans.LN-57", _l("Nothing is overdue on that day."), "on")
    problems.stop()
    advance(session, case, "overdue", on=on)
    return case


def why_not_cure(session: Any, case: LoanCase) -> str | None:
    """By the last look at the arrears."""
    return _("%(amount)s yuan are overdue still.", amount=f"{case.overdue_amount:,.2f}") if case.overdue_amount else None


def cure_case(session: Any, case: LoanCase, *, on: date) -> LoanCase:
    """The arrears were paid."""
    access.require(session, "loans.case", "act")
    problems = Problems()
    watch(session, [case], on=on)
    if case.overdue_amount:
        problems.add("loans.LN-57", _l("%(amount)s yuan are overdue still.", amount=f"{case.overdue_amount:,.2f}"))
    problems.stop()
    advance(session, case, "cure", on=on)
    return case


def why_not_extend(session: Any, case: LoanCase) -> str | None:
    """Granting the extension moves the loan."""
    return None if case.extended_to is not None else _("Ask for an extension; the loan is extended when a colleague grants it.")


def extend_case(session: Any, case: LoanCase, *, on: date) -> LoanCase:
    """The extension was granted."""
    advance(session, case, "extend", on=on)
    return case


def why_not_compensate(session: Any, case: LoanCase) -> str | None:
    """Paying the claim moves the loan."""
    paid = session.scalar(select(GuaranteeClaim.id).where(GuaranteeClaim.case_id == case.id, GuaranteeClaim.state == "paid"))
    return None if paid is not None else _("File a claim on the guarantee; the loan moves on when it is paid.")


def compensate_case(session: Any, case: LoanCase, *, on: date) -> LoanCase:
    """The fund has paid."""
    advance(session, case, "compensate", on=on)
    return case


def why_not_settle(session: Any, case: LoanCase) -> str | None:
    """LN-58: nothing is owed to the bank, or everything the fund paid came back."""
    if case.state == "compensated":
        state = session.scalar(select(GuaranteeClaim.state).where(GuaranteeClaim.case_id == case.id, GuaranteeClaim.state != "refused"))
        return None if state == "closed" else _("Recover what the guarantee has paid first.")
    if not case.disbursed:
        return _("Nothing was paid out yet.")
    if case.outstanding:
        return _("%(amount)s yuan of the principal are left.", amount=f"{case.outstanding:,.2f}")
    return _("%(amount)s yuan are overdue still.", amount=f"{case.overdue_amount:,.2f}") if case.overdue_amount else None


def settle_case(session: Any, case: LoanCase, *, on: date) -> LoanCase:
    """LN-58: paid back."""
    access.require(session, "loans.case", "act")
    if case.state != "compensated":
        late, problems = _arrears(session, case, on), Problems()
        if late.amount:
            problems.add("loans.LN-58", _l("%(amount)s yuan are overdue still.", amount=f"{late.amount:,.2f}"))
        problems.stop()
    advance(session, case, "settle", on=on)
    case.settled_on, case.next_due_on, case.days_overdue, case.overdue_amount = on, None, 0, Decimal(0)
    session.flush()
    session.refresh(case)
    return case
