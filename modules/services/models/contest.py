"""Staff contests: star rating, named tasks, open challenges. The modes' names are published, their flows are this product's own design."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Date, Index, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Area as Hundredths
from parkops.db.types import EnumText, Money
from parkops.i18n import _l

from ..states_contest import ASSIGNMENT, CHALLENGE, NOMINATION


class StarBand(ParkScoped, Record):
    """From which mean score on how many stars, from a day on: the table of 评星定级."""

    __tablename__ = "services_star_band"
    __table_args__ = (
        UniqueConstraint("park_id", "effective_from", "stars"),
        UniqueConstraint("park_id", "effective_from", "from_score"),
        CheckConstraint("stars BETWEEN 1 AND 5", name="stars"),
        CheckConstraint("from_score BETWEEN 0 AND 100", name="score"),
    )
    effective_from: Mapped[date] = field(Date, _l("In force from"))
    stars: Mapped[int] = field(SmallInteger, _l("Stars"))
    from_score: Mapped[int] = field(SmallInteger, _l("From a mean score of"))

    def __str__(self) -> str:
        return "★" * self.stars


class StarNomination(ParkScoped, Record):
    """A highlight of somebody's work (亮点工作), scored by a panel. `mean` is the panel's mean score."""

    __tablename__ = "services_star_nomination"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("state NOT IN ('scored', 'published') OR mean IS NOT NULL", name="mean"),
        CheckConstraint("state <> 'published' OR stars IS NOT NULL", name="stars"),
    )
    number: Mapped[str] = field(String(40), _l("Nomination no."), fmt="code")
    title: Mapped[str] = field(String(200), _l("Highlight"))
    nominee_id: Mapped[int] = fk("core_user.id", _l("Nominated"))
    nominated_by_id: Mapped[int | None] = fk("core_user.id", _l("Nominated by"))
    nominated_on: Mapped[date] = field(Date, _l("Nominated on"))
    evidence: Mapped[str] = field(Text, _l("Evidence"), long=True)
    mean: Mapped[Decimal | None] = field(Hundredths, _l("Mean score"), fmt="decimal")
    stars: Mapped[int | None] = field(SmallInteger, _l("Stars"))
    published_on: Mapped[date | None] = field(Date, _l("Published on"))
    state: Mapped[str] = field(EnumText(NOMINATION.choices), _l("State"), default="nominated", server_default="nominated")
    nominee: Mapped[Any] = relationship("UserProfile", foreign_keys="StarNomination.nominee_id")
    nominated_by: Mapped[Any] = relationship("UserProfile", foreign_keys="StarNomination.nominated_by_id")

    __search__ = ("number", "title")

    def __str__(self) -> str:
        return self.title


class StaffAssignment(ParkScoped, Record):
    """A key task (重点工作): a leader sets it and names who owns it; the owner accepts, delivers, the leader reviews."""

    __tablename__ = "services_assignment"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        Index("ix_services_assignment_due", "park_id", "due_on", postgresql_where="state IN ('named', 'accepted')"),
        CheckConstraint("assigner_id IS NULL OR assigner_id <> owner_id", name="other"),
        CheckConstraint("points >= 0", name="points"),
    )
    number: Mapped[str] = field(String(40), _l("Task no."), fmt="code")
    topic: Mapped[str] = field(String(200), _l("Task"))
    targets: Mapped[str] = field(Text, _l("Targets"), long=True)
    assigner_id: Mapped[int | None] = fk("core_user.id", _l("Set by"))
    owner_id: Mapped[int] = fk("core_user.id", _l("Named owner"))
    set_on: Mapped[date] = field(Date, _l("Set on"))
    due_on: Mapped[date] = field(Date, _l("Due"))
    points: Mapped[int] = field(SmallInteger, _l("Points for it"), default=10, server_default="10")
    delivery: Mapped[str | None] = field(Text, _l("What was delivered"), long=True)
    delivered_on: Mapped[date | None] = field(Date, _l("Task delivered on"))
    reviewed_on: Mapped[date | None] = field(Date, _l("Reviewed on"))
    reason: Mapped[str | None] = field(String(300), _l("Reason"))
    state: Mapped[str] = field(EnumText(ASSIGNMENT.choices), _l("State"), default="named", server_default="named")
    assigner: Mapped[Any] = relationship("UserProfile", foreign_keys="StaffAssignment.assigner_id")
    owner: Mapped[Any] = relationship("UserProfile", foreign_keys="StaffAssignment.owner_id")

    __search__ = ("number", "topic")

    def __str__(self) -> str:
        return self.topic


class StaffChallenge(ParkScoped, Record):
    """A hard problem put up for bids (揭榜竞争). `tie_rule` of the last pick says in codes how it was decided."""

    __tablename__ = "services_challenge"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("due_on > bids_until", name="days"),
        CheckConstraint("reward >= 0 AND points >= 0", name="reward"),
        CheckConstraint("state NOT IN ('picked', 'accepted', 'rejected') OR picked_on IS NOT NULL", name="picked"),
    )
    number: Mapped[str] = field(String(40), _l("Challenge no."), fmt="code")
    title: Mapped[str] = field(String(200), _l("Challenge"))
    targets: Mapped[str] = field(Text, _l("Targets"), long=True)
    bids_until: Mapped[date] = field(Date, _l("Bids until"))
    due_on: Mapped[date] = field(Date, _l("Targets met by"))
    reward: Mapped[Decimal | None] = field(Money, _l("Reward proposed"))
    points: Mapped[int] = field(SmallInteger, _l("Points for it"), default=20, server_default="20")
    published_on: Mapped[date | None] = field(Date, _l("Published on"))
    picked_on: Mapped[date | None] = field(Date, _l("Winner picked on"))
    decided_by: Mapped[str | None] = field(String(40), _l("Tie decided by"), fmt="code")
    finding: Mapped[str | None] = field(Text, _l("Finding on the targets"), long=True)
    ended_on: Mapped[date | None] = field(Date, _l("Ended on"))
    state: Mapped[str] = field(EnumText(CHALLENGE.choices), _l("State"), default="draft", server_default="draft")

    __search__ = ("number", "title")

    def __str__(self) -> str:
        return self.title


class ChallengeBid(ParkScoped, Record):
    """A bid of a member of staff, alone or for a team. One per person and challenge; at most one wins (unique index)."""

    __tablename__ = "services_bid"
    __table_args__ = (
        UniqueConstraint("challenge_id", "bidder_id"),
        Index("uq_services_bid_winner", "challenge_id", unique=True, postgresql_where="rank = 1"),
        CheckConstraint("rank > 0", name="rank"),
    )
    challenge_id: Mapped[int] = fk("services_challenge.id", _l("Challenge"), index=False)
    bidder_id: Mapped[int] = fk("core_user.id", _l("Bidder"))
    team: Mapped[str | None] = field(String(200), _l("Team"))
    plan: Mapped[str] = field(Text, _l("Plan of the bid"), long=True)
    bid_on: Mapped[date] = field(Date, _l("Bid on"))
    mean: Mapped[Decimal | None] = field(Hundredths, _l("Mean score"), fmt="decimal")
    rank: Mapped[int | None] = field(SmallInteger, _l("Rank"))
    challenge: Mapped[StaffChallenge] = relationship(foreign_keys="ChallengeBid.challenge_id")
    bidder: Mapped[Any] = relationship("UserProfile", foreign_keys="ChallengeBid.bidder_id")

    def __str__(self) -> str:
        return f"{self.challenge}"
