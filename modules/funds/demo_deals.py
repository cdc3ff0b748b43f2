"""Demo, second part: from the pipeline to closing, payments, marks, duties, covenants, the small fund, today's pipeline."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select

from modules.tenants.models.firm import Firm
from modules.tenants.models.statement import FirmStatement
from parkops.clock import add_months
from parkops.demo import Context

from . import demo_data as data
from .models.deal import CommitteeMeeting, InvestmentDeal
from .models.investment import Investment, InvestmentDuty, InvestmentExit, Valuation
from .services import committee, duties, exits, investments, shares, terms, valuations
from .services import deals as flow
from .states_deal import TERM_SHEET

WAN = Decimal(data.WAN)


def _firms(session: Any, on: date, taken: set[int]) -> list[Firm]:
    """Companies in incubation on a day, with capital, that stayed long enough; those not taken yet."""
    far = add_months(on, 20)
    return list(session.scalars(select(Firm).where(
        Firm.incubating_since.is_not(None), Firm.incubating_since <= on, Firm.registered_on < on, Firm.founding_capital.is_not(None),
        or_(Firm.moved_out_on.is_(None), Firm.moved_out_on > far), Firm.state.in_(("incubating", "graduated", "accelerating")),
        Firm.id.not_in(taken or {0})).order_by(Firm.id)))


def _register(session: Any, firm: Firm) -> None:
    """The founders' line; a yuan of capital is a share."""
    if not shares.entries_of(session, firm.id):
        shares.create_entry(session, firm_id=firm.id, on_date=firm.registered_on, event="founding", title="设立", holder="创始团队",
                            holder_kind="founder", shares=max(firm.founding_capital, Decimal(500_000)))


def _prepare(session: Any, fund_id: int, firm: Firm, on: date, round_: str, instrument: str, amount: Decimal, pre: Decimal | None,
             purpose: str) -> InvestmentDeal:
    """A deal with its due diligence done."""
    row = flow.create_deal(session, fund_id=fund_id, firm_id=firm.id, round=round_, instrument=instrument, amount=amount, pre_money=pre,
                           seen_on=on - timedelta(days=75), source="在孵企业走访", thesis=purpose)
    flow.examine(session, row, on=on - timedelta(days=60))
    for n, item in enumerate(flow.items_of(session, row)):
        flow.finish_item(session, item, finding=data.FINDINGS[item.area], risk=("low", "low", "low", "medium", "low")[(n + row.id) % 5],
                         on=on - timedelta(days=40 - n), examiner="王晓燕")
    return row


def _decided(context: Context, deal_ids: list[int], days: dict[int, date]) -> None:
    """Brought by the clerk, voted by leadership and manager."""
    with context.scope("operations_clerk") as s:
        for row in s.scalars(select(InvestmentDeal).where(InvestmentDeal.id.in_(deal_ids)).order_by(InvestmentDeal.id)):
            committee.call_meeting(s, row, held_on=days[row.id] - timedelta(days=28), proposal=f"拟投资 {row.amount:,.2f} 元，{row.thesis}。")
    for role, reason in (("leadership", "符合基金投向，同意。"), ("operations_manager", "尽调充分，同意按建议金额投资。")):
        with context.scope(role) as s:
            open_ones = select(CommitteeMeeting).where(CommitteeMeeting.deal_id.in_(deal_ids), CommitteeMeeting.state == "open")
            for meeting in s.scalars(open_ones.order_by(CommitteeMeeting.id)):
                committee.cast_vote(s, meeting, vote="for", reason=reason)


def _closed(context: Context, deal_ids: list[int], days: dict[int, date]) -> list[int]:
    """Terms agreed and signed, closed on the day; investment ids in the order of the deals."""
    out = []
    with context.scope("operations_manager") as s:
        for deal_id in deal_ids:
            deal, on = s.get(InvestmentDeal, deal_id), days[deal_id]
            loan = {"discount": Decimal("0.2"), "interest": Decimal("0.05"), "matures_on": add_months(on, 24)} if deal.instrument == "convertible" else {}
            sheet = terms.create_terms(s, deal_id=deal.id, amount=deal.amount, pre_money=deal.pre_money, board_seat=deal.amount >= 300 * WAN, **loan)
            TERM_SHEET.move(s, sheet, "send", on=on - timedelta(days=20))
            terms.sign_terms(s, sheet, on=on - timedelta(days=9))
            terms.sign_deal(s, deal, on=on - timedelta(days=9))
            out.append(investments.close_deal(s, deal, on=on).id)
    return out


def close_all(context: Context, fund_id: int, today: date) -> list[tuple[data.Plan, int]]:
    """The twelve investments; the n-th plan takes a firm a fixed step further on the list of that day."""
    plans, deal_ids, days, taken = [p for p in data.PLANS if p.closed <= today], [], {}, set()
    with context.scope("operations_clerk") as s:
        for n, plan in enumerate(plans):
            found = _firms(s, plan.closed - timedelta(days=80), taken)
            firm = found[(7 * n + 3) % len(found)]
            taken.add(firm.id)
            _register(s, firm)
            row = _prepare(s, fund_id, firm, plan.closed, plan.round, "equity", plan.amount * WAN, plan.pre * WAN, data.PURPOSES[firm.track])
            deal_ids.append(row.id)
            days[row.id] = plan.closed
    _decided(context, deal_ids, days)
    return list(zip(plans, _closed(context, deal_ids, days), strict=True))


def pay(context: Context, investment_id: int, on: date) -> None:
    """Paid whole by finance; registration follows."""
    with context.scope("finance") as s:
        row = s.get(Investment, investment_id)
        investments.pay_investment(s, row, amount=row.amount, on=on, reference=f"TZ{on:%y%m%d}")


def give_up(context: Context, investment_id: int, today: date) -> None:
    """Marked down to nothing first, then given up; both by two people."""
    from .demo import approved

    on = data.LOST[1]
    if on > today:
        return
    with context.scope("operations_clerk") as s:
        row = exits.create_exit(s, investment_id=investment_id, way="write_off", on_date=on, proceeds=Decimal(0)).id
    approved(context, InvestmentExit, [row], on, "operations_clerk")


EVIDENCE = {
    "cost": "年度估值会议纪要：经营符合预期，无新融资，维持成本。", "last_round": "新一轮增资协议及工商变更，按最近融资价格。",
    "market": "年度估值报告：可比公司市销率法，附审计报告。", "write_down": "年度估值会议纪要：收入低于预期，按可收回金额减记。",
    "write_off": "企业停止经营，清算组函，全额减记。",
}


def mark(context: Context, investment_id: int, on: date, times: str, basis: str) -> None:
    """A year-end mark: proposed by the clerk, confirmed by the manager."""
    from .demo import approved

    with context.scope("operations_clerk") as s:
        value = (s.get(Investment, investment_id).amount * Decimal(times)).quantize(Decimal("0.01"))
        row = valuations.create_valuation(s, investment_id=investment_id, on_date=on, basis=basis, value=value, evidence=EVIDENCE[basis])
        row_id = row.id
    approved(context, Valuation, [row_id], on, "operations_clerk")


def marks(context: Context, held: list[tuple[data.Plan, int]], today: date) -> None:
    """Later rounds of others dilute; of two marks of this summer one waits for confirmation."""
    from .services import second

    with context.scope("operations_clerk") as s:
        for n, (plan, investment_id) in enumerate(held):
            row = s.get(Investment, investment_id)
            if plan.next_round and plan.next_round[0] <= today:
                _next_round(s, row, plan)
            if n in (1, 4) and date(2026, 6, 30) <= today:
                made = valuations.create_valuation(s, investment_id=row.id, on_date=date(2026, 6, 30), basis="market", value=row.amount * 2,
                                                   evidence="半年度估值：可比公司市销率法。")
                if n == 4:
                    second.submit(s, made, on=today)


def _next_round(session: Any, row: Investment, plan: data.Plan) -> None:
    on, amount, pre = plan.next_round
    there = shares.outstanding(session, row.firm_id, on)
    got = (there * amount / pre).quantize(Decimal(1))
    shares.create_entry(session, firm_id=row.firm_id, on_date=on, event="issue", title="A轮", holder="齐鲁成长创业投资合伙企业", holder_kind="investor",
                        shares=got, price=(Decimal(pre) * WAN / there).quantize(Decimal("0.0001")))


def follow_up(context: Context, held: list[tuple[data.Plan, int]], today: date) -> None:
    """Registrations, duties near today (one is late), covenants on the revenue of the last two years."""
    with context.scope("operations_manager") as s:
        for n, (_plan, investment_id) in enumerate(held):
            row = s.get(Investment, investment_id)
            on = row.closed_on + timedelta(days=24)
            if on <= today and n != len(held) - 1:
                investments.change_investment(s, row, registered_on=on, use_case=row.use_case)
            _duties(s, row, n, today)
            if row.state == "held":
                _covenants(s, row, n, today)


def _duties(session: Any, row: Investment, n: int, today: date) -> None:
    for duty in session.scalars(select(InvestmentDuty).where(InvestmentDuty.investment_id == row.id).order_by(InvestmentDuty.id)):
        if row.state in ("exited", "written_off"):
            duties.waive(session, duty, on=today, reason="已退出")
        elif duty.kind == "registration":
            if row.registered_on:
                duties.fulfil(session, duty, on=row.registered_on)
        else:
            late = today - timedelta(days=9) if n % 5 == 2 and duty.kind == "report" else today + timedelta(days=6 + 9 * n)
            duties.change_duty(session, duty, due_on=late)


def _covenants(session: Any, row: Investment, n: int, today: date) -> None:
    """Nine tenths of the revenue the firm reported; one asks for more than it reached; a year nobody reported stays unknown."""
    for year in (today.year - 2, today.year - 1):
        revenue = session.scalar(select(FirmStatement.revenue).where(FirmStatement.firm_id == row.firm_id, FirmStatement.grain == "year",
                                                                     FirmStatement.period_start == date(year, 1, 1)))
        base = revenue if revenue is not None else Decimal(1_000_000)
        threshold = (base * (Decimal("1.2") if n == 3 else Decimal("0.9"))).quantize(Decimal(1))
        if n % 2:
            duties.create_covenant(session, investment_id=row.id, title="年度营业收入承诺", metric="revenue", year=year, threshold=max(threshold, Decimal(1)))


def small_fund(context: Context, fund_id: int, today: date) -> None:
    """Rent and services for equity, and a convertible loan."""
    if data.SMALL_DEALS[-1][1] + timedelta(days=60) > today:
        return
    from .demo import approved
    from .models.call import CapitalCall
    from .services import calls

    with context.scope("finance") as s:
        notice = date(2024, 5, 20)
        row_id = calls.create_call(s, fund_id=fund_id, notice_on=notice, due_on=notice + timedelta(days=14), for_investments=100 * WAN,
                                   for_fees=5 * WAN, purpose="首期出资").id
    approved(context, CapitalCall, [row_id], notice)
    with context.scope("finance") as s:
        calls.receive_all(s, s.get(CapitalCall, row_id), on=notice + timedelta(days=9))
    deal_ids, days = [], {}
    with context.scope("operations_clerk") as s:
        taken = set(s.scalars(select(Investment.firm_id)))
        for n, (instrument, on, amount, pre, purpose) in enumerate(data.SMALL_DEALS):
            found = _firms(s, on - timedelta(days=80), taken)
            firm = found[-(5 * n + 4)]
            taken.add(firm.id)
            _register(s, firm)
            row = _prepare(s, fund_id, firm, on, "seed", instrument, amount * WAN, pre * WAN if pre else None, purpose)
            deal_ids.append(row.id)
            days[row.id] = on
    _decided(context, deal_ids, days)
    made = _closed(context, deal_ids, days)
    for investment_id, deal_id in zip(made, deal_ids, strict=True):
        pay(context, investment_id, days[deal_id] + timedelta(days=6))
    with context.scope("operations_manager") as s:
        for n, investment_id in enumerate(made):
            row = s.get(Investment, investment_id)
            if row.instrument != "convertible":
                investments.change_investment(s, row, registered_on=row.closed_on + timedelta(days=24), use_case=row.use_case)
            _duties(s, row, n, today)


def pipeline(context: Context, fund_id: int, today: date) -> None:
    """Deals under way today, in every stage; one member has an interest in the firm that is voted on."""
    with context.scope("operations_clerk") as s:
        taken, rows = set(s.scalars(select(InvestmentDeal.firm_id))), []
        for n, stage in enumerate(data.PIPELINE):
            found = [f for f in _firms(s, add_months(today, -24), taken) if f.state == "incubating"] or _firms(s, today - timedelta(days=90), taken)
            firm = found[-(3 * n + 2) % len(found)]
            taken.add(firm.id)
            _register(s, firm)
            values = {"round": "angel", "instrument": "equity", "amount": (80 + 15 * n) * WAN, "pre_money": (900 + 60 * n) * WAN}
            if stage == "lead":
                rows.append((stage, flow.create_deal(s, fund_id=fund_id, firm_id=firm.id, seen_on=today - timedelta(days=9 + n), source="路演", **values).id))
            elif stage == "diligence":
                row = flow.create_deal(s, fund_id=fund_id, firm_id=firm.id, seen_on=today - timedelta(days=40), source="导师推荐", **values)
                flow.examine(s, row, on=today - timedelta(days=20))
                for item in flow.items_of(s, row)[: 2 + n]:
                    flow.finish_item(s, item, finding=data.FINDINGS[item.area], risk="low", on=today - timedelta(days=6), examiner="王晓燕")
                rows.append((stage, row.id))
            else:
                row = _prepare(s, fund_id, firm, today, "angel", "equity", values["amount"], values["pre_money"], data.PURPOSES[firm.track])
                rows.append((stage, row.id))
    _advance(context, fund_id, dict(rows), today)


def _advance(context: Context, fund_id: int, ids: dict[str, int], today: date) -> None:
    _decided(context, [ids["term_sheet"]], {ids["term_sheet"]: today})
    with context.scope("operations_clerk") as s:
        row = s.get(InvestmentDeal, ids["committee"])
        committee.call_meeting(s, row, held_on=today, proposal=f"拟投资 {row.amount:,.2f} 元，{row.thesis}。")
        sheet = s.get(InvestmentDeal, ids["term_sheet"])
        terms.create_terms(s, deal_id=sheet.id, amount=sheet.amount, pre_money=sheet.pre_money, conditions="完成核心专利转入公司名下")
    with context.scope("operations_manager") as s:
        member = next(m for m in committee.members_on(s, fund_id, today) if m.user_id == context.users["finance"])
        firm_id = s.get(InvestmentDeal, ids["committee"]).firm_id
        committee.create_interest(s, member_id=member.id, firm_id=firm_id, relation="配偶在该企业任职", declared_on=today - timedelta(days=30))
        flow.decline(s, s.get(InvestmentDeal, ids["declined"]), on=today - timedelta(days=3), reason="估值分歧较大，团队不全职。")
    with context.scope("leadership") as s:
        meeting = s.scalars(select(CommitteeMeeting).where(CommitteeMeeting.deal_id == ids["committee"])).one()
        committee.cast_vote(s, meeting, vote="for", reason="同意。")

