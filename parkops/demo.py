"""The demo park: a story told through the services, module by module, and its verification by counting.

A module with `"demo": True` in its manifest has `demo.py` with `load(context)`, `FIGURES: list[Figure]`, and where something comes
after what all modules load, `finish(context)`."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import func, select, update

from . import clock
from .clock import Period, now
from .db.session import Scope, session_scope, system_scope
from .registry import registry

ARTICLE_DAY = date(2022, 10, 31)
PARK_CODE = "jn-innovation"
NEWS = 5  # notices each person finds unread
PASSWORD = "ParkOps-demo-2022"  # noqa: S105 - shown on the login page of the demo on purpose
PERSONAS = (
    ("clerk", "operations_clerk", "王晓燕"), ("manager", "operations_manager", "刘建国"), ("finance", "finance", "陈静"),
    ("leader", "leadership", "赵明"), ("admin", "system_administrator", "孙伟"), ("auditor", "auditor", "周敏"),
)


@dataclass
class Context:
    """What a module's demo gets: sessions, the park, who is who, and a place to say how far it is."""

    park_id: int
    users: dict[str, int]
    say: Callable[[str], Any]
    shared: dict[str, Any] = field(default_factory=dict)

    def scope(self, role: str = "operations_clerk") -> Any:
        """A committed transaction with all rights in the demo park, in the name of that persona's demo user."""
        name = next(full for _user, persona, full in PERSONAS if persona == role)
        return session_scope(Scope(user_id=self.users[role], user_name=name, system=True, parks=frozenset({self.park_id}),
                                   park_id=self.park_id, reason="demo"))


@dataclass(frozen=True)
class Figure:
    """A published figure: code F01…, the number in print, and how it is counted from records on `ARTICLE_DAY`.

    at_least: the article says "more than" that number, so a larger count agrees with it."""

    code: str
    title: str
    published: Any
    count: Callable[[Any, int, date], tuple[Any, str]]  # (session, park_id, on) -> (value, query text)
    at_least: bool = False

    def agrees(self, counted: Any) -> bool:
        """Whether the count is what was published."""
        return counted is not None and (counted >= self.published if self.at_least else counted == self.published)


def _modules() -> list[Any]:
    return [importlib.import_module(f"{m.package}.demo") for m in registry().manifests.values() if m.demo]


def load(say: Callable[[str], Any] = print) -> None:
    """Load every module's demo; a second run changes nothing."""
    park_id, users = _park(), {}
    with system_scope("demo: users") as s:
        users = _users(s, park_id)
    context = Context(park_id, users, say)
    from .models import InstalledModule

    fresh = []
    for module in _modules():
        name = module.__name__.split(".")[1]
        with system_scope("demo: done?") as s:
            mark = s.scalars(select(InstalledModule).where(InstalledModule.name == name)).one()
            if mark.demo_loaded_at is not None:
                say(f"{name}: the demo is loaded already")
                continue
        module.load(context)
        with system_scope("demo: mark") as s:
            s.scalars(select(InstalledModule).where(InstalledModule.name == name)).one().demo_loaded_at = now()
        say(f"{name}: demo loaded")
        fresh.append(module)
    if fresh:  # once, over everything: an indicator of one module may count another's records
        for module in fresh:
            if (finish := getattr(module, "finish", None)) is not None:
                finish(context)
        _read()
        _figures(say)


def _read() -> None:
    """What seven years told people is read, but for the newest of each."""
    from .todos import Notice

    with system_scope("demo: notices read") as s:
        newest = func.row_number().over(partition_by=Notice.user_id, order_by=Notice.id.desc())
        told = select(Notice.id, newest.label("place")).where(Notice.read_at.is_(None)).subquery()
        s.execute(update(Notice).where(Notice.id.in_(select(told.c.id).where(told.c.place > NEWS))).values(read_at=now())
                  .execution_options(synchronize_session=False))


def _figures(say: Callable[[str], Any]) -> None:
    """Indicators of the months around the article's day and of the last year, the recent quarters and every year."""
    from .kpi import engine

    today, periods = clock.today(), []
    for grain, count in (("month", 13), ("quarter", 5), ("year", today.year - 2019)):
        period = Period.of(grain, today)
        for _n in range(count):
            periods.append(period)
            period = period.previous()
    article = Period.month(ARTICLE_DAY)
    periods += [article, article.previous(), Period.quarter(ARTICLE_DAY), Period.quarter(ARTICLE_DAY).previous()]
    with system_scope("demo: indicators") as s:
        done = engine.compute_all(s, sorted(set(periods)), today=today)
    say(f"indicators of {len(done)} periods computed")


def _park() -> int:
    from .models import Park

    with system_scope("demo: park") as s:
        park = s.scalars(select(Park).where(Park.code == PARK_CODE)).one_or_none()
        if park is None:
            park = Park(code=PARK_CODE, name="济宁创新谷", name_en="Jining Innovation Valley", company="济宁创新谷发展集团有限公司",
                        region_code="370800", address="山东省济宁市高新区")
            s.add(park)
            s.flush()
        return park.id


def _users(session: Any, park_id: int) -> dict[str, int]:
    from .security import users

    return {role: users.ensure_demo_user(session, username=name, role=role, full_name=full, park_id=park_id, password=PASSWORD)
            for name, role, full in PERSONAS}


def verify() -> list[dict[str, Any]]:
    """Every published figure next to the figure counted from the records."""
    park_id, rows = _park(), []
    for module in _modules():
        for figure in module.FIGURES:
            with system_scope("demo: verify", {park_id}, park_id=park_id) as s:
                counted, query = figure.count(s, park_id, ARTICLE_DAY)
                rows.append({"code": figure.code, "title": figure.title, "published": figure.published, "counted": counted,
                             "equal": figure.agrees(counted), "query": query})
    return sorted(rows, key=lambda r: r["code"])
