"""Vacancy of a building: what is not let and why, what it costs, and the life of every unit as a bar."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import request
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from parkops import clock
from parkops.i18n import _l
from parkops.money import yuan
from parkops.refs import load
from parkops.web.views import PK, Page, route

from ..models.space import Building, Floor, Unit
from ..services import stacking, units, vacancy
from ._space import CAUSES
from ._space_tabs import words
from .stacking import area

MONTHS = (12, 24, 36)


class VacancyPage(Page):
    """`/leasing/vacancy/<building>?months=24`."""

    route_base = "/leasing/vacancy"
    resource = "leasing.unit"
    title = _l("Vacancy timeline")
    menu = ("space", 15)
    icon = "timeline"

    @route("/")
    def index(self) -> Any:
        """The first building that has units."""
        rows = stacking.building_list(self.session, clock.today())
        first = next((r["building"] for r in rows if r["units"]), None)
        return self._draw(first, rows) if first is not None else self.draw("leasing/stacking_none.html")

    @route(f"/{PK}")
    def building(self, pk: int) -> Any:
        """One building."""
        return self._draw(load(self.session, "leasing.building", pk), stacking.building_list(self.session, clock.today()))

    def _draw(self, building: Building, rows: list[dict[str, Any]]) -> Any:
        on = clock.today()
        months = int(request.args.get("months", "")) if request.args.get("months", "") in map(str, MONTHS) else 24
        first = clock.add_months(on.replace(day=1), -months)
        found = list(
            self.session.scalars(
                select(Unit)
                .join(Floor, Floor.id == Unit.floor_id)
                .where(Unit.building_id == building.id, units.exists_on(on))
                .options(selectinload(Unit.floor), selectinload(Unit.building))
                .order_by(Floor.level.desc(), Unit.code)
            )
        )
        lines = vacancy.timelines(self.session, found, first, on)
        return self.draw(
            "leasing/vacancy.html",
            building=building,
            rows=rows,
            units=found,
            lines=lines,
            first=first,
            on=on,
            months=months,
            choices=MONTHS,
            totals=_totals(self.session, on, building.id),
            area=area,
            words=words(),
            ticks=ticks(first, on),
            days=(on - first).days + 1,
            vacant={u.id: sum(s.days for s in lines[u.id] if s.what != "let") for u in found},
        )


def _totals(session: Any, on: date, building_id: int) -> list[dict[str, Any]]:
    """What stands empty, by cause."""
    return [
        {
            "cause": CAUSES.label(r.cause),
            "tone": CAUSES.tone(r.cause),
            "units": r.units,
            "area": yuan(int(r.area or 0)),
            "lost": yuan(int(r.lost)) if r.lost is not None else None,
        }
        for r in vacancy.totals(session, on, building_id)
    ]


def ticks(first: date, last: date) -> list[tuple[str, int]]:
    """Label and days of every quarter begun in the days, for the scale above the bars."""
    out, start = [], first
    while start <= last:
        month = (start.month - 1) // 3 * 3 + 1
        following = clock.add_months(date(start.year, month, 1), 3)
        end = min(following, clock.add_months(last.replace(day=1), 1))
        end = min(end, date.fromordinal(last.toordinal() + 1))
        out.append((f"{start.year}-{start.month:02d}", (end - start).days))
        start = following
    return out


PAGES = [VacancyPage]
