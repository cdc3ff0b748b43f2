"""What people are told by this module: one line per kind; `firm=True` where a firm's accounts choose it in the portal."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.notify.kinds import Kind

KINDS = [
    Kind("services.policy", _l("Policies a firm qualifies for"), firm=True, mail=True),
    Kind("services.repair", _l("Repairs: given to somebody, repaired"), firm=True, mail=True),
    Kind("services.incident", _l("Incidents: what happened and when it is over"), firm=True, mail=True),
]
