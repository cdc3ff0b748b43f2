"""Figures a statutory form may show, by name. A source answers for many carriers (or firms) and a period, with the records behind it.

Names: `measure:<name>` (a measure of services/measures.py, asked on the day after the year), `sum.<figure>` and `statement.<figure>`
(annual statements), and the ones registered by `source` in form_carriers.py and form_firms.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from modules.tenants.models.statement import FIGURES, FirmStatement
from parkops.i18n import _l

from .measures import MEASURES

Record = tuple[str, int, Decimal | None]
MEASURE, SUM, STATEMENT = "measure:", "sum.", "statement."


@dataclass(frozen=True)
class Span:
    """The period of a filing, both days included. carrier_id: the carrier a firm's form is of (a firm may sit in several)."""

    first: date
    last: date
    carrier_id: int | None = None

    @property
    def after(self) -> date:
        return self.last + timedelta(days=1)

    @property
    def is_year(self) -> bool:
        return (self.first.month, self.first.day, self.last.month, self.last.day) == (1, 1, 12, 31) and self.first.year == self.last.year


@dataclass(frozen=True)
class Got:
    """An exact value (yuan, m², persons, a text, a day, yes or no) with its records and what part each has; None is unreported."""

    value: Any = None
    source: Any = ""  # a text, or a message with its values, read in the reader's language
    records: tuple[Record, ...] = ()
    collect: Any = ""

    @property
    def adds_up(self) -> bool | None:
        """Whether the records' amounts make the value; None where records carry no amounts."""
        amounts = [a for _resource, _id, a in self.records]
        if not isinstance(self.value, Decimal | int) or isinstance(self.value, bool) or not amounts or any(a is None for a in amounts):
            return None
        return sum(amounts, Decimal(0)) == self.value


Answer = dict[int, Got]


@dataclass(frozen=True)
class Source:
    """subject: carrier or firm. choices: the value is the msgid of a choice's label. formula: the sentence on the cell's page."""

    name: str
    title: Any
    subject: str
    fn: Callable[[Any, Sequence[Any], Span], Answer]
    formula: Any = None
    choices: bool = False


SOURCES: dict[str, Source] = {}


def source(name: str, title: Any, subject: str = "carrier", *, formula: Any = None, choices: bool = False) -> Callable[[Any], Any]:
    """Decorator: register `fn(session, subjects, span) -> {id: Got}`."""

    def register(fn: Any) -> Any:
        SOURCES[name] = Source(name, title, subject, fn, formula, choices)
        return fn

    return register


def known(name: str, subject: str) -> Source | None:
    """The source of a name, or None when nobody registered it for this subject."""
    if name.startswith(MEASURE) and subject == "carrier":
        found = MEASURES.get(name[len(MEASURE) :])
        return None if found is None else Source(name, found.title, subject, _measured(found), found.formula)
    if name.startswith(STATEMENT) and name[len(STATEMENT) :] in FIGURES:
        found = SOURCES["statement"] if subject == "firm" else None
        return found and Source(name, _label(name[len(STATEMENT) :]), subject, _figure(found.fn, name[len(STATEMENT) :]), found.formula)
    if name.startswith(SUM) and name[len(SUM) :] in FIGURES:
        found = SOURCES["sum"] if subject == "carrier" else None
        return found and Source(name, _label(name[len(SUM) :]), subject, _figure(found.fn, name[len(SUM) :]), found.formula)
    found = SOURCES.get(name)
    return found if found is not None and found.subject == subject and name not in ("sum", "statement") else None


def names(subject: str) -> list[tuple[str, Any]]:
    """Every name that may be written into a field of a form, with its title."""
    own = [(s.name, s.title) for s in SOURCES.values() if s.subject == subject and s.name not in ("sum", "statement")]
    figures = [((SUM if subject == "carrier" else STATEMENT) + n, _label(n)) for n in FIGURES]
    measures = [(MEASURE + m.name, m.title) for m in MEASURES.values()] if subject == "carrier" else []
    return [*sorted(own, key=lambda x: x[0]), *figures, *sorted(measures, key=lambda x: x[0])]


def _label(figure: str) -> Any:
    return FirmStatement.__table__.c[figure].info["label"]


def _figure(fn: Any, figure: str) -> Any:
    return lambda session, subjects, span: fn(session, subjects, span, figure)


def _measured(found: Any) -> Any:
    """A measure answers about the year before the day it is asked."""

    def answer(session: Any, carriers: Sequence[Any], span: Span) -> Answer:
        if not span.is_year:
            return {c.id: Got(collect=_l("This figure is counted for years only")) for c in carriers}
        out = {}
        for record_id, m in found.fn(session, carriers, span.after).items():
            value = None if m.count.value is None else Decimal(m.count.value)
            out[record_id] = Got(value, m.source, tuple((r, i, None) for r, i in m.records), m.collect)
        return out

    return answer


def gather(session: Any, names_wanted: Sequence[str], subject: str, subjects: Sequence[Any], span: Span) -> dict[int, dict[str, Got]]:
    """subject id → source name → answer; each source is asked once for all of them."""
    out: dict[int, dict[str, Got]] = {s.id: {} for s in subjects}
    for name in sorted(set(names_wanted)):
        found = known(name, subject)
        if found is None:
            continue
        for record_id, got in found.fn(session, subjects, span).items():
            if record_id in out:
                out[record_id][name] = got
    return out
