"""Innovation vouchers in the month run: what a voucher pays of a project's month is a use to be agreed, then a line of the bill.

Rules U-36 to U-39. One waiting use per project and month is worked out anew by every run; what was agreed stays and is added to.
The vouchers of the month are locked first, so that two runs and a use applied for by hand never exceed a quota together."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, func, select

from modules.booking.models.entitlement import Voucher, VoucherUse
from modules.booking.states_voucher import VOUCHER_USE
from parkops.clock import Period
from parkops.db.session import scope_of
from parkops.i18n import _, _l
from parkops.money import ZERO, fen, yuan

from .. import calc_vouchers as calc
from ..models.event import UsageEvent
from ..models.project import PayingProject
from .run_exceptions import Waiting

RESOURCE = "booking.voucher_use"
SOURCE = "platforms.project"  # what a use written here comes from
AGREED = ("used", "claimed", "redeemed")


@dataclass(frozen=True)
class Offset:
    """What a voucher pays of a project's month, yuan; `use_id` of the use to be agreed (none: nothing left to agree)."""

    voucher: str
    project: str
    firm: str
    cost: Decimal
    agreed: Decimal
    amount: Decimal
    use_id: int | None = None

    def as_json(self) -> dict[str, Any]:
        """For REST."""
        return {k: str(v) if isinstance(v, Decimal) else v for k, v in self.__dict__.items()}


def settle(session: Any, park: int, month: date, *, dry: bool = False) -> tuple[list[Offset], list[Waiting]]:
    """Write what vouchers pay of the month's priced events (U-36); returns it, and what stands against it."""
    costs = _costs(session, park, month)
    mine = _uses(session, park, month)
    ids = sorted({project.voucher_id for project, _c, _d in costs.values()} | {u.voucher_id for rows in mine.values() for u in rows})
    if not ids:
        return [], []
    vouchers = {v.id: v for v in session.scalars(
        select(Voucher).where(Voucher.park_id == park, Voucher.id.in_(ids)).order_by(Voucher.id).with_for_update(of=Voucher)
        .execution_options(populate_existing=True))}
    mine = _uses(session, park, month)  # again, now that nobody else writes them
    spent = _spent(session, ids)
    offsets: list[Offset] = []
    waiting: list[Waiting] = []
    for voucher_id, voucher in vouchers.items():
        made, against = _of_voucher(session, voucher, spent.get(voucher_id, ZERO), costs, mine, dry)
        offsets, waiting = offsets + made, waiting + against
    session.flush()
    return offsets, waiting


def _of_voucher(session: Any, voucher: Voucher, spent: Decimal, costs: dict[int, Any], mine: dict[int, list[VoucherUse]],
                dry: bool) -> Any:
    """One voucher: its projects in the order they were opened, each with at most one waiting use."""
    projects = sorted({i for i, (p, _c, _d) in costs.items() if p.voucher_id == voucher.id}
                      | {i for i, rows in mine.items() if any(u.voucher_id == voucher.id for u in rows)})
    demands, offsets, against = {}, [], []
    for i in projects:
        project, cost, _day = costs.get(i, (None, ZERO, None))
        rows = [u for u in mine.get(i, ()) if u.voucher_id == voucher.id]
        cost = cost if project is not None and project.voucher_id == voucher.id else ZERO
        demands[i] = calc.Demand(i, fen(cost), *(sum(fen(u.amount) for u in rows if (u.state == "applied") == w) for w in (False, True)))
    given = calc.allot(fen(voucher.quota - spent), voucher.share_percent, demands.values())
    for i, demand in demands.items():
        project = costs[i][0] if i in costs else session.get(PayingProject, i)
        use = next((u for u in mine.get(i, ()) if u.voucher_id == voucher.id and u.state == "applied"), None)
        use = _write(session, voucher, project, use, demand, given[i], costs.get(i, (None, ZERO, None))[2], dry)
        offsets.append(Offset(voucher.number, project.number, str(project.firm), yuan(demand.cost), yuan(demand.agreed), yuan(given[i]),
                              use.id if use is not None else None))
        against += _against(voucher, project, demand, use)
    return offsets, against


def _write(session: Any, voucher: Voucher, project: PayingProject, use: VoucherUse | None, demand: calc.Demand, amount: int,
           day: date | None, dry: bool) -> VoucherUse | None:
    """The waiting use as it comes out now; one that comes to nothing is rejected."""
    if use is None and not amount:
        return None
    if not amount:
        _reject(session, use, _("The use comes to nothing any more."), dry)
        return None
    if use is None:
        scope = scope_of(session)
        use = VoucherUse(park_id=voucher.park_id, voucher_id=voucher.id, firm_id=voucher.firm_id, state="applied", source=SOURCE,
                         source_id=project.id, applied_by_id=scope.user_id, applied_by=scope.user_name)
        session.add(use)
    service = _("Use of platforms %(month)s, project %(number)s", month=f"{day:%Y-%m}", number=project.number)
    use.used_on, use.cost, use.amount, use.service = day, yuan(demand.cost), yuan(amount), service[:200]
    session.flush()
    return use


def _against(voucher: Voucher, project: PayingProject, demand: calc.Demand, use: VoucherUse | None) -> list[Waiting]:
    out = []
    if use is not None:
        out.append(Waiting("voucher_waits", RESOURCE, use.id, str(project.firm),
                           _("The voucher's use waits for a colleague's approval; only then it comes off the bill."), voucher.number))
    if over := calc.overdrawn(voucher.share_percent, demand):
        out.append(Waiting("voucher_over", "booking.voucher", voucher.id, str(project.firm), _(
            "%(over)s more was agreed than the voucher pays now. Reject the use and price the month again.", over=yuan(over)),
            voucher.number))
    return out


def _costs(session: Any, park: int, month: date) -> dict[int, tuple[PayingProject, Decimal, date]]:
    """Per project with a voucher: what its priced events within the voucher's days come to, and their last day."""
    e, total = UsageEvent, func.sum(UsageEvent.net)
    rows = session.execute(
        select(PayingProject, total, func.max(e.ended_on)).select_from(PayingProject)
        .join(Voucher, and_(Voucher.id == PayingProject.voucher_id, Voucher.park_id == park))
        .join(e, and_(e.project_id == PayingProject.id, e.park_id == park, e.ended_on >= Voucher.valid_from,
                      e.ended_on <= Voucher.valid_to))
        .where(PayingProject.park_id == park, e.ended_on >= month, e.ended_on < Period.month(month).end, e.net.is_not(None),
               e.state != "void")
        .group_by(PayingProject.id).having(total > 0))
    return {project.id: (project, cost, day) for project, cost, day in rows}


def _uses(session: Any, park: int, month: date) -> dict[int, list[VoucherUse]]:
    """Uses of the month written here, by project, rejected ones left out."""
    out: dict[int, list[VoucherUse]] = defaultdict(list)
    for use in session.scalars(of_month(park, month).execution_options(populate_existing=True)):
        out[use.source_id].append(use)
    return out


def of_month(park: int, month: date) -> Any:
    """SELECT of the month's uses that count."""
    u = VoucherUse
    return select(u).where(u.park_id == park, u.source == SOURCE, u.used_on >= month, u.used_on < Period.month(month).end,
                           u.state != "rejected").order_by(u.id)


def _spent(session: Any, ids: list[int]) -> dict[int, Decimal]:
    u = VoucherUse
    return dict(session.execute(select(u.voucher_id, func.sum(u.amount)).where(u.voucher_id.in_(ids), u.state != "rejected")
                                .group_by(u.voucher_id)).tuples().all())


def _reject(session: Any, use: VoucherUse, reason: str, dry: bool = False) -> None:
    use.reject_reason = reason[:300]
    if dry:  # who only looks need not be allowed to
        use.state = "rejected"
        return
    VOUCHER_USE.move(session, use, "reject", reason=reason)


def why_not_take_back(session: Any, park: int, month: date) -> str | None:
    """U-39: what was claimed from the authority keeps its month."""
    claimed = session.scalar(of_month(park, month).where(VoucherUse.state.in_(("claimed", "redeemed"))).with_only_columns(
        func.count()).order_by(None))
    if not claimed:
        return None
    return str(_l("%(n)s voucher uses of this month were claimed from the authority. Reject the claims first.", n=claimed))


def not_agreed(session: Any, park: int, month: date) -> list[tuple[str, int, str, int]]:
    """For billing's run: uses that wait for approval, as (resource, id, label, lines)."""
    u = VoucherUse
    rows = session.scalars(select(u).where(u.park_id == park, u.source == SOURCE, u.state == "applied",
                                           u.used_on < Period.month(month).end).order_by(u.id))
    return [(RESOURCE, use.id, _("Voucher %(number)s waits for approval", number=use.voucher.number), 1) for use in rows]


def take_back(session: Any, park: int, month: date, reason: str) -> int:
    """The prices went: uses agreed or waiting go with them, and the quota is free again (U-39)."""
    rows = list(session.scalars(of_month(park, month).where(VoucherUse.state.in_(("applied", "used")))))
    for use in rows:
        _reject(session, use, reason)
    session.flush()
    return len(rows)
