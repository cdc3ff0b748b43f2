"""Signals of policies and repairs: whoever tells firms (portal, mail) listens."""

from __future__ import annotations

from parkops.hooks import Signal

policy_pushed = Signal("services.policy_pushed", doc="item, pushes: firms were told of a policy item")
repair_done = Signal("services.repair_done", doc="repair: it waits for the confirmation of who reported it")
incident_closed = Signal("services.incident_closed", doc="incident, answered: tickets that were answered with it")
