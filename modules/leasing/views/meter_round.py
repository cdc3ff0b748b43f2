"""The round of a building: its meters in the order of the walk."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import flash, redirect, request
from sqlalchemy import select

from parkops import clock
from parkops.i18n import _, _l
from parkops.refs import load
from parkops.web.values import day_typed
from parkops.web.views import PK, Page, commit, route

from ..models.meters import METER_KINDS, Meter
from ..models.space import Building
from ..services import meter_round


def _number(text: str | None) -> Decimal | None:
    """What was typed as an exact number; raises InvalidOperation."""
    text = (text or "").replace(",", "").replace("，", "").strip()
    if not text:
        return None
    value = Decimal(text)
    if not value.is_finite() or value != value.quantize(Decimal("0.0001")):
        raise InvalidOperation
    return value


class RoundPage(Page):
    """`/leasing/meter-round/`: read the meters of a building in the order of the walk, on the phone too."""

    route_base = "/leasing/meter-round"
    resource = "leasing.meter_reading"
    title = _l("Meter round")
    menu = ("meters", 10)
    icon = "walk"
    menu_word = "add"

    @route("/", "add")
    def index(self) -> Any:
        """Choose a building."""
        return self.draw("leasing/meter_buildings.html", rows=meter_round.buildings(self.session, clock.today()), kinds=METER_KINDS)

    @route(f"/{PK}", "add")
    def walk(self, pk: int) -> Any:
        """The meters in order with what they showed last."""
        return self._draw(load(self.session, "leasing.building", pk), {}, {})

    @route(f"/{PK}/save", "add", methods=("POST",))
    def save(self, pk: int) -> Any:
        """Keep every row that is right; the others come back with what was typed and why not."""
        building = load(self.session, "leasing.building", pk)
        rows, wrong = self._typed(building)
        kept, refused = meter_round.record_round(self.session, rows, on=self._day())
        commit()
        if kept:
            flash(_("%(n)s readings saved.", n=kept), "success")
        wrong |= refused
        if wrong:
            return self._draw(load(self.session, "leasing.building", pk), wrong, request.form)
        return redirect(f"/leasing/meter-round/{pk}?kind={self._kind() or ''}&on={self._day().isoformat()}", 303)

    def _day(self) -> date:
        return day_typed(request.values.get("on")) or clock.today()

    def _kind(self) -> str | None:
        kind = request.values.get("kind")
        return kind if kind in METER_KINDS else None

    def _typed(self, building: Building) -> tuple[list[dict[str, Any]], dict[int, str]]:
        rows, wrong = [], {}
        for meter in self.session.scalars(select(Meter).where(Meter.building_id == building.id, Meter.active)):
            names = ("peak", "flat", "valley") if meter.registers == "pfv" else ("value",)
            try:
                values = {n: _number(request.form.get(f"{n}.{meter.id}")) for n in names}
            except InvalidOperation:
                wrong[meter.id] = _("Write a number with at most four decimals.")
                continue
            if any(v is not None for v in values.values()):
                rows.append(
                    {
                        "meter_id": meter.id,
                        **values,
                        "reason": request.form.get(f"reason.{meter.id}"),
                        "rolled_over": request.form.get(f"rolled.{meter.id}") == "1",
                    }
                )
        return rows, wrong

    def _draw(self, building: Building, wrong: dict[int, str], typed: Any) -> Any:
        rows = meter_round.rows(self.session, building, self._day(), self._kind())
        return self.draw(
            "leasing/meter_round.html",
            422 if wrong else 200,
            building=building,
            rows=rows,
            wrong=wrong,
            typed=typed,
            kind=self._kind(),
            on=self._day(),
            kinds=METER_KINDS,
        )


PAGES = [RoundPage]
