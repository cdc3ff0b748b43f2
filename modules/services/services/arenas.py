"""业务比拼擂台赛: rounds with scores and a ranking. Rule SV-160; our own design."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from parkops import clock, records
from parkops.i18n import _l

from .. import calc_contest
from ..models.panel import ArenaScore, StaffArena
from ..states_contest import ARENA
from .steps import number, refuse, take


def create_arena(session: Any, **values: Any) -> StaffArena:
    """A contest of several rounds."""
    values["number"] = number(session, "arena", None, values.get("begins_on") or clock.today())
    return records.create(session, StaffArena, values)


def change_arena(session: Any, row: StaffArena, **values: Any) -> StaffArena:
    """While it runs."""
    return records.change(session, row, values)


def create_arena_score(session: Any, *, arena_id: int, round_no: int, subject: str, user_id: int, score: int) -> ArenaScore:
    """A result of a round, once per person."""
    row = session.get(StaffArena, arena_id)
    if row is not None and row.state != "open":
        raise refuse("SV-160", _l("The ranking is published."))
    if not 0 <= score <= 100 or not 1 <= round_no <= 20:
        raise refuse("SV-160", _l("A score is 0 to 100, a round 1 to 20."), "score")
    return records.create(
        session, ArenaScore, {"arena_id": arena_id, "round_no": round_no, "subject": subject, "user_id": user_id, "score": score}
    )


def ranking(session: Any, row: StaffArena) -> list[tuple[int, int, int, int]]:
    """(rank, user, total, best round)."""
    found: dict[int, list[int]] = {}
    for user, score in session.execute(select(ArenaScore.user_id, ArenaScore.score).where(ArenaScore.arena_id == row.id)):
        found.setdefault(user, []).append(score)
    return calc_contest.arena(found)


def why_not_publish(session: Any, row: StaffArena) -> str | None:
    """There is something to rank."""
    return None if ranking(session, row) else str(_l("There is no score yet."))


def publish_ranking(session: Any, row: StaffArena, *, on: date) -> None:
    """SV-160: total, then the best round; still equal shares the rank."""
    if (why := why_not_publish(session, row)) is not None:
        raise refuse("SV-160", why)
    take(session, ARENA, row, "publish", on=on, after=row.begins_on, published_on=on)


def call_off(session: Any, row: StaffArena, *, reason: str, on: date) -> None:
    """No ranking."""
    take(session, ARENA, row, "call_off", on=on, reason=reason)
