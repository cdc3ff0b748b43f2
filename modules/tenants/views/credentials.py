"""Screens of the operator's staff, certificates and recruitment."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Filter, Input, Related, Resource, Section, Tile, Titles, View

from ..models.credential import Credential, Recruitment, StaffMember
from . import _columns as c

S = "modules.tenants.services.credentials"

RESOURCES = [
    Resource(
        "tenants.staff",
        StaffMember,
        Titles(_l("Operator's staff"), _l("Staff member"), _l("New staff member")),
        columns=(
            Col("name", width=110, important=True, link=True),
            Col("staff_no", width=90),
            Col("department", width=150),
            Col("position", width=150, important=True),
            Col("specialty", width=150),
            Col("education", width=90),
            Col("certificates", _l("Valid certificates"), 110, True, sql=c.certificates, fmt="int"),
            Col("incubation_full_time", width=110),
            Col("carrier_id", width=180),
            Col("joined_on", width=105),
            Col("left_on", width=105),
            Col("phone", hidden=True),
        ),
        sections=(
            Section(_l("Person"), ("staff_no", "name", "education", "phone")),
            Section(
                _l("Work"),
                (
                    "department",
                    "position",
                    "specialty",
                    "carrier_id",
                    "incubation_full_time",
                    "joined_on",
                    "left_on",
                    Input("user_id", "ref", _l("Log-in"), ref="core.user", help=_l("Reminders go to this log-in.")),
                ),
            ),
        ),
        create=f"{S}:create_staff",
        change=f"{S}:change_staff",
        remove=f"{S}:remove_staff",
        load=("carrier",),
        tabs=(
            Related("credentials", _l("Certificates"), "tenants.credential", "staff_id", order=10),
            Related("visits", _l("Visits"), "tenants.visit", "staff_id", order=20),
            Related("follow_ups", _l("Follow-ups"), "tenants.follow_up", "staff_id", order=30),
        ),
        views=(
            View("employed", _l("Employed"), (Filter("left_on", "empty"),), "name"),
            View("certified", _l("Certified"), (Filter("left_on", "empty"), Filter("certificates", "gte", 1)), "name"),
            View("uncertified", _l("Without certificate"), (Filter("left_on", "empty"), Filter("certificates", "eq", 0)), "name"),
        ),
        search=("name", "staff_no", "position"),
        sort="staff_no",
        menu=("carriers", 70),
        icon="users",
        code_field="staff_no",
    ),
    Resource(
        "tenants.credential",
        Credential,
        Titles(_l("Certificates"), _l("Certificate"), _l("New certificate")),
        columns=(
            Col("number", width=180, important=True, link=True),
            Col("staff.name", _l("Person"), 110, True),
            Col("kind", width=200, important=True),
            Col("issuer", width=200),
            Col("issued_on", width=105),
            Col("valid_to", width=105),
            Col("validity", _l("Validity"), 130, sql=c.validity, choices=c.VALIDITY, fmt="choice"),
            Col("revoked_on", hidden=True),
            Col("staff_id", hidden=True),
        ),
        sections=(Section(_l("Certificate"), ("staff_id", "kind", "number", "issuer", "issued_on", "valid_to", "revoked_on")),),
        create=f"{S}:create_credential",
        change=f"{S}:change_credential",
        remove=f"{S}:remove_credential",
        load=("staff",),
        actions=(
            Action("revoke", _l("Revoke"), f"{S}:revoke_credential", inputs=(Input("on", "date", _l("Date"), required=True),), danger=True),
        ),
        views=(
            View("valid", _l("Valid"), (Filter("validity", "in", ("valid", "soon")),), "kind"),
            View("expiring", _l("Ending within 90 days"), (Filter("validity", "eq", "soon"),), "valid_to"),
        ),
        search=("number", "staff.name", "issuer"),
        sort="-issued_on",
        parent=("staff_id", "tenants.staff"),
        menu=("carriers", 71),
        icon="id-badge-2",
    ),
    Resource(
        "tenants.recruitment",
        Recruitment,
        Titles(_l("Recruitment"), _l("Recruitment"), _l("New recruitment")),
        columns=(
            Col("position", width=200, important=True, link=True),
            Col("specialty", width=170, important=True),
            Col("way", width=120),
            Col("announced_on", width=105),
            Col("hired_on", width=105, important=True),
            Col("staff_id", width=120),
            Col("remark", hidden=True),
        ),
        sections=(Section(_l("Recruitment"), ("position", "specialty", "way", "announced_on", "hired_on", "staff_id", "remark")),),
        create=f"{S}:create_recruitment",
        change=f"{S}:change_recruitment",
        remove=f"{S}:remove_recruitment",
        load=("staff",),
        views=(
            View("hired", _l("Hired"), (Filter("hired_on", "notempty"),), "-hired_on"),
            View("open", _l("Open positions"), (Filter("hired_on", "empty"),), "-announced_on"),
        ),
        search=("position",),
        sort="-id",
        menu=("carriers", 72),
        icon="user-plus",
    ),
]

slots.tile(
    Tile(
        "tenants.credentials",
        _l("Certificates ending"),
        "tenants.credential",
        "expiring",
        ("operations_manager",),
        ("staff.name", "kind", "valid_to"),
        75,
        "amber",
    )
)
