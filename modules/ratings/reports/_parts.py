"""Parts several reports of ratings share: figures as cells, tables of carriers, the annex from the definitions book."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from parkops.clock import Period, add_months
from parkops.i18n import _, _l
from parkops.kpi import store
from parkops.kpi.catalogue import readable
from parkops.kpi.figures import unit_word
from parkops.money import round_fen
from parkops.reports import annex, charts
from parkops.reports.document import Cell, Column, Section, Table
from parkops.reports.kpi_sheet import CELL_FORMAT, _cell
from parkops.rules import facts, logic
from parkops.security import access

from ..services import definitions
from ..services.measures import CARRIER, MEASURES

VERDICTS = {logic.PASS: _l("met"), logic.FAIL: _l("not met"), logic.CANNOT_SAY: _l("cannot say")}
TONES = {logic.PASS: "#1a6e3a", logic.FAIL: "#b3261e", logic.CANNOT_SAY: "#9ca3af"}
SIGNS = {"gte": "≥", "gt": ">", "lte": "≤", "lt": "<", "eq": "="}


def figure(fact: str, value: Any) -> Cell:
    """A fact's value with its own format; UNKNOWN is not reported."""
    if value is facts.UNKNOWN or value is None:
        return Cell(None, "text")
    if isinstance(value, bool):
        return Cell(value, "bool")
    exact, known = facts.number(facts.as_json(value)), MEASURES.get(fact)
    if exact is None:
        return Cell(facts.text_of(CARRIER, fact, value), "text")
    if known is not None and known.fmt == "percent":
        return Cell(exact, "percent")
    return Cell(exact, "int") if exact == exact.to_integral_value() else Cell(round_fen(exact), "decimal")


def book(session: Any, codes: Iterable[str]) -> Section:
    """The annex: entries of the definitions book; the indicators' own words for who may not read the book."""
    wanted = list(dict.fromkeys(codes))
    if not access.may(session, definitions.RESOURCE, "read"):
        return annex.annex(wanted)
    rows = [
        [d.title, d.formula, d.unit, " ".join(filter(None, (d.source, d.clause))) or _("own definition of the park"), d.code]
        for d in definitions.definitions(session, wanted)
    ]
    return Section(
        _l("Annex: definitions and sources"),
        table=Table(annex.COLUMNS, rows),
        note=_l("A figure that was not reported is shown as such and is never counted as zero."),
        level=1,
    )


def kpi_codes(session: Any, period: Period, *wanted: str) -> list[str]:
    """Those of these indicators that are measured for such periods and whose records the actor may read."""
    known = readable(session)
    return [c for c in wanted if c in known and period.grain in known[c].grains]


def kpi_section(session: Any, title: Any, codes: Sequence[str], period: Period, park_id: int | None, **more: Any) -> Section:
    """Figures of the period beside the one before, a year ago and the target; a frozen figure says what counting again gives."""
    known = readable(session)
    periods = [period, period.previous(), Period.of(period.grain, add_months(period.start, -12))]
    found = {(s.kpi.code, s.period): s for s in store.figures(session, list(codes), periods, park_id=park_id)}
    rows = []
    for code in codes:
        kpi, now = known[code], found.get((code, period))
        target = Cell(now.target, CELL_FORMAT[kpi.unit]) if now is not None and now.target is not None else ""
        rows.append([str(kpi.title), str(unit_word(kpi)), *(_cell(kpi, found.get((code, p))) for p in periods), target])
    columns = (Column(_l("Indicator"), width=2.4), Column(_l("Unit"), width=0.7), *(Column(p.key, right=True) for p in periods),
               Column(_l("Target"), right=True))  # fmt: skip
    return Section(title, table=Table(columns, rows), **more)


def kpi_lines(session: Any, title: str, codes: Sequence[str], period: Period, park_id: int | None, n: int = 13, **size: int) -> str | None:
    """A line per indicator over the last `n` periods; all of one unit."""
    known = readable(session)
    if not codes:
        return None
    found = store.trend(session, codes, period, n, park_id=park_id)
    labels = [s.period.key for s in found[codes[0]]]
    series = [charts.Series(str(known[c].title), [s.value for s in found[c]]) for c in codes]
    return charts.lines(labels, series, CELL_FORMAT[known[codes[0]].unit], title=title, **size)


def percent(part: Any, whole: Any) -> Decimal | None:
    """part ÷ whole as a fraction; None without a whole."""
    return None if part is None or not whole else Decimal(part) / Decimal(whole)
