"""What leases have to be charged for a month: one ORM select over the due rows, which the monthly run inserts from. Rules C-25, C-26.

A due row is one demand; a subsidy is two: less for the firm, the same for its funder, both outside VAT, so that the VAT sales
stay the full price (domain.md 8.3). The key is `leasing.lease_due:<id>` (`…:funder` for the funder)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, String, and_, case, cast, exists, func, literal, select, union_all

from modules.billing.models.catalogue import ChargeItem
from modules.billing.models.charge import Charge
from parkops.db.types import Money

from ..models.lease import Lease, LeaseDue, LeaseLine, LeaseUnit
from ..models.space import Building, Unit
from .schedule import SOURCE

SUBSIDY_ITEM = "rent_subsidy"
SUBSIDIES = ("subsidy", "subsidy_credit")


def _simplified() -> Any:
    """Leases of units in buildings for which the simplified VAT method was chosen."""
    return (
        select(LeaseUnit.lease_id)
        .join(Unit, Unit.id == LeaseUnit.unit_id)
        .join(Building, Building.id == Unit.building_id)
        .where(Building.simplified_vat)
    )


def _select(condition: Any, *, funder: bool) -> Any:
    d, line = LeaseDue, LeaseLine
    subsidy = d.kind.in_(SUBSIDIES)
    item = select(ChargeItem.id).where(ChargeItem.code == SUBSIDY_ITEM).scalar_subquery()
    kind = "charge" if funder else case((d.kind.in_(("charge", "discount")), d.kind), else_="adjustment")
    return (
        select(
            _key(funder).label("key"),
            (d.funder_id if funder else Lease.firm_id).label("firm_id"),
            Lease.carrier_id.label("carrier_id"),
            (item if funder else case((subsidy, item), else_=line.item_id)).label("item_id"),
            (literal(kind) if funder else kind).label("kind"),
            literal(SOURCE).label("source"),
            cast(d.id, BigInteger).label("source_id"),
            d.period_from.label("period_from"),
            d.period_to.label("period_to"),
            d.due_on.label("due_on"),
            d.quantity.label("quantity"),
            d.unit_price.label("unit_price"),
            (cast(-d.amount, Money) if funder else d.amount).label("amount"),
            Lease.tax_included.label("tax_included"),
            case((Lease.id.in_(_simplified()), "simplified"), else_="normal").label("vat_method"),
            func.left(func.concat_ws(" ", func.coalesce(line.memo, ChargeItem.name), Lease.number), 300).label("memo"),
        )
        .select_from(d)
        .join(Lease, Lease.id == d.lease_id)
        .join(line, line.id == d.line_id)
        .join(ChargeItem, ChargeItem.id == line.item_id)
        .where(d.amount != 0, *([subsidy] if funder else []), condition)
    )


def demands(park_id: int, month: date) -> Any:
    """C-25: everything of the park billed in `month` or earlier and not charged before."""
    condition = (LeaseDue.park_id == park_id) & (LeaseDue.bill_month <= month)
    both = union_all(*(_select(and_(condition, ~_charged(park_id, funder)), funder=funder) for funder in (False, True)))
    return select(both.subquery("lease_demands"))


def _charged(park_id: int, funder: bool) -> Any:
    """A line has the due row's key. Asked by the row's id too: numbers are compared faster than the texts of all lines."""
    return exists().where(Charge.park_id == park_id, Charge.source == SOURCE, Charge.source_id == LeaseDue.id, Charge.key == _key(funder))


def _key(funder: bool) -> Any:
    key = literal(SOURCE + ":") + cast(LeaseDue.id, String)
    return key + literal(":funder") if funder else key


def demand_rows(session: Any, park_id: int, due_ids: Sequence[int]) -> list[dict[str, Any]]:
    """The demands of some due rows as dicts."""
    condition = (LeaseDue.park_id == park_id) & LeaseDue.id.in_(list(due_ids))
    return [dict(r) for q in (_select(condition, funder=False), _select(condition, funder=True)) for r in session.execute(q).mappings()]
