"""Facts: where a rule's values come from. A provider answers for many subjects at once, set-based.

    @facts.provider("tenants.firm", "max_single_round", title=_l("Largest single round"))
    def max_single_round(session, subjects, on):
        rows = ...one query for all subjects...
        return {id: Fact(value, source=_("Financing event of …"), records=[("tenants.financing", 7)]) for ...}

A subject the provider leaves out, or answers with UNKNOWN, is unknown; zero is a value. A fact without provider may be
assessed by a person (`assess`); without that it is unknown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import select

from ..db.park_optional import owner_park
from ..db.session import scope_of
from ..errors import Problem, RuleError
from ..i18n import _, _l
from ..refs import ref
from ..security import access
from .models import Assessment


class _Unknown:
    """The value of a fact nobody knows. Neither true nor false; comparing it never passes."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __str__(self) -> str:
        return "—"

    def __bool__(self) -> bool:
        raise TypeError("an unknown fact is neither true nor false; ask `fact.known`")


UNKNOWN = _Unknown()


@dataclass(frozen=True)
class Fact:
    """value: number (int or Decimal), text, bool, date, list, or UNKNOWN; source: where it was read, as people say it;
    records: [(resource, id), …]; collect: what to collect when it is unknown."""

    value: Any = UNKNOWN
    source: str = ""
    records: Sequence[tuple[str, int]] = ()
    collect: str = ""

    @property
    def known(self) -> bool:
        return self.value is not UNKNOWN


@dataclass(frozen=True)
class Provider:
    subject: str
    name: str
    fn: Callable[..., dict[int, Fact]]
    title: Any = None
    choices: Any = None  # Choices whose labels stand for the codes
    fmt: str | None = None  # percent for shares


PROVIDERS: dict[tuple[str, str], Provider] = {}


def provider(subject: str, name: str, title: Any = None, *, choices: Any = None,
             fmt: str | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: `fn(session, subjects, on) -> {id: Fact}` answers the fact `name` for records of `subject`.

    choices: labels of the codes it answers with; fmt="percent" for shares. Both only for showing (`text_of`)."""

    def register(fn: Callable[..., Any]) -> Callable[..., Any]:
        have = PROVIDERS.get((subject, name))
        if have is not None and (have.fn.__module__, have.fn.__qualname__) != (fn.__module__, fn.__qualname__):
            raise ValueError(f"fact {name} of {subject} has two providers: {have.fn.__module__} and {fn.__module__}")
        PROVIDERS[subject, name] = Provider(subject, name, fn, title, choices, fmt)
        return fn

    return register


def text_of(subject: str, name: str, value: Any) -> str:
    """A fact's value or threshold in words: labels for codes, grouped numbers, shares in percent; a dash for nothing."""
    known = PROVIDERS.get((subject, name))
    if value is UNKNOWN or value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list | tuple):
        return "、".join(str(known.choices.label(v)) if known is not None and known.choices else str(v) for v in value) or _("none")
    exact = number(value)
    if exact is None:
        return str(known.choices.label(value)) if known is not None and known.choices else str(value)
    if known is not None and known.fmt == "percent":
        return f"{(exact * 100).normalize():f}%"
    return f"{exact.to_integral_value():,}" if exact == exact.to_integral_value() else f"{exact:,}"


def gather(session: Any, subject: str, subjects: Sequence[Any], names: Sequence[str], on: date, *,
           given: Mapping[str, dict[int, Fact]] | None = None) -> dict[int, dict[str, Fact]]:
    """Every named fact of every subject: one provider call (or one query for assessments) per fact. `given`: facts a caller has
    counted already, by name; their providers are not asked again."""
    out: dict[int, dict[str, Fact]] = {s.id: {} for s in subjects}
    if not subjects:
        return out
    assessed = _assessed(session, subject, list(out), names, on)
    for name in names:
        known = PROVIDERS.get((subject, name))
        found = given[name] if given is not None and name in given else known.fn(session, subjects, on) if known else {}
        for record_id, facts in out.items():
            fact = found.get(record_id, Fact())
            if fact.value is None:  # missing is never a value
                fact = replace(fact, value=UNKNOWN)
            if not fact.known and name in assessed.get(record_id, {}):
                fact = replace(assessed[record_id][name], collect=fact.collect)
            facts[name] = fact
    return out


def _assessed(session: Any, subject: str, ids: list[int], names: Sequence[str], on: date) -> dict[int, dict[str, Fact]]:
    rows = session.execute(
        select(Assessment).where(Assessment.resource == subject, Assessment.record_id.in_(ids),
                                 Assessment.fact.in_(names), Assessment.on_date <= on)
        .order_by(Assessment.on_date, Assessment.id)).scalars()
    out: dict[int, dict[str, Fact]] = {}
    for a in rows:  # later rows overwrite earlier ones
        source = _("Assessed by %(who)s on %(day)s: %(note)s", who=a.user_name, day=a.on_date.isoformat(), note=a.note)
        out.setdefault(a.record_id, {})[a.fact] = Fact(a.value, source=source, records=[("core.assessment", a.id)])
    return out


def assess(session: Any, owner: Any, fact: str, value: Any, *, on: date, note: str) -> Assessment:
    """Record what a person found about a fact of `owner` on a day, with grounds. Needs `act` on the owner's resource."""
    resource, record_id = ref(owner)
    access.require(session, resource, "act")
    if not note.strip():
        raise RuleError([Problem("rules.grounds_missing", _l("Write down the grounds of the assessment."), "note")])
    scope = scope_of(session)
    row = Assessment(resource=resource, record_id=record_id, park_id=owner_park(session, owner), fact=fact,
                     value=as_json(value), on_date=on, note=note.strip(), user_id=scope.user_id, user_name=scope.user_name)
    session.add(row)
    session.flush()
    return row


def as_json(value: Any) -> Any:
    """A JSON form that keeps numbers exact (Decimal -> text) and days as ISO text."""
    if isinstance(value, Decimal):
        return format(value.normalize(), "f") if value == value.to_integral_value() else format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return [as_json(v) for v in (sorted(value, key=str) if isinstance(value, set | frozenset) else value)]
    return value


def number(value: Any) -> Decimal | None:
    """An exact number, or None when the value is none. A float is refused: it has already lost the answer."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, float):
        raise TypeError("facts are int or Decimal, never float")
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() else None
