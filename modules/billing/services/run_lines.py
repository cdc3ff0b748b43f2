"""The lines of a bill run in a temporary table, and the statements that make bills of them. Used by `runs` only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Text,
    and_,
    cast,
    column,
    func,
    insert,
    literal,
    null,
    select,
    type_coerce,
    union_all,
    update,
    values,
)

from parkops import money, settings
from parkops.clock import Period
from parkops.db.types import Scaled

from ..models.bill import Bill, BillRun
from ..models.charge import Charge
from ..signals.collect import collect
from . import bills, charges, vat
from .temporary import analyze, empty, fill, many_rows, temporary


@dataclass(frozen=True)
class Made:
    """Lines and bills of a run, their sum in yuan, and how many lines wait for another time."""

    lines: int
    bills: int
    gross: Decimal
    waiting: int


def _plain(type_: Any) -> Any:
    """The bare type of a column: whole numbers, days, texts."""
    if isinstance(type_, Scaled | BigInteger):
        return BigInteger()
    return next((kind() for kind in (Boolean, Date) if isinstance(type_, kind)), Text())


UNRATED = ("key", "firm_id", "carrier_id", "item_id", "kind", "source", "source_id", "period_from", "period_to", "due_on")
LINES = temporary(
    "line",
    *(Column(n, _plain(Charge.__table__.c[n].type)) for n in charges.COLUMNS),
    Column("charge_id", BigInteger),
    Column("missing", Boolean),
)
GROUPS = temporary(
    "group",
    *(Column(n, BigInteger) for n in ("firm_id", "net", "vat", "gross", "lines", "new_id")),
    Column("source", Text),
    Column("due_on", Date),
)


def gather(session: Any, run: BillRun) -> Any:
    """Fill the table: demands of every module not charged yet, and lines that wait for a bill; a demand without a rate is marked."""
    session.flush()
    empty(session, LINES)
    answers = [a for a in collect.send(session, park_id=run.park_id, month=run.month) if a is not None and a != []]
    months = [a.demands for a in answers if isinstance(a, charges.Uncharged)]
    others = [a for a in answers if not isinstance(a, charges.Uncharged)]
    rates = vat.windows(session, run.park_id) if answers else []
    if months:
        with many_rows(session):
            _take(session, charges.collected(session, run.park_id, months, rates, asked=True))
    if others:
        _take(session, charges.collected(session, run.park_id, others, rates, asked=False))
    last = Period.month(run.month).last_day
    waiting = list(charges.COLUMNS)
    open_ones = select(*(getattr(Charge, n) for n in waiting), Charge.id).where(
        Charge.park_id == run.park_id, Charge.bill_id.is_(None), Charge.period_from <= last
    )
    session.execute(insert(LINES).from_select([*waiting, "charge_id"], open_ones))
    analyze(session, LINES)
    return LINES


def _take(session: Any, answers: tuple[Any, Any]) -> None:
    """The answers' lines, and the demands that came to none: no rate on some day, or no item or firm of the park."""
    found, without = (a.subquery(name) for a, name in zip(answers, ("found", "without"), strict=True))
    filled = {**{n: without.c[n] for n in UNRATED}, "gross": type_coerce(without.c.amount, BigInteger)}
    marked = select(*(filled[n] if n in filled else cast(null(), LINES.c[n].type) for n in charges.COLUMNS), literal(True))
    both = union_all(select(*found.c, cast(null(), Boolean)), marked)
    session.execute(insert(LINES).from_select([*charges.COLUMNS, "missing"], both))


def _grouped(lines: Any, blocked: Any, per_source: bool) -> Any:
    """Sums by firm (and kind of source) of the lines that may be billed; a sum below zero waits (B-21),
    and so do lines that all come to nothing until there is something to bill."""
    source = lines.c.source if per_source else literal("")
    return (
        select(
            lines.c.firm_id,
            source.label("source"),
            func.sum(lines.c.net).label("net"),
            func.sum(lines.c.vat).label("vat"),
            func.sum(lines.c.gross).label("gross"),
            func.min(lines.c.due_on).label("due_on"),
            func.count().label("lines"),
        )
        .where(~blocked)
        .group_by(lines.c.firm_id, *([lines.c.source] if per_source else []))
        .having(func.sum(lines.c.gross) >= 0, func.bool_or(lines.c.gross != 0))
    )


def per_source(session: Any, run: BillRun) -> bool:
    return settings.get(session, "billing.bill_per", run.park_id) == "source"


def totals(session: Any, run: BillRun, lines: Any, blocked: Any) -> Made:
    """What drafting would make."""
    g = _grouped(lines, blocked, per_source(session, run)).subquery("g")
    count, number, gross = session.execute(
        select(func.coalesce(func.sum(g.c.lines), 0), func.count(), func.coalesce(func.sum(g.c.gross), 0))
    ).one()
    every = session.scalar(select(func.count()).select_from(lines)) or 0
    return Made(int(count), number, money.yuan(int(gross)), every - int(count))


def write(session: Any, run: BillRun, lines: Any, blocked: Any) -> Made:
    """Bills first (their ids are drawn before), then new lines already on their bill, then lines that waited."""
    apart = per_source(session, run)
    g = _grouped(lines, blocked, apart).order_by(lines.c.firm_id).subquery("g")
    names = ["firm_id", "source", "net", "vat", "gross", "due_on", "lines"]
    new_id = func.nextval(func.pg_get_serial_sequence("billing_bill", "id"))
    fill(session, GROUPS, select(*(g.c[n] for n in names), new_id), [*names, "new_id"])
    count, number, gross = session.execute(
        select(func.coalesce(func.sum(GROUPS.c.lines), 0), func.count(), func.coalesce(func.sum(GROUPS.c.gross), 0))
    ).one()
    every, waited = session.execute(select(func.count(), func.count(lines.c.charge_id))).one()
    if number:
        _bills(session, run)
        _lines(session, lines, blocked, apart, waited=bool(waited))
    return Made(int(count), number, money.yuan(int(gross)), every - int(count))


def _bills(session: Any, run: BillRun) -> None:
    days = session.scalars(select(GROUPS.c.due_on).distinct()).all()
    due = _days(bills.due_days(session, days, run.issued_on, run.park_id).items())
    fixed = {
        "park_id": run.park_id,
        "kind": "bill",
        "run_id": run.id,
        "month": run.month,
        "issued_on": run.issued_on,
        "state": "draft",
        "version": 1,
    }
    table = Bill.__table__
    rows = (
        select(
            GROUPS.c.new_id,
            GROUPS.c.firm_id,
            due.c.falls,
            GROUPS.c.net,
            GROUPS.c.vat,
            GROUPS.c.gross,
            literal(0, BigInteger),
            *(literal(v, table.c[k].type) for k, v in fixed.items()),
        )
        .join(due, due.c.day == GROUPS.c.due_on)
        .order_by(GROUPS.c.new_id)
    )
    session.execute(
        insert(table).from_select(["id", "firm_id", "due_on", "net", "vat", "gross", "settled", *fixed], rows, include_defaults=False)
    )


def _days(pairs: Iterable[tuple[date, date]]) -> Any:
    return values(column("day", Date), column("falls", Date), name="due").data(list(pairs))


def _lines(session: Any, lines: Any, blocked: Any, apart: bool, *, waited: bool) -> None:
    on = and_(GROUPS.c.firm_id == lines.c.firm_id, *([GROUPS.c.source == lines.c.source] if apart else []))
    names = [n for n in charges.COLUMNS if n != "bill_id"]
    new = (
        select(*(lines.c[n] for n in names), GROUPS.c.new_id, literal(1, BigInteger))
        .join(GROUPS, on)
        .where(lines.c.charge_id.is_(None), ~blocked)
        .order_by(GROUPS.c.new_id, lines.c.source_id, lines.c.period_from)
    )
    table = Charge.__table__
    session.execute(insert(table).from_select([*names, "bill_id", "version"], new, include_defaults=False))
    if waited:
        session.execute(
            update(table).where(table.c.id == lines.c.charge_id, on, ~blocked).values(bill_id=GROUPS.c.new_id, version=table.c.version + 1)
        )


__all__ = ["LINES", "Made", "gather", "totals", "write"]
