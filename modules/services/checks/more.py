"""Tie-outs for `parkops check`: money of applications, winners, panels, codes, answered incidents."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from parkops.checks import Check
from parkops.i18n import _, _l

from ..models.contest import ChallengeBid, StaffChallenge
from ..models.panel import PanelSeat
from ..models.policy import PolicyApplication, PolicyPayment
from ..models.repair import IncidentTicket, ServiceIncident

A, P = PolicyApplication, PolicyPayment


def payments(session: Any) -> list[str]:
    """What an application says was paid is the sum of its payments."""
    total = select(func.coalesce(func.sum(P.amount), 0)).where(P.application_id == A.id).correlate(A).scalar_subquery()
    return [
        _("Application %(number)s: paid %(a)s, payments %(b)s.", number=n, a=a, b=b)
        for n, a, b in session.execute(select(A.number, A.paid, total).where(A.paid != total))
    ]


def panels(session: Any) -> list[str]:
    """No bidder sits on the panel; a picked challenge has one winner."""
    c, b, s = StaffChallenge, ChallengeBid, PanelSeat
    both = session.scalars(select(c.number).join(b, b.challenge_id == c.id).join(s, (s.challenge_id == c.id) & (s.user_id == b.bidder_id)))
    found = [_("Challenge %(number)s: a bidder sits on its panel.", number=n) for n in both]
    won = select(func.count(b.id)).where(b.challenge_id == c.id, b.rank == 1).correlate(c).scalar_subquery()
    rows = session.scalars(select(c.number).where(c.state.in_(("picked", "accepted", "rejected")), won != 1))
    return found + [_("Challenge %(number)s has no winner.", number=n) for n in rows]


def incidents(session: Any) -> list[str]:
    """A closed incident has answered all its tickets."""
    i, t = ServiceIncident, IncidentTicket
    rows = session.execute(
        select(i.number, func.count(t.id))
        .join(t, t.incident_id == i.id)
        .where(i.state == "closed", t.answered_on.is_(None))
        .group_by(i.number)
    )
    return [_("Incident %(number)s is over; %(n)s tickets are not answered.", number=a, n=n) for a, n in rows]


CHECKS = [
    Check("services.policy_payments", _l("Applications are paid what their payments say"), payments),
    Check("services.panels", _l("Panels of contests are apart from bidders"), panels),
    Check("services.incidents", _l("Closed incidents have answered their tickets"), incidents),
]
