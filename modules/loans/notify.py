"""What people are told by this module."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.notify.kinds import Kind

KINDS = [Kind("loans.case_decided", _l("Decisions on start-up loans"), staff=False, firm=True, mail=True)]
