"""The firms nearest to closing a gate, and why each is near. Rule R-03."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select

from modules.tenants.models.financing import EQUITY_KINDS, FinancingEvent
from modules.tenants.models.firm import Firm
from modules.tenants.models.graduation import GraduationCandidate
from modules.tenants.models.intellectual import IntellectualProperty
from modules.tenants.models.qualification import QUALIFICATION_KINDS, Qualification
from modules.tenants.services.fact_queries import qualifications_on
from parkops.i18n import _

from .measures import Measured


@dataclass(frozen=True)
class Near:
    """A firm that does not count yet, and what it has already."""

    firm_id: int
    name: str
    why: str


def firms(session: Any, carrier: Any, fact: str, m: Measured | None, on: date) -> list[Near]:
    """Nearest first; empty where no firm can close the gate."""
    if m is None or fact not in HOW:
        return []
    open_ones = sorted(set(m.base) - set(m.hits))
    ranked = HOW[fact](session, carrier, open_ones, on)
    names = dict(session.execute(select(Firm.id, Firm.name).where(Firm.id.in_([f for f, _why in ranked]))).all())
    return [Near(f, names[f], why) for f, why in ranked if f in names]


def _qualified(session: Any, carrier: Any, ids: list[int], on: date) -> list[tuple[int, str]]:
    """Held before, then holders of another qualification, then by the number of valid rights."""
    kinds = ("tech_sme", "innovative_sme")
    q, ip = Qualification, IntellectualProperty
    lapsed = dict(
        session.execute(
            select(q.firm_id, func.max(q.obtained_on)).where(q.firm_id.in_(ids), q.kind.in_(kinds), q.obtained_on <= on).group_by(q.firm_id)
        ).all()
    )
    held = qualifications_on(session, ids, on)
    rights = dict(
        session.execute(select(ip.firm_id, func.count()).where(ip.firm_id.in_(ids), ip.granted_on <= on).group_by(ip.firm_id)).all()
    )

    def why(f: int) -> str:
        if f in lapsed:
            return _("held the qualification of %(day)s, not valid any more", day=lapsed[f].isoformat())
        if held.get(f):
            return "、".join(str(QUALIFICATION_KINDS.label(k)) for k in sorted(held[f]))
        return _("%(n)s granted rights", n=rights[f]) if rights.get(f) else _("no qualification yet")

    return [(f, why(f)) for f in sorted(ids, key=lambda f: (f not in lapsed, not held.get(f), -rights.get(f, 0), f))]


def _growing(session: Any, carrier: Any, ids: list[int], on: date) -> list[tuple[int, str]]:
    """Highest growth first; firms without one last."""
    from ..facts.firms import growth_of

    rates = {f: max(r.values()) for f, (r, _records) in growth_of(session, ids, on).items()}
    text = lambda f: _("growth %(rate)s %%", rate=f"{rates[f] * 100:.1f}") if f in rates else _("no figure of two years")  # noqa: E731
    return [(f, text(f)) for f in sorted(ids, key=lambda f: (f not in rates, -rates.get(f, 0), f))]


def _financed(session: Any, carrier: Any, ids: list[int], on: date) -> list[tuple[int, str]]:
    """Firms with rounds of other years first, then with loans."""
    e = FinancingEvent
    rows = session.execute(
        select(e.firm_id, func.max(e.on_date).filter(e.kind.in_(EQUITY_KINDS)), func.max(e.on_date))
        .where(e.firm_id.in_(ids), e.on_date <= on)
        .group_by(e.firm_id)
    ).all()
    found = {f: (equity, last) for f, equity, last in rows}

    def why(f: int) -> str:
        equity, last = found.get(f, (None, None))
        return (
            _("last round on %(day)s", day=equity)
            if equity
            else _("loan or grant on %(day)s", day=last)
            if last
            else _("no financing on record")
        )

    def key(f: int) -> tuple[Any, ...]:
        equity, last = found.get(f, (None, None))
        return (equity is None, last is None, -(equity or last).toordinal() if last else 0, f)

    return [(f, why(f)) for f in sorted(ids, key=key)]


def _graduates(session: Any, carrier: Any, ids: list[int], on: date) -> list[tuple[int, str]]:
    """Candidates of the latest month: who meets a criterion first, then with the fewest open ones."""
    c = GraduationCandidate
    month = session.scalar(select(func.max(c.month)).where(c.month <= on))
    rows = session.scalars(select(c).where(c.month == month, c.firm_id.in_(ids), c.verdict.in_(("pass", "unknown")))).all() if month else []
    rows = sorted(rows, key=lambda r: (r.verdict != "pass", r.unknown_count, r.firm_id))
    return [
        (r.firm_id, _("meets %(what)s", what=r.met) if r.verdict == "pass" else _("%(n)s criteria open", n=r.unknown_count)) for r in rows
    ]


def _rights(session: Any, carrier: Any, ids: list[int], on: date) -> list[tuple[int, str]]:
    """Firms with applications under way."""
    ip = IntellectualProperty
    found = dict(
        session.execute(
            select(ip.firm_id, func.count()).where(ip.firm_id.in_(ids), ip.applied_on <= on, ip.granted_on.is_(None)).group_by(ip.firm_id)
        ).all()
    )
    return [
        (f, _("%(n)s applications under way", n=found[f]) if f in found else _("no application on record"))
        for f in sorted(ids, key=lambda f: (-found.get(f, 0), f))
    ]


def _teams(session: Any, carrier: Any, ids: list[int], on: date) -> list[tuple[int, str]]:
    """Teams and prospects of the park that could register in the carrier."""
    f = Firm
    rows = session.execute(
        select(f.id, f.state)
        .where(f.park_id == carrier.park_id, f.state.in_(("team", "prospect")))
        .order_by(f.state.desc(), f.id)
        .limit(50)
    ).all()
    return [(r.id, _("start-up team of the park") if r.state == "team" else _("prospect of the park")) for r in rows]


HOW = {
    "sme_share": _qualified,
    "hitech_sme_share": _qualified,
    "growth_share": _growing,
    "growth_share_10": _growing,
    "financed_firm_share": _financed,
    "invested_firm_share": _financed,
    "graduate_share": _graduates,
    "ip_applied_share": _rights,
    "ip_valid_share": _rights,
    "new_registered_share": _teams,
    "incubatee_count": _teams,
    "firms_per_1000": _teams,
}
