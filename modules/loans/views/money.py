"""Screens of payouts, instalments, repayments, extensions, guarantee claims and interest subsidy."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Action, Col, Fact, Filter, Input, Related, Resource, Section, Tab, Titles, View

from ..models.money import GuaranteeClaim, GuaranteeRecovery, LoanDue, LoanExtension, LoanRepayment, LoanTranche
from ..models.subsidy import OtherSubsidy, SubsidyClaim, SubsidyLine
from ..services import guarantee
from ..states import OWING
from . import _tabs

T, R, G, S = (f"modules.loans.services.{n}" for n in ("tranches", "repayments", "guarantee", "subsidy"))
TODAY = Input("on", "date", _l("Date"), required=True, default=lambda s: clock.today())

TRANCHE = Resource(
    name="loans.tranche",
    model=LoanTranche,
    titles=Titles(_l("Payouts"), _l("Payout"), _l("New payout")),
    icon="cash",
    columns=(
        Col("case_id", link=True, important=True, width=140),
        Col("seq", width=60),
        Col("case.firm_id", _l("Firm"), 240),
        Col("amount", important=True, width=130, total="sum"),
        Col("paid_on", important=True, width=110),
        Col("state", width=110),
        Col("reference", width=150),
        Col("recorded_by_id", width=110),
        Col("confirmed_by_id", width=110),
        Col("note", hidden=True),
    ),
    sections=(Section(_l("Payout"), ("case_id", "amount", "paid_on", "reference", "note", "seq", "recorded_by_id", "confirmed_by_id")),),
    create=f"{T}:record_tranche",
    remove=f"{T}:remove_tranche",
    workflow="modules.loans.states_money:TRANCHE",
    editable_in=("recorded",),
    views=(
        View("open", _l("To be confirmed"), (Filter("state", "eq", "recorded"),), sort="paid_on"),
        View("confirmed", _l("Confirmed"), (Filter("state", "eq", "confirmed"),), sort="-paid_on"),
        View("all", _l("All"), ()),
    ),
    search=("reference", "case.number"),
    sort="-id",
    load=("case", "recorded_by", "confirmed_by"),
    parent=("case_id", "loans.case"),
    menu=("loan_money", 10),
    money=True,
)

DUE = Resource(
    name="loans.due",
    model=LoanDue,
    titles=Titles(_l("Loan instalments"), _l("Loan instalment")),
    icon="calendar-due",
    columns=(
        Col("due_on", link=True, important=True, width=110),
        Col("case_id", important=True, width=140),
        Col("case.firm_id", _l("Firm"), 240),
        Col("principal", important=True, width=125, total="sum"),
        Col("interest", width=125, total="sum"),
        Col("balance", width=125),
        Col("case.state", _l("State"), 130),
        Col("seq", hidden=True),
        Col("days", hidden=True),
        Col("revision", hidden=True),
        Col("live", hidden=True),
    ),
    sections=(
        Section(_l("Loan instalment"), ("case_id", "seq", "due_on", "days", "principal", "interest", "balance", "revision", "live")),
    ),
    views=(
        View(
            "coming",
            _l("Due within 30 days"),
            (
                Filter("live", "eq", True),
                Filter("due_on", "gte", "@today"),
                Filter("due_on", "lte", "@today+30"),
                Filter("case.state", "in", list(OWING)),
            ),
            sort="due_on",
        ),
        View("live", _l("That hold"), (Filter("live", "eq", True),), sort="due_on"),
        View("all", _l("All"), ()),
    ),
    sort="due_on",
    load=("case",),
    parent=("case_id", "loans.case"),
    menu=("loan_money", 30),
)

REPAYMENT = Resource(
    name="loans.repayment",
    model=LoanRepayment,
    titles=Titles(_l("Repayments"), _l("Repayment"), _l("New repayment")),
    icon="cash-banknote",
    columns=(
        Col("case_id", link=True, important=True, width=140),
        Col("case.firm_id", _l("Firm"), 240),
        Col("paid_on", important=True, width=110),
        Col("principal", important=True, width=125, total="sum"),
        Col("interest", width=125, total="sum"),
        Col("penalty", width=110, total="sum"),
        Col("payer", width=110),
        Col("reference", width=150),
        Col("source", width=90),
        Col("reverses_id", hidden=True),
        Col("note", hidden=True),
    ),
    sections=(
        Section(
            _l("Repayment"),
            ("case_id", "paid_on", "principal", "interest", "penalty", "reference", "note", "payer", "source", "reverses_id"),
        ),
    ),
    create=f"{R}:record_repayment",
    actions=(
        Action(
            "reverse",
            _l("Reverse the repayment"),
            f"{R}:reverse_repayment",
            (TODAY, Input("note", "text", _l("Why"), required=True, max_length=300)),
            danger=True,
            guard=f"{R}:why_not_reverse",
        ),
    ),
    views=(
        View("all", _l("All"), (), sort="-paid_on"),
        View("guarantee", _l("Paid by the guarantee"), (Filter("payer", "eq", "guarantee"),)),
    ),
    search=("reference", "case.number"),
    sort="-id",
    load=("case", "reverses"),
    parent=("case_id", "loans.case"),
    menu=("loan_money", 20),
    importer="loans.repayments",
    money=True,
)

EXTENSION = Resource(
    name="loans.extension",
    model=LoanExtension,
    titles=Titles(_l("Loan extensions"), _l("Loan extension")),
    icon="calendar-plus",
    columns=(
        Col("case_id", link=True, important=True, width=140),
        Col("case.firm_id", _l("Firm"), 240),
        Col("old_day", width=110),
        Col("new_day", important=True, width=110),
        Col("state", important=True, width=110),
        Col("asked_on", width=110),
        Col("granted_on", width=110),
    ),
    sections=(
        Section(
            _l("Loan extension"), ("case_id", "old_day", "new_day", "reason", "asked_on", "granted_on", "asked_by_id", "granted_by_id")
        ),
    ),
    workflow="modules.loans.states_money:EXTENSION",
    views=(View("open", _l("To be granted"), (Filter("state", "eq", "asked"),)), View("all", _l("All"), ())),
    sort="-id",
    load=("case",),
    parent=("case_id", "loans.case"),
    menu=("loan_money", 50),
    money=True,
)

CLAIM = Resource(
    name="loans.claim",
    model=GuaranteeClaim,
    titles=Titles(_l("Guarantee claims"), _l("Guarantee claim")),
    icon="shield-dollar",
    columns=(
        Col("number", link=True, important=True, width=130),
        Col("case_id", important=True, width=140),
        Col("case.firm_id", _l("Firm"), 220),
        Col("state", important=True, width=150),
        Col("principal", width=125, total="sum"),
        Col("interest", width=110, total="sum"),
        Col("fund_share", width=90),
        Col("paid_on", width=110),
        Col("recovered", width=125, total="sum"),
        Col("fund_id", hidden=True),
        Col("filed_on", hidden=True),
        Col("prepared_on", hidden=True),
    ),
    sections=(
        Section(
            _l("Guarantee claim"),
            (
                "number",
                "case_id",
                "fund_id",
                "principal",
                "interest",
                "fund_share",
                "prepared_on",
                "filed_on",
                "paid_on",
                "recovered",
                "prepared_by_id",
                "paid_by_id",
                "note",
            ),
        ),
    ),
    workflow="modules.loans.states_money:GUARANTEE_CLAIM",
    tabs=(Related("recoveries", _l("Come back"), "loans.recovery", "claim_id", order=10),),
    facts=(
        Fact(_l("The fund pays"), lambda s, o: (f"{sum(guarantee.parts(o)):,.2f}", None)),
        Fact(_l("Come back"), lambda s, o: (f"{o.recovered:,.2f}", None)),
    ),
    views=(View("open", _l("Not closed"), (Filter("state", "in", ["draft", "filed", "paid"]),)), View("all", _l("All"), ())),
    search=("number",),
    sort="-id",
    load=("case", "fund"),
    parent=("case_id", "loans.case"),
    menu=("loan_money", 60),
    code_field="number",
    money=True,
)

RECOVERY = Resource(
    name="loans.recovery",
    model=GuaranteeRecovery,
    titles=Titles(_l("Recoveries"), _l("Recovery"), _l("New recovery")),
    icon="receipt-refund",
    columns=(
        Col("on_date", link=True, important=True, width=110),
        Col("claim_id", important=True, width=140),
        Col("amount", important=True, width=125, total="sum"),
        Col("came_from", width=130),
        Col("reference", width=160),
    ),
    sections=(Section(_l("Recovery"), ("claim_id", "on_date", "amount", "came_from", "reference")),),
    create=f"{G}:record_recovery",
    sort="-id",
    load=("claim",),
    parent=("claim_id", "loans.claim"),
    money=True,
)

SUBSIDY = Resource(
    name="loans.subsidy_claim",
    model=SubsidyClaim,
    titles=Titles(_l("Subsidy claims"), _l("Subsidy claim"), _l("New subsidy claim")),
    icon="percentage",
    columns=(
        Col("number", link=True, important=True, width=130),
        Col("bank_id", important=True, width=180),
        Col("quarter", width=110),
        Col("state", important=True, width=130),
        Col("interest", width=130, total="sum"),
        Col("total", width=130, total="sum"),
        Col("prepared_on", width=110),
        Col("filed_on", width=110),
        Col("paid_on", width=110),
        Col("finance_id", hidden=True),
        Col("approved_on", hidden=True),
    ),
    sections=(
        Section(
            _l("Subsidy claim"),
            (
                "number",
                Input("bank_id", "ref", _l("Lending bank"), ref="loans.organisation", required=True),
                Input("quarter", "date", _l("A day of the quarter"), required=True),
                Input("prepared_on", "date", _l("Prepared on"), required=True, default=lambda s: clock.today()),
                Input("finance_id", "ref", _l("Finance office"), ref="loans.organisation"),
                "note",
                "interest",
                "total",
                "approved_on",
                "filed_on",
                "paid_on",
                "prepared_by_id",
                "approved_by_id",
            ),
        ),
    ),
    create=f"{S}:prepare_claim",
    workflow="modules.loans.states_money:SUBSIDY_CLAIM",
    actions=(Action("fill", _l("Work out again"), f"{S}:fill_again", word="change", guard=f"{S}:why_not_fill"),),
    tabs=(
        Related("lines", _l("Loans of the claim"), "loans.subsidy_line", "claim_id", order=1),
        Tab("without", _l("Workbook and the rest"), "loans/without.html", _tabs.claim_data, order=20),
    ),
    facts=(Fact(_l("Subsidy claimed"), lambda s, o: (f"{o.total:,.2f}", None)), Fact(_l("Quarter"), lambda s, o: (o.quarter_key, None))),
    views=(
        View("open", _l("To be checked"), (Filter("state", "eq", "draft"),), sort="quarter"),
        View("filed", _l("With the finance office"), (Filter("state", "in", ["approved", "filed"]),), sort="quarter"),
        View("all", _l("All"), (), sort="-quarter"),
    ),
    search=("number",),
    sort="-id",
    load=("bank", "finance"),
    menu=("loan_money", 40),
    code_field="number",
    report="loan-subsidy-claim",
    money=True,
)

LINE = Resource(
    name="loans.subsidy_line",
    model=SubsidyLine,
    titles=Titles(_l("Loans of subsidy claims"), _l("Loan of the claim")),
    icon="list-numbers",
    columns=(
        Col("case_id", link=True, important=True, width=140),
        Col("case.firm_id", _l("Firm"), 220),
        Col("claim_id", width=170),
        Col("quarter", width=110),
        Col("days", width=90),
        Col("excluded", width=90),
        Col("subsidy_rate", width=100),
        Col("interest", width=120, total="sum"),
        Col("subsidy", important=True, width=120, total="sum"),
        Col("explain", width=320),
        Col("rate", hidden=True),
        Col("period_from", hidden=True),
        Col("period_to", hidden=True),
        Col("live", hidden=True),
    ),
    sections=(
        Section(
            _l("Loan of the claim"),
            (
                "claim_id",
                "case_id",
                "quarter",
                "period_from",
                "period_to",
                "days",
                "excluded",
                "rate",
                "subsidy_rate",
                "interest",
                "subsidy",
                "explain",
                "live",
            ),
        ),
    ),
    sort="id",
    load=("claim", "case"),
    parent=("claim_id", "loans.subsidy_claim"),
)

OTHER = Resource(
    name="loans.other_subsidy",
    model=OtherSubsidy,
    titles=Titles(_l("Other subsidies"), _l("Other subsidy"), _l("New other subsidy")),
    icon="copy-x",
    columns=(
        Col("title", link=True, important=True, width=220),
        Col("case_id", important=True, width=140),
        Col("central", width=100),
        Col("from_on", important=True, width=110),
        Col("to_on", width=110),
        Col("amount", width=125),
        Col("doc_no", hidden=True),
    ),
    sections=(Section(_l("Other subsidy"), ("case_id", "title", "doc_no", "central", "from_on", "to_on", "amount")),),
    create=f"{S}:add_other",
    change=f"{S}:change_other",
    remove=f"{S}:remove_other",
    sort="-id",
    load=("case",),
    parent=("case_id", "loans.case"),
)

RESOURCES = [TRANCHE, DUE, REPAYMENT, EXTENSION, CLAIM, RECOVERY, SUBSIDY, LINE, OTHER]
