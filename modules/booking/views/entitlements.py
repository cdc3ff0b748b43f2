"""Screens of plans, grants, credits and vouchers; the statement of a firm and month; the firm's tab."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import request

from modules.tenants.models.firm import Firm
from parkops import clock
from parkops.clock import Period
from parkops.i18n import _, _l
from parkops.money import yuan
from parkops.refs import load, url
from parkops.web import slots
from parkops.web.resource import Action, Col, Fact, Filter, Input, Related, Resource, Section, Tab, Titles, View
from parkops.web.values import month_typed
from parkops.web.views import PK, Page, route

from ..models.entitlement import CreditGrant, EntitlementGrant, EntitlementPlan, PlanLine, Voucher, VoucherUse
from ..services import entitlements, vouchers
from . import _booking as b

E = "modules.booking.services.entitlements"
V = "modules.booking.services.vouchers"
ON = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())
SCOPE = ("kind", "group_id", "resource_id")


def voucher_left(session: Any, obj: Any) -> tuple[str, str | None]:
    """What is left of a voucher."""
    left = vouchers.left_of(session, obj)
    return f"¥{left:,.2f}", None if left else "amber"


def proofs(session: Any, obj: Any) -> tuple[str, str | None]:
    """Which proofs are missing."""
    missing = vouchers.missing_proofs(session, obj)
    return ("、".join(str(vouchers.PROOFS.label(k)) for k in missing), "amber") if missing else (_("complete"), "green")


RESOURCES = [
    Resource(
        "booking.plan",
        EntitlementPlan,
        Titles(_l("Entitlement plans"), _l("Entitlement plan"), _l("New entitlement plan")),
        icon="certificate",
        columns=(Col("name", width=220, important=True, link=True), Col("code", width=120, important=True), Col("active", width=100),
                 Col("note", width=240, hidden=True)),
        sections=(Section(_l("Entitlement plan"), ("code", "name", "active", "note")),),
        create="modules.booking.services.setup:create_plan",
        change="modules.booking.services.setup:change_plan",
        remove="modules.booking.services.setup:remove_plan",
        tabs=(Related("lines", _l("Monthly rights"), "booking.plan_line", "plan_id", order=10),
              Related("grants", _l("Firms with this plan"), "booking.grant", "plan_id", order=20)),
        search=("name", "code"),
        sort="name",
        code_field="code",
        menu=("entitlements", 10),
    ),
    Resource(
        "booking.plan_line",
        PlanLine,
        Titles(_l("Monthly rights"), _l("Monthly right"), _l("New monthly right")),
        icon="list-check",
        columns=(Col("plan_id", width=200, important=True, link=True), Col("unit", width=90, important=True), Col("minutes", width=100,
                 important=True), Col("amount", width=120), Col("unlimited", width=90), Col("kind", width=120), Col("group_id", width=160),
                 Col("resource_id", width=180)),
        sections=(Section(_l("Monthly right"), ("plan_id", "unit", "minutes", "amount", "unlimited", *SCOPE)),),
        create=f"{E}:create_plan_line",
        change=f"{E}:change_plan_line",
        remove=f"{E}:remove_plan_line",
        load=("plan", "group", "resource"),
        parent=("plan_id", "booking.plan"),
    ),
    Resource(
        "booking.grant",
        EntitlementGrant,
        Titles(_l("Plans of firms"), _l("Plan of a firm"), _l("Grant a plan")),
        icon="user-check",
        columns=(Col("firm.name", _l("Firm"), 240, True, link=True), Col("plan_id", width=200, important=True),
                 Col("starts_on", width=105, important=True), Col("ends_on", width=105), Col("note", width=200, hidden=True),
                 Col("firm_id", hidden=True)),
        sections=(Section(_l("Plan of a firm"), ("plan_id", "firm_id", "starts_on", "ends_on", "note")),),
        create=f"{E}:create_grant",
        change=f"{E}:change_grant",
        views=(View("running", _l("Running"), (Filter("ends_on", "empty"),), "firm.name"), View("all", _l("All"), (), "firm.name")),
        search=("firm.name", "plan.name"),
        load=("plan", "firm"),
        parent=("plan_id", "booking.plan"),
        menu=("entitlements", 20),
    ),
    Resource(
        "booking.credit",
        CreditGrant,
        Titles(_l("Hand-given credits"), _l("Hand-given credit"), _l("Give a credit")),
        icon="gift",
        columns=(Col("firm.name", _l("Firm"), 240, True, link=True), Col("unit", width=90), Col("minutes", width=90, important=True),
                 Col("amount", width=110, important=True), Col("granted_on", width=105), Col("expires_on", width=105),
                 Col("reason", width=240), Col("granted_by", width=110), Col("firm_id", hidden=True)),
        sections=(Section(_l("Hand-given credit"), ("firm_id", "unit", "minutes", "amount", *SCOPE, "granted_on", "expires_on",
                                                    "reason")),),
        create=f"{E}:create_credit",
        actions=(Action("expire", _l("End the credit"), f"{E}:expire_credit",
                        (ON, Input("reason", "text", _l("Reason"), required=True, max_length=200)), danger=True),),
        search=("firm.name", "reason"),
        load=("firm", "group", "resource"),
        sort="-granted_on",
        parent=("firm_id", "tenants.firm"),
        menu=("entitlements", 30),
    ),
    Resource(
        "booking.voucher",
        Voucher,
        Titles(_l("Innovation vouchers"), _l("Innovation voucher"), _l("New innovation voucher")),
        icon="ticket",
        columns=(Col("number", width=140, important=True, link=True), Col("firm.name", _l("Firm"), 240, True), Col("issuer", width=180),
                 Col("quota", width=120, important=True, total="sum"), Col("valid_from", width=105), Col("valid_to", width=105),
                 Col("scheme", width=180, hidden=True), Col("share_percent", width=110, hidden=True), Col("firm_id", hidden=True)),
        sections=(Section(_l("Innovation voucher"), ("number", "firm_id", "issuer", "scheme", "quota", "share_percent", "valid_from",
                                                     "valid_to", "note")),),
        create=f"{V}:create_voucher",
        change=f"{V}:change_voucher",
        views=(View("valid", _l("In force"), (Filter("valid_to", "gte", "@today"),), "valid_to"), View("all", _l("All"), (), "-id")),
        tabs=(Related("uses", _l("Uses"), "booking.voucher_use", "voucher_id", order=10),),
        facts=(Fact(_l("Remaining"), voucher_left),),
        search=("number", "firm.name", "issuer"),
        load=("firm",),
        code_field="number",
        parent=("firm_id", "tenants.firm"),
        menu=("entitlements", 40),
    ),
    Resource(
        "booking.voucher_use",
        VoucherUse,
        Titles(_l("Voucher uses"), _l("Voucher use"), _l("Apply for a use")),
        icon="receipt",
        columns=(Col("voucher.number", _l("Innovation voucher"), 140, True, link=True), Col("firm.name", _l("Firm"), 220, True),
                 Col("service", width=200), Col("used_on", width=105), Col("cost", width=110), Col("amount", width=110, important=True,
                 total="sum"), Col("state", width=120), Col("claimed_on", width=105), Col("redeemed_on", width=105),
                 Col("redeemed", width=110, total="sum"), Col("voucher_id", hidden=True), Col("firm_id", hidden=True)),
        sections=(Section(_l("Voucher use"), ("voucher_id", "service", "used_on", "cost", "amount")),
                  Section(_l("How it went"), ("applied_by", "approved_on", "claimed_on", "redeemed_on", "redeemed", "reject_reason"))),
        create=f"{V}:apply_use",
        workflow="modules.booking.states_voucher:VOUCHER_USE",
        actions=(Action("proof", _l("Add a proof"), f"{V}:add_proof", (
            Input("kind", "choice", _l("Kind"), required=True, choices=vouchers.PROOFS), Input("file", "file", _l("File"), required=True)),
            word="change"),),
        views=(View("open", _l("To be approved"), (Filter("state", "eq", "applied"),), "used_on"),
               View("to_claim", _l("To be claimed"), (Filter("state", "eq", "used"),), "used_on"),
               View("claimed", _l("Claimed"), (Filter("state", "eq", "claimed"),), "claimed_on"), View("all", _l("All"), (), "-id")),
        facts=(Fact(_l("Missing proofs"), proofs),),
        search=("service", "voucher.number", "firm.name"),
        load=("voucher", "firm"),
        parent=("voucher_id", "booking.voucher"),
        menu=("entitlements", 50),
        money=True,
    ),
]


def sheet(session: Any, firm: Any, month: date) -> dict[str, Any]:
    """What the statement shows: rights with given, used, left; uses with what rights paid and what is left to pay."""
    found = entitlements.allocation(session, firm_id=firm.id, month=month)
    rights = [{"title": r.title, "scope": entitlements.scope_words(session, r), "tier": r.tier, "given": b.amount(r.unit, r.quantity),
               "used": b.amount(r.unit, sum(s.minutes if r.unit == "minutes" else s.amount for s in found.shares if s.right == r.key)),
               "left": b.amount(r.unit, found.left[r.key]), "ends_on": r.ends_on} for r in found.rights]
    uses = []
    for use in found.uses:
        minutes, paid = found.of_use(use.key)
        uses.append({"use": use, "url": url(use.source, int(use.key.split(":")[1])), "minutes": b.amount("minutes", use.minutes),
                     "covered": b.amount("minutes", minutes), "price": yuan(use.amount) if use.amount is not None else None,
                     "paid": yuan(paid), "left": yuan(use.amount - paid) if use.amount is not None else None})
    return {"firm": firm, "month": month, "rights": rights, "uses": uses, "period": Period.month(month)}


def firm_tab(session: Any, firm: Any) -> dict[str, Any]:
    """The present month on the firm's page."""
    return sheet(session, firm, clock.today().replace(day=1))


class EntitlementSheetPage(Page):
    """`/booking/statement/<firm>?month=2026-03`: what a firm's rights paid for in a month."""

    route_base = "/booking/statement"
    resource = "booking.grant"

    @route(f"/{PK}")
    def show(self, pk: int) -> Any:
        """One firm and month."""
        month = month_typed(request.args.get("month")) or clock.today().replace(day=1)
        firm: Firm = load(self.session, "tenants.firm", pk)
        return self.draw("booking/statement.html", before=Period.month(month).previous().start, after=clock.add_months(month, 1),
                         **sheet(self.session, firm, month))


PAGES = [EntitlementSheetPage]

slots.tab("tenants.firm", Tab("entitlements", _l("Entitlements"), "booking/entitlements_tab.html", firm_tab, order=65))
