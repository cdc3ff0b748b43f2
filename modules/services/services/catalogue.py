"""The item catalogue and its materials. Rules SV-05 to SV-09."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import func, select

from parkops import records
from parkops.db.session import scope_of
from parkops.errors import Problems, Refused
from parkops.i18n import _, _l
from parkops.security import access

from ..models.item import HallItem, ItemMaterial

RESOURCE = "services.item"
DATA = Path(__file__).parent.parent / "data"
LISTS = ("catalogue.yaml", "shared_items.yaml")


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    """SV-05: limits make sense; SV-06: statutory limits bind the authority only; SV-07: tolerance has its days."""
    if not 0 <= values["promised_days"] <= 365:
        problems.add("services.SV-05", _l("Promise between 0 and 365 working days."), "promised_days")
    days = values.get("statutory_days")
    if days is not None and not 1 <= days <= 365:
        problems.add("services.SV-05", _l("A statutory limit is between 1 and 365 working days."), "statutory_days")
    if days is not None and values["label"] != "authority":
        problems.add(
            "services.SV-06",
            _l("A statutory limit binds the authority; what the hall assists with has a promised limit only."),
            "statutory_days",
        )
    if days is not None and values["label"] == "authority" and values["promised_days"] > days:
        problems.add("services.SV-05", _l("The promised limit is not longer than the statutory one."), "promised_days")
    if values.get("fee") is not None and values["fee"] < 0:
        problems.add("services.SV-05", _l("This cannot be negative."), "fee")
    if values.get("fee") and not values.get("fee_basis"):
        problems.add("services.SV-05", _l("Name the basis of the fee."), "fee_basis")
    if values.get("tolerance_days") is not None and not 1 <= values["tolerance_days"] <= 60:
        problems.add("services.SV-07", _l("Tolerable materials follow within 1 to 60 working days."), "tolerance_days")


def create_item(session: Any, **values: Any) -> HallItem:
    """An item of the catalogue."""
    return records.create(session, HallItem, values, _check)


def change_item(session: Any, row: HallItem, **values: Any) -> HallItem:
    """What it publishes changes; cases received before keep their checklist and limits."""
    return records.change(session, row, values, _check)


def remove_item(session: Any, row: HallItem) -> None:
    """SV-08: only an item nobody asked for; others are put out of use."""
    from ..models.case import ServiceCase

    records.remove(session, row, (ServiceCase, "item_id", _l("There are cases of this item; put it out of use instead.")))


def _material(session: Any, values: dict[str, Any], problems: Problems) -> None:
    item = session.get(HallItem, values["item_id"])
    if values.get("tolerable") and not item.tolerance:
        problems.add("services.SV-07", _l("This item allows no tolerance; allow it there first."), "tolerable")
    if not 1 <= values.get("copies", 1) <= 20:
        problems.add("services.SV-05", _l("Copies are 1 to 20."), "copies")


def create_material(session: Any, **values: Any) -> ItemMaterial:
    """A material of an item, at the end unless a position is given."""
    if values.get("position") is None:
        last = session.scalar(select(func.max(ItemMaterial.position)).where(ItemMaterial.item_id == values["item_id"]))
        values["position"] = (last or 0) + 1
    return records.create(session, ItemMaterial, values, _material)


def change_material(session: Any, row: ItemMaterial, **values: Any) -> ItemMaterial:
    """Cases received before keep their checklist."""
    return records.change(session, row, values, _material)


def remove_material(session: Any, row: ItemMaterial) -> None:
    """No longer asked for."""
    records.remove(session, row)


def materials_of(session: Any, item: HallItem) -> list[ItemMaterial]:
    """In order."""
    return list(session.scalars(select(ItemMaterial).where(ItemMaterial.item_id == item.id).order_by(ItemMaterial.position)))


@lru_cache
def _read(name: str) -> list[dict[str, Any]]:
    found = yaml.safe_load((DATA / name).read_text(encoding="utf-8"))
    groups = found.get("groups", {})
    return [{**groups.get(row.get("group"), {}), **row} for row in found["items"]]


def load_list(session: Any, name: str, *, hall_id: int | None = None) -> int:
    """SV-09: a ready list enters the catalogue; items whose code is there already stay as they are. Returns how many came."""
    access.require(session, RESOURCE, "add")
    park_id = scope_of(session).park_id
    if park_id is None:
        raise Refused(_l("Choose a park first."))
    have = set(session.scalars(select(HallItem.code).where(HallItem.park_id == park_id)))
    rows = [r for r in _read(name) if r["code"] not in have]
    items = [_item(r, park_id, hall_id, name.startswith("shared")) for r in rows]
    session.add_all(items)
    session.flush()
    for item, row in zip(items, rows, strict=True):
        session.add_all(
            ItemMaterial(
                park_id=park_id,
                item_id=item.id,
                position=n,
                name=m["name"],
                form=m.get("form", "original"),
                copies=m.get("copies", 1),
                issuer=m.get("issuer"),
                tolerable=bool(m.get("tolerable")) and item.tolerance,
            )
            for n, m in enumerate(row.get("materials", ()), 1)
        )
    session.flush()
    return len(items)


def _item(row: dict[str, Any], park_id: int, hall_id: int | None, shared: bool) -> HallItem:
    names = (
        "code",
        "name",
        "item_class",
        "label",
        "authority",
        "basis",
        "conditions",
        "process",
        "promised_days",
        "statutory_days",
        "fee_basis",
        "tolerance_days",
        "result_name",
        "phone",
    )
    values = {n: row.get(n) for n in names}
    return HallItem(
        park_id=park_id,
        hall_id=hall_id,
        shared=shared,
        fee=Decimal(str(row.get("fee", 0))),
        tolerance=bool(row.get("tolerance")),
        online=bool(row.get("online")),
        **values,
    )


def load_lists(session: Any) -> str:
    """Both lists, for the button."""
    return _("%(n)s items entered.", n=sum(load_list(session, name) for name in LISTS))


def shared_counts() -> Counter:
    """Items of the shared list by class; 66 in five classes (渭南城三区“跨区通办”)."""
    return Counter(r["item_class"] for r in _read("shared_items.yaml"))
