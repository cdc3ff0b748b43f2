"""What billing's monthly run collects from platforms: one demand per priced event. Rule U-34.

The key is `platforms.event:<id>` (with a count once a bill was reversed); what was charged before is left out, so answering again is
harmless. Use that rights pay for is a line too, at nothing when they pay all of it, and says what they paid."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import BigInteger, Numeric, and_, case, cast, exists, func, literal, or_, select, type_coerce

from modules.billing.models.charge import Charge
from modules.billing.services.charges import Uncharged
from parkops import settings
from parkops.clock import Period
from parkops.db.types import UnitPrice
from parkops.i18n import _

from ..models.event import UsageEvent
from ..models.project import PayingProject
from ..models.rate import PlatformRate
from ..models.registry import Instrument, Platform, ServiceItem
from .month_runs import SOURCE
from .reversed_bills import charge_key

TIMED = ("usage", "technician", "training", "missed")


def demands(session: Any, park_id: int, month: date) -> Uncharged:
    """Priced events that ended in the month or before and are not charged yet, as demands of billing."""
    e, j, p, i, o = _due(park_id, Period.month(month).end).c, PayingProject, Platform, Instrument, ServiceItem
    due = Period.month(month).last_day + timedelta(days=settings.get(session, "platforms.due_days", park_id))
    hours = and_(e.kind.in_(TIMED), e.minutes.is_not(None), func.coalesce(PlatformRate.basis, "flat") == "hour")
    when = func.to_char(func.timezone("Asia/Shanghai", e.started_at), "MM-DD HH24:MI")
    included = settings.get(session, "platforms.tax_included", park_id)
    return Uncharged(
        select(
            charge_key(e).label("key"),
            func.coalesce(j.payer_id, j.firm_id).label("firm_id"),
            p.carrier_id.label("carrier_id"),
            func.coalesce(o.charge_item_id, p.charge_item_id).label("item_id"),
            case((e.net < 0, "adjustment"), else_="charge").label("kind"),
            literal(SOURCE).label("source"),
            cast(e.id, BigInteger).label("source_id"),
            e.ended_on.label("period_from"),
            e.ended_on.label("period_to"),
            literal(due).label("due_on"),
            case((hours, cast(cast(e.minutes, BigInteger) * 10000 // 60, UnitPrice)), else_=e.quantity).label("quantity"),
            case((and_(hours, e.net == e.gross), PlatformRate.amount), else_=None).label("unit_price"),
            e.net.label("amount"),
            literal(included).label("tax_included"),
            func.left(func.concat_ws(" ", func.coalesce(i.name, o.name, p.name), when, case((e.entitled > 0, _covered(e)))), 300)
            .label("memo"),
        )
        .join(j, j.id == e.project_id)
        .join(p, p.id == e.platform_id)
        .outerjoin(i, i.id == e.instrument_id)
        .outerjoin(o, o.id == e.item_id)
        .outerjoin(PlatformRate, PlatformRate.id == e.rate_id)
    )


def _due(park_id: int, end: date) -> Any:
    """The events themselves. OFFSET 0 keeps the server from joining all of history to projects and instruments first. Until a bill of
    it was reversed, whatever line names an event is its own or corrects its own: keys are compared for the few others only."""
    e = UsageEvent
    own = or_(e.reversals == 0, Charge.key == charge_key())
    charged = exists().where(Charge.park_id == park_id, Charge.source == SOURCE, Charge.source_id == e.id, own)
    names = ("id", "reversals", "kind", "project_id", "platform_id", "instrument_id", "item_id", "rate_id", "started_at", "ended_on",
             "minutes", "quantity", "gross", "discount", "entitled", "net")
    return (
        select(*(getattr(e, n) for n in names))
        .where(e.park_id == park_id, e.ended_on < end, or_(e.net != 0, e.entitled > 0), e.state != "void", ~charged)
        .offset(0).subquery("due"))


def _covered(e: Any) -> Any:
    """What rights paid of the price, in words: price before rights, covered."""
    words = _("(price %(price)s yuan, rights cover %(covered)s)", price="%1$s", covered="%2$s")
    before, covered = (func.to_char(cast(amount, Numeric) / 100, "FM999999999990.00")
                       for amount in (_fen(e.gross) - _fen(e.discount), _fen(e.entitled)))
    return func.format(words, before, covered)


def _fen(column: Any) -> Any:
    return type_coerce(column, BigInteger)
