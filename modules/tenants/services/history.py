"""Questions to the dated stage history: who was where and what on a day. Read only, set-based."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import BigInteger, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, Range

from parkops.errors import NotFound
from parkops.i18n import _l

from ..calc import Row
from ..models.firm import Firm
from ..models.stage import Stage
from .merge import resolve


def status_on(session: Any, day: date, firm_ids: list[int] | None = None) -> dict[int, tuple[str, int | None]]:
    """State and carrier of firms on a day, from history: `{firm_id: (state, carrier_id)}`; one statement.

    Firms without a row on that day were register entries then and are left out."""
    query = select(Stage.firm_id, Stage.state, Stage.carrier_id).where(Stage.during.contains(day))
    if firm_ids is not None:
        query = query.where(Stage.firm_id == any_(literal(list(firm_ids), ARRAY(BigInteger))))
    return {firm_id: (state, carrier_id) for firm_id, state, carrier_id in session.execute(query)}


def counts_on(session: Any, day: date) -> dict[tuple[int | None, str], int]:
    """How many firms were in each carrier and state on a day: `{(carrier_id, state): n}`."""
    query = (select(Stage.carrier_id, Stage.state, func.count()).where(Stage.during.contains(day))
             .group_by(Stage.carrier_id, Stage.state))
    return {(carrier_id, state): n for carrier_id, state, n in session.execute(query)}


def histories(session: Any, start: date, end: date) -> dict[int, list[Any]]:
    """Stage rows (`calc.Row`, ordered) of every firm with a row touching `[start - 1 day, end)`, for `calc.chain`."""
    window = Range(start - timedelta(days=1), end, bounds="[)")
    out: dict[int, list[Any]] = {}
    query = (select(Stage.firm_id, Stage.state, Stage.carrier_id, Stage.starts_on, Stage.ends_on)
             .where(Stage.during.overlaps(window)).order_by(Stage.firm_id, Stage.starts_on))
    for firm_id, *row in session.execute(query):
        out.setdefault(firm_id, []).append(Row(*row))
    return out


def firm_of(session: Any, firm_id: int) -> Firm:
    """The firm in the session's parks, following merges; NotFound otherwise."""
    firm = session.scalars(select(Firm).where(Firm.id == resolve(session, firm_id))).one_or_none()
    if firm is None:
        raise NotFound(_l("There is no such record in your parks."))
    return firm
