"""Import of units: found by building, code and first day; the floor must exist."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import or_, select

from parkops.i18n import _l
from parkops.importing import ImportField, ImportKind, ImportRow

from ..models.lease import LeaseUnit
from ..models.space import UNIT_KINDS, Building, Floor, Unit


def prepare(session: Any, rows: list[ImportRow], on: date) -> None:
    """Building and floor by name or code, the first day of a unit that exists, and the rules of the screens (S-01, S-03, S-04)."""
    places = {}
    for b in session.scalars(select(Building)):
        places[b.name] = places[b.code] = b.id
    floors = {(f.building_id, key): f.id for f in session.scalars(select(Floor)) for key in (f.name, str(f.level))}
    living = {(u.building_id, u.code): u for u in session.scalars(select(Unit).where(or_(Unit.ends_on.is_(None), Unit.ends_on >= on)))}
    let = set(session.scalars(select(LeaseUnit.unit_id).where(LeaseUnit.during.is_not(None))))
    for row in rows:
        _one(row, places, floors, living, let, on)


def _one(row: ImportRow, places: dict[str, int], floors: dict[Any, int], living: dict[Any, Unit], let: set[int], on: date) -> None:
    v = row.values
    building = places.get(v["building_id"])
    if building is None:
        return row.refuse(
            "leasing.S-02", _l("There is no building %(name)s; record it first or correct the name.", name=v["building_id"]), "building_id"
        )
    unit = living.get((building, v["code"]))
    floor = floors.get((building, v["floor_id"]))
    if floor is None:
        return row.refuse("leasing.S-02", _l("The building has no floor %(name)s; add it first.", name=v["floor_id"]), "floor_id")
    v["building_id"], v["floor_id"] = building, floor
    v["starts_on"] = unit.starts_on if unit is not None else v.get("starts_on") or on
    for name in ("lettable_area", "built_area", "shared_area", "usable_area", "list_price"):
        if v.get(name) is not None and v[name] < 0:
            row.refuse("leasing.S-01", _l("This cannot be negative."), name)
    if unit is not None and unit.id in let and v.get("lettable_area") not in (None, unit.lettable_area):
        row.refuse(
            "leasing.S-04",
            _l(
                "This unit has been let with %(area)s ㎡; use “Measure again” so that the old area stays on record.",
                area=str(unit.lettable_area),
            ),
            "lettable_area",
        )
    return None


IMPORTS = [
    ImportKind(
        code="leasing.units",
        title=_l("Units"),
        resource="leasing.unit",
        model="modules.leasing.models.space:Unit",
        key=("building_id", "code", "starts_on"),
        prepare=prepare,
        help=_l("Units are found by building and code. Buildings and floors must exist; a let unit keeps its area."),
        fields=(
            ImportField("building_id", _l("Building"), required=True, aliases=("楼宇", "楼栋", "楼号", "Building name", "Building code")),
            ImportField("floor_id", _l("Floor"), required=True, aliases=("楼层", "层", "Level")),
            ImportField("code", _l("Unit no."), required=True, aliases=("房号", "房间号", "单元", "单元号", "Unit code", "Room")),
            ImportField(
                "kind",
                _l("Kind"),
                kind="choice",
                choices=UNIT_KINDS,
                required=True,
                aliases=("用途", "类型"),
                extra={
                    "办公室": "office",
                    "实验室": "lab",
                    "厂房": "workshop",
                    "商铺": "shop",
                    "工位": "desk",
                    "公寓": "apartment",
                    "仓库": "storage",
                    "车位": "parking",
                },
            ),
            ImportField(
                "lettable_area",
                _l("Lettable area"),
                kind="decimal",
                required=True,
                aliases=("可租面积", "出租面积", "计租面积", "面积", "Area"),
            ),
            ImportField("built_area", _l("Built area"), kind="decimal", aliases=("建筑面积",)),
            ImportField("shared_area", _l("Share of common areas"), kind="decimal", aliases=("公摊面积",)),
            ImportField("usable_area", _l("Usable area"), kind="decimal", aliases=("使用面积", "套内面积")),
            ImportField(
                "list_price", _l("Asking rent per ㎡ and month"), kind="decimal", aliases=("挂牌价", "租金标准", "指导价", "Asking rent")
            ),
            ImportField("certificate_no", _l("Real estate certificate no."), aliases=("不动产权证号", "产权证号")),
            ImportField("incubation", _l("For incubated firms"), kind="bool", aliases=("孵化面积",)),
            ImportField("starts_on", _l("Exists from"), kind="date", aliases=("启用日期", "起始日期")),
            ImportField("note", _l("Note"), aliases=("备注",)),
        ),
    ),
]
