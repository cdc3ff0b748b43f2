"""The published figures of the demo park beside those counted: what a group says in print, held against its records. Rule R-150.

A figure comes from the demo's modules (`FIGURES`); a park that is not the demo has none, and says so."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import select

from modules.tenants.models.carrier import Carrier, CarrierGrade
from parkops import registry
from parkops.db.session import scope_of
from parkops.demo import ARTICLE_DAY, PARK_CODE, Figure
from parkops.models import Park
from parkops.security import access

from ..article_words import HOW_COUNTED
from . import article_rows


@dataclass(frozen=True)
class Counted:
    """One figure of the article: as printed, as counted, by which query, and the list of its records."""

    code: str
    title: str
    published: Any
    counted: Any
    equal: bool
    at_least: bool
    query: str
    resource: str
    url: str
    rows: int | None  # records behind it; None where a condition names them


def figures() -> list[Figure]:
    """The article's figures of every installed module, in the order of their codes."""
    found = []
    for manifest in registry.registry().manifests.values():
        if manifest.demo:
            found += importlib.import_module(f"{manifest.package}.demo").FIGURES
    return sorted((f for f in found if f.code.startswith("F")), key=lambda f: f.code)


def has_article(session: Any, park_id: int) -> bool:
    """Whether the park is the one the article speaks of."""
    return session.scalar(select(Park.code).where(Park.id == park_id)) == PARK_CODE


def counted(session: Any, park_id: int, on: date = ARTICLE_DAY) -> list[Counted]:
    """Every countable figure from the records of this park alone as of the day. It writes nothing."""
    access.require(session, "ratings.assessment", "read")
    out = []
    with _only(session, park_id):
        for f in figures():
            value, query = f.count(session, park_id, on)
            query = str(HOW_COUNTED.get(f.code, query))
            resource, ids, filters = article_rows.rows_of(session, park_id, on, f.code)
            url, n = article_rows.url_of(resource, filters), None if ids is None else len(ids)
            out.append(Counted(f.code, f.title, f.published, value, f.agrees(value), f.at_least, query, resource, url, n))
    return out


@contextmanager
def _only(session: Any, park_id: int) -> Iterator[None]:
    """The records of one park, though the reader may see more."""
    before = scope_of(session)
    session.info["scope"] = replace(before, parks=frozenset({park_id} if before.sees(park_id) else ()), park_id=park_id)
    try:
        yield
    finally:
        session.info["scope"] = before


def grades_on_their_dates(session: Any, park_id: int) -> list[tuple[CarrierGrade, int]]:
    """Published national grades of incubators by day, with how many carriers were class A from that day on, as `grades_known_on` counts:
    the latest evaluation year, its latest publication. What one day publishes stands together."""
    rows = session.scalars(
        select(CarrierGrade)
        .join(Carrier, Carrier.id == CarrierGrade.carrier_id)
        .where(CarrierGrade.park_id == park_id, Carrier.carrier_type == "incubator", CarrierGrade.scheme == "national")
        .order_by(CarrierGrade.published_on, CarrierGrade.id)
    ).all()
    out: list[tuple[CarrierGrade, int]] = []
    latest: dict[int, CarrierGrade] = {}
    for _day, published in groupby(rows, key=lambda row: row.published_on):
        together = list(published)
        for row in together:
            held = latest.get(row.carrier_id)
            if held is None or (row.year, row.published_on) >= (held.year, held.published_on):
                latest[row.carrier_id] = row
        n = sum(row.grade == "A" for row in latest.values())
        out += [(row, n) for row in together]
    return out
