"""Cards of the role homes about firms, intake and graduation: each is a saved view of a list."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Tile

CLERK, MANAGER = "operations_clerk", "operations_manager"
BOTH = (CLERK, MANAGER)

for _tile in (
    Tile("tenants.terms", _l("Incubation terms ending"), "tenants.firm", "expiring", BOTH, ("name", "term_ends_on"), 20, "amber"),
    Tile(
        "tenants.applications", _l("Applications waiting"), "tenants.application", "waiting", BOTH, ("name", "applied_on"), 21, "violet"
    ),
    Tile("tenants.to_admit", _l("Approved, to be admitted"), "tenants.application", "approved", (CLERK,), ("name", "decided_on"), 22),
    Tile("tenants.candidates", _l("Graduation candidates"), "tenants.graduation_candidate", "met", BOTH, ("firm_id", "met"), 23, "green"),
    Tile(
        "tenants.cases", _l("Graduations to approve"), "tenants.graduation_case", "decide", (MANAGER,), ("firm_id", "number"), 24, "violet"
    ),
    Tile("tenants.leads_due", _l("Leads to follow up"), "tenants.lead", "due", (CLERK,), ("name", "next_on"), 25),
    Tile("tenants.moveouts", _l("Move-outs open"), "tenants.moveout", "open", BOTH, ("firm_id", "planned_on"), 60),
):
    slots.tile(_tile)
