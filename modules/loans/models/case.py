"""A loan case: who asks for how much, who takes part, what was approved and paid out, and what is still owed.

Money is yuan. `disbursed`, `principal_repaid`, `interest_paid`, `compensated` and `exposure` are sums kept by the database."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, Index, Integer, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from modules.tenants.models.firm import Firm
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Money, Rate
from parkops.i18n import _l
from parkops.rules.models import VERDICTS

from ..calc_schedule import METHODS as METHOD_CODES
from ..states import LOAN, REJECTIONS
from .organisation import LoanOrganisation
from .person import LoanPerson
from .scheme import KINDS, LoanScheme

METHODS = Choices(
    "loans.repayment_method",
    ("bullet", _l("Interest in between, principal at the end")),
    ("equal_principal", _l("Equal parts of the principal")),
    ("annuity", _l("Equal instalments")),
)
assert tuple(METHODS) == METHOD_CODES
COUNTER = Choices(
    "loans.counter_guarantee",
    ("waived", _l("Counter-guarantee waived")),
    ("person", _l("By persons")),
    ("mortgage", _l("Mortgage")),
    ("pledge", _l("Pledge")),
    ("other", _l("Other")),
)
RISKS = Choices(  # 商业银行金融资产风险分类办法
    "loans.risk",
    ("normal", _l("Normal loan"), "green"),
    ("attention", _l("Special mention"), "amber"),
    ("substandard", _l("Substandard"), "red"),
    ("doubtful", _l("Doubtful"), "red"),
    ("loss", _l("Loss"), "red"),
)
ROLES = Choices(
    "loans.party_role",
    ("borrower", _l("Borrower"), "blue"), ("partner", _l("Partner"), "blue"), ("spouse", _l("Spouse"), "grey"),
    ("guarantor", _l("Guarantor"), "violet"), ("contact", _l("Handles it at the firm"), "grey"),
)


class LoanCase(ParkScoped, Record):
    """One loan from enquiry to settlement. What was approved is fixed; amounts of money come from confirmed records only (triggers)."""

    __tablename__ = "loans_case"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        Index("ix_loans_case_park_id_state", "park_id", "state"),
        Index("ix_loans_case_matures_on", "park_id", "matures_on"),
        CheckConstraint("amount_requested > 0", name="amount_requested"),
        CheckConstraint("amount_approved > 0", name="amount_approved"),
        CheckConstraint("term_months BETWEEN 1 AND 60", name="term_months"),
        CheckConstraint("rate > 0 AND rate < 36000000", name="rate"),
        CheckConstraint("every_months BETWEEN 1 AND 12", name="every_months"),
        CheckConstraint("partners IS NULL OR partners BETWEEN 2 AND 50", name="partners"),
        CheckConstraint("disbursed >= 0 AND disbursed <= coalesce(amount_approved, 0)", name="disbursed"),
        CheckConstraint("principal_repaid >= 0 AND principal_repaid <= disbursed", name="principal_repaid"),
        CheckConstraint("state <> 'rejected' OR reject_code IS NOT NULL", name="rejected"),
        CheckConstraint("state NOT IN ('disbursing', 'running', 'matured', 'extended', 'overdue', 'compensated', 'settled') OR"
                        " (contract_on IS NOT NULL AND contract_no IS NOT NULL AND lpr IS NOT NULL)", name="contract"),
        CheckConstraint("state NOT IN ('contract', 'disbursing', 'running', 'matured', 'extended', 'overdue', 'compensated', 'settled') OR"
                        " (approval_id IS NOT NULL AND amount_approved IS NOT NULL AND rate IS NOT NULL)", name="approved"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    state: Mapped[str] = field(EnumText(LOAN.choices), _l("State"), default="enquiry", server_default="enquiry")
    kind: Mapped[str] = field(EnumText(KINDS), _l("Borrower is"))
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    scheme_id: Mapped[int] = fk("loans_scheme.id", _l("Loan scheme"))
    channel_id: Mapped[int | None] = fk("loans_organisation.id", _l("Service channel"))
    bank_id: Mapped[int | None] = fk("loans_organisation.id", _l("Lending bank"))
    fund_id: Mapped[int | None] = fk("loans_organisation.id", _l("Guarantee fund"))
    hr_id: Mapped[int | None] = fk("loans_organisation.id", _l("HR office"))
    finance_id: Mapped[int | None] = fk("loans_organisation.id", _l("Finance office"))
    applied_on: Mapped[date] = field(Date, _l("Applied on"))
    amount_requested: Mapped[Decimal] = field(Money, _l("Loan amount asked for"))
    term_months: Mapped[int] = field(SmallInteger, _l("Term in months"))
    partners: Mapped[int | None] = field(SmallInteger, _l("Number of partners"))
    purpose: Mapped[str | None] = field(String(200), _l("Purpose"))
    jobs: Mapped[int | None] = field(Integer, _l("Jobs tied to the loan"))
    counter_guarantee: Mapped[str | None] = field(EnumText(COUNTER), _l("Counter-guarantee"))
    earlier_uses: Mapped[int | None] = field(
        SmallInteger, _l("Earlier uses elsewhere"), help=_l("As declared; those served here are counted"))
    other_loans: Mapped[bool | None] = field(
        Boolean, _l("Has other loans"), help=_l("Except student, poverty, housing and car loans, and consumption up to 50,000 yuan"))
    past_overdue: Mapped[bool | None] = field(Boolean, _l("Was overdue in this programme"))
    rule_set: Mapped[str | None] = field(String(60), _l("Rule set"), fmt="code")
    verdict: Mapped[str] = field(EnumText(VERDICTS), _l("Result"), default="unknown", server_default="unknown")
    decision_id: Mapped[int | None] = field(BigInteger, _l("Stored rule result"))
    use_no: Mapped[int | None] = field(SmallInteger, _l("Which use it is"))
    hr_reference: Mapped[str | None] = field(String(80), _l("Document of the HR office"), fmt="code")
    amount_approved: Mapped[Decimal | None] = field(Money, _l("Amount approved"))
    rate: Mapped[Decimal | None] = field(Rate, _l("Interest rate a year"))
    method: Mapped[str] = field(EnumText(METHODS), _l("Way of repayment"), default="bullet", server_default="bullet")
    every_months: Mapped[int] = field(SmallInteger, _l("Months between instalments"), default=3, server_default="3")
    approval_id: Mapped[int | None] = fk("core_approval.id", _l("Approval"))
    approved_on: Mapped[date | None] = field(Date, _l("Approved on"))
    contract_no: Mapped[str | None] = field(String(80), _l("Loan contract no."), fmt="code")
    contract_on: Mapped[date | None] = field(Date, _l("Contract of"))
    lpr: Mapped[Decimal | None] = field(Rate, _l("LPR of the contract"))
    first_paid_on: Mapped[date | None] = field(Date, _l("First paid out on"))
    matures_on: Mapped[date | None] = field(Date, _l("Falls due on"))
    extended_to: Mapped[date | None] = field(Date, _l("Extended to"))
    disbursed: Mapped[Decimal] = field(Money, _l("Loan paid out"), default=Decimal(0), server_default="0")
    principal_repaid: Mapped[Decimal] = field(Money, _l("Principal paid back"), default=Decimal(0), server_default="0")
    interest_paid: Mapped[Decimal] = field(Money, _l("Interest paid"), default=Decimal(0), server_default="0")
    compensated: Mapped[Decimal] = field(Money, _l("Paid by the guarantee"), default=Decimal(0), server_default="0")
    exposure: Mapped[Decimal] = field(Money, _l("Covered by the fund"), default=Decimal(0), server_default="0")
    days_overdue: Mapped[int] = field(Integer, _l("Days overdue"), default=0, server_default="0")
    overdue_amount: Mapped[Decimal] = field(Money, _l("Overdue amount"), default=Decimal(0), server_default="0")
    risk: Mapped[str | None] = field(EnumText(RISKS), _l("Risk class"))
    next_due_on: Mapped[date | None] = field(Date, _l("Next instalment"))
    watched_on: Mapped[date | None] = field(Date, _l("Arrears as of"))
    settled_on: Mapped[date | None] = field(Date, _l("Paid back on"))
    reject_code: Mapped[str | None] = field(EnumText(REJECTIONS), _l("Reason code"))
    prepared_by_id: Mapped[int | None] = fk("core_user.id", _l("Handled by"))
    decided_by_id: Mapped[int | None] = fk("core_user.id", _l("Decision recorded by"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    firm: Mapped[Firm] = relationship(foreign_keys="LoanCase.firm_id")
    scheme: Mapped[LoanScheme] = relationship(foreign_keys="LoanCase.scheme_id")
    channel: Mapped[LoanOrganisation | None] = relationship(foreign_keys="LoanCase.channel_id")
    bank: Mapped[LoanOrganisation | None] = relationship(foreign_keys="LoanCase.bank_id")
    fund: Mapped[LoanOrganisation | None] = relationship(foreign_keys="LoanCase.fund_id")
    hr: Mapped[LoanOrganisation | None] = relationship(foreign_keys="LoanCase.hr_id")
    finance: Mapped[LoanOrganisation | None] = relationship(foreign_keys="LoanCase.finance_id")
    prepared_by: Mapped[Any] = relationship("UserProfile", foreign_keys="LoanCase.prepared_by_id")
    decided_by: Mapped[Any] = relationship("UserProfile", foreign_keys="LoanCase.decided_by_id")

    __search__ = ("number", "contract_no")

    @property
    def outstanding(self) -> Decimal:
        """Principal paid out and not paid back."""
        return self.disbursed - self.principal_repaid

    @property
    def last_day(self) -> date | None:
        """The day it falls due, extension included."""
        return self.extended_to or self.matures_on

    @property
    def makers(self) -> set[int]:
        """Those who prepared it or recorded the decision; none of them approves it."""
        return {i for i in (self.prepared_by_id, self.decided_by_id) if i is not None}

    def __str__(self) -> str:
        return self.number


class LoanCaseParty(ParkScoped, Record):
    """A natural person's part in a case."""

    __tablename__ = "loans_case_party"
    __table_args__ = (
        UniqueConstraint("case_id", "person_id", "role"),
        Index("uq_loans_case_party_borrower", "park_id", "case_id", unique=True, postgresql_where="role = 'borrower'"),
    )
    case_id: Mapped[int] = fk("loans_case.id", _l("Loan case"), ondelete="CASCADE", index=False)
    person_id: Mapped[int] = fk("loans_person.id", _l("Person of the loan"))
    role: Mapped[str] = field(EnumText(ROLES), _l("Role"))
    case: Mapped[LoanCase] = relationship(foreign_keys="LoanCaseParty.case_id")
    person: Mapped[LoanPerson] = relationship(foreign_keys="LoanCaseParty.person_id")

    def __str__(self) -> str:
        return f"{ROLES.label(self.role)} {self.person}"
