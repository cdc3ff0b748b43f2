"""Jobs of bookings and the waiting list."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.jobs.registry import Cron, Job

from ..services import attendance, series, waiting

JOBS = [
    Job("booking.close_past", _l("Record no-shows and ended bookings"), Cron(every_minutes=15), attendance.close_past,
        explain=_l("Bookings nobody checked in to become no-shows after the resource's minutes; checked-in ones end with their time.")),
    Job("booking.expire_offers", _l("Pass on slots nobody took"), Cron(every_minutes=15), waiting.expire_offers,
        explain=_l("Offers of the waiting list that ran out go to the next in line.")),
    Job("booking.extend_series", _l("Book series further ahead"), Cron(hour=0, minute=40), series.extend_all,
        explain=_l("Running series are booked as far ahead as may be booked; days that cannot be are left out and noted.")),
]  # fmt: skip
