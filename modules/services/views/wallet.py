"""Screens of permits, licence codes and looks at them; tab and fact of a firm."""

from __future__ import annotations

from typing import Any

from parkops import clock
from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Filter, Related, Resource, Section, Tab, Tile, Titles, View

from ..models.wallet import FirmPermit, LicenceCode, LicenceLookup
from ..services import permits, wallet
from ..states_wallet import ON

S = "modules.services.services"

SOON = (Filter("state", "eq", "valid"), Filter("valid_to", "between", ["@today", "@today+60"]))


def wallet_data(session: Any, firm: Any) -> dict[str, Any]:
    """The firm's permits with their standing today, and its code."""
    on = clock.today()
    rows = [(p, permits.standing(p, on), permits.STANDINGS[permits.standing(p, on)]) for p in permits.of_firm(session, firm.id)]
    return {"rows": rows, "code": wallet.active(session, firm.id), "firm": firm}


RESOURCES = [
    Resource(
        "services.permit",
        FirmPermit,
        Titles(_l("Permits of firms"), _l("Permit of a firm"), _l("New permit of a firm")),
        columns=(
            Col("number", width=150, important=True, link=True),
            Col("kind", width=170, important=True),
            Col("firm.name", _l("Firm"), width=240, important=True),
            Col("issuer", width=200),
            Col("valid_from", width=105),
            Col("valid_to", width=105, important=True),
            Col("state", width=120),
            Col("firm_id", hidden=True),
        ),
        sections=(
            Section(_l("Permit of a firm"), ("firm_id", "kind", "number", "issuer", "scope", "valid_from", "valid_to")),
            Section(_l("Course"), ("ended_on", "reason")),
        ),
        create=f"{S}.permits:create_permit",
        change=f"{S}.permits:change_permit",
        remove=f"{S}.permits:remove_permit",
        workflow="modules.services.states_wallet:PERMIT",
        editable_in=("valid", "suspended"),
        load=("firm",),
        search=("number", "firm.name"),
        sort="valid_to",
        parent=("firm_id", "tenants.firm"),
        menu=("projects", 10),
        icon="certificate",
        views=(
            View("soon", _l("Ending in 60 days"), SOON, "valid_to"),
            View("over", _l("Over"), (Filter("state", "eq", "valid"), Filter("valid_to", "lte", "@today-1")), "valid_to"),
            View("all", _l("All"), (), "-id"),
        ),
    ),
    Resource(
        "services.licence_code",
        LicenceCode,
        Titles(_l("Licence codes"), _l("Licence code"), None),
        columns=(
            Col("serial", width=80, link=True),
            Col("firm.name", _l("Firm"), width=260, important=True),
            Col("state", width=160, important=True),
            Col("issued_on", width=105, important=True),
            Col("issued_by", width=120),
            Col("ended_on", width=105),
            Col("firm_id", hidden=True),
        ),
        sections=(Section(_l("Licence code"), ("firm_id", "serial", "issued_on", "issued_by", "ended_on", "reason")),),
        workflow="modules.services.states_wallet:CODE",
        load=("firm",),
        search=("firm.name",),
        sort="-id",
        tabs=(Related("lookups", _l("Looks at it"), "services.licence_lookup", "code_id", order=10),),
        menu=("projects", 20),
        icon="qrcode",
        views=(View("active", _l("In use"), (Filter("state", "eq", "active"),), "-id"), View("all", _l("All"), (), "-id")),
    ),
    Resource(
        "services.licence_lookup",
        LicenceLookup,
        Titles(_l("Looks at licence codes"), _l("Look at a licence code"), None),
        columns=(
            Col("at", width=150, important=True, link=True),
            Col("result", width=140, important=True),
            Col("permits", width=100, important=True),
            Col("visitor", width=160, hidden=True),
            Col("code_id", hidden=True),
        ),
        sections=(Section(_l("Look at a licence code"), ("code_id", "at", "result", "permits", "visitor")),),
        load=("code",),
        sort="-id",
        menu=("projects", 30),
        icon="eye",
    ),
]

slots.tab("tenants.firm", Tab("wallet", _l("Licence wallet"), "services/wallet_tab.html", wallet_data, order=70))
slots.tab("tenants.firm", Related("permits", _l("Permits of the firm"), "services.permit", "firm_id", order=71))
slots.action("tenants.firm", Action("licence_code", _l("Issue a licence code"), f"{S}.wallet:issue_text", (ON,), word="read"))
slots.tile(
    Tile(
        "services.permits_soon",
        _l("Permits ending"),
        "services.permit",
        "soon",
        ("operations_clerk", "operations_manager"),
        ("firm.name", "valid_to"),
        76,
    )
)
