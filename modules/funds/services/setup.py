"""Funds, classes, partners and commitments. Rules V-01 to V-05."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from parkops import records
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l

from ..calc_waterfall import Terms
from ..models.call import CallPart, FundFlow
from ..models.fund import Fund, FundCommitment, FundPartner, ShareClass
from ..models.investment import Investment


def lock_fund(session: Any, fund_id: int) -> None:
    """Whoever is about to use up commitments, size or money of a fund waits here for whoever does so already."""
    session.execute(select(Fund.id).where(Fund.id == fund_id).with_for_update())


def create_fund(session: Any, **values: Any) -> Fund:
    """Set up a fund with its terms (V-01)."""
    return records.create(session, Fund, values, _check_fund)


def change_fund(session: Any, fund: Fund, **values: Any) -> Fund:
    """Change a fund; its carry terms stand once a distribution was made from them (V-01)."""
    terms = ("waterfall", "hurdle", "compound", "catch_up", "carry")
    moved = [n for n in terms if n in values and values[n] != getattr(fund, n)]
    if moved and session.scalar(select(FundFlow.id).where(FundFlow.fund_id == fund.id, FundFlow.kind == "distribution").limit(1)):
        raise RuleError([Problem("funds.V-01", _l("Money was distributed by these terms; they stand."), moved[0])])
    values.setdefault("size", fund.size)
    if values["size"] is not None and values["size"] < committed(session, fund.id):
        raise RuleError([Problem("funds.V-02", _l("More than this size is committed already."), "size")])
    return records.change(session, fund, values, _check_fund)


def _check_fund(session: Any, values: dict[str, Any], problems: Problems) -> None:
    if values["size"] <= 0:
        problems.add("funds.V-01", _l("Enter an amount above zero."), "size")
    records.date_order(values, problems, "established_on", "invest_until", _l("The investment period ends after the fund was established."))
    records.date_order(values, problems, "invest_until", "ends_on", _l("The term ends after the investment period."))
    try:
        Terms(values["hurdle"], values["carry"], values["catch_up"], values["compound"])
    except ValueError:
        problems.add("funds.V-01", _l("Carry lies below 100 %, and the catch-up above the carry or at 0 for none."), "catch_up")
    for name in ("firm_limit", "track_limit", "quorum", "majority", "fee_rate"):
        if values.get(name) is not None and not 0 <= values[name] <= 1:
            problems.add("funds.V-01", _l("A share lies between 0 and 100 %."), name)


def create_class(session: Any, **values: Any) -> ShareClass:
    """A class of shares of a fund."""
    return records.create(session, ShareClass, values)


def change_class(session: Any, row: ShareClass, **values: Any) -> ShareClass:
    """Change a class nobody was called from yet (V-03)."""
    used = select(CallPart.id).join(FundPartner, FundPartner.id == CallPart.partner_id).where(FundPartner.share_class_id == row.id).limit(1)
    moved = [n for n in ("bears_carry", "bears_fee") if n in values and values[n] != getattr(row, n)]
    if moved and session.scalar(used) is not None:
        raise RuleError([Problem("funds.V-03", _l("Partners of this class were called already; its terms stand."), moved[0])])
    return records.change(session, row, values)


def create_partner(session: Any, **values: Any) -> FundPartner:
    """A partner of a fund, in one of its classes (V-04)."""
    return records.create(session, FundPartner, values, _check_partner)


def change_partner(session: Any, row: FundPartner, **values: Any) -> FundPartner:
    """Change a partner; class and fund stand once money was called (V-03)."""
    if (
        "share_class_id" in values
        and values["share_class_id"] != row.share_class_id
        and session.scalar(select(CallPart.id).where(CallPart.partner_id == row.id).limit(1)) is not None
    ):
        raise RuleError([Problem("funds.V-03", _l("This partner was called already; its class stands."), "share_class_id")])
    return records.change(session, row, values, _check_partner)


def _check_partner(session: Any, values: dict[str, Any], problems: Problems) -> None:
    klass = session.get(ShareClass, values["share_class_id"])
    if klass is not None and klass.fund_id != values["fund_id"]:
        problems.add("funds.V-04", _l("This class belongs to another fund."), "share_class_id")
    other = (
        select(FundPartner.name)
        .where(FundPartner.fund_id == values["fund_id"], FundPartner.kind == "manager", FundPartner.name != values["name"])
        .limit(1)
    )
    if values["kind"] == "manager" and (name := session.scalar(other)) is not None:
        problems.add("funds.V-04", _l("%(name)s is the general partner; a fund has one.", name=name), "kind")


def committed(session: Any, fund_id: int) -> Decimal:
    """All commitments of a fund."""
    return session.scalar(select(func.sum(FundCommitment.amount)).where(FundCommitment.fund_id == fund_id)) or Decimal(0)


def create_commitment(session: Any, *, partner_id: int, amount: Decimal, signed_on: Any, document: str | None = None) -> FundCommitment:
    """A promise of a partner; all of them never exceed the size of the fund (V-02), not even when two are entered at once."""
    partner = session.get(FundPartner, partner_id)
    if partner is not None:
        lock_fund(session, partner.fund_id)
    values = {
        "partner_id": partner_id,
        "fund_id": partner.fund_id if partner else None,
        "amount": amount,
        "signed_on": signed_on,
        "document": document,
    }
    row = records.create(session, FundCommitment, values, _check_commitment)
    _touch(session, row)
    return row


def _check_commitment(session: Any, values: dict[str, Any], problems: Problems) -> None:
    fund = session.get(Fund, values["fund_id"])
    if values["amount"] <= 0:
        problems.add("funds.V-02", _l("Enter an amount above zero."), "amount")
    records.not_future(values, problems, ["signed_on"])
    if fund is not None and (left := fund.size - committed(session, fund.id)) < values["amount"]:
        problems.add("funds.V-02", _l("Only %(left)s yuan of the fund's size are still free.", left=f"{left:,.2f}"), "amount")


def remove_commitment(session: Any, row: FundCommitment) -> None:
    """Take back a promise entered by mistake, while nothing was called from the partner (V-03)."""
    if session.scalar(select(CallPart.id).where(CallPart.partner_id == row.partner_id).limit(1)) is not None:
        raise RuleError([Problem("funds.V-03", _l("This partner was called already; its commitment stands."))])
    from . import standings

    records.remove(session, row)
    standings.touch(session, row.fund_id, row.signed_on)


def _touch(session: Any, row: FundCommitment) -> None:
    from . import standings

    standings.touch(session, row.fund_id, row.signed_on)


def why_not_open(session: Any, fund: Fund) -> str | None:
    """V-05: a fund invests once partners have committed and its general partner is named."""
    if not committed(session, fund.id):
        return _("Nobody has committed anything yet.")
    manager = select(FundPartner.id).where(FundPartner.fund_id == fund.id, FundPartner.kind == "manager")
    return None if session.scalar(manager) is not None else _("Name the general partner first.")


def why_not_liquidate(session: Any, fund: Fund) -> str | None:
    """V-05: a fund ends when nothing is held and the bank is empty."""
    held = session.scalar(
        select(Investment.number).where(Investment.fund_id == fund.id, Investment.state.in_(("held", "partly_sold"))).limit(1)
    )
    if held is not None:
        return _("%(number)s is still held.", number=held)
    left = session.scalar(select(func.sum(FundFlow.amount)).where(FundFlow.fund_id == fund.id, FundFlow.cash)) or Decimal(0)
    return _("The bank still holds %(amount)s yuan.", amount=f"{left:,.2f}") if left else None
