"""Relief applications with months, papers, sub-tenants and objections; buttons on leases and firms; cards on homes."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Fact, Filter, Input, Related, Resource, Section, Tab, Tile, Titles, View

from ..models.relief_case import METHODS, ReliefApplication, ReliefMonth, ReliefObjection, ReliefPaper, ReliefSubtenant
from ..states_relief import EDITABLE, OPEN_STATES
from . import _relief

C, D, P = "modules.leasing.services.relief_cases", "modules.leasing.services.relief_decide", "modules.leasing.services.relief_posting"
TODAY = Input("on", "date", _l("Date"), required=True, default=lambda s: clock.today())
SCHEME = Input("scheme_id", "ref", _l("Relief scheme"), required=True, ref="leasing.relief_scheme")
METHOD = Input("method", "choice", _l("Method"), required=True, choices=METHODS, default="exempt")
APPLIED = Input("applied_on", "date", _l("Applied on"), required=True, default=lambda s: clock.today())

APPLICATION = Resource(
    name="leasing.relief_application",
    model=ReliefApplication,
    titles=Titles(_l("Relief applications"), _l("Relief application"), _l("New relief application")),
    icon="receipt-refund",
    columns=(
        Col("number", link=True, width=135),
        Col("firm_id", important=True, width=240),
        Col("state", important=True, width=150),
        Col("amount", important=True, width=125, total="sum"),
        Col("verdict", width=100),
        Col("method", width=140),
        Col("lease_id", width=120),
        Col("entitled", width=95),
        Col("rent", width=125, total="sum"),
        Col("applied_on", width=105),
        Col("approved_on", width=105),
        Col("notice_to", width=105),
        Col("posted_on", width=105),
        Col("scheme_id", hidden=True),
        Col("carrier_id", hidden=True),
        Col("tested_on", hidden=True),
        Col("sublet", hidden=True),
        Col("agreement_no", hidden=True),
        Col("size_class", hidden=True),
        Col("industry", hidden=True),
        Col("clawed_on", hidden=True),
        Col("notice_from", hidden=True),
        Col("prepared_by_id", hidden=True),
        Col("submitted_by_id", hidden=True),
        Col("checked_by_id", hidden=True),
    ),
    sections=(
        Section(
            _l("Application"),
            ("number", "scheme_id", "lease_id", "firm_id", "carrier_id", "applied_on", "tested_on", "method", "sublet", "note"),
        ),
        Section(_l("Result"), ("verdict", "rule_set", "entitled", "rent", "amount")),
        Section(_l("On the relief date"), ("landlord", "credit_code", "tenant_type", "industry", "size_class")),
        Section(
            _l("Progress"),
            (
                "agreement_no",
                "agreement_on",
                "approved_on",
                "notice_from",
                "notice_to",
                "posted_on",
                "clawed_on",
                "prepared_by_id",
                "submitted_by_id",
                "checked_by_id",
            ),
        ),
    ),
    create=f"{C}:create_application",
    change=f"{C}:change_application",
    remove=f"{C}:remove_application",
    workflow="modules.leasing.states_relief:RELIEF",
    editable_in=EDITABLE,
    actions=(
        Action("retest", _l("Judge again"), f"{C}:retest_application", word="change", guard=f"{C}:why_not_change"),
        Action(
            "agreement",
            _l("Supplement agreement"),
            f"{C}:record_agreement",
            (
                Input("agreement_no", "text", _l("Supplement agreement no."), required=True, max_length=80),
                Input("agreement_on", "date", _l("Supplement agreement of"), required=True, default=lambda s: clock.today()),
            ),
            word="change",
            guard=f"{C}:why_not_agreement",
        ),
    ),
    bulk=(
        Action("publish", _l("Put on public notice"), f"{D}:publish_many", (TODAY,)),
        Action("post", _l("Post the relief"), f"{P}:post_many", (TODAY,)),
    ),
    tabs=(
        Tab("card", _l("Decision"), "leasing/relief_card.html", _relief.card_data, order=1),
        Related("papers", _l("Documents"), "leasing.relief_paper", "application_id", order=10),
        Related("operators", _l("Actual operators"), "leasing.relief_subtenant", "application_id", order=20),
        Related("objections", _l("Objections"), "leasing.relief_objection", "application_id", order=30),
        Related("months", _l("Months of the relief"), "leasing.relief_month", "application_id", order=40),
    ),
    facts=(
        Fact(_l("Relief"), lambda s, o: (f"{o.amount:,.2f}", None)),
        Fact(
            _l("Budget left"), lambda s, o: (f"{o.scheme.budget - o.scheme.committed:,.2f}" if o.scheme.budget is not None else "—", None)
        ),
    ),
    views=(
        View("open", _l("Under way"), (Filter("state", "in", list(OPEN_STATES)),), sort="applied_on"),
        View("check", _l("To be checked"), (Filter("state", "eq", "submitted"),), sort="applied_on"),
        View("approve", _l("To be approved"), (Filter("state", "eq", "checked"),), sort="applied_on"),
        View("publish", _l("To be put on notice"), (Filter("state", "eq", "approved"),), sort="approved_on"),
        View("notice", _l("On public notice"), (Filter("state", "eq", "publicity"),), sort="notice_to"),
        View("post", _l("To be posted"), (Filter("state", "eq", "cleared"),), sort="notice_to"),
        View("posted", _l("Relief posted"), (Filter("state", "eq", "posted"),), sort="-posted_on"),
        View("returned", _l("Drafts and returned"), (Filter("state", "in", ["draft", "returned"]),), sort="applied_on"),
        View("all", _l("All"), ()),
    ),
    search=("number", "firm.name"),
    sort="-id",
    load=("firm", "lease", "scheme", "carrier"),
    menu=("relief", 10),
    money=True,
    code_field="number",
    parent=("lease_id", "leasing.lease"),
)

MONTH = Resource(
    name="leasing.relief_month",
    model=ReliefMonth,
    titles=Titles(_l("Months relieved"), _l("Month relieved")),
    icon="calendar-check",
    columns=(
        Col("month", link=True, important=True, width=90),
        Col("application_id", important=True, width=140),
        Col("application.firm_id", _l("Firm"), 240),
        Col("rent", width=125, total="sum"),
        Col("share", width=90),
        Col("amount", important=True, width=125, total="sum"),
        Col("live", width=80),
        Col("posted_on", width=110),
        Col("bill_id", width=140),
        Col("period_from", hidden=True),
        Col("period_to", hidden=True),
    ),
    sections=(
        Section(
            _l("Month"), ("application_id", "month", "period_from", "period_to", "rent", "share", "amount", "live", "posted_on", "bill_id")
        ),
    ),
    views=(View("live", _l("Counting"), (Filter("live", "eq", True),), sort="-month"), View("all", _l("All"), ())),
    sort="month",
    load=("application", "bill"),
    parent=("application_id", "leasing.relief_application"),
)

PAPER = Resource(
    name="leasing.relief_paper",
    model=ReliefPaper,
    titles=Titles(_l("Documents of relief applications"), _l("Document")),
    icon="file-check",
    columns=(
        Col("kind_id", link=True, important=True, width=260),
        Col("state", important=True, width=110),
        Col("received_on", width=110),
        Col("application_id", important=True, width=140),
        Col("note", width=220),
    ),
    sections=(Section(_l("Document"), ("application_id", "kind_id", "state", "received_on", "note")),),
    actions=(
        Action(
            "receive",
            _l("Received"),
            f"{C}:receive_paper",
            (TODAY, Input("file", "file", _l("File")), Input("note", "text", _l("Note"), max_length=300)),
            word="change",
            primary=True,
        ),
        Action("waive", _l("Not needed"), f"{C}:waive_paper", (Input("note", "text", _l("Why"), required=True, max_length=300),)),
    ),
    bulk=(Action("receive", _l("Received"), f"{C}:receive_papers", (TODAY,), word="change"),),
    views=(View("missing", _l("Missing"), (Filter("state", "eq", "missing"),)), View("all", _l("All"), ())),
    sort="id",
    load=("kind", "application"),
    parent=("application_id", "leasing.relief_application"),
)

SUBTENANT = Resource(
    name="leasing.relief_subtenant",
    model=ReliefSubtenant,
    titles=Titles(_l("Actual operators"), _l("Actual operator"), _l("New actual operator")),
    icon="arrows-split",
    columns=(
        Col("name", link=True, important=True, width=220),
        Col("amount", important=True, width=130, total="sum"),
        Col("proven_on", important=True, width=120),
        Col("proven_by", width=120),
        Col("credit_code", width=180),
        Col("area", width=100),
        Col("application_id", width=140),
        Col("note", hidden=True),
    ),
    sections=(
        Section(_l("Actual operator"), ("application_id", "name", "credit_code", "area", "amount", "proven_on", "proven_by", "note")),
    ),
    create=f"{C}:add_subtenant",
    change=f"{C}:change_subtenant",
    remove=f"{C}:remove_subtenant",
    actions=(
        Action(
            "prove",
            _l("Proof seen"),
            f"{C}:prove_subtenant",
            (TODAY, Input("file", "file", _l("Proof"), required=True), Input("note", "text", _l("Note"), max_length=300)),
            primary=True,
        ),
    ),
    search=("name",),
    sort="id",
    load=("application",),
    parent=("application_id", "leasing.relief_application"),
)

OBJECTION = Resource(
    name="leasing.relief_objection",
    model=ReliefObjection,
    titles=Titles(_l("Objections"), _l("Objection"), _l("New objection")),
    icon="message-exclamation",
    columns=(
        Col("raised_on", link=True, important=True, width=110),
        Col("raised_by", width=140),
        Col("text", important=True, width=320),
        Col("answered_on", important=True, width=110),
        Col("upheld", width=90),
        Col("application_id", width=140),
        Col("answer", hidden=True),
    ),
    sections=(Section(_l("Objection"), ("application_id", "raised_on", "raised_by", "text", "answered_on", "answer", "upheld")),),
    create=f"{C}:add_objection",
    actions=(
        Action(
            "answer",
            _l("Reply"),
            f"{C}:answer_objection",
            (TODAY, Input("answer", "longtext", _l("Reply"), required=True), Input("upheld", "bool", _l("Upheld"))),
            primary=True,
            guard=f"{C}:why_not_answer",
        ),
    ),
    views=(View("open", _l("To be answered"), (Filter("answered_on", "empty", None),), sort="raised_on"), View("all", _l("All"), ())),
    sort="-raised_on",
    load=("application",),
    parent=("application_id", "leasing.relief_application"),
)

RESOURCES = [APPLICATION, MONTH, PAPER, SUBTENANT, OBJECTION]

slots.tab("leasing.lease", Related("relief", _l("Rent relief"), "leasing.relief_application", "lease_id", order=70))
slots.tab("tenants.firm", Related("relief", _l("Rent relief"), "leasing.relief_application", "firm_id", order=72))
slots.action("leasing.lease", Action("relief", _l("Apply for relief"), f"{C}:apply_for_lease", (SCHEME, APPLIED, METHOD), word="read"))
slots.action("tenants.firm", Action("relief", _l("Apply for relief"), f"{C}:apply_for_firm", (SCHEME, APPLIED, METHOD), word="read"))

CLERK, MANAGER, FINANCE = "operations_clerk", "operations_manager", "finance"
for _tile in (
    Tile(
        "leasing.relief_returned",
        _l("Relief to complete"),
        "leasing.relief_application",
        "returned",
        (CLERK,),
        ("firm_id", "amount"),
        40,
        "amber",
    ),
    Tile(
        "leasing.relief_check",
        _l("Relief to check"),
        "leasing.relief_application",
        "check",
        (MANAGER, FINANCE),
        ("firm_id", "amount"),
        41,
        "violet",
    ),
    Tile(
        "leasing.relief_notice",
        _l("On public notice"),
        "leasing.relief_application",
        "notice",
        (CLERK, MANAGER),
        ("firm_id", "notice_to"),
        42,
        "amber",
    ),
    Tile("leasing.relief_post", _l("Relief to post"), "leasing.relief_application", "post", (FINANCE,), ("firm_id", "amount"), 43),
):
    slots.tile(_tile)
