"""What keeps events of a month from being billed: still running, not validated, no rate, a no-show no project pays for. A project over
its cap is a warning: its events are billed all the same (U-31)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import func, select

from modules.tenants.models.firm import Firm
from parkops import settings
from parkops.clock import ZONE, Period, local
from parkops.i18n import _

from ..models.event import UsageEvent
from ..models.project import PayingProject
from ..models.registry import Instrument, Platform, ServiceItem
from . import machine

MOST = 500


@dataclass(frozen=True)
class Waiting:
    """code: running | unvalidated | no_rate | no_show | over_cap (billed all the same); the record it is about; one sentence."""

    code: str
    resource: str
    record_id: int
    firm: str
    message: str
    label: str = ""

    def as_json(self) -> dict[str, Any]:
        """For the run's detail and REST."""
        return {"code": self.code, "resource": self.resource, "id": self.record_id, "firm": self.firm, "label": self.label,
                "message": self.message}


def find(session: Any, park_id: int, month: date, unrated: list[tuple[int, str, str]]) -> list[Waiting]:
    """Events of the month that get no price now."""
    end = Period.month(month).end
    out = [
        Waiting("no_rate", "platforms.event", i, firm, _("No rate holds for %(what)s on that day. Enter one under Rates.", what=what), what)
        for i, firm, what in unrated
    ]
    query = (
        select(UsageEvent.id, Firm.name, func.coalesce(Instrument.name, ServiceItem.name, Platform.name), UsageEvent.started_at)
        .join(Firm, Firm.id == UsageEvent.firm_id).join(Platform, Platform.id == UsageEvent.platform_id)
        .outerjoin(Instrument, Instrument.id == UsageEvent.instrument_id).outerjoin(ServiceItem, ServiceItem.id == UsageEvent.item_id)
        .where(UsageEvent.park_id == park_id))
    running = query.where(UsageEvent.state == "open", UsageEvent.started_at < datetime.combine(end, time(), ZONE))
    out += [Waiting("running", "platforms.event", i, firm, _("Still running. Stop it at the machine."), _what(what, at))
            for i, firm, what, at in session.execute(running.order_by(UsageEvent.id).limit(MOST))]
    if settings.get(session, "platforms.validate_events", park_id):
        done = query.where(UsageEvent.state == "done", UsageEvent.ended_on >= month, UsageEvent.ended_on < end)
        out += [Waiting("unvalidated", "platforms.event", i, firm, _("Not validated yet. Validate or cancel it."), _what(what, at))
                for i, firm, what, at in session.execute(done.order_by(UsageEvent.id).limit(MOST))]
    return out


def no_shows(session: Any, park_id: int, month: date) -> list[Waiting]:
    """No-shows of the month that were not charged yet: charged now where a project pays by now, else named with every reason (U-63)."""
    out = []
    for booking in machine.missed_in(session, park_id, month):
        if machine.missed_booking(session, booking) is None and (why := machine.why_not_missed(session, booking)):
            reasons = " ".join(str(p.message) for p in why)
            out.append(Waiting("no_show", "booking.booking", booking.id, booking.firm.name,
                               _("The no-show is not charged. %(why)s", why=reasons), _what(booking.resource.name, booking.starts_at)))
    return out


def _what(what: str, at: datetime) -> str:
    return f"{what} {local(at):%m-%d %H:%M}"


def over_cap(session: Any, park_id: int, month: date, run_id: int) -> list[Waiting]:
    """A warning: projects whose priced events come to more than their cap (use that ran on, prices raised meanwhile). What was used is
    billed all the same."""
    touched = select(UsageEvent.project_id).where(
        UsageEvent.park_id == park_id, UsageEvent.run_id == run_id, UsageEvent.ended_on >= month,
        UsageEvent.ended_on < Period.month(month).end).distinct()
    capped = list(session.scalars(select(PayingProject.id).where(PayingProject.park_id == park_id, PayingProject.cap.is_not(None),
                                                                 PayingProject.id.in_(touched))))
    if not capped:
        return []
    spent = func.sum(UsageEvent.net)
    rows = session.execute(
        select(PayingProject.id, Firm.name, PayingProject.number)
        .join(UsageEvent, UsageEvent.project_id == PayingProject.id).join(Firm, Firm.id == PayingProject.firm_id)
        .where(PayingProject.id.in_(capped), UsageEvent.state != "void")
        .group_by(PayingProject.id, Firm.name, PayingProject.number, PayingProject.cap).having(spent > PayingProject.cap)
        .order_by(PayingProject.id))
    return [
        Waiting("over_cap", "platforms.project", i, firm,
                _("Project %(number)s is over its cap; this is billed all the same. Raise the cap, or waive what is not to be paid.",
                  number=number), number)
        for i, firm, number in rows
    ]


__all__ = ["Waiting", "find", "no_shows", "over_cap"]
