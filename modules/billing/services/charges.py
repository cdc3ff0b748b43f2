"""Charge lines: added set-based and once per key, and freed again while nobody has posted them.

A *demand* says what is to be charged; VAT, exemption and the split by days are decided here (rules B-01 to B-08). Its columns
are those of `DEMAND`; only key, firm_id, item_id, source, source_id, period_from, period_to, due_on and amount must be there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Date,
    String,
    and_,
    bindparam,
    case,
    cast,
    column,
    delete,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert as pg_insert

from modules.tenants.models.firm import Firm
from parkops.approval import Approval
from parkops.db import audit
from parkops.db.session import scope_of
from parkops.db.types import Money, UnitPrice
from parkops.errors import NotFound, Problems
from parkops.i18n import _l
from parkops.security import access

from ..models.catalogue import ChargeItem
from ..models.charge import CHARGE_KINDS, Charge
from . import vat
from .ledger_sql import confined

LOCK = 7_215_101 << 32  # advisory lock of a park's charge lines: two writers of the same keys never both look before they write
NEEDED = ("key", "firm_id", "item_id", "source", "source_id", "period_from", "period_to", "due_on", "amount")
DEMAND: dict[str, Any] = {
    "key": String(160),
    "firm_id": BigInteger(),
    "carrier_id": BigInteger(),
    "item_id": BigInteger(),
    "kind": String(40),
    "source": String(80),
    "source_id": BigInteger(),
    "corrects_id": BigInteger(),
    "approval_id": BigInteger(),
    "period_from": Date(),
    "period_to": Date(),
    "due_on": Date(),
    "quantity": UnitPrice(),
    "unit_price": UnitPrice(),
    "amount": Money(),
    "tax_included": Boolean(),
    "vat_method": String(40),
    "memo": String(300),
}
DEFAULTS: dict[str, Any] = {"kind": "charge", "tax_included": True, "vat_method": "normal"}
COLUMNS = (
    "park_id",
    "key",
    "firm_id",
    "carrier_id",
    "item_id",
    "kind",
    "source",
    "source_id",
    "corrects_id",
    "approval_id",
    "period_from",
    "period_to",
    "due_on",
    "quantity",
    "unit_price",
    "treatment",
    "vat_rate",
    "net",
    "vat",
    "gross",
    "memo",
    "collected",
    "bill_id",
)


def lock(session: Any, park_id: int) -> None:
    """Wait for whoever else writes charge lines of the park; held until the transaction ends."""
    session.execute(select(func.pg_advisory_xact_lock(cast(LOCK + park_id, BigInteger))))


def as_select(park_id: int, demands: Any) -> Any:
    """Demands of either form as a SELECT with every column of DEMAND; one of ORM entities sees rows of the park only."""
    if isinstance(demands, list):
        rows = [tuple({**DEFAULTS, **{k: v for k, v in d.items() if v is not None}}.get(name) for name in DEMAND) for d in demands]
        lists = (bindparam(None, list(of), ARRAY(t), unique=True) for of, t in zip(zip(*rows, strict=True), DEMAND.values(), strict=True))
        given = func.unnest(*lists).table_valued(*(column(n, t) for n, t in DEMAND.items()), name="given").render_derived()
        return select(*(given.c[n] for n in DEMAND))  # arrays, not VALUES: one statement for any number, compiled once
    inner = confined(demands, park_id).subquery("given")
    return select(*(_given(inner, name, type_) for name, type_ in DEMAND.items()))


def _given(inner: Any, name: str, type_: Any) -> Any:
    default = DEFAULTS.get(name)
    if name not in inner.c:
        return (literal(default, type_) if default is not None else cast(null(), type_)).label(name)
    return (func.coalesce(inner.c[name], literal(default, type_), type_=type_) if default is not None else inner.c[name]).label(name)


def fresh(park_id: int, *demands: Any) -> Any:
    """Sub-query of the demands whose key is not charged yet."""
    inner = _together(park_id, demands)
    return select(inner).where(~exists().where(Charge.park_id == park_id, Charge.key == inner.c.key)).cte("demands")


def _together(park_id: int, demands: Sequence[Any]) -> Any:
    each = [as_select(park_id, d) for d in demands]
    return (each[0] if len(each) == 1 else union_all(*each)).subquery("demanded")


@dataclass(frozen=True)
class Uncharged:
    """An answer to `billing.collect` that left out itself what has a line already: it is not asked again by key. Such answers are a
    whole month of rows; joins inside are by hash."""

    demands: Any


def lines(session: Any, park_id: int, demands: Any) -> Any:
    """SELECT of the charge rows that new demands come to, in the order of COLUMNS."""
    return _rows(park_id, vat.pieces(session, park_id, fresh(park_id, demands))[0].c, collected=False)


def collected(session: Any, park_id: int, answers: Sequence[Any], rates: Any, *, asked: bool) -> tuple[Any, Any]:
    """Of one statement: the rows of `lines` for a bill run, and a SELECT of the demands that come to no line (columns of DEMAND).

    answers: demands of several modules together, a statement takes as long to build as for one. asked: they are `Uncharged`."""
    new = select(_together(park_id, answers)).cte("demands") if asked else fresh(park_id, *answers)
    piece, missing = vat.pieces(session, park_id, new, rates)
    return _rows(park_id, piece.c, collected=True), missing


def _rows(park_id: int, c: Any, *, collected: bool) -> Any:
    return select(
        literal(park_id, BigInteger).label("park_id"),
        c.piece_key.label("key"),
        c.firm_id,
        c.carrier_id,
        c.item_id,
        c.kind,
        c.source,
        c.source_id,
        c.corrects_id,
        c.approval_id,
        c["first"].label("period_from"),
        c["last"].label("period_to"),
        c.due_on,
        _if_whole(c, c.quantity).label("quantity"),
        _if_whole(c, c.unit_price).label("unit_price"),
        c.treatment,
        c.rate.label("vat_rate"),
        c.net,
        c.vat,
        c.gross,
        c.memo,
        literal(collected).label("collected"),
        cast(null(), BigInteger).label("bill_id"),
    )


def _if_whole(c: Any, wanted: Any) -> Any:
    """Quantity and price hold for the whole line; a part of it has none of its own."""
    return case((c.whole, wanted), else_=null())


def add_charges(session: Any, park_id: int, demands: Any) -> int:
    """Charge what is not charged yet; returns how many lines are new. Idempotent by key (B-07).

    demands: Select or list of dicts (see DEMAND); `amount` includes VAT unless `tax_included` is false. Where the answer on
    rate or exemption changes inside the period, the line is split by days; later parts have the key suffix `#2` …
    Raises RuleError when a line has no rate, an unknown item or firm, or lacks its approval."""
    access.require(session, "billing.charge", "add")
    if not scope_of(session).sees(park_id):
        raise NotFound(_l("There is no such record in your parks."))
    if isinstance(demands, list):
        if not demands:
            return 0
        _check(session, park_id, demands)
    lock(session, park_id)
    found = lines(session, park_id, demands)
    found = found.order_by(found.selected_columns.source_id, found.selected_columns.period_from)
    added = session.execute(pg_insert(Charge.__table__).from_select(list(COLUMNS), found).on_conflict_do_nothing(),
                            execution_options={"preserve_rowcount": True}).rowcount
    _none_left(session, park_id, demands)
    if added:
        audit.bulk(session, Charge, "insert", added, park_id=park_id)
    return added


def _none_left(session: Any, park_id: int, demands: Any) -> None:
    """Every demand is a line now; otherwise say which is not, and why."""
    left = fresh(park_id, demands)
    known = select(left.c.key, left.c.period_from, ChargeItem.name).select_from(left).outerjoin(ChargeItem, ChargeItem.id == left.c.item_id)
    problems = Problems()
    for key, day, name in session.execute(known.order_by(left.c.key).limit(5)):
        if name is None:
            problems.add("billing.B-08", _l("Line %(key)s names no charge item or firm of this park.", key=key))
        else:
            problems.add(
                "billing.B-05",
                _l(
                    "There is no VAT rate for %(item)s on every day from %(day)s. Finance adds it under VAT rates.",
                    item=name,
                    day=day.isoformat(),
                ),
            )
    problems.stop()


def _check(session: Any, park_id: int, demands: list[dict[str, Any]]) -> None:
    """What a person may have got wrong, all at once."""
    problems = Problems()
    keys = [d.get("key") for d in demands]
    missing = sorted({n for d in demands for n in NEEDED if d.get(n) is None})
    if missing or len(set(keys)) != len(keys):
        problems.add("billing.B-08", _l("A charge line needs %(names)s, and a key of its own.", names=", ".join(missing or ["key"])))
    problems.stop()
    if any(d.get("kind", "charge") not in CHARGE_KINDS for d in demands) or any(d["period_to"] < d["period_from"] for d in demands):
        problems.add("billing.B-08", _l("The period of a charge line ends before it begins, or its kind is unknown."))
    firms = {d["firm_id"] for d in demands}
    if len(set(session.scalars(select(Firm.id).where(Firm.id.in_(firms), Firm.park_id == park_id)))) != len(firms):
        raise NotFound(_l("There is no such record in your parks."))
    waived = [d for d in demands if d.get("kind") in ("relief", "waiver")]
    wanted = {d.get("approval_id") for d in waived}
    good = (
        set(session.scalars(select(Approval.id).where(Approval.id.in_(wanted - {None}), Approval.state == "approved"))) if waived else set()
    )
    if wanted - good:
        problems.add("billing.B-09", _l("Relief and waivers need an approval that was given."), "approval_id")
    if any(d.get("kind") in ("relief", "waiver", "discount") and d["amount"] > 0 and not d.get("corrects_id") for d in demands):
        problems.add("billing.B-09", _l("A line that reduces the bill has a negative amount."), "amount")
    problems.stop()


def free_lines(session: Any, bill_ids: Any) -> int:
    """Take the lines of draft bills off them: what the run collected goes (the next run makes it again), the rest waits (B-07)."""
    gone = session.execute(
        delete(Charge).where(Charge.bill_id.in_(bill_ids), Charge.collected.is_(True)).execution_options(synchronize_session=False)
    ).rowcount
    kept = session.execute(
        update(Charge)
        .where(Charge.bill_id.in_(bill_ids))
        .values(bill_id=None, version=Charge.version + 1)
        .execution_options(synchronize_session=False)
    ).rowcount
    session.expire_all()
    return gone + kept


def remove_charge(session: Any, charge: Charge) -> None:
    """Delete a line that is on no posted bill; its key is free again."""
    access.require(session, "billing.charge", "remove")
    problems = Problems()
    if charge.bill_id is not None:
        problems.add("billing.B-07", _l("The line is on a bill. Delete the draft first, or credit the posted bill."))
    problems.stop()
    session.delete(charge)
    session.flush()


def open_lines(park_id: int, until: Any = None) -> Any:
    """Conditions for lines that wait for a bill (due until a day)."""
    found = and_(Charge.park_id == park_id, Charge.bill_id.is_(None))
    return found if until is None else and_(found, or_(Charge.due_on <= until, Charge.period_from <= until))


__all__ = ["Uncharged", "add_charges", "collected", "free_lines", "lines", "open_lines", "remove_charge"]
