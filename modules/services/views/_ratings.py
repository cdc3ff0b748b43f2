"""What the rating tab of a case shows: the rating, or the code with which the client gives it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from parkops.db.types import Choices
from parkops.i18n import _l
from parkops.web.addresses import public_url
from parkops.web.resource import Input

from ..models.case import ServiceCase
from ..models.quality import GRADES, OFFLINE, ONLINE, RATED_BY, ReviewTask, ServiceRating
from ..services import ratings

BY_STAFF = Choices("services.rated_by_staff", *((code, RATED_BY.labels[code]) for code in ("device", "phone")))
RATE_INPUTS = (
    Input("stars", "choice", _l("Stars"), required=True, choices=GRADES),
    Input("rated_by", "choice", _l("Rated through"), required=True, choices=BY_STAFF, default="device"),
    *(Input(n, "choice", ServiceRating.__table__.c[n].info["label"], choices=GRADES) for n in OFFLINE),
    *(
        Input(n, "choice", ServiceRating.__table__.c[n].info["label"], choices=GRADES, help=_l("Only for cases asked for online"))
        for n in ONLINE
    ),
    Input("remark", "longtext", _l("Client's words"), max_length=1000),
)


def link_of(session: Any, case: ServiceCase) -> str:
    """The address the client opens."""
    return f"{public_url(session)}/services/rate/{ratings.token_of(case)}"


def rating_data(session: Any, case: ServiceCase) -> dict[str, Any]:
    """Stars and sub-scores, the loop of a bad review, or why it cannot be rated yet, or link and code."""
    row = session.scalars(select(ServiceRating).where(ServiceRating.case_id == case.id)).one_or_none()
    task = session.scalars(select(ReviewTask).where(ReviewTask.case_id == case.id)).one_or_none()
    why = ratings.why_not_rate(session, case)
    link = link_of(session, case) if row is None and why is None else None
    names = {c.name: c.info["label"] for c in ServiceRating.__table__.c if c.name in (*OFFLINE, *ONLINE)}
    return {
        "case": case,
        "row": row,
        "task": task,
        "why": why,
        "link": link,
        "svg": ratings.qr_svg(link) if link else None,
        "grades": GRADES,
        "scores": [(names[n], getattr(row, n)) for n in names if row is not None and getattr(row, n) is not None],
    }
