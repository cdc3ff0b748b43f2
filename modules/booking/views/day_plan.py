"""The day of a group, resources side by side; press free time to book. On the phone one resource at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from flask import request

from parkops import clock
from parkops.i18n import _l
from parkops.security import access
from parkops.web.values import day_typed, id_typed
from parkops.web.views import Page, route

from ..models.resource import CLOSURE_KINDS
from ..services import calendar, day_plan
from ..states import BOOKING


def wall(minute: int) -> str:
    """`09:30` of a minute of the day."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


class DayPlanPage(Page):
    """`/booking/day/?group=3&on=2026-11-28&resource=7`: hours by resources."""

    route_base = "/booking/day"
    resource = "booking.booking"
    title = _l("Day plan")
    menu = ("daily", 12)
    icon = "layout-columns"

    @route("/")
    def index(self) -> Any:
        """The plan of a group and day."""
        session = self.session
        groups = calendar.groups_of(session)
        asked, chosen = id_typed(request.args.get("group")), id_typed(request.args.get("resource"))
        day = day_typed(request.args.get("on")) or clock.today()
        first = groups[0][0] if groups and request.args.get("group") is None else None
        group = first.id if first is not None else asked
        plan = day_plan.of_group(session, group_id=group, day=day, at=clock.now()) if groups else None
        columns = plan.columns if plan is not None else []
        one = chosen if chosen in {c.resource.id for c in columns} else columns[0].resource.id if columns else None
        here = f"/booking/day/?{urlencode({'group': group or '', 'on': day.isoformat()})}"

        def book(resource_id: int, start: int, end: int) -> str:
            starts, ends = (f"{day + timedelta(days=m // 1440)}T{wall(m % 1440)}" for m in (start, end))
            at = {"resource_id": resource_id, "starts_at": starts, "ends_at": ends, "_next": here}
            return f"/booking/booking/new?{urlencode(at)}"

        return self.draw(
            "booking/day_plan.html", groups=groups, group=group, plan=plan, day=day, one=one, here=here, book=book, wall=wall,
            states=BOOKING.choices, kinds=CLOSURE_KINDS, before=day - timedelta(days=1), after=day + timedelta(days=1),
            may_book=access.may(session, "booking.booking", "add"))


PAGES = [DayPlanPage]
