"""From a figure to the records behind it. The list, its count and its sum come from the KPI's own `drill`."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import BigInteger, String, cast, func, literal, select

from .. import refs
from ..db.base import ParkScoped
from ..errors import Refused
from ..i18n import _l
from ..security import access
from .registry import Kpi, Window


def has_drill(kpi: Kpi, side: str = "numerator") -> bool:
    """Whether there are records to show."""
    return _function(kpi, side) is not None and _resource(kpi, side) is not None


def drill_select(kpi: Kpi, window: Window, park_id: int | None, key: str = "", side: str = "numerator") -> Any:
    """A select of `id` (distinct records) and `amount` (the part each adds, NULL when the figure counts records)."""
    function = _function(kpi, side)
    resource = _resource(kpi, side)
    if function is None or resource is None:
        raise Refused(_l("There is no list behind this figure."))
    sub = function(window).subquery("drilled")
    model = refs.model_of(resource)
    amount = func.sum(cast(sub.c.amount, BigInteger)) if "amount" in sub.c else cast(literal(None), BigInteger)
    query = select(sub.c.id.label("id"), amount.label("amount")).group_by(sub.c.id)
    if key:
        if "key" not in sub.c:
            raise Refused(_l("The list behind this figure cannot be split that way."))
        query = query.where(sub.c.key.is_(None) if key == "-" else cast(sub.c.key, String) == key)
    if park_id is not None and issubclass(model, ParkScoped):
        query = query.join(model, model.id == sub.c.id).where(model.park_id == park_id)
    return query


def drill_members(kpi: Kpi, window: Window) -> Any:
    """The records behind a DISTINCT figure as `park_id, member`, for totals that must not be added up."""
    model = refs.model_of(kpi.resource or "")
    sub = kpi.drill(window).subquery("drilled")  # type: ignore[misc]
    return select(model.park_id.label("park_id"), model.id.label("member")).join(sub, sub.c.id == model.id)


def drill_ids(session: Any, kpi: Kpi, window: Window, park_id: int | None, key: str = "", side: str = "numerator") -> list[int]:
    """The ids, ascending. Needs read on the records' resource."""
    access.require(session, _resource(kpi, side) or "core.kpi", "read")
    return list(session.scalars(select(drill_select(kpi, window, park_id, key, side).subquery().c.id).order_by("id")))


def drill_total(session: Any, kpi: Kpi, window: Window, park_id: int | None, key: str = "",
                side: str = "numerator") -> tuple[int, int | None]:
    """How many records, and what they add up to in the smallest unit (None when the figure counts records)."""
    sub = drill_select(kpi, window, park_id, key, side).subquery()
    row = session.execute(select(func.count(), cast(func.sum(sub.c.amount), BigInteger)).select_from(sub)).one()
    return row[0], row[1]


def sums(kpi: Kpi, window: Window, side: str = "numerator") -> bool:
    """Whether the list behind the figure carries amounts."""
    function = _function(kpi, side)
    return function is not None and "amount" in function(window).selected_columns.keys()


def hash_of(ids: list[int]) -> str:
    """A fingerprint of a list of records, independent of their order."""
    return hashlib.sha256(",".join(str(i) for i in sorted(ids)).encode()).hexdigest()


def _function(kpi: Kpi, side: str) -> Any:
    return kpi.drill if side == "numerator" else kpi.drill_denominator


def _resource(kpi: Kpi, side: str) -> str | None:
    return kpi.resource if side == "numerator" else kpi.denominator_resource or kpi.resource
