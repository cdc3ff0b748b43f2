"""The pipeline: deals, due diligence, the committee with its votes and conflicts of interest, term sheets."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.append_only import protect
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Money, Rate, UTCDateTime
from parkops.i18n import _l

from ..states_deal import DEAL, MEETING, TERM_SHEET
from .fund import Fund

INSTRUMENTS = Choices(
    "funds.instrument",
    ("equity", _l("Equity stake"), "blue"),
    ("convertible", _l("Convertible loan"), "violet"),
    ("rent_for_equity", _l("Rent for equity"), "amber"),
    ("service_for_equity", _l("Services for equity"), "amber"),
)
IN_KIND = ("rent_for_equity", "service_for_equity")
FUND_ROUNDS = Choices(
    "funds.round",
    ("seed", _l("Seed round")),
    ("angel", _l("Angel round")),
    ("pre_a", _l("Pre-A round")),
    ("a", _l("A round")),
    ("b", _l("B round")),
    ("c", _l("C round or later")),
)
AREAS = Choices(
    "funds.diligence_area",
    ("business", _l("Business and market")),
    ("technology", _l("Technology and IP")),
    ("team", _l("Founding team")),
    ("finance", _l("Financial matters")),
    ("legal", _l("Legal matters")),
)
RISKS = Choices("funds.risk", ("low", _l("Low risk"), "green"), ("medium", _l("Medium risk"), "amber"), ("high", _l("High risk"), "red"))
MEMBER_ROLES = Choices("funds.member_role", ("chair", _l("Committee chair")), ("member", _l("Member")), ("expert", _l("Outside expert")))
VOTES = Choices(
    "funds.vote",
    ("for", _l("In favour"), "green"),
    ("against", _l("Against"), "red"),
    ("abstain", _l("Abstains"), "grey"),
    ("aside", _l("Steps aside"), "amber"),
)
ANTI_DILUTION = Choices(
    "funds.anti_dilution", ("none", _l("None agreed")), ("average", _l("Weighted average")), ("full", _l("Full ratchet"))
)


class InvestmentDeal(ParkScoped, Record):
    """A possible investment in a firm, from the first look to closing."""

    __tablename__ = "funds_deal"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("pre_money IS NULL OR pre_money > 0", name="pre_money"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    fund_id: Mapped[int] = fk("funds_fund.id", _l("Fund"))
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    round: Mapped[str] = field(EnumText(FUND_ROUNDS), _l("Investment round"))
    instrument: Mapped[str] = field(EnumText(INSTRUMENTS), _l("Investment instrument"))
    amount: Mapped[Decimal] = field(Money, _l("Amount to invest"))
    pre_money: Mapped[Decimal | None] = field(Money, _l("Pre-money value"))
    seen_on: Mapped[date] = field(Date, _l("First seen on"))
    source: Mapped[str | None] = field(String(120), _l("Found through"))
    thesis: Mapped[str | None] = field(Text, _l("Why we look at it"), long=True)
    state: Mapped[str] = field(EnumText(DEAL.choices), _l("State"), default="lead", server_default="lead")
    fund: Mapped[Fund] = relationship(foreign_keys="InvestmentDeal.fund_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="InvestmentDeal.firm_id")

    __search__ = ("number",)

    def __str__(self) -> str:
        return self.number


class DiligenceItem(ParkScoped, Record):
    """One area of due diligence: what was found, by whom, how risky."""

    __tablename__ = "funds_diligence"
    __table_args__ = (
        UniqueConstraint("park_id", "deal_id", "area"),
        CheckConstraint("done_on IS NULL OR (finding IS NOT NULL AND risk IS NOT NULL)", name="done"),
    )
    deal_id: Mapped[int] = fk("funds_deal.id", _l("Deal"), ondelete="CASCADE")
    area: Mapped[str] = field(EnumText(AREAS), _l("Area examined"))
    finding: Mapped[str | None] = field(Text, _l("Finding"), long=True)
    risk: Mapped[str | None] = field(EnumText(RISKS), _l("Risk"))
    examiner: Mapped[str | None] = field(String(80), _l("Examined by"))
    done_on: Mapped[date | None] = field(Date, _l("Examined on"))
    deal: Mapped[InvestmentDeal] = relationship(foreign_keys="DiligenceItem.deal_id")

    def __str__(self) -> str:
        return str(AREAS.label(self.area))


class CommitteeMember(ParkScoped, Record):
    """A member of a fund's investment committee, in office from `since` to `until` (last day; empty = today still)."""

    __tablename__ = "funds_member"
    __table_args__ = (
        CheckConstraint("until >= since", name="dates"),
        Index("uq_funds_member_person", "fund_id", "user_id", unique=True, postgresql_where="until IS NULL"),
    )
    fund_id: Mapped[int] = fk("funds_fund.id", _l("Fund"))
    user_id: Mapped[int] = fk("core_user.id", _l("Person"))
    name: Mapped[str] = field(String(80), _l("Name"))
    role: Mapped[str] = field(EnumText(MEMBER_ROLES), _l("Role"), default="member", server_default="member")
    since: Mapped[date] = field(Date, _l("In office since"))
    until: Mapped[date | None] = field(Date, _l("In office until"))
    fund: Mapped[Fund] = relationship(foreign_keys="CommitteeMember.fund_id")

    def __str__(self) -> str:
        return self.name


class ConflictOfInterest(ParkScoped, Record):
    """A declared interest of a member in a firm: the member may only step aside on its deals."""

    __tablename__ = "funds_interest"
    __table_args__ = (UniqueConstraint("park_id", "member_id", "firm_id"),)
    member_id: Mapped[int] = fk("funds_member.id", _l("Member of the committee"))
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    relation: Mapped[str] = field(String(200), _l("Kind of interest"))
    declared_on: Mapped[date] = field(Date, _l("Declared on"))
    member: Mapped[CommitteeMember] = relationship(foreign_keys="ConflictOfInterest.member_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="ConflictOfInterest.firm_id")

    def __str__(self) -> str:
        return self.relation


class CommitteeMeeting(ParkScoped, Record):
    """A vote of the committee on a deal. The votes decide it; the numbers behind the decision stay with it."""

    __tablename__ = "funds_meeting"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        Index("uq_funds_meeting_open", "deal_id", unique=True, postgresql_where="state = 'open'"),
        CheckConstraint("state = 'open' OR (decided_on IS NOT NULL AND present IS NOT NULL)", name="decided"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    fund_id: Mapped[int] = fk("funds_fund.id", _l("Fund"))
    deal_id: Mapped[int] = fk("funds_deal.id", _l("Deal"))
    held_on: Mapped[date] = field(Date, _l("Day of the meeting"))
    amount: Mapped[Decimal] = field(Money, _l("Amount decided on"))
    proposal: Mapped[str] = field(Text, _l("Proposal"), long=True)
    quorum: Mapped[Decimal] = field(Rate, _l("Quorum"))
    majority: Mapped[Decimal] = field(Rate, _l("Majority"))
    proposed_by_id: Mapped[int | None] = fk("core_user.id", _l("Proposed by"))
    decided_on: Mapped[date | None] = field(Date, _l("Decided on"))
    members: Mapped[int | None] = field(Integer, _l("Members"))
    present: Mapped[int | None] = field(Integer, _l("Votes"))
    in_favour: Mapped[int | None] = field(Integer, _l("Votes in favour"))
    state: Mapped[str] = field(EnumText(MEETING.choices), _l("State"), default="open", server_default="open")
    fund: Mapped[Fund] = relationship(foreign_keys="CommitteeMeeting.fund_id")
    deal: Mapped[InvestmentDeal] = relationship(foreign_keys="CommitteeMeeting.deal_id")

    def __str__(self) -> str:
        return self.number


class CommitteeVote(ParkScoped, Record):
    """One member's vote; once and for good."""

    __tablename__ = "funds_vote"
    __table_args__ = (UniqueConstraint("park_id", "meeting_id", "member_id"),)
    meeting_id: Mapped[int] = fk("funds_meeting.id", _l("Committee meeting"))
    member_id: Mapped[int] = fk("funds_member.id", _l("Member of the committee"))
    vote: Mapped[str] = field(EnumText(VOTES), _l("Vote"))
    reason: Mapped[str | None] = field(Text, _l("Reason"), long=True)
    voted_at: Mapped[datetime] = field(UTCDateTime, _l("Time"))
    meeting: Mapped[CommitteeMeeting] = relationship(foreign_keys="CommitteeVote.meeting_id")
    member: Mapped[CommitteeMember] = relationship(foreign_keys="CommitteeVote.member_id")

    def __str__(self) -> str:
        return str(VOTES.label(self.vote))


protect(CommitteeVote)


class TermSheet(ParkScoped, Record):
    """What was agreed. `cap`, `discount`, `interest`, `matures_on` belong to convertibles."""

    __tablename__ = "funds_term_sheet"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("preference >= 0", name="preference"),
        CheckConstraint("discount >= 0 AND discount < 100000000", name="discount"),
        Index("uq_funds_term_sheet_deal", "deal_id", unique=True, postgresql_where="state <> 'dropped'"),
    )
    deal_id: Mapped[int] = fk("funds_deal.id", _l("Deal"))
    amount: Mapped[Decimal] = field(Money, _l("Amount agreed"))
    pre_money: Mapped[Decimal | None] = field(Money, _l("Pre-money value"))
    preference: Mapped[Decimal] = field(
        Rate,
        _l("Liquidation preference"),
        default=Decimal(1),
        server_default="100000000",
        help=_l("100 % = the amount invested comes back first"),
    )
    anti_dilution: Mapped[str] = field(EnumText(ANTI_DILUTION), _l("Anti-dilution"), default="average", server_default="average")
    board_seat: Mapped[bool] = field(Boolean, _l("Board seat"), default=False, server_default="false")
    information: Mapped[bool] = field(Boolean, _l("Quarterly information"), default=True, server_default="true")
    discount: Mapped[Decimal] = field(Rate, _l("Conversion discount"), default=Decimal(0), server_default="0")
    cap: Mapped[Decimal | None] = field(Money, _l("Valuation cap"))
    interest: Mapped[Decimal] = field(Rate, _l("Interest a year"), default=Decimal(0), server_default="0")
    matures_on: Mapped[date | None] = field(Date, _l("Matures on"))
    conditions: Mapped[str | None] = field(Text, _l("Conditions of closing"), long=True)
    signed_on: Mapped[date | None] = field(Date, _l("Signed on"))
    state: Mapped[str] = field(EnumText(TERM_SHEET.choices), _l("State"), default="draft", server_default="draft")
    deal: Mapped[InvestmentDeal] = relationship(foreign_keys="TermSheet.deal_id")

    def __str__(self) -> str:
        return f"{self.amount:,.2f}"
