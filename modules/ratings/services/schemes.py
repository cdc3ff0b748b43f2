"""Editions of rating schemes: what a park starts with, weights that sum, new editions, putting into use. Rules R-20 to R-26."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import func, select

from parkops import records
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _l
from parkops.security import access

from .. import calc_scoring
from ..models.scheme import RatingBand, RatingDimension, RatingIndicator, RatingScheme
from ..models.score import RatingScore
from ..states import SCHEME
from .stock import plain

DATA = Path(__file__).resolve().parent.parent / "data"
SCHEME_FIELDS = ("key", "title", "title_en", "subject", "doc_no", "provenance", "note")
USED = _l("This edition is in use or was; make a new edition and edit that.")


@lru_cache(maxsize=4)
def shipped(name: str) -> Any:
    """A file of the module's data."""
    return yaml.safe_load((DATA / name).read_text(encoding="utf-8"))


def dec(value: Any) -> Decimal | None:
    """A number of the data file."""
    return None if value is None else Decimal(str(value))


def ensure_schemes(session: Any, park_id: int) -> list[RatingScheme]:
    """R-20: give a park the shipped schemes it lacks; those fully known are in use at once."""
    have = set(session.scalars(select(RatingScheme.key).where(RatingScheme.park_id == park_id)))
    made = [_make(session, park_id, raw) for raw in shipped("schemes.yaml") if raw["key"] not in have]
    session.flush()
    return made


def start_park(session: Any, *, park_id: int) -> int:
    """The button above an empty list."""
    access.require(session, "ratings.scheme", "add")
    return len(ensure_schemes(session, park_id))


def _make(session: Any, park_id: int, raw: dict[str, Any]) -> RatingScheme:
    row = RatingScheme(
        park_id=park_id,
        edition=1,
        full_mark=dec(raw["full_mark"]),
        bonus_most=dec(raw["bonus_most"]),
        **{n: raw.get(n) for n in SCHEME_FIELDS},
    )
    session.add(row)
    session.flush()
    dims = {}
    for n, x in enumerate(raw["dimensions"], 1):
        dims[x["code"]] = RatingDimension(
            park_id=park_id,
            scheme_id=row.id,
            code=x["code"],
            title=x["title"],
            title_en=x["title_en"],
            weight=dec(x["weight"]),
            position=10 * n,
        )
    session.add_all(dims.values())
    session.flush()
    session.add_all([*_indicators(park_id, row, dims, raw["indicators"]), *_bands(park_id, row, raw["bands"])])
    session.flush()
    if raw.get("active_from"):
        row.state, row.active_from = "active", date.fromisoformat(str(raw["active_from"]))
        session.flush()
    return row


def _indicators(park_id: int, row: RatingScheme, dims: dict[str, RatingDimension], raw: list[dict[str, Any]]) -> list[RatingIndicator]:
    return [
        RatingIndicator(
            park_id=park_id,
            scheme_id=row.id,
            dimension_id=dims[x["dimension"]].id if x["dimension"] else None,
            most=dec(x["most"]),
            article=x.get("article"),
            position=10 * n,
            **{name: x[name] for name in ("code", "title", "title_en", "kind", "fact", "rule")},
        )
        for n, x in enumerate(raw, 1)
    ]


def _bands(park_id: int, row: RatingScheme, raw: list[dict[str, Any]]) -> list[RatingBand]:
    return [
        RatingBand(
            park_id=park_id,
            scheme_id=row.id,
            grade=x["grade"],
            grade_en=x["grade_en"],
            least=dec(x["least"]),
            rank_share=dec(x["rank_share"]),
        )
        for x in raw
    ]


def dimensions_of(session: Any, scheme: RatingScheme) -> list[RatingDimension]:
    """In the order of the sheet."""
    return list(
        session.scalars(
            select(RatingDimension).where(RatingDimension.scheme_id == scheme.id).order_by(RatingDimension.position, RatingDimension.id)
        )
    )


def indicators_of(session: Any, scheme: RatingScheme) -> list[RatingIndicator]:
    """In the order of the sheet."""
    return list(
        session.scalars(
            select(RatingIndicator).where(RatingIndicator.scheme_id == scheme.id).order_by(RatingIndicator.position, RatingIndicator.id)
        )
    )


def bands_of(session: Any, scheme: RatingScheme) -> list[RatingBand]:
    """Best grade first."""
    return list(session.scalars(select(RatingBand).where(RatingBand.scheme_id == scheme.id).order_by(RatingBand.least.desc())))


def create_scheme(session: Any, **values: Any) -> RatingScheme:
    """A scheme of the park's own, to be filled and put into use."""
    return records.create(session, RatingScheme, values)


def change_scheme(session: Any, row: RatingScheme, **values: Any) -> RatingScheme:
    """R-21: only an edition being edited."""
    if row.state != "draft":
        raise RuleError([Problem("ratings.R-21", USED)])
    return records.change(session, row, values)


def remove_scheme(session: Any, row: RatingScheme) -> None:
    """An edition nobody used."""
    if row.state != "draft":
        raise RuleError([Problem("ratings.R-21", USED)])
    records.remove(session, row, (RatingScore, "scheme_id", _l("Score sheets use this edition.")))


def _draft(session: Any, values: dict[str, Any], problems: Problems) -> None:
    scheme = session.get(RatingScheme, values["scheme_id"])
    if scheme is None or scheme.state != "draft":
        problems.add("ratings.R-21", USED, "scheme_id")


def _indicator(session: Any, values: dict[str, Any], problems: Problems) -> None:
    _draft(session, values, problems)
    rule = values.get("rule") or {}
    if rule.get("kind") not in calc_scoring.KINDS:
        problems.add("ratings.R-24", _l("Choose a scoring function: %(kinds)s.", kinds=", ".join(calc_scoring.KINDS)), "rule")
    dimension = session.get(RatingDimension, values["dimension_id"]) if values.get("dimension_id") else None
    if dimension is not None and dimension.scheme_id != values["scheme_id"]:
        problems.add("ratings.R-24", _l("Choose a dimension of the same edition."), "dimension_id")


def create_dimension(session: Any, **values: Any) -> RatingDimension:
    """A dimension of an edition being edited."""
    return records.create(session, RatingDimension, values, _draft)


def change_dimension(session: Any, row: RatingDimension, **values: Any) -> RatingDimension:
    """Title, weight, order."""
    return records.change(session, row, values, _draft)


def remove_dimension(session: Any, row: RatingDimension) -> None:
    """With its indicators moved first."""
    _still_draft(session, row)
    records.remove(session, row, (RatingIndicator, "dimension_id", _l("Move or delete its indicators first.")))


def create_indicator(session: Any, **values: Any) -> RatingIndicator:
    """An indicator of an edition being edited."""
    return records.create(session, RatingIndicator, {**values, "rule": values.get("rule") or {"kind": "expert"}}, _indicator)


def change_indicator(session: Any, row: RatingIndicator, **values: Any) -> RatingIndicator:
    """Title, figure, points, function."""
    return records.change(session, row, values, _indicator)


def remove_indicator(session: Any, row: RatingIndicator) -> None:
    """Of an edition being edited."""
    _still_draft(session, row)
    records.remove(session, row)


def create_band(session: Any, **values: Any) -> RatingBand:
    """A grade of an edition being edited."""
    return records.create(session, RatingBand, values, _draft)


def change_band(session: Any, row: RatingBand, **values: Any) -> RatingBand:
    """Its limits."""
    return records.change(session, row, values, _draft)


def remove_band(session: Any, row: RatingBand) -> None:
    """Of an edition being edited."""
    _still_draft(session, row)
    records.remove(session, row)


def _still_draft(session: Any, row: Any) -> None:
    if row.scheme.state != "draft":
        raise RuleError([Problem("ratings.R-21", USED)])


def new_edition(session: Any, row: RatingScheme) -> RatingScheme:
    """R-22: a copy to be edited; the old one stays as it is and in use until the new one takes its place."""
    access.require(session, "ratings.scheme", "add")
    number = session.scalar(select(func.max(RatingScheme.edition)).where(RatingScheme.park_id == row.park_id, RatingScheme.key == row.key))
    new = RatingScheme(
        park_id=row.park_id,
        edition=number + 1,
        full_mark=row.full_mark,
        bonus_most=row.bonus_most,
        **{n: getattr(row, n) for n in SCHEME_FIELDS},
    )
    session.add(new)
    session.flush()
    dims: dict[int | None, int | None] = {None: None}
    for x in dimensions_of(session, row):
        copy = RatingDimension(
            park_id=row.park_id, scheme_id=new.id, **{n: getattr(x, n) for n in ("code", "title", "title_en", "weight", "position")}
        )
        session.add(copy)
        session.flush()
        dims[x.id] = copy.id
    for x in indicators_of(session, row):
        session.add(
            RatingIndicator(
                park_id=row.park_id,
                scheme_id=new.id,
                dimension_id=dims[x.dimension_id],
                rule=dict(x.rule),
                **{n: getattr(x, n) for n in ("code", "title", "title_en", "kind", "fact", "most", "article", "position")},
            )
        )
    for x in bands_of(session, row):
        session.add(
            RatingBand(park_id=row.park_id, scheme_id=new.id, **{n: getattr(x, n) for n in ("grade", "grade_en", "least", "rank_share")})
        )
    session.flush()
    return new


def weight_problems(session: Any, scheme: RatingScheme) -> Problems:
    """R-23: dimensions sum to the full mark, indicators to their dimension, every function is complete."""
    problems, dims, inds = Problems(), dimensions_of(session, scheme), indicators_of(session, scheme)
    if not dims or not inds:
        problems.add("ratings.R-23", _l("Enter dimensions and indicators first."))
    open_ones = [x.code for x in (*dims,) if x.weight is None] + [x.code for x in inds if x.most is None]
    if open_ones:
        problems.add("ratings.R-23", _l("Enter the weights of: %(codes)s.", codes="、".join(open_ones)))
        return problems
    total = sum((x.weight for x in dims), Decimal(0))
    if total != scheme.full_mark:
        problems.add(
            "ratings.R-23",
            _l("The dimensions sum to %(sum)s, not to the full mark %(full)s.", sum=plain(total), full=plain(scheme.full_mark)),
        )
    for dim in dims:
        mine = sum((x.most for x in inds if x.dimension_id == dim.id and x.kind not in ("bonus", "veto")), Decimal(0))
        if mine != dim.weight:
            problems.add(
                "ratings.R-23",
                _l(
                    "The indicators of %(dimension)s sum to %(sum)s, not to its weight %(weight)s.",
                    dimension=dim.code,
                    sum=plain(mine),
                    weight=plain(dim.weight),
                ),
            )
    for x in inds:
        if missing := calc_scoring.problems_of(x.rule):
            problems.add("ratings.R-24", _l("The function of %(code)s lacks %(what)s.", code=x.code, what=", ".join(missing)))
    return problems


def activate_scheme(session: Any, row: RatingScheme, *, on: date) -> None:
    """R-25: only a complete edition whose weights sum; the one so far is replaced on the day. An unverified one stays a template."""
    access.require(session, "ratings.scheme", "act")
    problems = weight_problems(session, row)
    if row.provenance == "R":
        problems.add("ratings.R-25", _l("This scheme is unverified. Check it against the document and correct its provenance first."))
    problems.stop()
    before = session.scalars(
        select(RatingScheme)
        .where(RatingScheme.park_id == row.park_id, RatingScheme.key == row.key, RatingScheme.state == "active")
        .with_for_update()
    ).all()
    for old in before:
        retire_scheme(session, old, on=on)
    row.active_from = on
    session.flush()
    SCHEME.move(session, row, "activate", on=on)


def retire_scheme(session: Any, row: RatingScheme, *, on: date) -> None:
    """R-26: sheets already made keep it."""
    access.require(session, "ratings.scheme", "act")
    row.retired_on = on
    session.flush()
    SCHEME.move(session, row, "retire", on=on)


def distribution() -> list[dict[str, Any]]:
    """The national distribution 2019–2021 with shares (secondary source)."""
    return [{**x, "shares": {g: Decimal(x[g]) / Decimal(x["total"]) for g in "ABCD"}} for x in shipped("distribution.yaml")]
