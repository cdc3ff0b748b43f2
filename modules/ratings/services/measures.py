"""Measures: a fact about a carrier as two counts, with the records behind it and the firms that count.

`measure(name, title, …)` registers a function and the fact of that name for the rules engine, so that a rule, a rating indicator, the
what-if and the definitions book read the same figure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from parkops import registry
from parkops.rules import facts
from parkops.rules.facts import UNKNOWN, Fact, provider

from ..calc_gates import ONE, Count

CARRIER = "tenants.carrier"


@dataclass(frozen=True)
class Measured:
    """A count with its source. `base`: the firms it is a share of; `hits`: those that count; `collect`: what is missing when unknown."""

    count: Count = field(default_factory=Count)
    source: Any = ""  # a text, or a message read in the reader's language; so is collect
    records: tuple[tuple[str, int], ...] = ()
    hits: tuple[int, ...] = ()
    base: tuple[int, ...] = ()
    collect: Any = ""

    @property
    def value(self) -> Any:
        return UNKNOWN if self.count.value is None else self.count.value

    def as_json(self) -> dict[str, Any]:
        """What an assessment keeps."""
        text = lambda x: None if x is None else format(x, "f")  # noqa: E731
        return {
            "numerator": text(self.count.numerator),
            "denominator": text(self.count.denominator),
            "per": text(self.count.per),
            "absolute": self.count.absolute,
            "hits": list(self.hits),
            "base": list(self.base),
        }


@dataclass(frozen=True)
class Measure:
    """A registered measure. `lack`: the sentence of a gap with `%(n)s`; `moves`: what a what-if may change about it."""

    name: str
    title: Any
    fn: Callable[[Any, Sequence[Any], date], dict[int, Measured]]
    fmt: str | None = None
    lack: Any = None
    unit: str = ""
    moves: bool = True
    formula: Any = None


MEASURES: dict[str, Measure] = {}


def measure(
    name: str, title: Any, *, fmt: str | None = None, lack: Any = None, unit: str = "", moves: bool = True, formula: Any = None
) -> Callable[[Any], Any]:
    """Decorator: `fn(session, carriers, on) -> {carrier id: Measured}`."""

    def register(fn: Any) -> Any:
        MEASURES[name] = Measure(name, title, fn, fmt, lack, unit, moves, formula)

        def answer(session: Any, subjects: Sequence[Any], on: date) -> dict[int, Fact]:
            return {k: fact_of(m) for k, m in fn(session, subjects, on).items()}

        answer.__qualname__, answer.__module__ = f"fact_{name}", fn.__module__
        provider(CARRIER, name, title=title, fmt=fmt)(answer)
        return fn

    return register


def fact_of(m: Measured) -> Fact:
    """The fact the rules engine compares."""
    return Fact(m.value, source=m.source, records=m.records[:200], collect=m.collect)


def installed(module: str) -> bool:
    """Whether a module this one only extends is there."""
    return module in registry.registry().manifests


def absolute(n: Any, source: Any = "", records: Sequence[tuple[str, int]] = (), hits: Sequence[int] = (), collect: Any = "") -> Measured:
    """A plain number; None is unknown."""
    return Measured(Count(None if n is None else Decimal(n), absolute=True), source, tuple(records), tuple(sorted(hits)), (), collect)


def part(
    n: Any,
    d: Any,
    source: Any = "",
    records: Sequence[tuple[str, int]] = (),
    *,
    hits: Sequence[int] = (),
    base: Sequence[int] = (),
    per: Decimal = ONE,
    collect: Any = "",
) -> Measured:
    """A share; without a base it is unknown."""
    return Measured(
        Count(None if n is None else Decimal(n), None if d is None else Decimal(d), per),
        source,
        tuple(records),
        tuple(sorted(hits)),
        tuple(sorted(base)),
        collect,
    )


def gather_measures(session: Any, carriers: Sequence[Any], names: Sequence[str], on: date) -> dict[int, dict[str, Measured]]:
    """Every named measure of every carrier; names nobody registered are left out."""
    out: dict[int, dict[str, Measured]] = {c.id: {} for c in carriers}
    for name in names:
        if name in MEASURES:
            for record_id, m in MEASURES[name].fn(session, carriers, on).items():
                out[record_id][name] = m
    return out


def gather_both(
    session: Any, carriers: Sequence[Any], names: Sequence[str], on: date
) -> tuple[dict[int, dict[str, Fact]], dict[int, dict[str, Measured]]]:
    """Facts and measures of the same names, each measure counted once."""
    measured = gather_measures(session, carriers, names, on)
    given = {n: {k: fact_of(m[n]) for k, m in measured.items() if n in m} for n in names if n in MEASURES}
    return facts.gather(session, CARRIER, carriers, names, on, given=given), measured


def with_numerator(m: Measured, numerator: Decimal, denominator: Decimal | None = None) -> Measured:
    """The same measure with supposed counts."""
    count = replace(m.count, numerator=numerator, denominator=m.count.denominator if denominator is None else denominator)
    return replace(m, count=count)
