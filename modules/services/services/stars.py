"""评星定级: nominate → panel scores → star band → publish. Rules SV-153 to SV-154; our own design."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import func, select

from parkops import clock, records
from parkops.db.session import scope_of
from parkops.i18n import _l

from .. import calc_contest
from ..models.contest import StarBand, StarNomination
from ..models.panel import PanelScore
from ..states_contest import NOMINATION
from . import panels
from .steps import number, refuse, take


def create_band(session: Any, **values: Any) -> StarBand:
    """From which mean score on how many stars."""
    return records.create(session, StarBand, values)


def remove_band(session: Any, row: StarBand) -> None:
    """A line of the table."""
    records.remove(session, row)


def create_nomination(session: Any, *, title: str, nominee_id: int, evidence: str, on: date | None = None) -> StarNomination:
    """A highlight of somebody's work; nobody nominates themselves (SV-153). The day is the clock's: it decides the table of bands."""
    scope, on = scope_of(session), on or clock.today()
    if nominee_id == scope.user_id:
        raise refuse("SV-153", _l("Nobody nominates themselves. Ask a colleague."), "nominee_id")
    values = {
        "title": title,
        "nominee_id": nominee_id,
        "evidence": evidence,
        "nominated_on": on,
        "nominated_by_id": scope.user_id,
        "number": number(session, "star_nomination", scope.park_id, on),
    }
    return records.create(session, StarNomination, values)


def why_not_close(session: Any, row: StarNomination) -> str | None:
    """Enough members, all have scored."""
    count = panels.seats(session, nomination_id=row.id)
    given = session.scalar(select(func.count(PanelScore.id)).where(PanelScore.nomination_id == row.id))
    return panels.too_few(session, row.park_id, count) or (
        None if given == count else str(_l("%(n)s members have not scored yet.", n=count - given))
    )


def close_scoring(session: Any, row: StarNomination, *, on: date) -> None:
    """SV-154: the mean of the panel and the stars by the table in force on the day of nomination."""
    row = panels.lock(session, StarNomination, row.id)
    if (why := why_not_close(session, row)) is not None:
        raise refuse("SV-152", why)
    value = calc_contest.mean(list(session.scalars(select(PanelScore.score).where(PanelScore.nomination_id == row.id))))
    take(
        session,
        NOMINATION,
        row,
        "score",
        on=on,
        after=row.nominated_on,
        mean=calc_contest.shown(value),
        stars=calc_contest.stars(value, bands(session, row.park_id, row.nominated_on)) or None,
    )


def bands(session: Any, park_id: int, on: date) -> list[tuple[int, int]]:
    """(from score, stars) of the table in force."""
    start = session.scalar(select(func.max(StarBand.effective_from)).where(StarBand.park_id == park_id, StarBand.effective_from <= on))
    if start is None:
        raise refuse("SV-154", _l("Enter the table of star bands first."))
    found = session.execute(
        select(StarBand.from_score, StarBand.stars).where(StarBand.park_id == park_id, StarBand.effective_from == start)
    )
    return [tuple(r) for r in found]


def publish_stars(session: Any, row: StarNomination, *, on: date) -> None:
    """Everybody may see it; without stars it is not published."""
    if row.stars is None:
        raise refuse("SV-154", _l("The mean score reaches no band. Take the nomination back."))
    take(session, NOMINATION, row, "publish", on=on, after=row.nominated_on, published_on=on)


def withdraw_nomination(session: Any, row: StarNomination, *, reason: str) -> None:
    """Before it is published."""
    take(session, NOMINATION, row, "withdraw", reason=reason)
