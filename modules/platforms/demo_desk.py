"""Demo, last part: what stands on the desks this week, so that every list holds something: a discount for heavy use, questions at
the machine, money paid in ahead, quotes in each state and charges that users dispute."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops.clock import add_months
from parkops.demo import Context

from .models.event import UsageEvent
from .models.project import PayingProject
from .models.quote import PlatformQuote
from .models.registry import Instrument, Platform, ServiceItem
from .services import adjustments, projects, questions, quotes, rates

DAY = timedelta(days=1)
QUESTIONS = (  # instrument, before or after, code, question, answer, consumable it takes
    ("AM-SLM", "after", "powder", "本次使用钛合金粉末多少千克？", "number", "AM-POWDER"),
    ("AM-SLM", "before", "safety", "是否已完成惰性气体检查？", "yes_no", None),
    ("BIO-PCR", "after", "kits", "本次使用试剂盒多少盒？", "number", "BIO-KIT"),
)


def build(context: Context, today: date) -> None:
    """Each step by the person whose work it is; who decides is somebody else."""
    with context.scope("operations_manager") as s:
        _questions(s)
        rates.create_discount(s, name="月使用满3万元优惠", reached=Decimal(30000), percent=Decimal("0.05"), starts_on=add_months(today.replace(day=1), 1))
    with context.scope("operations_clerk") as s:
        offers = [q.id for q in _quotes(s, today)]
        decided = _disputes(s, today)
    with context.scope("operations_manager") as s:
        for quote_id in offers[:2]:
            quotes.approve_quote(s, s.get(PlatformQuote, quote_id))
        adjustments.approve_adjustment(s, s.get(adjustments.EventAdjustment, decided), reason="设备记录证实停机")
    with context.scope("operations_clerk") as s:
        quote = s.get(PlatformQuote, offers[0])
        quotes.accept_quote(s, quote, on=today)
        prepaid = projects.create_project(s, name="预付机时", firm_id=quote.firm_id, customer_class="incubatee", starts_on=today, prepaid=True).id
    with context.scope("finance") as s:
        projects.add_fund(s, project_id=prepaid, amount=Decimal(5000), received_on=today, reference=f"收据{today:%Y%m%d}-01")


def _questions(session: Any) -> None:
    tools = dict(session.execute(select(Instrument.code, Instrument.id)).tuples().all())
    items = dict(session.execute(select(ServiceItem.code, ServiceItem.id)).tuples().all())
    for place, (tool, asked, code, text, answer, item) in enumerate(QUESTIONS):
        if tool in tools:
            questions.create_question(session, instrument_id=tools[tool], asked=asked, code=code, text=text, answer=answer, required=False,
                                      item_id=items[item] if item else None, position=10 * (place + 1))


def _quotes(session: Any, today: date) -> list[PlatformQuote]:
    """Three handed in for approval and a draft."""
    made = []
    found = session.execute(select(Platform, Instrument).join(Instrument, Instrument.platform_id == Platform.id)
                            .order_by(Platform.id, Instrument.id)).all()
    first = {platform.id: (platform, tool) for platform, tool in reversed(found)}
    firms = session.scalars(select(PayingProject.firm_id).order_by(PayingProject.id).limit(len(first)))
    for n, (firm_id, (platform, tool)) in enumerate(zip(firms, first.values(), strict=False)):
        quote = quotes.create_quote(session, platform_id=platform.id, firm_id=firm_id, customer_class="incubatee", quoted_on=today - 2 * DAY,
                                    terms="按实际使用时长结算，试样由委托方提供。")
        quotes.add_line(session, quote_id=quote.id, kind="usage", quantity=Decimal(6 + 4 * n), instrument_id=tool.id, memo="试验机时")
        if n < 3:
            quotes.submit_quote(session, quote)
        made.append(quote)
    return made


def _disputes(session: Any, today: date) -> int:
    """Two users think otherwise about last weeks' use; the second, which is answered here, is decided next."""
    events = session.scalars(select(UsageEvent).where(
        UsageEvent.kind == "usage", UsageEvent.state == "validated", UsageEvent.ended_on >= today - 20 * DAY, UsageEvent.minutes > 90)
        .order_by(UsageEvent.id.desc()).limit(2)).all()
    reasons = ("实际提前半小时结束，请按结束时间更正", "设备中途故障停机半小时，不应计费")
    rows = [adjustments.raise_adjustment(session, event_id=e.id, raised_on=today, reason=reason, want_end=e.ended_at - timedelta(minutes=30))
            for e, reason in zip(events, reasons, strict=True)]
    return rows[1].id
