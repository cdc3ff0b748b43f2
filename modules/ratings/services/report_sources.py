"""Which records a report speaks of, found while it is made. Rule R-135.

A report made by the job counts with every right; what it read decides who may open it, not who made it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from parkops.kpi.catalogue import all_kpis
from parkops.kpi.models import KpiValue
from parkops.reports.registry import all_reports

# reports that show more than the resource they stand under and their indicators
MORE = {"board-pack": ("ratings.assessment",), "cockpit": ("ratings.assessment", "ratings.forecast", "ratings.score")}


@contextmanager
def asked(session: Any) -> Iterator[set[str]]:
    """The codes of the indicators whose figures are asked for meanwhile."""
    known, codes = all_kpis(), set()

    def look(state: Any) -> None:
        if state.is_select and any(m.class_ is KpiValue for m in state.all_mappers):
            codes.update(c for c in _texts(state.statement.compile().params.values()) if c in known)

    event.listen(session, "do_orm_execute", look)
    try:
        yield codes
    finally:
        event.remove(session, "do_orm_execute", look)


def _texts(values: Iterable[Any]) -> Iterator[str]:
    for v in values:
        if isinstance(v, str):
            yield v
        elif isinstance(v, (list, tuple, set, frozenset)):
            yield from _texts(v)


def sources(report: str, codes: Iterable[str]) -> list[str]:
    """The resources whose records a report with these indicators tells about."""
    known, found = all_kpis(), all_reports().get(report)
    own = [found.resource] if found is not None else []
    return sorted({*own, *MORE.get(report, ()), *(known[c].resource or "core.kpi" for c in codes)})


def sources_of(made: Any) -> list[str]:
    """Those of a kept report; one that does not say may hold any indicator."""
    named = made.parameters.get("reads")
    return list(named) if named is not None else sources(made.report, all_kpis())
