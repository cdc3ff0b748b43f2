"""Demo, second part: use taken over month by month, priced, billed and paid; bookings and uses of today."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Date, Integer, String, cast, literal, select, update

from modules.billing.models.bill import Bill, BillRun
from modules.billing.models.charge import Charge
from modules.billing.models.receipt import BankAccount
from modules.billing.services import receipts_bulk, runs
from modules.booking.models.entitlement import VoucherUse
from modules.booking.models.resource import BookableResource
from modules.booking.services import bookings, vouchers
from parkops import clock
from parkops.clock import add_months
from parkops.db import audit
from parkops.demo import Context
from parkops.errors import RuleError

from . import demo_data as data
from .models.event import UsageEvent
from .models.project import PayingProject
from .models.registry import Instrument, OperatorQualification
from .services import events, loading, month_runs

DAY = timedelta(days=1)


def usage(context: Context, numbers: dict[str, list[tuple[str, date, date]]], today: date) -> int:
    """Every month's uses until yesterday; one in sixty is waived afterwards."""
    maker, done, now = data.Maker(), 0, clock.now()
    until = datetime(today.year, today.month, today.day, tzinfo=data.ZONE)
    rows: list[Any] = []
    month = data.FIRST
    while month <= today:
        last = add_months(month, 1) - DAY
        for plat in data.PLATS:
            able = [number for number, first, end in numbers[plat.code] if first <= month and end >= last]
            if able:
                rows += maker.uses(plat, month, able, until)
        month = add_months(month, 1)
    with context.scope("operations_manager") as s:
        done = loading.load_usage(s, rows, at=now)
        waived = select(UsageEvent.id).where(UsageEvent.id % 60 == 7, UsageEvent.state == "validated")
        found = s.execute(update(UsageEvent).where(UsageEvent.id.in_(waived)).values(
            state="waived", waived_by=context_name(s), waived_reason="开放日体验，不收费"), execution_options={"synchronize_session": False})
        audit.bulk(s, UsageEvent, "update", found.rowcount, detail={"waived": "开放日体验"})
    return done


def context_name(session: Any) -> str:
    """Who acts."""
    from parkops.db.session import scope_of

    return scope_of(session).user_name


def bill(context: Context, today: date, say: Callable[[str], Any]) -> None:
    """Price every month; bill by year, later by half-year, from last year on month by month; let most firms pay."""
    month, due = data.FIRST, []
    this = today.replace(day=1)
    while month < this:
        with context.scope("operations_manager") as s:
            month_runs.price_month(s, month=month)
        following = add_months(month, 1)
        if month.month % (12 if month.year < today.year - 2 else 6 if month.year < today.year - 1 else 1) == 0:
            due.append(month)
        month = following
    for month in due:
        _run(context, month, min(add_months(month, 1), today))
        if add_months(month, 2) <= today:  # those of the last weeks are open
            _pay(context, add_months(month, 1))
    _pay_late(context, today)
    say(f"platforms: use priced and billed until {due[-1]:%Y-%m}")


def _run(context: Context, month: date, issued_on: date) -> None:
    with context.scope("finance") as s:
        for use in s.scalars(select(VoucherUse).where(VoucherUse.state == "applied", VoucherUse.used_on < add_months(month, 1))):
            vouchers.approve_use(s, use, on=issued_on)
        run_id = runs.generate(s, month=month, issued_on=issued_on).id
    left = 1
    while left:
        with context.scope("finance") as s:
            run = s.get(BillRun, run_id)
            left = runs.post_next(s, run) if run.state in ("drafted", "posting") else 0


def _pay(context: Context, issued: date) -> None:
    """Bills with platform lines of that day are paid 10 to 29 days later, but by one firm in nine."""
    _receive(context, 9 + cast(Bill.firm_id % 20, Integer), Bill.issued_on == issued, Bill.firm_id % 9 != 4)


def _pay_late(context: Context, today: date) -> None:
    """Who was reminded has paid after four months, but for one firm in 27."""
    _receive(context, 120 + cast(Bill.firm_id % 20, Integer), Bill.issued_on < today - timedelta(days=140), Bill.firm_id % 27 != 13)


def _receive(context: Context, days: Any, *which: Any) -> None:
    """Open bills with platform lines are paid whole, so many days after their date."""
    with context.scope("finance") as s:
        bank = s.scalar(select(BankAccount.id).order_by(BankAccount.id).limit(1))
        mine = select(Charge.bill_id).where(Charge.source == month_runs.SOURCE, Charge.bill_id.is_not(None))
        chosen = receipts_bulk.payable(select(Bill.id).where(Bill.park_id == context.park_id, Bill.id.in_(mine), *which)).subquery()
        receipts_bulk.receive_many(s, park_id=context.park_id, payments=select(
            chosen.c.bill_id, chosen.c.firm_id, chosen.c.amount, cast(Bill.issued_on + days, Date).label("received_on"),
            cast(bank, BigInteger).label("bank_account_id"), cast(literal("平台使用费"), String).label("reference"))
            .join(Bill, Bill.id == chosen.c.bill_id))


def today(context: Context, day: date) -> None:
    """Bookings of today and the coming days, and a machine that runs now."""
    morning = datetime(day.year, day.month, day.day, 0, 5, tzinfo=data.ZONE)
    with context.scope("operations_clerk") as s:
        who = _trained_projects(s)
        tools = list(s.scalars(select(Instrument).order_by(Instrument.id)))
        for n, tool in enumerate(tools):
            for ahead in range(4):
                for hour, hours in ((9, 2), (13, 3)) if (n + ahead) % 3 else ((10, 4),):
                    _book(s, tool, who[(n * 5 + ahead + hour) % len(who)], morning, ahead, hour, hours)
        running = next(t for t in tools if not t.needs_training)
        try:
            with s.begin_nested():
                events.start_usage(s, instrument_id=running.id, project_id=who[0].id, at=clock.now())
        except RuleError:
            pass  # somebody has booked the machine for this hour


def _trained_projects(session: Any) -> list[PayingProject]:
    """Open projects of firms that are trained."""
    trained = select(OperatorQualification.firm_id)
    return list(session.scalars(select(PayingProject).where(
        PayingProject.state == "active", PayingProject.firm_id.in_(trained), PayingProject.last_day.is_(None)).order_by(PayingProject.id)))


def _book(session: Any, tool: Instrument, project: PayingProject, morning: datetime, ahead: int, hour: int, hours: int) -> None:
    """One booking; where a rule is against it, it is left out."""
    start = morning.replace(hour=hour, minute=0) + timedelta(days=ahead)
    resource = session.get(BookableResource, tool.resource_id)
    try:
        with session.begin_nested():
            bookings.book(session, resource=resource, starts_at=start, ends_at=start + timedelta(hours=hours), firm_id=project.firm_id,
                          payer=("platforms.project", project.id), memo="试验", at=morning)
    except RuleError:
        return
