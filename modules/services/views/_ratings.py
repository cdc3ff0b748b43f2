"""What the rating tab of a case shows: the rating, or the code with which the client gives it."""

from __future__ import annotations

from typing import Any

from flask import request
from sqlalchemy import select

from ..models.case import ServiceCase
from ..models.quality import GRADES, OFFLINE, ONLINE, ReviewTask, ServiceRating
from ..services import ratings


def link_of(case: ServiceCase) -> str:
    """The address the client opens; on the host this page was asked from."""
    return f"{request.host_url.rstrip('/')}/services/rate/{ratings.token_of(case)}"


def rating_data(session: Any, case: ServiceCase) -> dict[str, Any]:
    """Stars and sub-scores, the loop of a bad review, or why it cannot be rated yet, or link and code."""
    row = session.scalars(select(ServiceRating).where(ServiceRating.case_id == case.id)).one_or_none()
    task = session.scalars(select(ReviewTask).where(ReviewTask.case_id == case.id)).one_or_none()
    why = ratings.why_not_rate(session, case)
    link = link_of(case) if row is None and why is None else None
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
