"""Screens of permits, licence codes and looks at them; tab and fact of a firm."""

from __future__ import annotations

from typing import Any

from parkops import clock
from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Filter, Related, Tab, Tile, View

from ..models.wallet import FirmPermit, LicenceCode, LicenceLookup
from ..services import permits, wallet
from ..states_wallet import ON
from ._make import S, plain

SOON = (Filter("state", "eq", "valid"), Filter("valid_to", "between", ["@today", "@today+60"]))


def wallet_data(session: Any, firm: Any) -> dict[str, Any]:
    """The firm's permits with their standing today, and its code."""
    on = clock.today()
    rows = [(p, permits.standing(p, on), permits.STANDINGS[permits.standing(p, on)]) for p in permits.of_firm(session, firm.id)]
    return {"rows": rows, "code": wallet.active(session, firm.id), "firm": firm}


RESOURCES = [
    plain(
        FirmPermit,
        _l("Permits of firms"),
        _l("Permit of a firm"),
        _l("New permit of a firm"),
        "number!:150 kind!:170 firm.name!:240 issuer:200 valid_from:105 valid_to!:105 state:120 firm_id-",
        "firm_id kind number issuer scope valid_from valid_to",
        "permits:create_permit/change_permit/remove_permit",
        more="ended_on reason",
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
    plain(
        LicenceCode,
        _l("Licence codes"),
        _l("Licence code"),
        None,
        "serial:80 firm.name!:260 state!:160 issued_on!:105 issued_by:120 ended_on:105 firm_id-",
        "firm_id serial issued_on issued_by ended_on reason",
        workflow="modules.services.states_wallet:CODE",
        load=("firm",),
        search=("firm.name",),
        sort="-id",
        tabs=(Related("lookups", _l("Looks at it"), "services.licence_lookup", "code_id", order=10),),
        menu=("projects", 20),
        icon="qrcode",
        views=(View("active", _l("In use"), (Filter("state", "eq", "active"),), "-id"), View("all", _l("All"), (), "-id")),
    ),
    plain(
        LicenceLookup,
        _l("Looks at licence codes"),
        _l("Look at a licence code"),
        None,
        "at!:150 result!:140 permits!:100 visitor-:160 code_id-",
        "code_id at result permits visitor",
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
