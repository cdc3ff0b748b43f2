"""Stock of consumables: every change is a move; what is not there cannot be taken. Rule U-46."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from parkops import records
from parkops.errors import Problems
from parkops.i18n import _l

from ..models.event import StockMove, UsageEvent
from ..models.registry import ServiceItem


def add_move(
    session: Any, *, item_id: int, quantity: Decimal, moved_on: date, cost: Decimal | None = None, memo: str | None = None
) -> StockMove:
    """Goods in (positive), or counted away (negative)."""
    move = records.create(session, StockMove, {n: v for n, v in locals().items() if n != "session"}, _check)
    session.refresh(session.get(ServiceItem, item_id))
    return move


def _check(session: Any, v: dict[str, Any], problems: Problems) -> None:
    item = session.scalars(select(ServiceItem).where(ServiceItem.id == v["item_id"]).with_for_update(of=ServiceItem)
                           .execution_options(populate_existing=True)).one_or_none()
    if v["quantity"] == 0:
        problems.add("platforms.U-46", _l("Enter how many came in, or went out as a negative number."), "quantity")
    if item is not None and item.kind != "consumable":
        problems.add("platforms.U-46", _l("Stock is kept of consumables only."), "item_id")
    elif item is not None and (item.stock or Decimal(0)) + v["quantity"] < 0:
        problems.add("platforms.U-46", _l("Only %(n)s of %(name)s are in stock. Book the delivery first.", n=item.stock or 0,
                                          name=item.name), "quantity")


def take_out(session: Any, item: ServiceItem, event: UsageEvent) -> None:
    """What an event takes, where stock is kept."""
    session.refresh(item, with_for_update=True)
    if item.stock is None:
        return
    problems = Problems()
    if item.stock < event.quantity:
        problems.add("platforms.U-46", _l("Only %(n)s of %(name)s are in stock. Book the delivery first.", n=item.stock, name=item.name),
                     "quantity")
    problems.stop()
    _move(session, event, item.id, -event.quantity)


def put_back(session: Any, event: UsageEvent) -> None:
    """What a cancelled event had taken."""
    taken = session.execute(select(StockMove.item_id, func.sum(StockMove.quantity)).where(StockMove.event_id == event.id)
                            .group_by(StockMove.item_id)).all()
    for item_id, quantity in taken:
        if quantity:
            _move(session, event, item_id, -quantity)


def _move(session: Any, event: UsageEvent, item_id: int, quantity: Decimal) -> None:
    session.add(StockMove(park_id=event.park_id, item_id=item_id, quantity=quantity, moved_on=event.ended_on, event_id=event.id))
    session.flush()
    session.refresh(session.get(ServiceItem, item_id))
