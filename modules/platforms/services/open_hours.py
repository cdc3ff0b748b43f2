"""Hours the instruments of a platform were open for use: opening hours of the booking calendar without closures and outages. U-125."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select

from modules.booking.models.resource import BookableResource
from modules.booking.services import opening
from parkops import clock
from parkops.i18n import _

from ..models.registry import Instrument, Platform
from . import recovery


@dataclass(frozen=True)
class Fact:
    """A counted value and where it comes from; value None: nobody knows."""

    value: Decimal | None
    source: str


def fact(session: Any, platform: Platform, first: date, last: date) -> Fact:
    """Hours open from `first` to `last` (not beyond today), the sum of the instruments there; unknown when one has no opening hours.

    Days before an instrument was bought or after it was retired do not count."""
    end = min(last, clock.today()) + timedelta(days=1)
    query = select(Instrument, BookableResource).outerjoin(BookableResource, BookableResource.id == Instrument.resource_id)
    query = query.where(Instrument.platform_id == platform.id, or_(*recovery.kept(first))).order_by(Instrument.code)
    there = [(i, r) for i, r in session.execute(query).tuples() if (i.bought_on or first) < end]
    spans = [(r, max(first, i.bought_on or first), min(end, (i.retired_on or end) + timedelta(days=1))) for i, r in there if r is not None]
    found = opening.minutes_open(session, spans)
    known = {i.code: found[r.id] if r is not None else None for i, r in there}
    unknown = [code for code, minutes in known.items() if minutes is None]
    if unknown or not there:
        return Fact(None, _("no opening hours in the booking calendar: %(names)s", names="、".join(unknown) or str(platform)))
    total = sum(minutes or 0 for minutes in known.values())
    last_day = end - timedelta(days=1)
    text = _("opening hours without closures, %(n)s instruments, %(first)s – %(last)s", n=len(there), first=first, last=last_day)
    return Fact((Decimal(total) / 60).quantize(Decimal("0.0001")), text)
