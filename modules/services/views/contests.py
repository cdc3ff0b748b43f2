"""Screens of staff contests. The flows are this product's own design; only the modes' names are published."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from parkops.i18n import _l
from parkops.security.models import UserProfile
from parkops.web.resource import Col, Filter, Related, Resource, Section, Tab, Titles, View

from ..models.contest import ChallengeBid, StaffAssignment, StaffChallenge, StarBand, StarNomination
from ..models.panel import ArenaScore, PanelScore, PanelSeat, PointRule, StaffArena, StaffAward, StaffPoint
from ..services import arenas

S = "modules.services.services"

W = "modules.services.states_contest"
TIES = {
    "mean": _l("the higher mean score"),
    "lowest": _l("equal means: the higher lowest score"),
    "earlier": _l("equal scores: the earlier bid"),
    "entry": _l("same day: the bid entered first"),
}
USER = {"user.name": _l("Member of staff")}


def result_data(session: Any, row: StaffChallenge) -> dict[str, Any]:
    """Bids by rank and the rule that decided."""
    bids = session.scalars(
        select(ChallengeBid).where(ChallengeBid.challenge_id == row.id).order_by(ChallengeBid.rank.nulls_last(), ChallengeBid.id)
    )
    return {"bids": list(bids), "ties": TIES, "decided": TIES.get(row.decided_by or "")}


def ranking_data(session: Any, row: StaffArena) -> dict[str, Any]:
    """Ranks with names."""
    rows = arenas.ranking(session, row)
    names = dict(session.execute(select(UserProfile.id, UserProfile.name).where(UserProfile.id.in_([r[1] for r in rows]))).all())
    return {"rows": [(rank, names.get(user, ""), total, best) for rank, user, total, best in rows]}


RESOURCES = [
    Resource(
        "services.star_nomination",
        StarNomination,
        Titles(_l("Star nominations"), _l("Star nomination"), _l("New star nomination")),
        columns=(
            Col("number", width=130, link=True),
            Col("title", width=300, important=True),
            Col("nominee.name", _l("Nominated"), width=120, important=True),
            Col("nominated_on", width=105),
            Col("mean"),
            Col("stars", width=80, important=True),
            Col("state", width=130),
        ),
        sections=(
            Section(_l("Star nomination"), ("title", "nominee_id", "evidence")),
            Section(_l("Course"), ("number", "nominated_by_id", "nominated_on", "mean", "stars", "published_on")),
        ),
        create=f"{S}.stars:create_nomination",
        workflow=f"{W}:NOMINATION",
        load=("nominee", "nominated_by"),
        search=("number", "title"),
        tabs=(
            Related("panel", _l("Panel"), "services.panel_seat", "nomination_id", order=5),
            Related("scores", _l("Scores"), "services.panel_score", "nomination_id", order=6),
        ),
        menu=("contests", 10),
        icon="star",
    ),
    Resource(
        "services.star_band",
        StarBand,
        Titles(_l("Star bands"), _l("Star band"), _l("New star band")),
        columns=(
            Col("stars", width=80, important=True, link=True),
            Col("from_score", width=120, important=True),
            Col("effective_from", width=120, important=True),
        ),
        sections=(Section(_l("Star band"), ("effective_from", "stars", "from_score")),),
        create=f"{S}.stars:create_band",
        remove=f"{S}.stars:remove_band",
        sort="-from_score",
        menu=("contests", 90),
        icon="stars",
    ),
    Resource(
        "services.assignment",
        StaffAssignment,
        Titles(_l("Named tasks"), _l("Named task"), _l("Name somebody for a task")),
        columns=(
            Col("number", width=130, link=True),
            Col("topic", width=300, important=True),
            Col("owner.name", _l("Named owner"), width=120, important=True),
            Col("assigner.name", _l("Set by"), width=120),
            Col("due_on", width=105, important=True),
            Col("points", width=80),
            Col("state", width=150),
        ),
        sections=(
            Section(_l("Named task"), ("topic", "targets", "owner_id", "due_on", "points")),
            Section(_l("Course"), ("number", "assigner_id", "set_on", "delivery", "delivered_on", "reviewed_on", "reason")),
        ),
        create=f"{S}.assignments:create_assignment",
        workflow=f"{W}:ASSIGNMENT",
        load=("owner", "assigner"),
        search=("number", "topic"),
        menu=("contests", 20),
        icon="target-arrow",
        views=(
            View("open", _l("Under way"), (Filter("state", "in", ["named", "accepted", "delivered"]),), "due_on"),
            View("all", _l("All"), (), "-id"),
        ),
    ),
    Resource(
        "services.challenge",
        StaffChallenge,
        Titles(_l("Open challenges"), _l("Open challenge"), _l("New open challenge")),
        columns=(
            Col("number", width=130, link=True),
            Col("title", width=300, important=True),
            Col("bids_until", width=105, important=True),
            Col("due_on", width=105),
            Col("reward"),
            Col("points", width=80),
            Col("state", width=140, important=True),
        ),
        sections=(
            Section(_l("Open challenge"), ("title", "targets", "bids_until", "due_on", "reward", "points")),
            Section(_l("Course"), ("number", "published_on", "picked_on", "decided_by", "finding", "ended_on")),
        ),
        create=f"{S}.challenges:create_challenge",
        change=f"{S}.challenges:change_challenge",
        workflow=f"{W}:CHALLENGE",
        editable_in=("draft",),
        search=("number", "title"),
        tabs=(
            Tab("result", _l("Bids and ranking"), "services/challenge.html", result_data, order=4),
            Related("bids", _l("Bids"), "services.bid", "challenge_id", order=5),
            Related("panel", _l("Panel"), "services.panel_seat", "challenge_id", order=6),
        ),
        menu=("contests", 30),
        icon="trophy",
    ),
    Resource(
        "services.bid",
        ChallengeBid,
        Titles(_l("Bids for challenges"), _l("Bid for a challenge"), _l("Bid for it")),
        columns=(
            Col("bid_on", width=105, important=True, link=True),
            Col("challenge.title", _l("Challenge"), width=280, important=True),
            Col("bidder.name", _l("Bidder"), width=120, important=True),
            Col("team", width=160),
            Col("mean"),
            Col("rank", width=80),
            Col("challenge_id", hidden=True),
        ),
        sections=(
            Section(_l("Bid for a challenge"), ("challenge_id", "plan", "team")),
            Section(_l("Course"), ("bidder_id", "bid_on", "mean", "rank")),
        ),
        create=f"{S}.challenges:create_bid",
        load=("challenge", "bidder"),
        search=("challenge.title",),
        parent=("challenge_id", "services.challenge"),
        icon="gavel",
        tabs=(Related("scores", _l("Scores"), "services.panel_score", "bid_id", order=5),),
    ),
    Resource(
        "services.panel_seat",
        PanelSeat,
        Titles(_l("Members of panels"), _l("Seat on a panel"), _l("Add a member of the panel")),
        columns=(
            Col("user.name", USER["user.name"], width=140, important=True, link=True),
            Col("challenge.title", _l("Challenge"), width=260, important=True),
            Col("nomination.title", _l("Nomination"), width=260, important=True),
            Col("nomination_id", hidden=True),
            Col("challenge_id", hidden=True),
        ),
        sections=(Section(_l("Seat on a panel"), ("nomination_id", "challenge_id", "user_id")),),
        create=f"{S}.panels:create_seat",
        remove=f"{S}.panels:remove_seat",
        load=("user", "challenge", "nomination"),
        sort="id",
        parent=("challenge_id", "services.challenge"),
        icon="users",
    ),
    Resource(
        "services.panel_score",
        PanelScore,
        Titles(_l("Scores of panels"), _l("Score of a panel member"), _l("Give a score")),
        columns=(
            Col("score", width=90, important=True, link=True),
            Col("seat.user.name", _l("Member of the panel"), width=140, important=True),
            Col("remark", width=260, important=True),
            Col("nomination_id", hidden=True),
            Col("bid_id", hidden=True),
        ),
        sections=(Section(_l("Score of a panel member"), ("nomination_id", "bid_id", "score", "remark")),),
        create=f"{S}.panels:create_score",
        load=("seat", "bid", "nomination"),
        sort="id",
        parent=("bid_id", "services.bid"),
        icon="123",
    ),
    Resource(
        "services.arena",
        StaffArena,
        Titles(_l("Arena contests"), _l("Arena contest"), _l("New arena contest")),
        columns=(
            Col("number", width=120, link=True),
            Col("title", width=320, important=True),
            Col("begins_on", width=105, important=True),
            Col("points", width=90),
            Col("state", width=130, important=True),
        ),
        sections=(Section(_l("Arena contest"), ("title", "begins_on", "points")), Section(_l("Course"), ("number", "published_on"))),
        create=f"{S}.arenas:create_arena",
        change=f"{S}.arenas:change_arena",
        workflow=f"{W}:ARENA",
        editable_in=("open",),
        search=("number", "title"),
        tabs=(
            Tab("ranking", _l("Ranking"), "services/ranking.html", ranking_data, order=4),
            Related("rounds", _l("Rounds"), "services.arena_score", "arena_id", order=5),
        ),
        menu=("contests", 40),
        icon="tournament",
    ),
    Resource(
        "services.arena_score",
        ArenaScore,
        Titles(_l("Results of rounds"), _l("Result of a round"), _l("Enter a round result")),
        columns=(
            Col("round_no", width=80, important=True, link=True),
            Col("subject", width=200),
            Col("user.name", USER["user.name"], width=140, important=True),
            Col("score", width=90, important=True),
            Col("arena_id", hidden=True),
            Col("user_id", hidden=True),
        ),
        sections=(Section(_l("Result of a round"), ("arena_id", "round_no", "subject", "user_id", "score")),),
        create=f"{S}.arenas:create_arena_score",
        load=("arena", "user"),
        sort="round_no",
        parent=("arena_id", "services.arena"),
        icon="medal",
    ),
    Resource(
        "services.point",
        StaffPoint,
        Titles(_l("Points of staff"), _l("Points of an event"), None),
        columns=(
            Col("on_date", width=105, important=True, link=True),
            Col("user.name", USER["user.name"], width=140, important=True),
            Col("source", width=160, important=True),
            Col("points", width=90, total="sum"),
            Col("record_id", width=90, hidden=True),
            Col("user_id", hidden=True),
        ),
        sections=(Section(_l("Points of an event"), ("user_id", "source", "resource", "record_id", "on_date", "points")),),
        load=("user",),
        search=("user.name",),
        sort="-on_date",
        menu=("contests", 50),
        icon="sum",
    ),
    Resource(
        "services.point_rule",
        PointRule,
        Titles(_l("Rules of points"), _l("Rule of points"), _l("New rule of points")),
        columns=(
            Col("source", width=180, important=True, link=True),
            Col("points", width=100, important=True),
            Col("effective_from", width=120, important=True),
        ),
        sections=(Section(_l("Rule of points"), ("source", "effective_from", "points")),),
        create=f"{S}.awards:create_point_rule",
        remove=f"{S}.awards:remove_point_rule",
        sort="source",
        menu=("contests", 80),
        icon="list-numbers",
    ),
    Resource(
        "services.award",
        StaffAward,
        Titles(_l("Awards for pay"), _l("Award for pay"), _l("New award for pay")),
        columns=(
            Col("number", width=120, important=True, link=True),
            Col("user.name", USER["user.name"], width=130, important=True),
            Col("text", width=260),
            Col("pay_month", width=100),
            Col("amount", important=True, total="sum"),
            Col("state", width=140),
            Col("user_id", hidden=True),
        ),
        sections=(
            Section(_l("Award for pay"), ("user_id", "resource", "record_id", "text", "pay_month", "amount")),
            Section(_l("Course"), ("number", "prepared_by_id", "approved_on")),
        ),
        create=f"{S}.awards:create_award",
        change=f"{S}.awards:change_award",
        workflow=f"{W}:AWARD",
        editable_in=("draft", "returned"),
        load=("user", "prepared_by"),
        search=("number",),
        views=(
            View("all", _l("All"), (), "-id"),
            View("pay", _l("Pay list"), (Filter("state", "eq", "approved"),), "-pay_month"),
        ),
        menu=("contests", 60),
        icon="award",
        money=True,
    ),
]
