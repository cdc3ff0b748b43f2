"""What people are told by this module: one line per kind; `firm=True` where a firm's accounts choose it in the portal."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.notify.kinds import Kind

KINDS = [
    Kind("services.case", _l("Cases: what is missing, the result"), firm=True, mail=True),
    Kind("services.demand", _l("Demands: the answer"), firm=True, mail=True),
    Kind("services.demand_late", _l("Demands that rise a level"), staff=True),
    Kind("services.policy", _l("Policies a firm qualifies for"), firm=True, mail=True),
    Kind("services.repair", _l("Repairs that are done"), firm=True, mail=True),
    Kind("services.incident", _l("Incidents that are over"), firm=True, mail=True),
]
