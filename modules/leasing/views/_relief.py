"""What the pages and tabs of rent relief show."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from parkops import approval, attachments, clock
from parkops.rules import engine
from parkops.rules.models import Decision

from ..models.relief import ReliefBudget, ReliefScheme
from ..models.relief_case import METHODS, ReliefApplication
from ..services import relief_cases as cases
from ..services import relief_decide as decide
from ..services import relief_posting as relief_lines
from ..services import relief_queries as queries
from ..states_relief import RELIEF

STATE_TITLES = {s.code: s.title for s in RELIEF.states}
STATE_TONES = {s.code: s.tone for s in RELIEF.states}


def share(part: Decimal, whole: Decimal | None) -> int | None:
    """Percent of the budget for the bar, 0 to 100; None without a budget."""
    if whole is None or not whole:
        return None
    return min(100, int(part * 100 / whole))


def budget(scheme: ReliefScheme) -> dict[str, Any]:
    """The budget bar."""
    return {
        "budget": scheme.budget,
        "committed": scheme.committed,
        "left": decide.budget_left(scheme),
        "percent": share(scheme.committed, scheme.budget),
    }


def card_data(session: Any, app: ReliefApplication) -> dict[str, Any]:
    """What a person who decides needs on one screen, phone or not: how much, budget left, rules, months, who signed."""
    decision = session.scalars(select(Decision).where(Decision.id == (app.decision_id or 0))).one_or_none()
    asked = next(iter(approval.of(session, app)), None)
    lines = relief_lines.relief_lines(session, app) if app.state in ("posted", "clawed_back") else []
    earlier = [d for d in engine.decisions_of(session, app) if d.id != app.decision_id]
    return {
        "app": app,
        "decision": decision,
        "earlier": earlier,
        "months": cases.months(session, app),
        "budget": budget(app.scheme),
        "asked": asked,
        "needed": decide.people_needed(session, app),
        "methods": METHODS,
        "lines": {c.source_id: c for c in lines},
        "objections": cases.open_objections(session, app),
        "passed": queries.passed_on(session, [app.id]).get(app.id),
        "states": STATE_TITLES,
        "today": clock.today(),
    }


def scheme_data(session: Any, scheme: ReliefScheme) -> dict[str, Any]:
    """Budget, carriers' parts, counts by state, files and packs."""
    counts = session.execute(
        select(ReliefApplication.state, func.count(), func.coalesce(func.sum(ReliefApplication.amount), 0))
        .where(ReliefApplication.scheme_id == scheme.id)
        .group_by(ReliefApplication.state)
    ).all()
    order = list(STATE_TITLES)
    parts = session.scalars(select(ReliefBudget).where(ReliefBudget.scheme_id == scheme.id).order_by(ReliefBudget.id)).all()
    files = attachments.of(session, scheme)
    return {
        "scheme": scheme,
        "budget": budget(scheme),
        "counts": sorted(((s, n, a) for s, n, a in counts), key=lambda x: order.index(x[0])),
        "titles": STATE_TITLES,
        "tones": STATE_TONES,
        "parts": [(p, share(p.committed, p.amount)) for p in parts],
        "policy": [f for f in files if f.kind != "audit_pack"],
        "packs": [f for f in files if f.kind == "audit_pack"],
        "year": clock.today().year,
        "years": sorted({scheme.covers_from.year, scheme.covers_to.year, *_years(session, scheme)}),
    }


def _years(session: Any, scheme: ReliefScheme) -> list[int]:
    year = func.extract("year", ReliefApplication.posted_on)
    return [
        int(y)
        for y in session.scalars(
            select(year).where(ReliefApplication.scheme_id == scheme.id, ReliefApplication.posted_on.is_not(None)).distinct()
        )
    ]


def rule_sets(session: Any) -> list[tuple[str, str]]:
    """Rule sets a scheme may name."""
    from parkops.rules.models import RuleSet

    rows = session.scalars(select(RuleSet).where(RuleSet.subject == "leasing.lease", RuleSet.enabled).order_by(RuleSet.key))
    return [(r.key, str(r)) for r in rows]
