"""Checklist templates: documents of an application, review criteria, move-out items. Each park keeps its own copy."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from parkops import records
from parkops.db.session import scope_of
from parkops.errors import Problems, Refused
from parkops.i18n import _l

from ..models.application import ApplicationDocument, ReviewScore
from ..models.checklist import ChecklistItem

FILE = Path(__file__).resolve().parent.parent / "data" / "checklists.yaml"


@lru_cache(maxsize=1)
def defaults() -> dict[str, list[dict[str, Any]]]:
    """The templates a new park starts with."""
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


def ensure_defaults(session: Any, kind: str, park_id: int | None = None) -> list[ChecklistItem]:
    """The park's active items of a kind in order; copied from the defaults when the park has none of the kind yet."""
    park_id = park_id or scope_of(session).park_id
    if park_id is None:
        raise Refused(_l("Choose a park first: this record needs one."))
    have = list(session.scalars(select(ChecklistItem).where(ChecklistItem.kind == kind, ChecklistItem.park_id == park_id)
                                .order_by(ChecklistItem.position, ChecklistItem.id)))
    if not have:
        have = [ChecklistItem(park_id=park_id, kind=kind, position=10 * n, is_active=True,
                              **{"required": True, "applies_to": None, **values})
                for n, values in enumerate(defaults()[kind], 1)]
        session.add_all(have)
        session.flush()
    return [item for item in have if item.is_active]


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    if values.get("kind") == "criterion" and not values.get("weight"):
        problems.add("tenants.T-40", _l("Give the criterion a weight in percent."), "weight")
    if values.get("kind") != "criterion" and values.get("weight") is not None:
        problems.add("tenants.T-40", _l("Only review criteria carry a weight."), "weight")
    if values.get("weight") is not None and not 0 <= values["weight"] <= 100:
        problems.add("tenants.T-40", _l("The weight lies between 0 and 100 percent."), "weight")
    if values.get("applies_to") not in (None, "team", "company"):
        problems.add("tenants.T-40", _l("Choose team or company, or leave it empty for both."), "applies_to")


def add_item(session: Any, **values: Any) -> ChecklistItem:
    """A new line of a template; running applications and move-outs keep the lines they have."""
    if values.get("kind") in defaults():
        ensure_defaults(session, values["kind"])
    return records.create(session, ChecklistItem, values, _check)


def change_item(session: Any, item: ChecklistItem, **values: Any) -> ChecklistItem:
    """Change a line; scores already given keep the weight of their day."""
    return records.change(session, item, values, _check)


def remove_item(session: Any, item: ChecklistItem) -> None:
    """Remove an unused line; a used one is switched off instead."""
    sentence = _l("This line is in use; switch it off instead of removing it.")
    records.remove(session, item, (ApplicationDocument, "item_id", sentence), (ReviewScore, "item_id", sentence))
