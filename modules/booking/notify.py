"""What people are told by this module."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.notify.kinds import Kind

KINDS = [Kind("booking.decided", _l("Answers to bookings"), firm=True, mail=True)]
