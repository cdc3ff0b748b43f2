"""Daily work on allotments, offers, blocks and notices."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.jobs.registry import Cron, Job

from ..services import care, hotel, housing_contracts, housing_queue, notices

JOBS = [
    Job("amenities.lapse_allotments", _l("Let unsigned allotments lapse"), Cron(hour=0, minute=50), housing_queue.lapse_unsigned,
        explain=_l("Allotments nobody signed by their day lapse; the applicant goes back to the queue.")),
    Job("amenities.housing_ended", _l("Remind of apartments to be handed back"), Cron(hour=7, minute=5), housing_contracts.overdue_end,
        explain=_l("A to-do for every contract that ended yesterday while the resident still lives there.")),
    Job("amenities.release_blocks", _l("Release group blocks"), Cron(hour=0, minute=55), hotel.release_blocks,
        explain=_l("Rooms a group did not take by its cut-off day are sold to others.")),
    Job("amenities.expire_offers", _l("Let offers of places expire"), Cron(hour=1, minute=0), care.expire_offers,
        explain=_l("Places nobody accepted by their day go back to the list.")),
    Job("amenities.notices_due", _l("Send notices that are due"), Cron(every_minutes=15), notices.due,
        explain=_l("Sends scheduled notices at their time and lets old ones expire.")),
]
