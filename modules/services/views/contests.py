"""Screens of staff contests. The flows are this product's own design; only the modes' names are published."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from parkops.i18n import _l
from parkops.security.models import UserProfile
from parkops.web.resource import Filter, Related, Tab, View

from ..models.contest import ChallengeBid, StaffAssignment, StaffChallenge, StarBand, StarNomination
from ..models.panel import ArenaScore, PanelScore, PanelSeat, PointRule, StaffArena, StaffAward, StaffPoint
from ..services import arenas
from ._make import plain

W = "modules.services.states_contest"
TIES = {
    "mean": _l("the higher mean score"),
    "lowest": _l("equal means: the higher lowest score"),
    "earlier": _l("equal scores: the earlier bid"),
    "entry": _l("same day: the bid entered first"),
}
USER = {"user.username": _l("Member of staff")}


def result_data(session: Any, row: StaffChallenge) -> dict[str, Any]:
    """Bids by rank and the rule that decided."""
    bids = session.scalars(
        select(ChallengeBid).where(ChallengeBid.challenge_id == row.id).order_by(ChallengeBid.rank.nulls_last(), ChallengeBid.id)
    )
    return {"bids": list(bids), "ties": TIES, "decided": TIES.get(row.decided_by or "")}


def ranking_data(session: Any, row: StaffArena) -> dict[str, Any]:
    """Ranks with names."""
    rows = arenas.ranking(session, row)
    names = dict(session.execute(select(UserProfile.id, UserProfile.username).where(UserProfile.id.in_([r[1] for r in rows]))).all())
    return {"rows": [(rank, names.get(user, ""), total, best) for rank, user, total, best in rows]}


RESOURCES = [
    plain(
        StarNomination,
        _l("Star nominations"),
        _l("Star nomination"),
        _l("New star nomination"),
        "number:130 title!:300 nominee.username!:120 nominated_on:105 mean: stars!:80 state:130",
        "title nominee_id evidence nominated_on",
        "stars:create_nomination",
        more="number nominated_by_id mean stars published_on",
        labels={"nominee.username": _l("Nominated")},
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
    plain(
        StarBand,
        _l("Star bands"),
        _l("Star band"),
        _l("New star band"),
        "stars!:80 from_score!:120 effective_from!:120",
        "effective_from stars from_score",
        "stars:create_band//remove_band",
        sort="-from_score",
        menu=("contests", 90),
        icon="stars",
    ),
    plain(
        StaffAssignment,
        _l("Named tasks"),
        _l("Named task"),
        _l("Name somebody for a task"),
        "number:130 topic!:300 owner.username!:120 assigner.username:120 due_on!:105 points:80 state:150",
        "topic targets owner_id due_on points",
        "assignments:create_assignment",
        more="number assigner_id set_on delivery delivered_on reviewed_on reason",
        labels={"owner.username": _l("Named owner"), "assigner.username": _l("Set by")},
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
    plain(
        StaffChallenge,
        _l("Open challenges"),
        _l("Open challenge"),
        _l("New open challenge"),
        "number:130 title!:300 bids_until!:105 due_on:105 reward: points:80 state!:140",
        "title targets bids_until due_on reward points",
        "challenges:create_challenge/change_challenge",
        more="number published_on picked_on decided_by finding ended_on",
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
    plain(
        ChallengeBid,
        _l("Bids for challenges"),
        _l("Bid for a challenge"),
        _l("Bid for it"),
        "bid_on!:105 challenge.title!:280 bidder.username!:120 team:160 mean: rank:80 challenge_id-",
        "challenge_id plan team",
        "challenges:create_bid",
        more="bidder_id bid_on mean rank",
        labels={"challenge.title": _l("Challenge"), "bidder.username": _l("Bidder")},
        load=("challenge", "bidder"),
        search=("challenge.title",),
        parent=("challenge_id", "services.challenge"),
        icon="gavel",
        tabs=(Related("scores", _l("Scores"), "services.panel_score", "bid_id", order=5),),
    ),
    plain(
        PanelSeat,
        _l("Members of panels"),
        _l("Seat on a panel"),
        _l("Add a member of the panel"),
        "user.username!:140 challenge.title!:260 nomination.title!:260 nomination_id- challenge_id-",
        "nomination_id challenge_id user_id",
        "panels:create_seat//remove_seat",
        labels={**USER, "challenge.title": _l("Challenge"), "nomination.title": _l("Nomination")},
        load=("user", "challenge", "nomination"),
        sort="id",
        parent=("challenge_id", "services.challenge"),
        icon="users",
    ),
    plain(
        PanelScore,
        _l("Scores of panels"),
        _l("Score of a panel member"),
        _l("Give a score"),
        "score!:90 seat.user.username!:140 remark!:260 nomination_id- bid_id-",
        "nomination_id bid_id score remark",
        "panels:create_score",
        labels={"seat.user.username": _l("Member of the panel")},
        load=("seat", "bid", "nomination"),
        sort="id",
        parent=("bid_id", "services.bid"),
        icon="123",
    ),
    plain(
        StaffArena,
        _l("Arena contests"),
        _l("Arena contest"),
        _l("New arena contest"),
        "number:120 title!:320 begins_on!:105 points:90 state!:130",
        "title begins_on points",
        "arenas:create_arena/change_arena",
        more="number published_on",
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
    plain(
        ArenaScore,
        _l("Results of rounds"),
        _l("Result of a round"),
        _l("Enter a round result"),
        "round_no!:80 subject:200 user.username!:140 score!:90 arena_id- user_id-",
        "arena_id round_no subject user_id score",
        "arenas:create_arena_score",
        labels=USER,
        load=("arena", "user"),
        sort="round_no",
        parent=("arena_id", "services.arena"),
        icon="medal",
    ),
    plain(
        StaffPoint,
        _l("Points of staff"),
        _l("Points of an event"),
        None,
        "on_date!:105 user.username!:140 source!:160 points:90 record_id-:90 user_id-",
        "user_id source resource record_id on_date points",
        labels=USER,
        load=("user",),
        search=("user.username",),
        sort="-on_date",
        menu=("contests", 50),
        icon="sum",
    ),
    plain(
        PointRule,
        _l("Rules of points"),
        _l("Rule of points"),
        _l("New rule of points"),
        "source!:180 points!:100 effective_from!:120",
        "source effective_from points",
        "awards:create_point_rule//remove_point_rule",
        sort="source",
        menu=("contests", 80),
        icon="list-numbers",
    ),
    plain(
        StaffAward,
        _l("Awards for pay"),
        _l("Award for pay"),
        _l("New award for pay"),
        "number!:120 user.username!:130 text:260 pay_month:100 amount!: state:140 user_id-",
        "user_id resource record_id text pay_month amount",
        "awards:create_award/change_award",
        more="number prepared_by_id approved_on",
        labels=USER,
        workflow=f"{W}:AWARD",
        editable_in=("draft", "returned"),
        load=("user", "prepared_by"),
        search=("number",),
        menu=("contests", 60),
        icon="award",
        money=True,
    ),
]
