"""For the URL walk: rows planted in every park-scoped table of both parks, and every address of the app."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Boolean, Date, Integer, LargeBinary, Text, create_engine, text
from sqlalchemy.dialects.postgresql import DATERANGE, INT8RANGE, JSONB, Range

from parkops.db import embedded
from parkops.db.base import Model
from parkops.db.types import EnumText, Rate, Scaled, UTCDateTime

FOREIGN, OWN = "Zq7Wx", "Zq7Ea"  # canaries: the text of west's rows must never be seen by people of east
PERSONAL = {"phone": "13912345678", "id_number": "370811199001011234", "bank": "6222021234567890123", "email": "zq7@example.org"}
GIVEN = {"funds_fund.catch_up": Decimal(1), "ratings_form_cell.shown": "12"}  # where a page computes with it and the made-up value makes no sense
NOT_PLANTED = ("core_user_park",)  # who works where: a row would open the other park
SKIP_MODULES = ("test.", "sample.")
DIGITS = re.compile(r"\d{11}")  # what a phone or identity number needs: looked for first, as it takes a sixth of the time
PHONE = re.compile(r"(?<![\d.])1[3-9]\d{9}(?!\d)")
ID_NUMBER = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")


def models() -> list[Any]:
    """Every park-scoped or optionally park-scoped mapped class of ours, parents first."""
    found = [m.class_ for m in Model.registry.mappers if {"park_id", "id"} <= set(m.columns.keys()) and m.class_.__tablename__ not in NOT_PLANTED
             and not m.class_.__resource__.startswith(SKIP_MODULES)]
    order = {t.name: i for i, t in enumerate(Model.metadata.sorted_tables)}
    return sorted(found, key=lambda c: order.get(c.__tablename__, 0))


def _value(column: Any, mark: str, ids: dict[str, int], salt: int) -> Any:
    kind, info = column.type, column.info
    if (given := GIVEN.get(f"{column.table.name}.{column.name}")) is not None:
        return given
    if column.foreign_keys:
        target = next(iter(column.foreign_keys)).target_fullname.split(".")[0]
        return ids.get(target) if column.nullable else ids.get(target, 1)
    if isinstance(kind, EnumText):
        return next(iter(kind.choices)) if kind.choices else mark
    if info.get("personal") in PERSONAL:
        return PERSONAL[info["personal"]]
    for type_, value in ((Rate, Decimal("0.1")), (Scaled, 1), (UTCDateTime, datetime(2022, 5, 1, tzinfo=UTC)), (Boolean, False), (Date, date(2022, 1, 1)),
                         (Integer, (2000 if "year" in column.name else 1) + salt), (BigInteger, 1), (JSONB, {}), (DATERANGE, Range(date(2022, 1, 1), date(2022, 6, 1))),
                         (INT8RANGE, Range(1, 2))):
        if isinstance(kind, type_):
            return value
    if isinstance(kind, LargeBinary):
        return b"\0" * 32
    length = getattr(kind, "length", None)
    return mark[:length] if length and length < len(mark) else mark if not isinstance(kind, Text) else f"{mark} long"


def _row(model: Any, mark: str, park: int, ids: dict[str, int], salt: int, full: bool) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for column in model.__table__.columns:
        if column.name == "id" or column.computed is not None:
            continue
        if column.name == "park_id":
            row["park_id"] = park
        elif full or not (column.nullable or column.server_default is not None):
            row[column.name] = _value(column, mark, ids, salt)
        elif column.default is not None and column.default.is_scalar and not column.nullable:
            row[column.name] = column.default.arg
    row.setdefault("version", 1) if "version" in model.__table__.columns else None
    return row


def plant(database: str) -> tuple[dict[str, dict[str, int]], list[str]]:
    """{"own"|"foreign": {table: id}} and the tables where nothing fitted. Runs as superuser with triggers off."""
    out: dict[str, dict[str, int]] = {"own": {}, "foreign": {}}
    missed: list[str] = []
    engine = create_engine(embedded.admin_url(database), isolation_level="AUTOCOMMIT")
    with engine.connect() as c:
        c.execute(text("set session_replication_role = replica"))
        parks = dict(c.execute(text("select code, id from core_park")).all())
        for salt, (side, code, mark) in enumerate((("own", "east", OWN), ("foreign", "west", FOREIGN))):
            for model in models():
                pk = _insert(c, model, mark, parks[code], out[side], salt)
                if pk is None:
                    missed.append(model.__tablename__)
                else:
                    out[side][model.__tablename__] = pk
    engine.dispose()
    return out, sorted(set(missed))


def _insert(c: Any, model: Any, mark: str, park: int, ids: dict[str, int], salt: int) -> int | None:
    """One row. A check that the made-up values break (net + vat = gross) is taken away: the walk asks who sees what, not sums."""
    reason = ""
    for full in (True, False):
        row = _row(model, mark, park, ids, salt, full)
        for _turn in range(12):
            try:
                return c.execute(model.__table__.insert().values(row).returning(model.__table__.c.id)).scalar()
            except Exception as e:
                reason, broken = str(e).splitlines()[0], getattr(getattr(e, "orig", None), "diag", None)
                if getattr(e.orig if hasattr(e, "orig") else None, "sqlstate", "") != "23514":
                    break
                c.execute(text(f'alter table "{model.__tablename__}" drop constraint "{broken.constraint_name}"'))
    print(f"not planted: {model.__tablename__}: {reason[:200]}")
    return None


def addresses(app: Any, ids: dict[str, int], method: str, other: int = 1) -> Iterator[tuple[str, str, Any]]:
    """(rule, address, view) for every rule that takes `method`."""
    from parkops.web import resources

    views = {v.endpoint: v for v in app.appbuilder.baseviews}
    adapter = app.url_map.bind("127.0.0.1")
    for rule in sorted(app.url_map.iter_rules(), key=lambda r: (r.rule, sorted(r.methods))):
        if method not in rule.methods or rule.endpoint == "static" or rule.rule.startswith(("/test/", "/api/v1/test/", "/static/")):
            continue
        view = views.get(rule.endpoint.split(".")[0])
        name = getattr(view, "resolved_name", "")
        table = resources.resolved(name).model.__tablename__ if name else ""
        values = {a: _argument(rule, a, ids.get(table, other), name) for a in rule.arguments}
        yield rule.rule, adapter.build(rule.endpoint, values, method=method), view


def _argument(rule: Any, name: str, pk: int, resource: str) -> Any:
    if rule._converters[name].__class__.__name__ == "IntegerConverter":
        return pk
    return {"resource": resource or "core.todo", "version": "v1", "locale": "zh", "path": "x", "filename": "x"}.get(name, "x")


def fingerprint(database: str, skip: tuple[str, ...], park: str | None = None) -> dict[str, Any]:
    """A hash per table; with `park` only of the tables that know parks, and of that park's rows."""
    engine = create_engine(embedded.admin_url(database))
    with engine.connect() as c:
        tables = c.execute(text("select tablename from pg_tables where schemaname = 'public'")).scalars().all()
        where = ""
        if park:
            tables = c.execute(text("select table_name from information_schema.columns where table_schema = 'public'"
                                    " and column_name = 'park_id'")).scalars().all()
            where = f" where park_id = (select id from core_park where code = '{park}')"
        out = {t: tuple(c.execute(text(f'select count(*), coalesce(sum(hashtext(t::text)::bigint), 0) from "{t}" t{where}')).one())
               for t in tables if t not in skip}
    engine.dispose()
    return out


def unmasked(body: str) -> bool:
    """Whether a text shows somebody's phone or identity number."""
    return DIGITS.search(body) is not None and (PHONE.search(body) or ID_NUMBER.search(body)) is not None
