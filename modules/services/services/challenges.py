"""揭榜竞争: publish → bids → the panel picks → targets → accepted or not. Rules SV-157 to SV-159; our own design."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import func, select

from parkops import clock, records
from parkops.db.session import scope_of
from parkops.errors import Conflict, Problems
from parkops.i18n import _l
from parkops.security import access

from .. import calc_contest
from ..models.contest import ChallengeBid, StaffChallenge
from ..models.panel import PanelScore, PanelSeat
from ..states_contest import CHALLENGE
from . import panels
from .steps import number, refuse, take

B, C = ChallengeBid, StaffChallenge


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    if values["due_on"] <= values["bids_until"]:
        problems.add("services.SV-157", _l("Targets are met after the bids are in."), "due_on")


def create_challenge(session: Any, **values: Any) -> StaffChallenge:
    """A hard problem with its targets (SV-157)."""
    values["number"] = number(session, "challenge", None, clock.today())
    return records.create(session, C, values, _check)


def change_challenge(session: Any, row: StaffChallenge, **values: Any) -> StaffChallenge:
    """Before it is published; afterwards its targets stand."""
    return records.change(session, row, values, _check)


def publish_challenge(session: Any, row: StaffChallenge, *, on: date) -> None:
    """Open for bids."""
    if row.bids_until < on:
        raise refuse("SV-157", _l("Bids would have ended already. Change the day first."))
    take(session, CHALLENGE, row, "publish", on=on, published_on=on)


def create_bid(session: Any, *, challenge_id: int, plan: str, team: str | None = None, on: date | None = None) -> ChallengeBid:
    """SV-157: a bid in one's own name, once, by the last day; no member of the panel bids. The day is the clock's: it decides ties."""
    access.require(session, "services.bid", "add")
    scope, on = scope_of(session), on or clock.today()
    row = panels.lock(session, C, challenge_id)
    if row is None or row.state != "published" or on > row.bids_until:
        raise refuse("SV-157", _l("This challenge is not open for bids."), "challenge_id")
    if session.scalar(select(PanelSeat.id).where(PanelSeat.challenge_id == challenge_id, PanelSeat.user_id == scope.user_id)) is not None:
        raise refuse("SV-150", _l("A bidder sits on no panel of the same challenge."))
    return records.create(session, B, {"challenge_id": challenge_id, "bidder_id": scope.user_id, "plan": plan, "team": team, "bid_on": on})


def why_not_pick(session: Any, row: StaffChallenge) -> str | None:
    """Bids are over, the panel is complete, every member scored every bid."""
    count, bids = panels.seats(session, challenge_id=row.id), session.scalar(select(func.count(B.id)).where(B.challenge_id == row.id))
    if not bids:
        return str(_l("There is no bid."))
    if (why := panels.too_few(session, row.park_id, count)) is not None:
        return why
    given = session.scalar(select(func.count(PanelScore.id)).join(B, B.id == PanelScore.bid_id).where(B.challenge_id == row.id))
    return None if given == count * bids else str(_l("%(n)s scores are missing.", n=count * bids - given))


def entries(session: Any, challenge_id: int) -> list[calc_contest.Entry]:
    """Bids with their scores."""
    rows = session.execute(
        select(B.id, B.bid_on, func.array_agg(PanelScore.score))
        .join(PanelScore, PanelScore.bid_id == B.id)
        .where(B.challenge_id == challenge_id)
        .group_by(B.id, B.bid_on)
        .order_by(B.id)
    )
    return [calc_contest.Entry(i, tuple(s), day.toordinal(), i) for i, day, s in rows]


def pick_winner(session: Any, row: StaffChallenge, *, on: date) -> ChallengeBid:
    """SV-158: ranked by mean; ties by the higher lowest score, then the earlier bid. The row is locked: one pick only."""
    access.require(session, "services.challenge", "act")
    row = panels.lock(session, C, row.id)
    if row.state != "published":
        raise Conflict(_l("The winner was picked or the challenge called off meanwhile. Load the page again."), row)
    if on <= row.bids_until:
        raise refuse("SV-158", _l("Bids may come until %(day)s.", day=row.bids_until.isoformat()), "on")
    if (why := why_not_pick(session, row)) is not None:
        raise refuse("SV-158", why)
    ranked = calc_contest.rank(entries(session, row.id))
    bids = {b.id: b for b in session.scalars(select(B).where(B.challenge_id == row.id))}
    for n, entry in enumerate(ranked, 1):
        bids[entry.key].rank, bids[entry.key].mean = n, calc_contest.shown(calc_contest.mean(entry.scores))
    rule = calc_contest.decided_by(ranked[0], ranked[1] if len(ranked) > 1 else None)
    take(session, CHALLENGE, row, "pick", on=on, picked_on=on, decided_by=rule)
    return bids[ranked[0].key]


def winner(session: Any, row: StaffChallenge) -> ChallengeBid | None:
    """The bid of rank 1."""
    return session.scalars(select(B).where(B.challenge_id == row.id, B.rank == 1)).one_or_none()


def why_not_judge(session: Any, row: StaffChallenge) -> str | None:
    """Never the winner."""
    found = winner(session, row)
    return str(_l("Nobody reviews their own work.")) if found is not None and found.bidder_id == scope_of(session).user_id else None


def accept_result(session: Any, row: StaffChallenge, *, finding: str, on: date) -> None:
    """SV-159: the targets are met; it brings its points."""
    if (why := why_not_judge(session, row)) is not None:
        raise refuse("SV-159", why)
    take(session, CHALLENGE, row, "accept", on=on, after=row.picked_on, finding=finding, ended_on=on)


def reject_result(session: Any, row: StaffChallenge, *, reason: str, on: date) -> None:
    """SV-159: they are not."""
    if (why := why_not_judge(session, row)) is not None:
        raise refuse("SV-159", why)
    take(session, CHALLENGE, row, "reject", on=on, after=row.picked_on, reason=reason, finding=reason, ended_on=on)


def call_off(session: Any, row: StaffChallenge, *, reason: str, on: date) -> None:
    """No winner."""
    take(session, CHALLENGE, row, "call_off", on=on, reason=reason, ended_on=on)
