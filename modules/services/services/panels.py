"""Seats and scores of panels. Rules SV-150 to SV-152."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from parkops import records, settings
from parkops.db.session import scope_of
from parkops.errors import NotFound
from parkops.i18n import _l
from parkops.security import access

from ..models.contest import ChallengeBid, StaffChallenge, StarNomination
from ..models.panel import PanelScore, PanelSeat
from .steps import refuse

SEATS = "services.panel_seat"
OPEN = {StarNomination: ("nominated",), StaffChallenge: ("draft", "published")}


def lock(session: Any, model: Any, record_id: int) -> Any:
    """The contest's row, locked: a bid and a seat of one person cannot be entered side by side."""
    return session.scalars(
        select(model).where(model.id == record_id).with_for_update(of=model).execution_options(populate_existing=True)
    ).one_or_none()


def create_seat(session: Any, *, user_id: int, nomination_id: int | None = None, challenge_id: int | None = None) -> PanelSeat:
    """SV-150: no bidder, nominee or nominator on the panel of their own contest."""
    access.require(session, SEATS, "add")
    if (nomination_id is None) == (challenge_id is None):
        raise refuse("SV-150", _l("Choose the nomination or the challenge."), "challenge_id")
    model = StarNomination if nomination_id is not None else StaffChallenge
    owner = lock(session, model, nomination_id or challenge_id)
    if owner is not None and owner.state not in OPEN[model]:
        raise refuse("SV-150", _l("The panel is closed."))
    if nomination_id is not None and owner is not None and user_id in (owner.nominee_id, owner.nominated_by_id):
        raise refuse("SV-150", _l("Who is nominated or nominated somebody sits on no panel about it."), "user_id")
    b = ChallengeBid
    if challenge_id is not None and session.scalar(select(b.id).where(b.challenge_id == challenge_id, b.bidder_id == user_id)) is not None:
        raise refuse("SV-150", _l("A bidder sits on no panel of the same challenge."), "user_id")
    return records.create(session, PanelSeat, {"user_id": user_id, "nomination_id": nomination_id, "challenge_id": challenge_id})


def remove_seat(session: Any, row: PanelSeat) -> None:
    """Before a score was given."""
    records.remove(session, row, (PanelScore, "seat_id", _l("This member has scored already.")))


def create_score(
    session: Any, *, score: int, nomination_id: int | None = None, bid_id: int | None = None, remark: str | None = None
) -> PanelScore:
    """SV-151: a member's own score, once; nobody scores for somebody else."""
    access.require(session, "services.panel_score", "add")
    if (nomination_id is None) == (bid_id is None):
        raise refuse("SV-151", _l("Choose the nomination or the bid."), "bid_id")
    if not 0 <= score <= 100:
        raise refuse("SV-151", _l("A score is 0 to 100."), "score")
    bid = session.get(ChallengeBid, bid_id) if bid_id is not None else None
    if bid_id is not None and bid is None:
        raise NotFound(_l("There is no such record in your parks."))
    where = PanelSeat.nomination_id == nomination_id if bid is None else PanelSeat.challenge_id == bid.challenge_id
    seat = session.scalars(select(PanelSeat).where(where, PanelSeat.user_id == scope_of(session).user_id)).one_or_none()
    if seat is None:
        raise refuse("SV-151", _l("Only members of the panel score, each for themselves."))
    model, owner_id = (StaffChallenge, bid.challenge_id) if bid is not None else (StarNomination, nomination_id)
    owner = lock(session, model, owner_id)
    if owner is None or owner.state not in OPEN[model]:
        raise refuse("SV-151", _l("The scoring is closed."))
    return records.create(
        session, PanelScore, {"seat_id": seat.id, "nomination_id": nomination_id, "bid_id": bid_id, "score": score, "remark": remark}
    )


def seats(session: Any, **of: int) -> int:
    """How many sit on the panel."""
    name, record_id = next(iter(of.items()))
    return session.scalar(select(func.count(PanelSeat.id)).where(getattr(PanelSeat, name) == record_id))


def too_few(session: Any, park_id: int, count: int) -> str | None:
    """SV-152: a panel has at least so many members."""
    least = int(settings.get(session, "services.panel_least", park_id))
    return str(_l("The panel has %(n)s members; at least %(least)s are needed.", n=count, least=least)) if count < least else None
