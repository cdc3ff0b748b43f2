"""What billing's monthly run collects from platforms: one demand per priced event. Rule U-34.

The key is `platforms.event:<id>` (with a count once a bill was reversed); what was charged before is left out, so answering again is
harmless. Use that rights pay for is a line too, at nothing when they pay all of it, and says what they paid."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Date, Numeric, Text, and_, case, cast, exists, func, literal, or_, select, type_coerce

from modules.billing.models.charge import Charge
from modules.billing.services.temporary import fill, temporary
from parkops import settings
from parkops.clock import Period
from parkops.db.types import UnitPrice
from parkops.i18n import _

from ..models.event import UsageEvent
from ..models.project import PayingProject
from ..models.rate import PlatformRate
from ..models.registry import Instrument, Platform, ServiceItem
from .month_runs import SOURCE
from .planning import many_rows
from .reversed_bills import charge_key

TIMED = ("usage", "technician", "training", "missed")


DEMANDS = temporary(
    "platform_demand",
    *(Column(n, Text) for n in ("key", "kind", "source", "memo")),
    *(Column(n, BigInteger) for n in ("firm_id", "carrier_id", "item_id", "source_id", "quantity", "unit_price", "amount")),
    *(Column(n, Date) for n in ("period_from", "period_to", "due_on")),
    Column("tax_included", Boolean),
)


def demands(session: Any, park_id: int, month: date) -> Any:
    """Priced events that ended in the month or before and are not charged yet, as demands of billing, worked out once."""
    found = _select(session, park_id, month)
    with many_rows(session):
        fill(session, DEMANDS, found, [c.name for c in found.selected_columns])
    return select(*DEMANDS.c)


def _select(session: Any, park_id: int, month: date) -> Any:
    e, j, p, i, o = UsageEvent, PayingProject, Platform, Instrument, ServiceItem
    end = Period.month(month).end
    due = end - timedelta(days=1) + timedelta(days=settings.get(session, "platforms.due_days", park_id))
    charged = exists().where(Charge.park_id == park_id, Charge.source == SOURCE, Charge.source_id == e.id, Charge.key == charge_key())
    hours = and_(e.kind.in_(TIMED), e.minutes.is_not(None), func.coalesce(PlatformRate.basis, "flat") == "hour")
    thing = func.coalesce(i.name, o.name, p.name)
    local = func.timezone("Asia/Shanghai", e.started_at)
    when = func.to_char(local, "MM-DD HH24:MI")
    included = settings.get(session, "platforms.tax_included", park_id)
    return (
        select(
            charge_key().label("key"),
            func.coalesce(j.payer_id, j.firm_id).label("firm_id"),
            p.carrier_id.label("carrier_id"),
            func.coalesce(o.charge_item_id, p.charge_item_id).label("item_id"),
            case((e.net < 0, "adjustment"), else_="charge").label("kind"),
            literal(SOURCE).label("source"),
            cast(e.id, BigInteger).label("source_id"),
            e.ended_on.label("period_from"),
            e.ended_on.label("period_to"),
            literal(due).label("due_on"),
            case((hours, cast(func.div(cast(e.minutes, BigInteger) * 10000, 60), UnitPrice)), else_=e.quantity).label("quantity"),
            case((and_(hours, e.net == e.gross), PlatformRate.amount), else_=None).label("unit_price"),
            e.net.label("amount"),
            literal(included).label("tax_included"),
            func.left(func.concat_ws(" ", thing, when, case((e.entitled > 0, _covered()))), 300).label("memo"),
        )
        .select_from(e)
        .join(j, j.id == e.project_id)
        .join(p, p.id == e.platform_id)
        .outerjoin(i, i.id == e.instrument_id)
        .outerjoin(o, o.id == e.item_id)
        .outerjoin(PlatformRate, PlatformRate.id == e.rate_id)
        .where(e.park_id == park_id, e.ended_on < end, or_(e.net != 0, e.entitled > 0), e.state != "void", ~charged)
    )


def _covered() -> Any:
    """What rights paid of the price, in words: price before rights, covered."""
    words = _("(price %(price)s yuan, rights cover %(covered)s)", price="%1$s", covered="%2$s")
    before, covered = (func.to_char(cast(amount, Numeric) / 100, "FM999999999990.00")
                       for amount in (_fen(UsageEvent.gross) - _fen(UsageEvent.discount), _fen(UsageEvent.entitled)))
    return func.format(words, before, covered)


def _fen(column: Any) -> Any:
    return type_coerce(column, BigInteger)
