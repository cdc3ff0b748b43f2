"""What firms' people are told by this module."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.notify.kinds import Kind

KINDS = [
    Kind("tenants.data_call", _l("Data calls to answer"), staff=False, firm=True, mail=True),
    Kind("tenants.shared_file", _l("New documents of the firm"), staff=False, firm=True, mail=True),
]
