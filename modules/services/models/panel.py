"""Panels and their scores, arena rounds, points from real events, awards that reach pay only when approved."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Date, Index, Integer, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.ddl import after_create
from parkops.db.types import Choices, EnumText, Money
from parkops.i18n import _l

from ..states_contest import ARENA, AWARD
from .contest import ChallengeBid, StaffChallenge, StarNomination

POINT_SOURCES = Choices(
    "services.point_source",
    ("case", _l("Case done in time")),
    ("five_stars", _l("Rated five stars")),
    ("problem", _l("Problem of a firm solved")),
    ("repair", _l("Repair confirmed")),
    ("star", _l("Stars published")),
    ("assignment", _l("Task passed")),
    ("challenge", _l("Challenge met")),
    ("arena", _l("Arena ranking")),
)


class PanelSeat(ParkScoped, Record):
    """A member of the panel of a nomination or of a challenge. No bidder and no nominee sits on the panel (also a trigger)."""

    __tablename__ = "services_panel_seat"
    __table_args__ = (
        CheckConstraint("num_nonnulls(nomination_id, challenge_id) = 1", name="of"),
        UniqueConstraint("nomination_id", "user_id"),
        UniqueConstraint("challenge_id", "user_id"),
    )
    nomination_id: Mapped[int | None] = fk("services_star_nomination.id", _l("Nomination"), index=False)
    challenge_id: Mapped[int | None] = fk("services_challenge.id", _l("Challenge"), index=False)
    user_id: Mapped[int] = fk("core_user.id", _l("Member of the panel"))
    nomination: Mapped[StarNomination | None] = relationship(foreign_keys="PanelSeat.nomination_id")
    challenge: Mapped[StaffChallenge | None] = relationship(foreign_keys="PanelSeat.challenge_id")
    user: Mapped[Any] = relationship("UserProfile", foreign_keys="PanelSeat.user_id")

    def __str__(self) -> str:
        return str(self.user)


class PanelScore(ParkScoped, Record):
    """A score of one member for one bid or nomination, 0 to 100. Once each."""

    __tablename__ = "services_panel_score"
    __table_args__ = (
        CheckConstraint("num_nonnulls(nomination_id, bid_id) = 1", name="of"),
        CheckConstraint("score BETWEEN 0 AND 100", name="score"),
        UniqueConstraint("seat_id", "nomination_id"),
        UniqueConstraint("seat_id", "bid_id"),
    )
    seat_id: Mapped[int] = fk("services_panel_seat.id", _l("Member of the panel"), index=False)
    nomination_id: Mapped[int | None] = fk("services_star_nomination.id", _l("Nomination"))
    bid_id: Mapped[int | None] = fk("services_bid.id", _l("Bid"))
    score: Mapped[int] = field(SmallInteger, _l("Score of 100"))
    remark: Mapped[str | None] = field(String(300), _l("Remark"))
    seat: Mapped[PanelSeat] = relationship(foreign_keys="PanelScore.seat_id")
    nomination: Mapped[StarNomination | None] = relationship(foreign_keys="PanelScore.nomination_id")
    bid: Mapped[ChallengeBid | None] = relationship(foreign_keys="PanelScore.bid_id")

    def __str__(self) -> str:
        return str(self.score)


PANEL_GUARD = """
create or replace function services_panel_apart() returns trigger language plpgsql set search_path = public, pg_temp as $body$
declare clash boolean;
begin
  if tg_table_name = 'services_bid' then
    clash := exists (select 1 from services_panel_seat p where p.challenge_id = new.challenge_id and p.user_id = new.bidder_id);
  else
    clash := exists (select 1 from services_bid b where b.challenge_id = new.challenge_id and b.bidder_id = new.user_id)
          or exists (select 1 from services_star_nomination n where n.id = new.nomination_id and n.nominee_id = new.user_id);
  end if;
  if clash then
    raise exception 'a bidder or nominee sits on no panel of their own'
      using errcode = 'check_violation', constraint = 'services_panel_apart';
  end if;
  return new;
end $body$;
create trigger services_panel_seat_apart before insert or update on services_panel_seat
  for each row execute function services_panel_apart();
create trigger services_bid_apart before insert or update on services_bid
  for each row execute function services_panel_apart();
"""
PANEL_UNGUARD = """
drop trigger services_bid_apart on services_bid;
drop trigger services_panel_seat_apart on services_panel_seat;
drop function services_panel_apart();
"""
after_create(PanelScore.__table__, PANEL_GUARD, PANEL_UNGUARD)


class StaffArena(ParkScoped, Record):
    """A contest of several rounds (业务比拼擂台赛)."""

    __tablename__ = "services_arena"
    __table_args__ = (UniqueConstraint("park_id", "number"), CheckConstraint("points >= 0", name="points"))
    number: Mapped[str] = field(String(40), _l("Contest no."), fmt="code")
    title: Mapped[str] = field(String(200), _l("Contest"))
    begins_on: Mapped[date] = field(Date, _l("Begins on"))
    points: Mapped[int] = field(SmallInteger, _l("Points for the first"), default=15, server_default="15")
    published_on: Mapped[date | None] = field(Date, _l("Published on"))
    state: Mapped[str] = field(EnumText(ARENA.choices), _l("State"), default="open", server_default="open")

    __search__ = ("number", "title")

    def __str__(self) -> str:
        return self.title


class ArenaScore(ParkScoped, Record):
    """What somebody reached in a round."""

    __tablename__ = "services_arena_score"
    __table_args__ = (
        UniqueConstraint("arena_id", "round_no", "user_id"),
        CheckConstraint("score BETWEEN 0 AND 100", name="score"),
        CheckConstraint("round_no BETWEEN 1 AND 20", name="round_no"),
    )
    arena_id: Mapped[int] = fk("services_arena.id", _l("Contest"), index=False)
    round_no: Mapped[int] = field(SmallInteger, _l("Round"))
    subject: Mapped[str] = field(String(120), _l("Subject of the round"))
    user_id: Mapped[int] = fk("core_user.id", _l("Member of staff"))
    score: Mapped[int] = field(SmallInteger, _l("Score of 100"))
    arena: Mapped[StaffArena] = relationship(foreign_keys="ArenaScore.arena_id")
    user: Mapped[Any] = relationship("UserProfile", foreign_keys="ArenaScore.user_id")

    def __str__(self) -> str:
        return f"{self.round_no}: {self.score}"


class PointRule(ParkScoped, Record):
    """How many points an event of a kind brings, from a day on."""

    __tablename__ = "services_point_rule"
    __table_args__ = (UniqueConstraint("park_id", "source", "effective_from"), CheckConstraint("points BETWEEN 0 AND 1000", name="points"))
    source: Mapped[str] = field(EnumText(POINT_SOURCES), _l("Where points come from"))
    effective_from: Mapped[date] = field(Date, _l("In force from"))
    points: Mapped[int] = field(SmallInteger, _l("Points an event"))

    def __str__(self) -> str:
        return f"{POINT_SOURCES.label(self.source)}: {self.points}"


class StaffPoint(ParkScoped, Record):
    """Points of one real event, once (unique); the record it comes from is named."""

    __tablename__ = "services_point"
    __table_args__ = (
        UniqueConstraint("park_id", "source", "record_id", "user_id"),
        Index("ix_services_point_park_id_on_date", "park_id", "on_date"),
    )
    __audited__ = False
    user_id: Mapped[int] = fk("core_user.id", _l("Member of staff"))
    source: Mapped[str] = field(EnumText(POINT_SOURCES), _l("Where points come from"))
    resource: Mapped[str] = field(String(80), _l("Kind of record"))
    record_id: Mapped[int] = field(BigInteger, _l("Record"))
    on_date: Mapped[date] = field(Date, _l("Date"))
    points: Mapped[int] = field(Integer, _l("Contest points"))
    user: Mapped[Any] = relationship("UserProfile", foreign_keys="StaffPoint.user_id")

    def __str__(self) -> str:
        return f"{self.points}"


class StaffAward(ParkScoped, Record):
    """What contests bring somebody in pay. Reaches the pay list only when other people approved it."""

    __tablename__ = "services_award"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        UniqueConstraint("park_id", "resource", "record_id", "user_id"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("state <> 'approved' OR approved_on IS NOT NULL", name="approved"),
    )
    number: Mapped[str] = field(String(40), _l("Award no."), fmt="code")
    user_id: Mapped[int] = fk("core_user.id", _l("Member of staff"))
    resource: Mapped[str] = field(String(80), _l("Result of"))
    record_id: Mapped[int] = field(BigInteger, _l("Record"))
    text: Mapped[str] = field(String(300), _l("What for"))
    pay_month: Mapped[date] = field(Date, _l("Pay month"), fmt="month")
    amount: Mapped[Decimal] = field(Money, _l("Amount"))
    prepared_by_id: Mapped[int | None] = fk("core_user.id", _l("Prepared by"))
    approved_on: Mapped[date | None] = field(Date, _l("Approved on"))
    state: Mapped[str] = field(EnumText(AWARD.choices), _l("State"), default="draft", server_default="draft")
    user: Mapped[Any] = relationship("UserProfile", foreign_keys="StaffAward.user_id")
    prepared_by: Mapped[Any] = relationship("UserProfile", foreign_keys="StaffAward.prepared_by_id")

    __search__ = ("number",)

    def __str__(self) -> str:
        return self.number
