"""The schedule of a lease from its records: preview before signing, and the due rows the monthly run reads. Rules C-20 to C-27.

`calc_schedule` works it out; this file reads what it needs (set-based, for one lease or thousands) and writes `LeaseDue`.
What is previewed is what is written: both come from `schedules`."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, select, text
from sqlalchemy.dialects import postgresql

from modules.billing.models.catalogue import ChargeItem
from modules.billing.models.charge import Charge
from parkops import settings
from parkops.clock import add_months
from parkops.db import audit
from parkops.security import access

from .. import calc_schedule as calc
from ..models.lease import Lease, LeaseDue, LeaseLine, LeaseUnit
from ..models.lease_terms import IndexValue, LeaseDiscount, LeaseIndexation, LeaseRentFree, LeaseStep, LeaseSubsidy, LeaseTurnover

DAY = timedelta(days=1)
SOURCE = "leasing.lease_due"
CHUNK = 2000


def terms_of(lease: Lease) -> calc.Terms:
    """What holds for all lines; a lease handed back early ends on that day."""
    ends = [d for d in (lease.ends_on, lease.ended_on) if d is not None]
    return calc.Terms(lease.starts_on, min(ends) if ends else None, lease.proration, lease.due_day)


def lines_of(session: Any, lease_ids: Sequence[int]) -> dict[int, list[calc.Line]]:
    """The lines of some leases with everything that hangs on them, in ten statements however many leases there are."""
    rows = session.execute(
        select(LeaseLine, ChargeItem.rent)
        .join(ChargeItem, ChargeItem.id == LeaseLine.item_id)
        .where(LeaseLine.lease_id.in_(lease_ids))
        .order_by(LeaseLine.lease_id, LeaseLine.id)
    ).all()
    ids = [line.id for line, _rent in rows]
    extra = _Extra(session, lease_ids, ids)
    out: dict[int, list[calc.Line]] = defaultdict(list)
    for line, rent in rows:
        out[line.lease_id].append(extra.line(line, rent))
    return out


class _Extra:
    """Steps, free days, reductions, indexation and turnover of many lines, read once."""

    def __init__(self, session: Any, lease_ids: Sequence[int], ids: Sequence[int]):
        self.areas: dict[int, dict[int, Decimal]] = defaultdict(dict)
        for lease_id, unit_id, area in session.execute(
            select(LeaseUnit.lease_id, LeaseUnit.unit_id, LeaseUnit.area).where(LeaseUnit.lease_id.in_(lease_ids))
        ):
            self.areas[lease_id][unit_id] = area
        self.free = session.execute(
            select(LeaseRentFree.lease_id, LeaseRentFree.line_id, LeaseRentFree.starts_on, LeaseRentFree.ends_on).where(
                LeaseRentFree.lease_id.in_(lease_ids)
            )
        ).all()
        self.steps = _grouped(session, select(LeaseStep.line_id, LeaseStep.starts_on, LeaseStep.price), LeaseStep, ids)
        self.discounts = _grouped(session, _reduction_columns(LeaseDiscount), LeaseDiscount, ids)
        self.subsidies = _grouped(session, _reduction_columns(LeaseSubsidy).add_columns(LeaseSubsidy.funder_id), LeaseSubsidy, ids)
        self.turnover = _grouped(session, select(LeaseTurnover.line_id, LeaseTurnover.month, LeaseTurnover.amount), LeaseTurnover, ids)
        self.index = {r.line_id: r for r in session.scalars(select(LeaseIndexation).where(LeaseIndexation.line_id.in_(ids)))}
        codes = {r.index_code for r in self.index.values() if r.index_code}
        self.values: dict[tuple[int, str], list] = defaultdict(list)
        if codes:
            for park, code, month, value in session.execute(
                select(IndexValue.park_id, IndexValue.code, IndexValue.month, IndexValue.value).where(IndexValue.code.in_(codes))
            ):
                self.values[park, code].append((month, value))
        self.free_of: dict[int, list] = defaultdict(list)
        for lease_id, line_id, starts, ends in self.free:
            self.free_of[lease_id].append((line_id, starts, ends))

    def line(self, line: LeaseLine, rent: bool) -> calc.Line:
        areas = self.areas[line.lease_id]
        area = areas.get(line.unit_id, Decimal(0)) if line.unit_id else sum(areas.values(), Decimal(0))
        free = tuple((a, b) for own, a, b in self.free_of[line.lease_id] if own == line.id or (own is None and rent))
        found = self.index.get(line.id)
        index = (
            None
            if found is None
            else calc.Index(
                found.every_months,
                found.rate,
                tuple(self.values[line.park_id, found.index_code]) if found.index_code else (),
                found.first_on,
            )
        )
        return calc.Line(
            line.id,
            line.basis,
            line.price,
            area,
            line.cycle_months,
            line.timing,
            line.starts_on,
            line.ends_on,
            tuple((r.starts_on, r.price) for r in self.steps[line.id]),
            free,
            index,
            tuple(calc.Reduction(r.starts_on, r.ends_on, r.percent, r.amount, r.area_cap) for r in self.discounts[line.id]),
            tuple(calc.Reduction(r.starts_on, r.ends_on, r.percent, r.amount, r.area_cap, r.funder_id) for r in self.subsidies[line.id]),
            line.turnover_rate,
            line.minimum,
            {r.month: r.amount for r in self.turnover[line.id]},
        )


def _reduction_columns(model: Any) -> Any:
    return select(model.line_id, model.starts_on, model.ends_on, model.percent, model.amount, model.area_cap).order_by(model.id)


def _grouped(session: Any, query: Any, model: Any, ids: Sequence[int]) -> dict[int, list]:
    out: dict[int, list] = defaultdict(list)
    for row in session.execute(query.where(model.line_id.in_(ids))):
        out[row.line_id].append(row)
    return out


def held_over(line: calc.Line, ends_on: date) -> calc.Line | None:
    """The line after the agreed end (Civil Code 734): the last price, month by month. None when it ended before."""
    if line.ends_on is not None and line.ends_on < ends_on:
        return None
    last = calc.prices(line, min(line.starts_on or ends_on, ends_on), ends_on)[-1][1]
    if last is None:
        return None
    return replace(
        line,
        price=last,
        steps=(),
        index=None,
        starts_on=None,
        ends_on=None,
        cycle_months=1,
        minimum=line.minimum / line.cycle_months if line.minimum is not None else None,
    )


def whole(lease: Lease, lines: list[calc.Line], until: date) -> calc.Schedule:
    """The schedule of one lease: its term, and the months of holding over when it does."""
    terms = terms_of(lease)
    out = calc.schedule(terms, lines, until)
    if lease.state == "holding_over" or (lease.ends_on is not None and lease.ended_on is not None and lease.ended_on > lease.ends_on):
        after = [found for line in lines if (found := held_over(_anchored(lease, line), lease.ends_on)) is not None]
        more = calc.schedule(
            calc.Terms(
                lease.ends_on + DAY, lease.ended_on, "actual_days" if lease.proration == "full_months" else lease.proration, lease.due_day
            ),
            after,
            until,
        )
        out.rows += more.rows
        out.unknown += more.unknown
    return out


def _anchored(lease: Lease, line: calc.Line) -> calc.Line:
    return replace(line, starts_on=max(lease.starts_on, line.starts_on or lease.starts_on))


def horizon(session: Any, lease: Lease, on: date | None) -> date:
    """Until when an indefinite lease is written: `leasing.indefinite_months` after its start or after `on`, if later."""
    months = settings.get(session, "leasing.indefinite_months", park_id=lease.park_id)
    return add_months(max(lease.starts_on, on or lease.starts_on), months)


def preview(session: Any, lease: Lease, on: date | None = None) -> calc.Schedule:
    """Every instalment as signing would write it; indefinite leases to the horizon."""
    access.require(session, "leasing.lease", "read")
    return whole(lease, lines_of(session, [lease.id])[lease.id], horizon(session, lease, on))


def write_dues(session: Any, lease: Lease, on: date | None = None) -> int:
    """Write the due rows that are not there yet; returns how many. Writing again, or later, adds only what is new."""
    return write_many(session, [lease], on)


def write_many(session: Any, leases: Iterable[Lease], on: date | None = None) -> int:
    """`write_dues` for many signed leases, in chunks; set-based."""
    leases, made = list(leases), 0
    for start in range(0, len(leases), CHUNK):
        part = leases[start : start + CHUNK]
        lines = lines_of(session, [lease.id for lease in part])
        rows = []
        for lease in part:
            until = horizon(session, lease, on)
            rows += due_rows(lease, whole(lease, lines[lease.id], until))
            if lease.ends_on is None or lease.state == "holding_over":
                lease.due_until = until
        made += insert_dues(session, rows)
    session.flush()
    return made


def due_rows(lease: Any, found: calc.Schedule) -> list[dict[str, Any]]:
    """Rows of `LeaseDue` for a schedule."""
    return [
        {
            "park_id": lease.park_id,
            "lease_id": lease.id,
            "line_id": r.line,
            "kind": r.kind,
            "funder_id": r.funder_id,
            "period_from": r.period_from,
            "period_to": r.period_to,
            "bill_month": r.bill_month,
            "due_on": r.due_on,
            "quantity": r.quantity,
            "unit_price": r.unit_price,
            "amount": r.amount,
            "explain": r.explain,
        }
        for r in found.rows
        if lease.taken_over_on is None or r.period_from > lease.taken_over_on
    ]


DIALECT = postgresql.dialect()
COLUMNS = (
    "park_id",
    "lease_id",
    "line_id",
    "kind",
    "funder_id",
    "period_from",
    "period_to",
    "bill_month",
    "due_on",
    "quantity",
    "unit_price",
    "amount",
    "explain",
)


def insert_dues(session: Any, rows: list[dict[str, Any]]) -> int:
    """INSERT … SELECT of one JSON document a chunk, ON CONFLICT DO NOTHING, one audit row; the unique key (line, kind, period)
    makes repeating harmless. Every value passes its column's own binder first: money arrives as fen."""
    if not rows:
        return 0
    table, names = LeaseDue.__table__, ", ".join(COLUMNS)
    binders = {n: table.c[n].type.bind_processor(DIALECT) for n in COLUMNS}
    record = ", ".join(f"{n} {table.c[n].type.compile(DIALECT)}" for n in COLUMNS)
    statement = text(
        f"INSERT INTO {table.name} ({names}) SELECT {names} FROM json_to_recordset(CAST(:rows AS json)) AS x({record})"
        " ON CONFLICT DO NOTHING"
    )
    made = 0
    for start in range(0, len(rows), 5000):
        part = [{n: _bound(binders[n], row[n]) for n in COLUMNS} for row in rows[start : start + 5000]]
        made += session.connection().execute(statement, {"rows": json.dumps(part, ensure_ascii=False)}).rowcount
    if made:
        audit.bulk(session, LeaseDue, "insert", made, park_id=rows[0]["park_id"])
    return made


def _bound(binder: Any, value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return binder(value) if binder is not None and value is not None else value


def dues_of(session: Any, lease: Lease) -> list[LeaseDue]:
    """The due rows of a lease in order."""
    return list(session.scalars(select(LeaseDue).where(LeaseDue.lease_id == lease.id).order_by(LeaseDue.period_from, LeaseDue.id)))


def charged_ids(session: Any, due_ids: Sequence[int]) -> set[int]:
    """Which due rows have a charge (billed or waiting for a bill)."""
    return set(session.scalars(select(Charge.source_id).where(Charge.source == SOURCE, Charge.source_id.in_(due_ids))))


CREDITS = {"charge": "credit", "discount": "discount_credit", "subsidy": "subsidy_credit"}


def cut_dues(session: Any, lease: Lease, ends_on: date) -> list[LeaseDue]:
    """C-24: the lease ends on `ends_on`: due rows after it are withdrawn where nothing was charged. What was charged is not
    edited: a credit row takes back the part after the end. Returns the credit rows (to be charged as corrections)."""
    rows = [d for d in dues_of(session, lease) if d.period_to > ends_on and d.kind in CREDITS]
    charged = charged_ids(session, [d.id for d in rows])
    open_ids = [d.id for d in rows if d.id not in charged]
    session.execute(delete(LeaseDue).where(LeaseDue.id.in_(open_ids)).execution_options(synchronize_session="fetch"))
    new = {(r["line_id"], r["kind"], r["period_from"]): r for r in due_rows(lease, _cut_schedule(session, lease, ends_on))}
    straddling = [new[key] for d in rows if d.id not in charged and (key := (d.line_id, d.kind, d.period_from)) in new]
    insert_dues(session, straddling)
    credits = []
    for d in (d for d in rows if d.id in charged):
        keep = new.get((d.line_id, d.kind, d.period_from), {}).get("amount", Decimal(0))
        starts = max(d.period_from, ends_on + DAY)
        if d.amount != keep and not _credited(session, d, starts):
            credits.append(
                LeaseDue(
                    park_id=d.park_id,
                    lease_id=d.lease_id,
                    line_id=d.line_id,
                    kind=CREDITS[d.kind],
                    funder_id=d.funder_id,
                    period_from=starts,
                    period_to=d.period_to,
                    bill_month=starts.replace(day=1),
                    due_on=starts,
                    amount=keep - d.amount,
                    explain=f"{keep} − {d.amount}",
                )
            )
    session.add_all(credits)
    session.flush()
    return credits


def _credited(session: Any, due: LeaseDue, starts: date) -> bool:
    return (
        session.scalar(
            select(LeaseDue.id).where(LeaseDue.line_id == due.line_id, LeaseDue.kind == CREDITS[due.kind], LeaseDue.period_from == starts)
        )
        is not None
    )


def _cut_schedule(session: Any, lease: Lease, ends_on: date) -> calc.Schedule:
    """The schedule as it is with the earlier end."""
    lines = lines_of(session, [lease.id])[lease.id]
    terms = replace(terms_of(lease), ends_on=min(ends_on, lease.ends_on or ends_on))
    out = calc.schedule(terms, lines, ends_on)
    if lease.ends_on is not None and ends_on > lease.ends_on:
        after = [found for line in lines if (found := held_over(_anchored(lease, line), lease.ends_on)) is not None]
        out.rows += calc.schedule(
            replace(
                terms,
                starts_on=lease.ends_on + DAY,
                ends_on=ends_on,
                proration="actual_days" if lease.proration == "full_months" else lease.proration,
            ),
            after,
            ends_on,
        ).rows
    return out


def renew_line_dues(session: Any, lease: Lease, line_ids: Sequence[int], on: date | None = None) -> int:
    """Work out anew what is not charged yet of some lines (a turnover or index value was entered or corrected)."""
    rows = [d for d in dues_of(session, lease) if d.line_id in line_ids and d.kind in CREDITS]
    charged = charged_ids(session, [d.id for d in rows])
    session.execute(
        delete(LeaseDue).where(LeaseDue.id.in_([d.id for d in rows if d.id not in charged])).execution_options(synchronize_session="fetch")
    )
    return write_dues(session, lease, on)
