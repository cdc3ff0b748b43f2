"""Housing contracts: signed with a deposit, moved in, inspected on leaving; what the monthly run collects. Rules Y-12 to Y-17."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Date, Interval, Numeric, String, cast, func, literal, literal_column, select, true, type_coerce

from modules.billing.models.catalogue import ChargeItem
from modules.billing.models.deposit import Deposit
from modules.billing.services import deposits
from parkops import records, settings
from parkops.db.session import scope_of
from parkops.db.types import Money
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..models.housing import HousingContract, HousingDamage
from ..states import HOUSING_APPLICATION, HOUSING_CONTRACT

SOURCE = "amenities.housing_contract"
BILLED = ("signed", "living", "leaving", "ended")


def sign_contract(session: Any, row: HousingContract, *, on: date) -> HousingContract:
    """Signed by both: the deposit is agreed in billing, the application is done (Y-12)."""
    access.require(session, SOURCE, "act")
    if row.answer_by is not None and on > row.answer_by:
        raise RuleError(
            [Problem("amenities.Y-11", _l("It was to be signed by %(day)s. Let it lapse and allot anew.", day=row.answer_by), "on")]
        )
    row.signed_on = on
    if row.deposit > 0:
        row.deposit_id = deposits.agree_deposit(
            session, firm_id=row.payer_id, kind="pledge", agreed=row.deposit, source=SOURCE, source_id=row.id, due_on=row.starts_on
        ).id
    HOUSING_CONTRACT.move(session, row, "sign", on=on)
    if row.application is not None and row.application.state == "allotted":
        HOUSING_APPLICATION.move(session, row.application, "housed", on=on)
    return row


def held(session: Any, row: HousingContract) -> Decimal:
    """What of the deposit is there."""
    found = session.scalar(select(Deposit.held).where(Deposit.id == row.deposit_id)) if row.deposit_id else None
    return found or Decimal(0)


def why_not_move_in(session: Any, row: HousingContract) -> str | None:
    """Y-13: the deposit is paid first."""
    missing = row.deposit - held(session, row)
    return _("The deposit lacks %(amount)s yuan. Finance records it under Deposits.", amount=f"{missing:,.2f}") if missing > 0 else None


def move_in(session: Any, row: HousingContract, *, on: date, condition: str, keys: int = 1) -> HousingContract:
    """Hand-over with its record (Y-13)."""
    access.require(session, SOURCE, "act")
    problems = Problems()
    if (why := why_not_move_in(session, row)) is not None:
        problems.add("amenities.Y-13", why)
    if on < row.starts_on or on > row.ends_on:
        problems.add("amenities.Y-13", _l("The contract does not run on this day."), "on")
    if keys is None or not 0 <= keys <= 20:
        problems.add("amenities.Y-13", _l("Enter the number of keys, 0 to 20."), "keys")
    problems.stop()
    row.checked_in_on, row.condition_in, row.keys = on, condition, keys
    HOUSING_CONTRACT.move(session, row, "move_in", on=on)
    return row


def move_out(session: Any, row: HousingContract, *, on: date, condition: str, keys_back: int) -> HousingContract:
    """Hand-back: the bed is free from the next day; lost keys are a damage (Y-14). Damages are added until it is settled."""
    access.require(session, SOURCE, "act")
    problems = Problems()
    if row.checked_in_on is not None and on < row.checked_in_on:
        problems.add("amenities.Y-14", _l("Nobody leaves before moving in."), "on")
    if on > row.ends_on:
        problems.add("amenities.Y-14", _l("The contract ended on %(day)s; enter that day, or make a new contract.", day=row.ends_on), "on")
    if not 0 <= keys_back <= row.keys:
        problems.add("amenities.Y-14", _l("%(n)s keys were handed over.", n=row.keys), "keys_back")
    problems.stop()
    row.ended_on, row.condition_out = on, condition
    row.inspected_by, row.inspected_by_id = scope_of(session).user_name, scope_of(session).user_id
    HOUSING_CONTRACT.move(session, row, "move_out", on=on)
    lost = row.keys - keys_back
    if lost:
        price = Decimal(settings.get(session, "amenities.key_price", row.park_id))
        session.add(HousingDamage(park_id=row.park_id, contract_id=row.id, title=_("Lost keys: %(n)s", n=lost), amount=price * lost))
        session.flush()
    return row


def _check_damage(session: Any, values: dict[str, Any], problems: Problems) -> None:
    contract = session.get(HousingContract, values["contract_id"])
    if contract is not None and contract.state != "leaving":
        problems.add("amenities.Y-15", _l("Damages are recorded between moving out and settling."), "contract_id")
    if values["amount"] is not None and values["amount"] <= 0:
        problems.add("amenities.Y-15", _l("Enter an amount above zero."), "amount")


def create_damage(session: Any, *, contract_id: int, title: str, amount: Decimal, note: str | None = None) -> HousingDamage:
    """Something found on hand-back (Y-15)."""
    return records.create(
        session, HousingDamage, {"contract_id": contract_id, "title": title, "amount": amount, "note": note}, _check_damage
    )


def change_damage(
    session: Any, row: HousingDamage, *, title: str, amount: Decimal, note: str | None = None, contract_id: int | None = None
) -> HousingDamage:
    """Correct it until it is settled."""
    return records.change(session, row, {"title": title, "amount": amount, "note": note}, _check_damage)


def remove_damage(session: Any, row: HousingDamage) -> None:
    """Take it back until it is settled."""
    if row.contract.state != "leaving":
        raise RuleError([Problem("amenities.Y-15", _l("Damages are recorded between moving out and settling."))])
    records.remove(session, row)


def lapse_contract(session: Any, row: HousingContract, *, reason: str) -> None:
    """Nobody moves in: the bed is free, and the deposit stays with billing to be refunded there."""
    access.require(session, SOURCE, "act")
    if held(session, row) > 0:
        raise RuleError([Problem("amenities.Y-12", _l("A deposit is held. Refund it under Deposits first."))])
    HOUSING_CONTRACT.move(session, row, "lapse", reason=reason)
    if row.application is not None and row.application.state == "allotted":
        HOUSING_APPLICATION.move(session, row.application, "requeue", reason=reason)


def demands(park_id: int, month: date) -> Any:
    """Y-16: the rent of every month until `month` of signed contracts, cut to their days; what was charged is skipped by its key."""
    c = HousingContract
    last_day = func.coalesce(c.ended_on, c.ends_on)
    months = (
        func.generate_series(
            func.date_trunc("month", c.starts_on),
            func.least(func.date_trunc("month", last_day), cast(literal(month), Date)),
            cast(literal("1 month"), Interval),
        )
        .table_valued("m")
        .render_derived()
        .lateral("months")
    )
    start = cast(months.c.m, Date)
    end = cast(func.date_trunc("month", start) + literal_column("interval '1 month'") - literal_column("interval '1 day'"), Date)
    first, last = func.greatest(c.starts_on, start), func.least(last_day, end)
    days, whole = cast(last - first + 1, Numeric), cast(end - start + 1, Numeric)
    amount = cast(func.round(type_coerce(c.rent, BigInteger) * days / whole), BigInteger)
    due = func.greatest(first, cast(start + (c.due_day - 1), Date))
    item = select(ChargeItem.id).where(ChargeItem.code == "apartment_rent").scalar_subquery()
    return (
        select(
            (literal(SOURCE + ":") + cast(c.id, String) + ":" + func.to_char(start, "YYYY-MM")).label("key"),
            c.payer_id.label("firm_id"),
            item.label("item_id"),
            literal(SOURCE).label("source"),
            cast(c.id, BigInteger).label("source_id"),
            first.label("period_from"),
            last.label("period_to"),
            due.label("due_on"),
            type_coerce(amount, Money).label("amount"),
            func.left(c.number + " " + func.to_char(start, "YYYY-MM"), 300).label("memo"),
        )
        .select_from(c)
        .join(months, true())
        .where(c.park_id == park_id, c.state.in_(BILLED), c.rent > 0, start <= month)
    )


def overdue_end(session: Any, *, on: date, park_id: int | None) -> dict[str, int]:
    """The job: contracts that ended and whose resident did not move out become a to-do for the desk, once (Y-17)."""
    from parkops import todos

    query = select(HousingContract).where(HousingContract.state == "living", HousingContract.ends_on == on - timedelta(days=1))
    found = list(session.scalars(query if park_id is None else query.where(HousingContract.park_id == park_id)))
    for row in found:
        todos.add(session, row, _("Contract %(number)s has ended: inspect and hand back.", number=row.number), due_on=on,
                  key=f"amenities.hand_back:{row.id}")
    return {"ended": len(found)}
