"""Why a figure of the recovery sheet is what it is: its formula with the numbers of the page; and what the park wants to reach. U-118."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops.clock import Period
from parkops.i18n import _
from parkops.kpi.models import KpiTarget
from parkops.money import ZERO
from parkops.security import access

from ..calc_recovery import ClassLine, Sheet

RATES = ("recovery_billed", "recovery_cash")


def targets(session: Any, park_id: int, period: Period) -> dict[str, Decimal]:
    """The park's targets of both recovery rates in the period; what nobody set is not there, nor for who reads no indicators."""
    if not access.may(session, "core.kpi", "read"):
        return {}
    t, codes = KpiTarget, {f"platforms.{n}": n for n in RATES}
    query = select(t.code, t.target).where(t.park_id == park_id, t.code.in_(codes), t.grain == period.grain, t.period_start == period.start)
    return {codes[code]: Decimal(str(target)) for code, target in session.execute(query)}


def of_sheet(s: Sheet) -> dict[str, str]:
    """p*, p_ext and H* in words; a figure that is not known says what is missing."""
    out = [line.use for line in s.lines if line.use.outside]
    outside = sum((u.hours for u in out), Decimal(0))
    rest = sum((line.use.billed for line in s.lines if not line.use.outside), ZERO)
    missing = _("No costs were entered for this period.") if s.cost is None else _("Nothing was used in this period.")
    return {
        "break_even": missing if s.break_even is None else _(
            "net cost %(cost)s ÷ %(hours)s h = %(price)s", cost=_money(s.cost), hours=_hours(s.hours), price=_money(s.break_even)),
        "outside": _outside(s, rest, outside) if s.outside is not None else missing if s.cost is None else _(
            "No outside user used anything in this period."),
        "break_even_hours": _break_even_hours(s, missing),
    }


def _outside(s: Sheet, rest: Decimal, hours: Decimal) -> str:
    return _("(net cost %(cost)s − %(rest)s charged to the other classes) ÷ %(hours)s h of outside users = %(price)s, at least 0",
             cost=_money(s.cost), rest=_money(rest), hours=_hours(hours), price=_money(s.outside))


def _break_even_hours(s: Sheet, missing: str) -> str:
    if s.price is None or s.variable_hour is None or s.fixed is None:
        return missing
    values = {"fixed": _money(s.fixed), "price": _money(s.price), "variable": _money(s.variable_hour)}
    if s.break_even_hours is None:
        return _("never: an hour brings %(price)s and costs %(variable)s in energy and materials", **values)
    return _("fixed cost %(fixed)s ÷ (average price %(price)s − %(variable)s energy and materials an hour) = %(result)s h",
             **values, result=_hours(s.break_even_hours))


def of_gap(s: Sheet, line: ClassLine) -> str:
    """gap_k = the hours' part of C − what class k was charged."""
    if line.gap is None:
        return _("No costs were entered for this period.") if s.cost is None else _("Nothing was used in this period.")
    return _("net cost %(whole)s × %(own)s ÷ %(hours)s h = %(part)s, less %(billed)s charged = %(gap)s",
             whole=_money(s.cost), own=_hours(line.use.hours), hours=_hours(s.hours), part=_money(line.cost),
             billed=_money(line.use.billed), gap=_money(line.gap))


def _money(value: Decimal | None) -> str:
    return f"{value or ZERO:,.2f}"


def _hours(value: Decimal) -> str:
    return f"{value:,.1f}"
