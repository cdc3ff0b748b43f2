"""Monthly statements of operators: what their tills sold, the park's share, performance, ledger and payment. Rules Y-37 to Y-41."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Date, String, cast, delete, func, literal, literal_column, select, type_coerce

from modules.billing.models.catalogue import ChargeItem
from modules.billing.services import accounts, ledger, receipts
from modules.billing.services.allocations import money_account, role_id
from modules.tenants.models.firm import Firm
from parkops import approval, clock, records, sequences, settings
from parkops.clock import Period, add_months
from parkops.db.session import scope_of
from parkops.db.types import Money, UnitPrice
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.money import round_fen
from parkops.refs import load
from parkops.security import access

from ..models.meals import MealUse, Outlet
from ..models.notice import Survey, SurveyAnswer, SurveySheet
from ..models.operator import AmenityOperatorContract, AmenityOperatorFinding, AmenityOperatorKpi, AmenityOperatorStatement
from ..states_operator import STATEMENT
from . import operators
from .meal_cards import BALANCES

RESOURCE = "amenities.operator_statement"
KIND = approval.ApprovalKind(RESOURCE, _l("Statement of an operator"), RESOURCE)
OWED = "224106"  # account of what was collected for operators
LEDGER = "billing.ledger_entry"
ZERO = Decimal(0)


def share_of(turnover: Decimal, rate: Decimal, minimum: Decimal) -> Decimal:
    """The park's share: rate × turnover, at least the minimum, never more than the turnover (Y-38)."""
    return min(max(round_fen(turnover * rate), minimum), max(turnover, ZERO))


def create_statement(session: Any, *, contract_id: int, month: date) -> AmenityOperatorStatement:
    """Open a month of a contract and work it out (Y-37)."""
    access.require(session, RESOURCE, "add")
    month = month.replace(day=1)
    contract = load(session, operators.RESOURCE, contract_id)
    values = {"contract_id": contract_id, "month": month, "number": sequences.next_number(session, RESOURCE, contract.park_id, month)}
    row = records.create(session, AmenityOperatorStatement, values, _check)
    work_out(session, row)
    return row


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    contract, month = session.get(AmenityOperatorContract, values["contract_id"]), values["month"]
    if contract is None:
        return
    if contract.state not in ("running", "ended") or not contract.starts_on.replace(day=1) <= month <= (
        contract.ended_on or contract.ends_on
    ):
        problems.add("amenities.Y-37", _l("The contract is not in force in this month."), "month")
    if add_months(month, 1) > clock.today():
        problems.add("amenities.Y-37", _l("The month is not over yet."), "month")
    s = AmenityOperatorStatement
    other = session.scalar(select(s.number).where(s.contract_id == contract.id, s.month == month, s.state != "cancelled"))
    if other is not None:
        problems.add("amenities.Y-37", _l("%(number)s settles this month already.", number=other), "month")


def work_out(session: Any, row: AmenityOperatorStatement) -> str:
    """The sums of the tills anew; what an inspection found stays."""
    _draft(row)
    contract, u = row.contract, MealUse
    period = Period.month(row.month)
    found = session.execute(
        select(
            func.count(u.id).filter(u.price > 0) - func.count(u.id).filter(u.price < 0),
            type_coerce(func.coalesce(func.sum(u.own), 0), Money),
            type_coerce(func.coalesce(func.sum(u.subsidy), 0), Money),
        )
        .join(Outlet, Outlet.id == u.outlet_id)
        .where(Outlet.contract_id == contract.id, u.on_date >= period.start, u.on_date < period.end)
    ).one()
    row.meals, row.own, row.subsidy = found
    row.turnover = row.own + row.subsidy
    row.share = share_of(row.turnover, contract.share_rate, contract.minimum)
    row.explain = _(
        "%(sum)s × %(rate)s %%, at least %(minimum)s",
        sum=f"{row.turnover:,.2f}",
        rate=f"{(contract.share_rate * 100).normalize():f}",
        minimum=f"{contract.minimum:,.2f}",
    )
    row.score = _score(session, row)
    session.flush()
    return _("Worked out: turnover %(sum)s, share %(share)s yuan.", sum=f"{row.turnover:,.2f}", share=f"{row.share:,.2f}")


def _score(session: Any, row: AmenityOperatorStatement) -> Decimal | None:
    """Points of every clause, at most 120 % of its weight; None while one is not known."""
    f = AmenityOperatorFinding
    typed = dict(session.execute(select(f.kpi_id, f.actual).where(f.statement_id == row.id)).all())
    session.execute(delete(f).where(f.statement_id == row.id))
    out = []
    for kpi in session.scalars(
        select(AmenityOperatorKpi).where(AmenityOperatorKpi.contract_id == row.contract_id).order_by(AmenityOperatorKpi.id)
    ):
        actual = typed.get(kpi.id) if kpi.metric == "manual" else _actual(session, row, kpi.metric)
        points = None if actual is None else round_fen(min(max(actual, ZERO) / kpi.target, Decimal("1.2")) * kpi.weight * 100)
        session.add(f(park_id=row.park_id, statement_id=row.id, kpi_id=kpi.id, actual=actual, points=points))
        out.append(points)
    return sum(out, ZERO) if out and None not in out else None


def _actual(session: Any, row: AmenityOperatorStatement, metric: str) -> Decimal | None:
    if metric == "meals":
        return Decimal(row.meals)
    if metric == "turnover":
        return row.turnover
    end = add_months(row.month, 1)
    stars, n = session.execute(
        select(func.sum(SurveyAnswer.score), func.count(SurveyAnswer.score))
        .join(SurveySheet, SurveySheet.id == SurveyAnswer.sheet_id)
        .join(Survey, Survey.id == SurveySheet.survey_id)
        .where(Survey.facility_id == row.contract.facility_id, Survey.opens_on < end, Survey.closes_on >= row.month)
    ).one()
    return UnitPrice().process_result_value(round(Decimal(int(stars)) / n * 10000), None) if n else None


def enter_actual(session: Any, row: AmenityOperatorFinding, *, actual: Decimal) -> str:
    """What an inspection found (Y-39)."""
    _draft(row.statement)
    if row.kpi.metric != "manual":
        raise RuleError([Problem("amenities.Y-39", _l("This value is counted from records; correct the records instead."), "actual")])
    records.change(session, row, {"actual": actual})
    return work_out(session, row.statement)


def _draft(row: AmenityOperatorStatement) -> None:
    if row.state != "draft":
        raise RuleError([Problem("amenities.Y-37", _l("The statement was submitted; return it to draft first."))])


def why_not_submit(session: Any, row: AmenityOperatorStatement) -> str | None:
    """Y-39: every clause has its fact."""
    f = AmenityOperatorFinding
    left = session.scalar(select(func.count(f.id)).where(f.statement_id == row.id, f.points.is_(None)))
    return _("Enter what was reached for %(n)s clauses first.", n=left) if left else None


def submit_statement(session: Any, row: AmenityOperatorStatement, *, on: date) -> None:
    """Worked out once more, then another person approves."""
    work_out(session, row)
    if (why := why_not_submit(session, row)) is not None:
        raise RuleError([Problem("amenities.Y-39", why)])
    row.submitted_by_id = scope_of(session).user_id
    STATEMENT.move(session, row, "submit", on=on)
    approval.request(
        session,
        row,
        KIND.code,
        amount=row.turnover - row.share,
        payload={"month": row.month, "turnover": row.turnover, "share": row.share},
        title=_("Statement %(number)s of %(operator)s", number=row.number, operator=str(row.contract.operator)),
    )


def why_not_approve(session: Any, row: AmenityOperatorStatement) -> str | None:
    """Nobody approves their own request."""
    found = operators.waiting(session, row, KIND.code)
    problem = approval.why_not(session, found) if found is not None else None
    return str(problem.message) if problem else None


def approve_statement(session: Any, row: AmenityOperatorStatement, *, on: date) -> None:
    """Fixed from here on (trigger); the share is charged with the next bills."""
    found = operators.waiting(session, row, KIND.code)
    if found is None:
        raise RuleError([Problem("amenities.Y-35", _l("No approval is waiting. Submit it first."))])
    approval.vote(session, found, True, on=on)


@approval.on_approved(KIND.code)
def _approved(session: Any, request: Any, row: AmenityOperatorStatement) -> None:
    row.approval_id = request.id
    STATEMENT.move(session, row, "approve", on=clock.local(request.decided_at).date())


@approval.on_returned(KIND.code)
def _returned(session: Any, request: Any, row: AmenityOperatorStatement) -> None:
    if row.state == "submitted":
        STATEMENT.move(session, row, "return", reason=request.reason or str(_l("The request for approval was closed")))


def return_statement(session: Any, row: AmenityOperatorStatement, *, reason: str) -> None:
    """Back to draft."""
    operators.give_back(session, row, KIND.code, reason)


def _books(session: Any, other: int | None, sentence: Any) -> str | None:
    user = scope_of(session).user_id
    if user is not None and user == other:
        return str(sentence)
    return None if access.may(session, LEDGER, "act") else _("Finance does this.")


def why_not_post(session: Any, row: AmenityOperatorStatement) -> str | None:
    """Y-40: finance, neither who submitted nor who approved it."""
    user, v = scope_of(session).user_id, approval.ApprovalVote
    if user is not None and session.scalar(select(v.id).where(v.approval_id == row.approval_id, v.user_id == user)) is not None:
        return str(_l("You approved this statement. A colleague posts it."))
    return _books(session, row.submitted_by_id, _l("You submitted this statement. A colleague posts it."))


def why_not_pay(session: Any, row: AmenityOperatorStatement) -> str | None:
    """Y-41: nobody pays what they posted."""
    return _books(session, row.posted_by_id, _l("You posted this statement. A colleague records the payment."))


def post_statement(session: Any, row: AmenityOperatorStatement, *, on: date) -> None:
    """What cards paid is owed to the operator from now on: Dr card balances, Cr collected for operators (Y-40)."""
    _may(session, why_not_post(session, row), "amenities.Y-40")
    if on < Period.month(row.month).last_day:
        raise RuleError([Problem("amenities.Y-40", _l("Choose a day from the end of the month on."), "on")])
    if row.own:
        legs = [
            ledger.Leg(accounts.by_code(session, BALANCES).id, debit=row.own),
            ledger.Leg(accounts.by_code(session, OWED).id, credit=row.own),
        ]
        row.entry_id = ledger.post(
            session,
            park_id=row.park_id,
            kind="document",
            on=on,
            legs=legs,
            source=RESOURCE,
            source_id=row.id,
            memo=_("Statement %(number)s of %(operator)s", number=row.number, operator=str(row.contract.operator)),
        ).id
    row.posted_on, row.posted_by_id = on, scope_of(session).user_id
    STATEMENT.move(session, row, "post", on=on)


def pay_statement(session: Any, row: AmenityOperatorStatement, *, on: date, bank_account_id: int, reference: str) -> None:
    """Turnover less share leaves the bank; the share is kept as an advance of the operator that settles its bill (Y-41)."""
    _may(session, why_not_pay(session, row), "amenities.Y-41")
    if on < row.posted_on:
        raise RuleError([Problem("amenities.Y-41", _l("A payment is not dated before it was posted (%(day)s).", day=row.posted_on), "on")])
    owed, memo = (
        accounts.by_code(session, OWED).id,
        _("Payment of %(number)s: %(reference)s", number=row.number, reference=reference.strip()),
    )
    paid = row.turnover - row.share
    if paid > 0:
        legs = [ledger.Leg(owed, debit=paid), ledger.Leg(money_account(session, "bank", bank_account_id), credit=paid)]
        row.paid_entry_id = ledger.post(
            session, park_id=row.park_id, kind="document", on=on, legs=legs, memo=memo[:300], source=RESOURCE, source_id=row.id
        ).id
    if row.share > 0:
        firm = session.get(Firm, row.contract.operator_id)
        receipts.record(
            session,
            park_id=row.park_id,
            firm=firm,
            amount=row.share,
            on=on,
            kind="offset",
            entry_kind="offset",
            memo=memo,
            source=RESOURCE,
            source_id=row.id,
            legs=[ledger.Leg(owed, debit=row.share), ledger.Leg(role_id(session, "advance"), credit=row.share, firm_id=firm.id)],
        )
    row.paid_on, row.reference = on, reference.strip()[:120]
    STATEMENT.move(session, row, "pay", on=on)


def _may(session: Any, why: str | None, code: str) -> None:
    access.require(session, RESOURCE, "act")
    if why is not None:
        raise RuleError([Problem(code, why)])


def demands(session: Any, park_id: int, month: date) -> Any:
    """The park's share of approved months, billed to the operator."""
    s, c = AmenityOperatorStatement, AmenityOperatorContract
    item = select(ChargeItem.id).where(ChargeItem.code == "amenity_share").scalar_subquery()
    end = cast(s.month + literal_column("interval '1 month'") - literal_column("interval '1 day'"), Date)
    due = settings.get(session, "amenities.due_days", park_id)
    return (
        select(
            (literal(RESOURCE + ":") + cast(s.id, String)).label("key"),
            c.operator_id.label("firm_id"),
            item.label("item_id"),
            literal(RESOURCE).label("source"),
            s.id.label("source_id"),
            s.month.label("period_from"),
            end.label("period_to"),
            cast(s.month + (due + 30), Date).label("due_on"),
            s.share.label("amount"),
            func.left(s.number, 300).label("memo"),
        )
        .join(c, c.id == s.contract_id)
        .where(s.park_id == park_id, s.state.in_(("approved", "posted", "paid")), s.share > 0, s.month <= month)
    )
