"""Meal cards: issued, topped up, paid back on closing. Rules Y-23 to Y-26. Money on cards is owed to the holders (account 220302)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from modules.billing.services import accounts, ledger
from modules.billing.services.allocations import money_account
from modules.tenants.models.firm import Firm
from modules.tenants.models.person import Person
from parkops import records, sequences, settings
from parkops.db.session import scope_of
from parkops.errors import NotFound, Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..models.meals import MealCard, MealTopUp
from ..states import MEAL_CARD

RESOURCE = "amenities.meal_card"
TOP_UP = "amenities.top_up"
BALANCES = "220302"  # account of what cards hold


def issue_card(
    session: Any, *, issued_on: date, firm_id: int | None = None, person_id: int | None = None, holder: str | None = None
) -> MealCard:
    """A new card for a person (Y-23): with a person the name is theirs."""
    access.require(session, RESOURCE, "add")
    person = session.get(Person, person_id) if person_id is not None else None
    firm = session.get(Firm, firm_id) if firm_id is not None else None
    if (person_id is not None and person is None) or (firm_id is not None and firm is None):
        raise NotFound(_l("There is no such record in your parks."))
    park_id = (firm or person).park_id if firm or person else scope_of(session).park_id
    number = sequences.next_number(session, RESOURCE, park_id, issued_on)
    values = {
        "number": number,
        "holder": holder or (person.name if person else None),
        "firm_id": firm_id,
        "person_id": person_id,
        "issued_on": issued_on,
    }
    return records.create(session, MealCard, values)


def change_card(session: Any, row: MealCard, *, holder: str, firm_id: int | None = None, person_id: int | None = None) -> MealCard:
    """Another employer or name; meals eaten stay with the firm they were eaten for."""
    return records.change(session, row, {"holder": holder, "firm_id": firm_id, "person_id": person_id})


def locked(session: Any, row: MealCard) -> MealCard:
    """The card, locked and read anew."""
    return session.scalars(
        select(MealCard).where(MealCard.id == row.id).with_for_update(of=MealCard).execution_options(populate_existing=True)
    ).one()


def top_up(session: Any, row: MealCard, *, amount: Decimal, on: date, kind: str = "cash", bank_account_id: int | None = None) -> MealTopUp:
    """Money comes onto a card: Dr cash or bank, Cr card balances (Y-24)."""
    access.require(session, TOP_UP, "add")
    ledger.lock(session, row.park_id)
    row, problems = locked(session, row), Problems()
    most = Decimal(settings.get(session, "amenities.top_up_most", row.park_id))
    if row.state != "active":
        problems.add("amenities.Y-24", _l("This card is blocked or closed."))
    if amount is None or amount <= 0:
        problems.add("amenities.Y-24", _l("Enter an amount above zero."), "amount")
    elif row.balance + amount > most:
        problems.add(
            "amenities.Y-24", _l("A card holds at most %(most)s yuan; it has %(balance)s.", most=most, balance=row.balance), "amount"
        )
    if kind not in ("cash", "bank"):
        problems.add("amenities.Y-24", _l("Money arrives in cash or by bank transfer."), "kind")
    problems.stop()
    return _move(session, row, kind, amount, on, bank_account_id)


def _move(session: Any, row: MealCard, kind: str, amount: Decimal, on: date, bank_account_id: int | None) -> MealTopUp:
    """Card, ledger and record together."""
    means = money_account(session, "bank" if bank_account_id is not None or kind == "bank" else "cash", bank_account_id)
    legs = [ledger.Leg(means, debit=amount), ledger.Leg(accounts.by_code(session, BALANCES).id, credit=amount)]
    entry = ledger.post(
        session,
        park_id=row.park_id,
        kind="document",
        on=on,
        memo=_("Meal card %(number)s", number=row.number),
        legs=legs,
        source=RESOURCE,
        source_id=row.id,
    )
    row.balance += amount
    made = MealTopUp(
        park_id=row.park_id,
        card_id=row.id,
        kind=kind,
        amount=amount,
        on_date=on,
        entry_id=entry.id,
        entered_by=scope_of(session).user_name or "",
    )
    session.add(made)
    session.flush()
    return made


def top_up_many(session: Any, rows: list[MealCard], *, amount: Decimal, on: date, bank_account_id: int | None = None) -> str:
    """The same sum onto many cards (a firm's transfer for its people); all or none."""
    for row in sorted(rows, key=lambda r: r.id):
        top_up(session, row, amount=amount, on=on, kind="bank", bank_account_id=bank_account_id)
    return _("%(n)s cards topped up, %(sum)s yuan in all.", n=len(rows), sum=f"{amount * len(rows):,.2f}")


def why_not_close(session: Any, row: MealCard) -> str | None:
    """Only who handles money closes a card."""
    return None if access.may(session, TOP_UP, "add") else _("Finance does this.")


def close_card(session: Any, row: MealCard, *, on: date) -> str:
    """The balance is paid back in cash and the card closed (Y-25)."""
    if (why := why_not_close(session, row)) is not None:
        raise RuleError([Problem("amenities.Y-25", why)])
    ledger.lock(session, row.park_id)
    row = locked(session, row)
    back = row.balance
    if back:
        _move(session, row, "refund", -back, on, None)
    MEAL_CARD.move(session, row, "close", on=on)
    return _("Closed; paid back: %(amount)s yuan.", amount=f"{back:,.2f}")
