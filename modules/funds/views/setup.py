"""Screens of funds, classes, partners, commitments, the committee and declared interests."""

from __future__ import annotations

from typing import Any

from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Action, Col, Fact, Filter, Input, Related, Resource, Section, Tab, Titles, View

from ..models.deal import CommitteeMember, ConflictOfInterest
from ..models.fund import Fund, FundCommitment, FundPartner, ShareClass
from ..services import book, returns
from . import glance

S = "modules.funds.services.setup"
C = "modules.funds.services.committee"
ON = Input("on", "date", _l("Date"), required=True)


def balance_fact(session: Any, fund: Fund) -> tuple[str, str | None]:
    """What the bank holds."""
    return f"{book.balance(session, fund.id):,.2f}", None


def tvpi_fact(session: Any, fund: Fund) -> tuple[str, str | None]:
    """TVPI today."""
    found = returns.standing_of(session, fund, clock.today()).multiples.tvpi
    return ("—" if found is None else f"{found:.2f}×"), None


FUND = Resource(
    "funds.fund",
    Fund,
    Titles(_l("Funds"), _l("Fund"), _l("New fund")),
    columns=(
        Col("code", width=110),
        Col("name", width=240, important=True, link=True),
        Col("kind", width=120),
        Col("vintage", width=80),
        Col("size", important=True, total="sum"),
        Col("manager", width=200),
        Col("invest_until", width=110),
        Col("ends_on", width=110),
        Col("state", width=110, important=True),
    ),
    sections=(
        Section(
            _l("Fund"),
            (
                "code",
                "name",
                "name_en",
                "kind",
                "manager",
                "filing_code",
                "size",
                "vintage",
                "established_on",
                "invest_until",
                "ends_on",
                "bank",
                "bank_account",
                "note",
            ),
        ),
        Section(_l("Fee and carry"), ("fee_rate", "fee_after", "waterfall", "hurdle", "compound", "catch_up", "carry")),
        Section(_l("Limits and committee"), ("firm_limit", "track_limit", "quorum", "majority")),
    ),
    create=f"{S}:create_fund",
    change=f"{S}:change_fund",
    workflow="modules.funds.states:FUND",
    views=(
        View("active", _l("Current funds"), (Filter("state", "ne", "liquidated"),), "name"),
        View("all", _l("All"), ()),
    ),
    actions=(
        Action(
            "fee",
            _l("Work out the management fee"),
            "modules.funds.services.expenses:draft_fee",
            (
                Input("period_from", "date", _l("For the days from"), required=True),
                Input("period_to", "date", _l("Until"), required=True),
                Input("on", "date", _l("Paid on"), required=True),
            ),
            word="read",
            money=True,
        ),
    ),
    tabs=(
        Tab("glance", _l("At a glance"), "funds/glance.html", glance.of_fund, order=5),
        Related("partners", _l("Fund partners"), "funds.partner", "fund_id", order=10),
        Related("commitments", _l("Commitments"), "funds.commitment", "fund_id", order=12),
        Related("calls", _l("Capital calls"), "funds.call", "fund_id", order=14),
        Related("distributions", _l("Distributions"), "funds.distribution", "fund_id", order=16),
        Related("flows", _l("Book of flows"), "funds.flow", "fund_id", order=18),
        Related("expenses", _l("Fees and expenses"), "funds.expense", "fund_id", order=20),
        Related("investments", _l("Investments"), "funds.investment", "fund_id", order=22),
        Related("deals", _l("Deals"), "funds.deal", "fund_id", order=24),
        Related("members", _l("Committee"), "funds.member", "fund_id", order=26),
        Related("standings", _l("Figures over time"), "funds.standing", "fund_id", order=28),
        Related("classes", _l("Share classes"), "funds.share_class", "fund_id", order=30),
    ),
    facts=(Fact(_l("Bank balance"), balance_fact), Fact(_l("TVPI"), tvpi_fact)),
    search=("code", "name"),
    sort="name",
    menu=("setup", 10),
    icon="building-bank",
    code_field="code",
)
CLASS = Resource(
    "funds.share_class",
    ShareClass,
    Titles(_l("Share classes"), _l("Share class"), _l("New share class")),
    columns=(
        Col("code", width=90, important=True, link=True),
        Col("name", width=220, important=True),
        Col("fund.name", _l("Fund"), 220),
        Col("bears_carry", width=120),
        Col("bears_fee", width=160),
        Col("fund_id", hidden=True),
    ),
    sections=(Section(_l("Share class"), ("fund_id", "code", "name", "bears_carry", "bears_fee")),),
    create=f"{S}:create_class",
    change=f"{S}:change_class",
    load=("fund",),
    search=("code", "name"),
    sort="code",
    parent=("fund_id", "funds.fund"),
    icon="category",
)
PARTNER = Resource(
    "funds.partner",
    FundPartner,
    Titles(_l("Fund partners"), _l("Partner"), _l("New partner")),
    columns=(
        Col("name", width=240, important=True, link=True),
        Col("fund.name", _l("Fund"), 220, True),
        Col("kind", width=150, important=True),
        Col("share_class.name", _l("Share class"), 160),
        Col("contact", width=120),
        Col("phone", width=130),
        Col("bank_account", width=160),
        Col("fund_id", hidden=True),
    ),
    sections=(Section(_l("Partner"), ("fund_id", "share_class_id", "name", "kind", "contact", "phone", "email", "bank", "bank_account")),),
    create=f"{S}:create_partner",
    change=f"{S}:change_partner",
    tabs=(
        Tab("account", _l("Capital account"), "funds/partner.html", glance.of_partner, order=5),
        Related("commitments", _l("Commitments"), "funds.commitment", "partner_id", order=10),
        Related("calls", _l("Parts of calls"), "funds.call_part", "partner_id", order=12),
        Related("distributions", _l("Parts of distributions"), "funds.distribution_part", "partner_id", order=14),
        Related("flows", _l("Book of flows"), "funds.flow", "partner_id", order=16),
    ),
    load=("fund", "share_class"),
    search=("name", "fund.name"),
    sort="id",
    parent=("fund_id", "funds.fund"),
    menu=("setup", 20),
    icon="users",
    report="fund-partner",
)
COMMITMENT = Resource(
    "funds.commitment",
    FundCommitment,
    Titles(_l("Commitments"), _l("Commitment"), _l("New commitment")),
    columns=(
        Col("partner.name", _l("Partner"), 240, True, link=True),
        Col("fund.name", _l("Fund"), 220),
        Col("amount", important=True, total="sum"),
        Col("signed_on", width=110, important=True),
        Col("document", width=200),
        Col("fund_id", hidden=True),
        Col("partner_id", hidden=True),
    ),
    sections=(Section(_l("Commitment"), ("partner_id", "amount", "signed_on", "document")),),
    create=f"{S}:create_commitment",
    remove=f"{S}:remove_commitment",
    load=("partner", "fund"),
    search=("partner.name", "document"),
    sort="-signed_on",
    parent=("partner_id", "funds.partner"),
    icon="signature",
    money=True,
)
MEMBER = Resource(
    "funds.member",
    CommitteeMember,
    Titles(_l("Committee members"), _l("Member of the committee"), _l("New member")),
    columns=(
        Col("name", width=140, important=True, link=True),
        Col("fund.name", _l("Fund"), 240, True),
        Col("role", width=120, important=True),
        Col("since", width=110),
        Col("until", width=110),
        Col("fund_id", hidden=True),
    ),
    sections=(
        Section(
            _l("Member of the committee"),
            ("fund_id", Input("user_id", "ref", _l("Person"), required=True, ref="core.user"), "role", "since", "until"),
        ),
    ),
    create=f"{C}:create_member",
    change=f"{C}:change_member",
    tabs=(Related("interests", _l("Declared interests"), "funds.interest", "member_id", order=10),),
    load=("fund",),
    search=("name",),
    sort="id",
    parent=("fund_id", "funds.fund"),
    menu=("setup", 30),
    icon="user-check",
)
INTEREST = Resource(
    "funds.interest",
    ConflictOfInterest,
    Titles(_l("Declared interests"), _l("Declared interest"), _l("Declare an interest")),
    columns=(
        Col("member.name", _l("Member of the committee"), 140, True, link=True),
        Col("firm.name", _l("Firm"), 260, True),
        Col("relation", width=260, important=True),
        Col("declared_on", width=110),
        Col("member_id", hidden=True),
    ),
    sections=(Section(_l("Declared interest"), ("member_id", "firm_id", "relation", "declared_on")),),
    create=f"{C}:create_interest",
    remove=f"{C}:remove_interest",
    load=("member", "firm"),
    search=("relation", "firm.name"),
    sort="-declared_on",
    parent=("member_id", "funds.member"),
    menu=("setup", 40),
    icon="alert-triangle",
)
RESOURCES = [FUND, CLASS, PARTNER, COMMITMENT, MEMBER, INTEREST]
