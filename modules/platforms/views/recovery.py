"""The recovery sheet (成本回收表) of platforms, with the way to the rows behind every number and sliders that move them without saving."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from flask import request
from sqlalchemy import select

from parkops import clock
from parkops.db.session import scope_of
from parkops.i18n import _l
from parkops.models import Park
from parkops.refs import load
from parkops.security import access
from parkops.web.admin.kpis import periods_around, place_of
from parkops.web.views import PK, Page, route

from ..calc_recovery import COSTS, cheaper_outside, ratio
from ..calc_tariff import BY_RATED, CONSUMED
from ..models.cost import COST_KINDS
from ..models.project import CUSTOMER_CLASSES
from ..models.registry import Platform
from ..reports.recovery import break_even_svg
from ..services import recovery, recovery_why, tariff
from ..services.recovery import COUNTED, PlatformSheet


def _place(session: Any) -> Any:
    """Period and park of the address; this year when left out."""
    values = request.args.to_dict()
    values.setdefault("period", clock.Period.year(clock.today()).key)
    return place_of(session, values)


def _list(resource: str, *filters: list[Any]) -> str:
    """The address of a list with these conditions."""
    return f"/{resource.replace('.', '/', 1)}/?filters={quote(json.dumps(filters, ensure_ascii=False))}"


def event_list(found: PlatformSheet, klass: str | None = None, *more: list[Any]) -> str:
    """The events behind a number."""
    p = found.period
    days = [["ended_on", "gte", p.start.isoformat()], ["ended_on", "lte", p.last_day.isoformat()]]
    own = [["platform_id", "eq", found.platform.id], *days, ["state", "in", list(COUNTED)]]
    return _list("platforms.event", *own, *([["customer_class", "eq", klass]] if klass else []), *more)


def cost_list(found: PlatformSheet, kind: str | None = None) -> str:
    """The entries behind a cost."""
    last = (found.period.end - timedelta(days=1)).replace(day=1)
    months = [["pool.month", "gte", found.period.start.isoformat()], ["pool.month", "lte", last.isoformat()]]
    own = [["pool.platform_id", "eq", found.platform.id], *months]
    return _list("platforms.cost_entry", *own, *([["kind", "eq", kind]] if kind else []))


class RecoveryPage(Page):
    """`/platforms/recovery/?period=2026`: every platform; `/platforms/recovery/<platform>`: the sheet of one."""

    route_base = "/platforms/recovery"
    resource = "platforms.cost_pool"
    title = _l("Cost recovery")
    menu = ("recovery", 10)
    icon = "scale-outline"

    @route("/")
    def index(self) -> Any:
        """A line per platform, and the whole."""
        place = _place(self.session)
        rows = [
            r
            for r in recovery.of_period(self.session, place.period, clock.today())
            if place.park_id is None or r.platform.park_id == place.park_id
        ]
        return self.draw(
            "platforms/recovery.html",
            place=place,
            around=periods_around(place.period),
            parks=self._parks(),
            rows=rows,
            total=whole(rows),
            events=event_list,
            costs=cost_list,
            may_export=access.may(self.session, self.resource, "export"),
        )

    @route(f"/{PK}")
    def sheet(self, pk: int) -> Any:
        """The sheet of a platform."""
        place, platform = _place(self.session), load(self.session, "platforms.platform", pk)
        years = recovery.years_of(self.session, platform, place.period, clock.today())
        found = years[-1]
        return self.draw(
            "platforms/recovery_sheet.html",
            place=place,
            around=periods_around(place.period),
            parks=[],
            found=found,
            s=found.sheet,
            years=years,
            kinds=COST_KINDS,
            cost_order=[k for k in (*COSTS, "grant", "carry") if k in found.costs],
            widest=widest(found),
            classes=CUSTOMER_CLASSES,
            events=event_list,
            costs=cost_list,
            svg=break_even_svg(found),
            what_if=recovery.what_if(found),
            start=recovery.what_if_start(found),
            targets=recovery_why.targets(self.session, platform.park_id, place.period),
            why=recovery_why.of_sheet(found.sheet),
            why_gap=recovery_why.of_gap,
            tariff=tariff.of_platform(self.session, platform, place.period),
            tariff_kinds=[k for k in COSTS if k not in (CONSUMED, BY_RATED)],
            cheaper=cheaper_outside(found.sheet),
            platforms=self._platforms(platform.park_id),
            may_export=access.may(self.session, self.resource, "export"),
            may_events=access.may(self.session, "platforms.event", "read"),
        )

    def _parks(self) -> list[tuple[int, str]]:
        scope = scope_of(self.session)
        return [(p.id, p.name) for p in self.session.scalars(select(Park).order_by(Park.name)) if scope.sees(p.id)]

    def _platforms(self, park_id: int) -> list[Platform]:
        return list(self.session.scalars(select(Platform).where(Platform.park_id == park_id).order_by(Platform.code)))


def widest(found: PlatformSheet) -> Decimal:
    """The largest amount of the bar, for its scale."""
    return max((abs(a) for a in found.costs.values()), default=Decimal(1)) or Decimal(1)


def whole(rows: list[PlatformSheet]) -> dict[str, Any]:
    """All platforms together; a sum without any known part is not known."""

    def add(name: str) -> Decimal | None:
        known = [getattr(r.sheet, name) for r in rows if getattr(r.sheet, name) is not None]
        return sum(known, Decimal(0)) if known else None

    out: dict[str, Any] = {n: add(n) for n in ("cost", "billed", "cash", "waived", "hours", "rated", "gap")}
    out["recovery_billed"], out["recovery_cash"] = ratio(out["billed"], out["cost"]), ratio(out["cash"], out["cost"])
    out["utilisation"] = ratio(out["hours"], out["rated"])
    return out


PAGES = [RecoveryPage]
