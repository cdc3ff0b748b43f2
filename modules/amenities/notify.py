"""What people are told by this module."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.notify.kinds import Kind

KINDS = [
    Kind("amenities.housing_decided", _l("Decisions on apartments"), staff=False, firm=True, mail=True),
    Kind("amenities.notice", _l("Notices of the park"), staff=False, firm=True, mail=True),
    Kind("amenities.survey", _l("Surveys that open"), staff=False, firm=True),
]
