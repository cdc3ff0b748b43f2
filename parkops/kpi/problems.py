"""Which KPIs could not be computed, for which period: written when one fails, removed by its next success."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from ..clock import Period, now
from .models import KpiProblem


def known(session: Any, codes: list[str]) -> set[tuple[str, str, date]]:
    """code, grain and first day of the periods that failed last time."""
    p = KpiProblem
    return {tuple(r) for r in session.execute(select(p.code, p.grain, p.period_start).where(p.code.in_(codes)))}


def note(session: Any, code: str, period: Period, message: str) -> None:
    """Keep the latest error of a KPI and period."""
    new = insert(KpiProblem).values(code=code, grain=period.grain, period_start=period.start, message=message, at=now())
    session.execute(new.on_conflict_do_update(index_elements=["code", "grain", "period_start"],
                                              set_={"message": new.excluded.message, "at": new.excluded.at}))


def clear(session: Any, code: str, period: Period) -> None:
    """Forget it."""
    session.execute(delete(KpiProblem).where(KpiProblem.code == code, KpiProblem.grain == period.grain,
                                             KpiProblem.period_start == period.start),
                    execution_options={"synchronize_session": False})
