"""The indicators on a role's home: those the reader chose (kept per person), else those the modules put there (`kpis.py: HOME`)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from ..clock import Period, today
from ..db.session import scope_of
from ..errors import Problems
from ..i18n import _l
from ..kpi import catalogue
from ..security import access
from .models import UserPreference

LIMIT = 12
KEY = "home:indicators"
ROLES = ("leadership", "operations_manager", "finance")  # whose homes show figures


def offered(session: Any) -> list[Any]:
    """The monthly indicators the actor may read, in the catalogue's order."""
    if not access.may(session, "core.kpi", "read"):
        return []
    return [k for k in catalogue.readable(session).values() if "month" in k.grains]


def chosen(session: Any, kpis: list[Any], role: str) -> list[Any]:
    """Of `kpis` those that stand on the home: the reader's own, else the role's, else the first. A choice of which nothing is left
    (a module was removed) counts as none."""
    value = session.scalar(select(UserPreference.value).where(
        UserPreference.user_id == scope_of(session).user_id, UserPreference.key == KEY))
    for codes in (set((value or {}).get("codes") or ()), catalogue.on_home(role)):
        if found := [k for k in kpis if k.code in codes]:
            return found[:LIMIT]
    return kpis[:LIMIT]


def choose(session: Any, codes: list[str]) -> None:
    """Keep the choice of the actor; an empty one gives the role's again. Raises RuleError."""
    known, problems = {k.code for k in offered(session)}, Problems()
    if len(set(codes)) > LIMIT:
        problems.add("core.home_many", _l("Choose at most %(n)s indicators.", n=LIMIT), "codes")
    if set(codes) - known:
        problems.add("core.home_unknown", _l("One of these indicators is not offered; reload the page and choose again."), "codes")
    problems.stop()
    user = scope_of(session).user_id
    row = session.scalars(select(UserPreference).where(UserPreference.user_id == user, UserPreference.key == KEY)).one_or_none()
    if row is None:
        row = UserPreference(user_id=user, key=KEY)
        session.add(row)
    row.value = {"codes": sorted(set(codes))}
    session.flush()


def kpi_cards(session: Any, role: str) -> list[dict[str, Any]]:
    """The chosen indicators of the last complete month beside the month before; from the store."""
    kpis = offered(session)
    if not kpis:
        return []
    from ..kpi import store
    from ..kpi.figures import short, shown, text_of, unit_word

    kpis = chosen(session, kpis, role)
    last = Period.month(today()).previous()
    before = last.previous()
    found = {(s.kpi.code, s.period.key): s for s in store.figures(session, [k.code for k in kpis], [before, last])}
    out = []
    for kpi in kpis:
        current, former = found.get((kpi.code, last.key)), found.get((kpi.code, before.key))
        if current is None:
            continue
        delta = current.value - former.value if former and former.value is not None and current.value is not None else None
        out.append(
            {
                "title": str(kpi.title),
                "value": short(kpi, current.value) if current.value is not None else text_of(kpi, current.figure),
                "exact": text_of(kpi, current.figure) if current.figure is not None else shown(kpi, current.value),
                "unit": str(unit_word(kpi)),
                "missing": current.figure.missing if current.figure is not None and current.value is not None else 0,
                "period": last.key,
                "explain": str(kpi.explain),
                "url": f"/core/kpi/{kpi.code}?period={last.key}",
                "good": delta is not None and (delta > 0) == (kpi.better == "higher"),
                "delta": f"{'+' if delta > 0 else '−'}{short(kpi, abs(delta), current.value)}" if delta else "",
            }
        )
    return out


__all__ = ["LIMIT", "choose", "chosen", "kpi_cards", "offered"]
