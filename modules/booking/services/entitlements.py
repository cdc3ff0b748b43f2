"""What a firm's plans and credits pay for, worked out anew from the records for every month. Rules K-29 to K-31."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import selectinload

from modules.tenants.models.firm import Firm
from parkops import clock, money, records, settings
from parkops.clock import Period, add_months
from parkops.db.session import scope_of
from parkops.errors import NotFound, Problems
from parkops.i18n import _l
from parkops.security import access

from .. import calc_policy
from ..calc_entitlements import CREDIT, PLAN, Right, Share, Use, allocate
from ..models.booking import Booking
from ..models.entitlement import CreditGrant, EntitlementGrant, PlanLine
from ..models.resource import RESOURCE_KINDS
from ..signals.booking import booking_price, entitlement_uses

COUNTED = ("confirmed", "checked_in", "finished")
LATE = ("missed", "late_cancelled")


@dataclass(frozen=True)
class Allocation:
    """A firm's month: rights with what is left of them, uses, and who pays for what."""

    firm: Any
    month: date
    rights: list[Right]
    uses: list[Use]
    shares: list[Share]
    left: dict[str, int | None]

    def of_use(self, key: str) -> tuple[int, int]:
        """(minutes, fen) paid by rights."""
        mine = [s for s in self.shares if s.use == key]
        return sum(s.minutes for s in mine), sum(s.amount for s in mine)


def rights_of(session: Any, *, firm_id: int, first: date, last: date) -> list[Right]:
    """The firm's rights for uses between two days: one per plan line and month, one per credit (K-29, K-30)."""
    rows = session.execute(
        select(EntitlementGrant, PlanLine).join(PlanLine, PlanLine.plan_id == EntitlementGrant.plan_id)
        .where(EntitlementGrant.firm_id == firm_id, EntitlementGrant.starts_on <= last,
               or_(EntitlementGrant.ends_on.is_(None), EntitlementGrant.ends_on >= first)).order_by(EntitlementGrant.id, PlanLine.id)).all()
    out, month = [], first.replace(day=1)
    while month <= last:
        end = add_months(month, 1) - timedelta(days=1)
        for grant, line in rows:
            start, until = max(month, grant.starts_on), min(end, grant.ends_on or end)
            if start <= until:
                out.append(_right(f"plan:{grant.id}:{line.id}:{month:%Y-%m}", PLAN, line, start, until, str(grant.plan)))
        month = add_months(month, 1)
    for credit in session.scalars(select(CreditGrant).where(
            CreditGrant.firm_id == firm_id, CreditGrant.granted_on <= last,
            or_(CreditGrant.expires_on.is_(None), CreditGrant.expires_on >= first)).order_by(CreditGrant.id)):
        out.append(_right(f"credit:{credit.id}", CREDIT, credit, credit.granted_on, credit.expires_on, credit.reason))
    return out


def _right(key: str, tier: str, row: Any, starts_on: date, ends_on: date | None, title: str) -> Right:
    unlimited = bool(getattr(row, "unlimited", False))
    quantity = None if unlimited else row.minutes if row.unit == "minutes" else money.fen(row.amount)
    return Right(key, tier, row.unit, quantity, unlimited, starts_on, ends_on, row.kind, row.group_id, row.resource_id, title)


def uses_of(session: Any, *, firm_id: int, first: date, last: date) -> list[Use]:
    """The firm's bookings that count, by the day they begin, late cancellations and no-shows too when the park says so; of resources
    whose use another module records (instruments), what was used instead."""
    firm = session.get(Firm, firm_id)
    recorded, elsewhere = [], set()
    for answer in entitlement_uses.send(session, firm_id=firm_id, first=first, last=last):
        elsewhere |= set(answer[0])
        recorded += answer[1]
    start, end = calc_policy.instant(first, "00:00"), calc_policy.instant(last + timedelta(days=1), "00:00")
    found = session.scalars(select(Booking).where(
        Booking.firm_id == firm_id, Booking.state.in_(counted(session, firm.park_id if firm is not None else None)),
        Booking.starts_at >= start, Booking.starts_at < end, Booking.resource_id.not_in(elsewhere),
    ).options(selectinload(Booking.resource)).order_by(Booking.starts_at, Booking.id))
    return recorded + [Use(f"booking:{b.id}", b.starts_at,
                           int((b.ends_at - b.starts_at).total_seconds()) // 60, b.resource_id, b.resource.kind,
                b.resource.group_id, _price(session, b), str(b)) for b in found]


def counted(session: Any, park_id: int | None) -> tuple[str, ...]:
    """States of bookings that use up rights."""
    return (*COUNTED, *(LATE if settings.get(session, "booking.counts_late", park_id) else ()))


def _price(session: Any, booking: Booking) -> int | None:
    """The price other modules name for a booking, in fen; None when nobody prices it."""
    payer = (booking.payer_source, booking.payer_id) if booking.payer_id is not None else None
    lines = [line for answer in booking_price.send(
        session, resource=booking.resource, starts_at=booking.starts_at, ends_at=booking.ends_at, firm_id=booking.firm_id, payer=payer)
        for line in answer or ()]
    return money.fen(sum((Decimal(line["amount"]) for line in lines), Decimal(0))) if lines else None


def allocation(session: Any, *, firm_id: int, month: date) -> Allocation:
    """Who pays for what in a month. Credits given earlier are followed from the day they were given, so that what earlier months
    used is gone; nothing is stored, so the order in which bookings and rights were entered never matters (K-31)."""
    access.require(session, "booking.grant", "read")
    firm = session.get(Firm, firm_id)
    if firm is None:
        raise NotFound(_l("There is no such record in your parks."))
    period = Period.month(month)
    now = rights_of(session, firm_id=firm_id, first=period.start, last=period.last_day)
    first = min([period.start, *(r.starts_on.replace(day=1) for r in now if r.tier == CREDIT)])
    rights = now if first == period.start else rights_of(session, firm_id=firm_id, first=first, last=period.last_day)
    uses = uses_of(session, firm_id=firm_id, first=first, last=period.last_day)
    shares = allocate(rights, uses)
    mine = {u.key for u in uses if clock.local(u.starts_at).date() >= period.start}
    left: dict[str, int | None] = {}
    for right in now:
        spent = sum(s.minutes if right.unit == "minutes" else s.amount for s in shares if s.right == right.key)
        left[right.key] = None if right.unlimited else (right.quantity or 0) - spent
    return Allocation(firm, period.start, now, [u for u in uses if u.key in mine], [s for s in shares if s.use in mine], left)


def scope_words(session: Any, right: Right) -> str:
    """What a right is for, in words."""
    from ..models.resource import BookableResource, ResourceGroup

    if right.resource_id is not None:
        return str(session.get(BookableResource, right.resource_id))
    if right.group_id is not None:
        return str(session.get(ResourceGroup, right.group_id))
    return str(RESOURCE_KINDS.label(right.kind)) if right.kind else str(_l("Everything bookable"))


# ---- plans, grants and credits as records


def check_quantity(session: Any, values: dict[str, Any], problems: Problems) -> None:
    """K-29: exactly one of a quantity in the unit and the flag "unlimited"; at most one scope."""
    unit, unlimited = values.get("unit"), bool(values.get("unlimited"))
    own, other = ("minutes", "amount") if unit == "minutes" else ("amount", "minutes")
    if values.get(other) is not None:
        problems.add("booking.K-29", _l("This right counts something else; leave this empty."), other)
    if unlimited and values.get(own) is not None:
        problems.add("booking.K-29", _l("Unlimited rights have no quantity. Leave it empty or take the tick away."), own)
    if not unlimited and values.get(own) is None:
        problems.add("booking.K-29", _l("Enter how much, or tick \"unlimited\"; an empty field does not mean unlimited."), own)
    if values.get(own) is not None and values[own] <= 0:
        problems.add("booking.K-29", _l("Enter a quantity above zero."), own)
    if sum(values.get(name) is not None for name in ("kind", "group_id", "resource_id")) > 1:
        problems.add("booking.K-29", _l("Name a kind, a group or a resource, not several."), "kind")


def create_plan_line(session: Any, **values: Any) -> PlanLine:
    """A monthly right of a plan."""
    return records.create(session, PlanLine, values, check_quantity)


def change_plan_line(session: Any, line: PlanLine, **values: Any) -> PlanLine:
    """Change it; months are worked out anew."""
    return records.change(session, line, values, check_quantity)


def remove_plan_line(session: Any, line: PlanLine) -> None:
    """Delete it."""
    records.remove(session, line)


def _check_grant(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "starts_on", "ends_on", _l("The last day lies before the first. Check both."))


def create_grant(session: Any, **values: Any) -> EntitlementGrant:
    """Give a firm a plan."""
    return records.create(session, EntitlementGrant, values, _check_grant)


def change_grant(session: Any, grant: EntitlementGrant, **values: Any) -> EntitlementGrant:
    """Change its days."""
    return records.change(session, grant, values, _check_grant)


def create_credit(session: Any, **values: Any) -> CreditGrant:
    """Give a firm time or money by hand, with a reason (K-30)."""
    values["granted_by"] = scope_of(session).user_name

    def check(s: Any, v: dict[str, Any], problems: Problems) -> None:
        check_quantity(s, v, problems)
        records.date_order(v, problems, "granted_on", "expires_on", _l("The last day lies before the first. Check both."))

    return records.create(session, CreditGrant, values, check)


def expire_credit(session: Any, credit: CreditGrant, *, on: date, reason: str) -> str:
    """End a credit early: nothing it paid before is taken back."""
    access.require(session, "booking.credit", "act")
    problems = Problems()
    if on < credit.granted_on:
        problems.add("booking.K-30", _l("A credit cannot end before it was given."), "on")
    if not (reason or "").strip():
        problems.add("booking.K-30", _l("Write a reason."), "reason")
    problems.stop()
    credit.expires_on, credit.reason = on, f"{credit.reason} / {reason.strip()}"[:300]
    session.flush()
    return str(_l("The credit ends on %(day)s.", day=on.isoformat()))
