"""Shared material and energy cost among operators (共担材料能耗): who bears what by which key. Rules U-107 to U-109."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select

from parkops import records
from parkops.clock import add_months
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from .. import calc_cost_shares as calc
from ..models.contract import OperatorContract
from ..models.cost import SHARE_KEYS, CostEntry, CostShare, SharedCost
from ..states_cost import SHARED
from . import costs, recovery


def create_shared(session: Any, *, month: date, kind: str, title: str, amount: Decimal, key: str, document: str) -> SharedCost:
    """Enter a cost several operators share; everybody whose contract bears shared costs by this key gets a part, to be weighed."""
    values = {"month": month.replace(day=1), "kind": kind, "title": title, "amount": amount, "key": key, "document": document}
    row = records.create(session, SharedCost, values, _check)
    for contract in _bearers(session, row):
        session.add(CostShare(park_id=row.park_id, shared_cost_id=row.id, contract_id=contract.id))
    session.flush()
    weigh(session, row)
    return row


def change_shared(session: Any, row: SharedCost, *, title: str, amount: Decimal, document: str) -> SharedCost:
    """Correct a cost that is not divided yet; another key or month is another cost."""
    _draft(row)
    return records.change(session, row, {"title": title, "amount": amount, "document": document}, _check)


def remove_shared(session: Any, row: SharedCost) -> None:
    """Delete a cost that is not divided yet, with its parts."""
    _draft(row)
    records.remove(session, row)


def _draft(row: SharedCost) -> None:
    if row.state != "draft":
        raise RuleError([Problem("platforms.U-107", _l("This cost stands in the pools already; enter a correction as another one."))])


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    if values["kind"] not in ("energy", "materials", "maintenance", "space", "other"):
        problems.add("platforms.U-107", _l("Choose energy, materials, maintenance, rooms or other costs."), "kind")
    if values["amount"] == 0:
        problems.add("platforms.U-103", _l("An entry of nothing says nothing; enter the amount."), "amount")


def _bearers(session: Any, row: SharedCost) -> list[OperatorContract]:
    """Contracts in force in the month that bear shared costs."""
    last = add_months(row.month, 1)
    c = OperatorContract
    return list(
        session.scalars(
            select(c)
            .where(
                c.state.in_(("running", "ended")),
                c.share_key.is_not(None),
                c.starts_on < last,
                c.ends_on >= row.month,
                or_(c.ended_on.is_(None), c.ended_on >= row.month),
            )
            .order_by(c.id)
        )
    )


def shares_of(session: Any, row: SharedCost) -> list[CostShare]:
    """The parts, in the order in which odd fen are given."""
    return list(session.scalars(select(CostShare).where(CostShare.shared_cost_id == row.id).order_by(CostShare.id)))


def weigh(session: Any, row: SharedCost) -> str:
    """Fill the weights that can be known: hours from the events, ㎡ and fixed shares from the contracts; a meter is read by people."""
    _draft(row)
    rows = shares_of(session, row)
    for share, weight in zip(rows, _weights(session, row, rows), strict=True):
        if row.key != "meter":
            share.weight = weight
    session.flush()
    return _("%(n)s parts were weighed.", n=sum(1 for s in rows if s.weight is not None))


def _weights(session: Any, row: SharedCost, rows: list[CostShare]) -> list[Decimal | None]:
    if row.key in ("area", "fixed"):
        return [getattr(s.contract, "area" if row.key == "area" else "fixed_share") for s in rows]
    hours = recovery.hours_by_platform(session, row.month, add_months(row.month, 1))
    sharing: dict[int, int] = defaultdict(int)  # operators of one platform share its hours equally
    for s in rows:
        sharing[s.contract.platform_id] += 1
    return [(hours.get(s.contract.platform_id, Decimal(0)) / sharing[s.contract.platform_id]).quantize(Decimal("0.0001")) for s in rows]


def set_weight(session: Any, share: CostShare, *, weight: Decimal) -> CostShare:
    """Enter what the meter showed, or another weight agreed on."""
    _draft(share.shared_cost)

    def check(session: Any, values: dict[str, Any], problems: Problems) -> None:
        if values["weight"] is not None and values["weight"] < 0:
            problems.add("platforms.U-108", _l("A weight cannot be negative."), "weight")

    return records.change(session, share, {"weight": weight}, check)


def add_share(session: Any, *, shared_cost_id: int, contract_id: int, weight: Decimal | None = None) -> CostShare:
    """Let another operator bear a part."""
    values = {"shared_cost_id": shared_cost_id, "contract_id": contract_id, "weight": weight}
    share = records.create(session, CostShare, values)
    _draft(share.shared_cost)
    return share


def remove_share(session: Any, share: CostShare) -> None:
    """Leave an operator out."""
    _draft(share.shared_cost)
    records.remove(session, share)


def post_shared(session: Any, row: SharedCost, *, on: date) -> SharedCost:
    """Divide exactly (U-108: every weight is known, U-109: parts sum to the cost) and enter each platform's sum in its pool."""
    access.require(session, "platforms.cost_entry", "add")
    rows = shares_of(session, row)
    try:
        parts = calc.divide(row.amount, [(s.contract.operator, s.weight) for s in rows])
    except calc.CannotShare as e:
        raise RuleError([_cannot(e)]) from None
    by_platform: dict[int, Decimal] = defaultdict(Decimal)
    for share, part in zip(rows, parts, strict=True):
        share.amount = part.amount
        by_platform[share.contract.platform_id] += part.amount
    for platform_id, amount in by_platform.items():
        pool = costs.pool_of(session, platform_id, row.month)
        if amount:
            session.add(
                CostEntry(
                    park_id=row.park_id,
                    pool_id=pool.id,
                    kind=row.kind,
                    title=row.title,
                    amount=amount,
                    document=row.document,
                    shared_cost_id=row.id,
                )
            )
    session.flush()
    SHARED.move(session, row, "post", on=on)
    return row


def _cannot(e: calc.CannotShare) -> Problem:
    if e.why == "missing":
        return Problem("platforms.U-108", _l("The weight of %(names)s is not known; enter it first.", names="、".join(e.names)))
    return Problem("platforms.U-108", _l("Nobody bears a part of this cost; enter weights or choose another key."))


def key_label(code: str) -> Any:
    """The key in words."""
    return SHARE_KEYS.label(code)
