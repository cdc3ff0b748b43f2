"""The sheet of indicators: this period, the previous one, a year ago, the target, and how each is defined."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from ..clock import Period, add_months
from ..i18n import _, _l
from ..kpi import store
from ..kpi.catalogue import readable
from ..kpi.figures import shown, text_of, unit_word
from ..kpi.registry import Kpi
from ..models import Park
from ..registry import discover
from .document import Cell, Column, Document, Section, Table
from .registry import Report, Request

CELL_FORMAT = {"count": "int", "people": "int", "percent": "percent", "money": "money", "area": "area", "hours": "decimal"}


def kpi_sheet(session: Any, request: Request) -> Document:
    """One table per module with every indicator measured for the period's grain whose records the actor may read."""
    period = request.period
    assert period is not None
    sections = [section for _name, section in module_sections(session, period, request.park_id)]
    sections.append(_definitions([k for k in readable(session).values() if period.grain in k.grains]))
    return Document(_l("Indicators"), context(session, request), tuple(sections), request.at, request.made_by)


def module_sections(session: Any, period: Period, park_id: int | None) -> list[tuple[str, Section]]:
    """(module, its table of stored figures) for the period, the one before and a year ago."""
    kpis = [k for k in readable(session).values() if period.grain in k.grains]
    periods = [period, period.previous(), Period.of(period.grain, add_months(period.start, -12))]
    found = {(s.kpi.code, s.period): s for s in store.figures(session, [k.code for k in kpis], periods, park_id=park_id)}
    return [(name, _module_section(name, part, periods, found)) for name, part in _by_module(kpis)]


def context(session: Any, request: Request) -> str:
    """`Park · period`."""
    park = session.get(Park, request.park_id) if request.park_id else None
    name = str(park) if park is not None else _("All parks")
    return f"{name} · {request.period.key}" if request.period else name


def _by_module(kpis: Iterable[Kpi]) -> list[tuple[str, list[Kpi]]]:
    groups: dict[str, list[Kpi]] = {}
    for k in kpis:
        groups.setdefault(k.module, []).append(k)
    return list(groups.items())


def module_title(name: str) -> str:
    """The module's title in the language of the reader."""
    found = discover().get(name)
    return _(found.title) if found is not None else name


def _module_section(name: str, kpis: list[Kpi], periods: list[Period], found: dict[tuple, store.Shown]) -> Section:
    rows: list[list[Any]] = []
    for kpi in kpis:
        now, before, year = (found.get((kpi.code, p)) for p in periods)
        target = Cell(now.target, CELL_FORMAT[kpi.unit]) if now is not None and now.target is not None else ""
        rows.append([str(kpi.title), str(unit_word(kpi)), *(_cell(kpi, s) for s in (now, before, year)), target])
    figures = (Column(p.key, right=True) for p in periods)
    columns = (Column(_l("Indicator"), width=2.4), Column(_l("Unit"), width=0.8), *figures, Column(_l("Target"), right=True))
    return Section(module_title(name), table=Table(columns, rows))


def _cell(kpi: Kpi, s: store.Shown | None) -> Any:
    if s is None or not s.stored:
        return _("not computed")
    if s.value is None and (text := text_of(kpi, s.figure)) == "—":
        return text
    notes = []
    if s.figure is not None and s.figure.missing and s.value is not None:
        notes.append(_("(%(n)s not reported)", n=s.figure.missing))
    if s.delta not in (None, Decimal(0)):
        notes.append(_("(frozen; now %(value)s)", value=shown(kpi, s.live_value)))
    return Cell(s.value, CELL_FORMAT[kpi.unit], " ".join(notes) or None)


def _definitions(kpis: list[Kpi]) -> Section:
    rows = [[str(k.title), str(k.explain), k.source, k.code, k.version] for k in kpis]
    columns = (Column(_l("Indicator"), width=1.4), Column(_l("Definition"), width=3), Column(_l("Source"), width=1.2),
               Column(_l("Code"), width=1.2), Column(_l("Version"), "int"))
    return Section(_l("Definitions"), table=Table(columns, rows))


REPORTS = [Report("kpi-sheet", _l("Sheet of indicators"), kpi_sheet, resource="core.kpi",
                  explain=_l("Every indicator of a period beside the previous one, a year ago and the target."))]
