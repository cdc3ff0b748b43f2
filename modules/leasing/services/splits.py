"""Split, merge and measure again: units end the day before, others begin; areas sum or the difference has a reason. S-12 to S-16."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import delete, select

from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..models.space import Unit, UnitChange, UnitLineage
from . import units

KEPT = ("kind", "incubation", "list_price", "certificate_no")  # what a child takes over from its first parent
MOST = 50


@dataclass
class Part:
    """A unit that is to begin: code and lettable area, and what differs from the parent."""

    code: str
    lettable_area: Decimal
    more: dict[str, Any] = field(default_factory=dict)


def split_unit(session: Any, unit: Unit, *, on: date, parts: list[Part], reason: str | None = None) -> UnitChange:
    """The unit ends the day before `on`; `parts` begin on it. Raises RuleError S-12 (fewer than two parts), S-13 (days), S-14 (areas),
    S-15 (a lease or hold covers the day), S-03 (codes)."""
    problems = Problems()
    if not 2 <= len(parts) <= MOST:
        problems.add("leasing.S-12", _l("A split needs 2 to %(n)s parts; write one per line.", n=MOST), "parts")
    return _restructure(session, "split", [unit], parts, on, reason, problems)


def merge_units(
    session: Any, olds: list[Unit], *, on: date, code: str, lettable_area: Decimal | None = None, reason: str | None = None
) -> UnitChange:
    """Units of one floor become one. Without `lettable_area` it has their sum."""
    problems = Problems()
    if len(olds) < 2:
        problems.add("leasing.S-12", _l("Choose at least two units to merge."))
    if len({u.floor_id for u in olds}) > 1:
        problems.add("leasing.S-12", _l("Units of different floors cannot become one; choose units of one floor."))
    total = sum((u.lettable_area for u in olds), Decimal(0))
    part = Part(code.strip(), total if lettable_area is None else lettable_area)
    for name in ("built_area", "shared_area", "usable_area"):
        values = [getattr(u, name) for u in olds]
        part.more[name] = None if None in values else sum(values, Decimal(0))  # missing is not zero
    return _restructure(session, "merge", olds, [part], on, reason, problems)


def remeasure_unit(
    session: Any, unit: Unit, *, on: date, lettable_area: Decimal, built_area: Decimal | None = None, reason: str
) -> UnitChange:
    """The same unit with another area from `on` on; the old area stays on record."""
    part = Part(unit.code, lettable_area, {"built_area": built_area, "shared_area": unit.shared_area, "usable_area": unit.usable_area})
    return _restructure(session, "remeasure", [unit], [part], on, reason, Problems())


def _restructure(
    session: Any, kind: str, olds: list[Unit], parts: list[Part], on: date, reason: str | None, problems: Problems
) -> UnitChange:
    access.require(session, "leasing.unit", "act")
    reason = (reason or "").strip() or None
    difference = sum((p.lettable_area for p in parts), Decimal(0)) - sum((u.lettable_area for u in olds), Decimal(0))
    _check(session, olds, parts, on, problems)
    if difference != 0 and reason is None:
        problems.add(
            "leasing.S-14",
            _l("The new areas differ from the old by %(area)s ㎡; correct them or give the reason.", area=f"{difference:+}"),
            "reason",
        )
    problems.stop()
    change = UnitChange(
        park_id=olds[0].park_id,
        building_id=olds[0].building_id,
        kind=kind,
        changed_on=on,
        reason=reason,
        difference=difference,
        before=_named(olds),
        after=_named(parts),
    )
    ends = {u.id: u.ends_on for u in olds}
    for unit in olds:
        unit.ends_on = on - timedelta(days=1)
    session.add(change)
    session.flush()  # the parents' days are free before the children take them
    for part in parts:
        child = _child(olds[0], part, on)
        session.add(child)
        session.add_all(
            UnitLineage(park_id=child.park_id, change=change, parent=old, child=child, parent_ends_on=ends[old.id]) for old in olds
        )
    session.flush()
    return change


def _child(parent: Unit, part: Part, on: date) -> Unit:
    values = {**{n: getattr(parent, n) for n in KEPT}, **part.more}
    return Unit(
        park_id=parent.park_id,
        building_id=parent.building_id,
        floor_id=parent.floor_id,
        code=part.code,
        lettable_area=part.lettable_area,
        starts_on=on,
        **values,
    )


def _named(items: list[Any]) -> str:
    return " + ".join(f"{i.code} ({i.lettable_area} ㎡)" for i in items)


def _check(session: Any, olds: list[Unit], parts: list[Part], on: date, problems: Problems) -> None:
    """S-13 days, S-14 areas above zero, S-15 nothing agreed beyond the day, S-03 codes free on it."""
    session.execute(select(Unit.id).where(Unit.id.in_([u.id for u in olds])).with_for_update())
    for unit in olds:
        session.refresh(unit)
        if unit.ends_on is not None:
            problems.add(
                "leasing.S-13", _l("%(unit)s ended on %(day)s; choose a unit that exists.", unit=unit.code, day=unit.ends_on.isoformat())
            )
        if on <= unit.starts_on:
            problems.add(
                "leasing.S-13", _l("%(unit)s begins on %(day)s; choose a later day.", unit=unit.code, day=unit.starts_on.isoformat()), "on"
            )
    for _code, sentence in units.covering(session, [u.id for u in olds], on):
        problems.add("leasing.S-15", sentence)
    if any(p.lettable_area <= 0 for p in parts):
        problems.add("leasing.S-14", _l("Every part needs an area above zero."), "parts")
    names = [p.code for p in parts]
    if len(set(names)) != len(names) or not all(names):
        problems.add("leasing.S-03", _l("Every part needs a code of its own."), "parts")
    own = {u.code for u in olds}
    for name in names:
        if name and name not in own:
            units.check_code_free(session, problems, olds[0].building_id, name, on, None)


def undo_change(session: Any, change: UnitChange, *, reason: str) -> str:
    """Take the change back while nothing refers to the units it made: they go, their parents live on. S-16."""
    access.require(session, "leasing.unit_change", "act")
    lines = list(session.scalars(select(UnitLineage).where(UnitLineage.change_id == change.id)))
    children = sorted({line.child_id for line in lines})
    problems = Problems()
    used = units.used_by(session, children, "UnitLineage")
    if used:
        problems.add(
            "leasing.S-16",
            _l("Other records belong to the new units already (%(kinds)s); make another change instead.", kinds=", ".join(used)),
        )
    if session.scalar(select(UnitLineage.id).where(UnitLineage.parent_id.in_(children)).limit(1)) is not None:
        problems.add("leasing.S-16", _l("The new units were changed again; undo the later change first."))
    problems.stop()
    ends = {line.parent_id: line.parent_ends_on for line in lines}
    session.execute(delete(UnitLineage).where(UnitLineage.change_id == change.id))
    for unit in session.scalars(select(Unit).where(Unit.id.in_(children))):
        session.delete(unit)
    session.delete(change)
    session.flush()
    for unit in session.scalars(select(Unit).where(Unit.id.in_(ends))):
        unit.ends_on = ends[unit.id]
    session.flush()
    return _("Undone: %(reason)s", reason=reason)


def why_not_undo(session: Any, change: UnitChange) -> str | None:
    """Guard of the button."""
    children = list(session.scalars(select(UnitLineage.child_id).where(UnitLineage.change_id == change.id)))
    return _("Other records belong to the new units already.") if units.used_by(session, children, "UnitLineage") else None


def read_parts(text: str) -> list[Part]:
    """One part per line: code and area (`A101-1 60.5`). Raises RuleError S-12 naming the line."""
    parts: list[Part] = []
    for number, line in enumerate((text or "").splitlines(), 1):
        words = line.replace(",", " ").replace("，", " ").replace("㎡", " ").split()
        if not words:
            continue
        try:
            if len(words) != 2:
                raise InvalidOperation
            area = Decimal(words[1])
            if area != area.quantize(Decimal("0.01")):
                raise InvalidOperation
        except InvalidOperation:
            raise RuleError(
                [Problem("leasing.S-12", _l("Line %(n)s: write the code and the area, such as A101-1 60.50.", n=number), "parts")]
            ) from None
        parts.append(Part(words[0], area))
    return parts


def split_by_form(session: Any, unit: Unit, *, on: date, parts: str, reason: str | None = None) -> tuple[str, str]:
    """The button: parts as lines of text."""
    change = split_unit(session, unit, on=on, parts=read_parts(parts), reason=reason)
    return _("Split: %(after)s", after=change.after), f"/leasing/unit_change/{change.id}"


def merge_by_form(
    session: Any, olds: list[Unit], *, on: date, code: str, lettable_area: Decimal | None = None, reason: str | None = None
) -> tuple[str, str]:
    """The bulk button."""
    change = merge_units(session, list(olds), on=on, code=code, lettable_area=lettable_area, reason=reason)
    return _("Merged: %(after)s", after=change.after), f"/leasing/unit_change/{change.id}"


def remeasure_by_form(
    session: Any, unit: Unit, *, on: date, lettable_area: Decimal, built_area: Decimal | None = None, reason: str
) -> tuple[str, str]:
    """The button."""
    change = remeasure_unit(session, unit, on=on, lettable_area=lettable_area, built_area=built_area, reason=reason)
    return _("Measured again: %(after)s", after=change.after), f"/leasing/unit_change/{change.id}"
