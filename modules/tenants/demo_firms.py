"""Demo, second part: 300 firms and teams from their admission to what became of them, told through the services."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from parkops.clock import add_months

from . import demo_data as data
from .models.firm import Firm
from .models.graduation import GraduationCase
from .services import financing, firms, graduation, mentors, moveout, qualifications, stages, statements, visits

ARCHIVE = "按入园审批纸质档案补录"
KINDS = {"doctors": "staff_doctor", "college": "staff_college", "graduates": "staff_graduate", "staff": "staff_total"}
MONTHS = (date(2022, 9, 1), date(2022, 10, 1))  # the months around the article's day have monthly figures
TOPICS = ("商业模式梳理", "知识产权布局", "融资计划书打磨", "研发费用归集与加计扣除", "高新技术企业申报辅导", "市场渠道对接", "劳动合同合规")
FINDINGS = ("研发进度正常,近期有扩充场地的意向。", "订单增长较快,资金周转偏紧,希望对接银行。", "招聘软件工程师困难,希望参加校招。", "新产品小试完成,需要检测平台支持。")


def build(scope: Callable[[str], Any], context: dict[str, Any], plans: list[data.FirmPlan], maker: data.Maker,
          until: date, tick: Callable[[], Any]) -> None:
    """Load every plan, a few dozen firms to a transaction. `scope(role)` opens a session in that persona's name."""
    for start in range(0, len(plans), 25):
        with scope("operations_clerk") as s:
            for plan in plans[start:start + 25]:
                firm = _admit(s, plan, context["carriers"])
                _records(s, plan, firm, context, maker, until)
                context.setdefault("firms", {})[plan.code] = firm.id
                if plan.outcome == "graduated":
                    _propose(s, plan, firm)
                tick()
        with scope("operations_manager") as s:
            for plan in plans[start:start + 25]:
                if plan.outcome:
                    _finish(s, plan, s.get(Firm, context["firms"][plan.code]), context["carriers"], until)


def _admit(session: Any, plan: data.FirmPlan, carriers: dict[str, int]) -> Firm:
    """Register entry, admission, and for teams the day their company was registered."""
    common = {"track": plan.track, "technology_field": data.FIELDS[plan.track], "industry": data.INDUSTRY[plan.track], "phone": plan.phone,
              "legal_representative": plan.representative, "source": "入园申请", "province": "山东", "city": "济宁", "taxpayer": "small"}
    company = {"registered_on": plan.registered_on, "capital_amount": plan.capital, "capital_currency": "CNY", "registration_type": "limited",
               "founding_capital": plan.capital, "business_scope": data.SCOPES[plan.track], "registered_in_carrier": True,
               "address": "山东省济宁市高新区"}
    if plan.team_name is None:
        firm = firms.register_firm(session, name=plan.name, credit_code=plan.code, **common, **company)
        return stages.admit_firm(session, firm, on=plan.entered_on, carrier_id=carriers[plan.carrier], reason=ARCHIVE)
    firm = firms.register_firm(session, name=plan.team_name, **common)
    stages.admit_team(session, firm, on=plan.entered_on, carrier_id=carriers[plan.carrier], reason=ARCHIVE)
    if plan.incorporated_on:
        home = carriers[data.HOME[plan.track][0]]
        stages.incorporate_team(session, firm, on=plan.incorporated_on, credit_code=plan.code, name=plan.name,
                                registered_on=plan.registered_on, carrier_id=home)
        firms.change_firm(session, firm, **company)
    return firm


def _records(session: Any, plan: data.FirmPlan, firm: Firm, context: dict[str, Any], maker: data.Maker,
             until: date) -> None:
    """What the firm achieved and received."""
    r, since = maker.random, plan.incorporated_on or plan.entered_on
    end = plan.outcome_on if plan.outcome in ("left", "dissolved") else None
    if plan.has_mentor:
        mentor, _appointed = r.choice(context["mentors"])
        begin = plan.entered_on + timedelta(days=20)
        mentors.create_agreement(session, firm_id=firm.id, mentor_id=mentor, from_on=begin, to_on=end, goal=r.choice(TOPICS))
        for n in range(r.choice((0, 1, 2))):
            held = begin + timedelta(days=30 + 90 * n)
            if held < (end or until):
                mentors.create_session(session, mentor_id=mentor, firm_id=firm.id, held_on=held, minutes=60 + 30 * n, topic=r.choice(TOPICS))
    if plan.hitech_on:
        qualifications.create_qualification(session, firm_id=firm.id, kind="hitech", obtained_on=plan.hitech_on, issuer="山东省科学技术厅",
                                            certificate_no=f"GR{plan.hitech_on.year}37{firm.id:06d}",
                                            valid_to=add_months(plan.hitech_on, 36) - timedelta(days=1))
    for year in plan.tech_sme_years:
        day = date(year, 6, 20)
        if plan.registered_on < day and (since <= day) and (end is None or day < end):
            qualifications.create_qualification(session, firm_id=firm.id, kind="tech_sme", obtained_on=day, valid_to=date(year, 12, 31),
                                                certificate_no=f"{year}370800{firm.id:07d}")
    if plan.round_on:
        financing.create_financing(session, firm_id=firm.id, kind=r.choice(("angel", "vc")), round="angel", on_date=plan.round_on,
                                   amount=plan.round_amount, investor=r.choice(("上海磅礴投资", "济宁产业引导基金", "齐鲁天使投资")),
                                   evidence="验资报告")
    _rights(session, plan, firm, since, until)
    _figures(session, plan, firm)
    if r.random() < 0.5:
        held = min(since + timedelta(days=r.randint(30, 300)), until)
        visits.create_visit(session, firm_id=firm.id, kind="onsite", held_on=held, staff_id=r.choice(context["staff"]), subject="例行走访",
                            findings=r.choice(FINDINGS))


def _rights(session: Any, plan: data.FirmPlan, firm: Firm, since: date, until: date) -> None:
    if not firm.credit_code:
        return
    for n in range(plan.patents):
        applied = since + timedelta(days=40 + 60 * n)
        granted = applied + timedelta(days=240)
        if granted < until:
            kind = "invention" if n == 0 else "utility"
            qualifications.create_ip(session, firm_id=firm.id, kind=kind, name=f"一种{data.TRADES[plan.track][n % 5]}装置{n + 1}",
                                     number=f"ZL{applied.year}{'1' if kind == 'invention' else '2'}{firm.id:05d}{n:02d}.{n}",
                                     applied_on=applied, granted_on=granted)
    for n in range(plan.copyrights):
        day = since + timedelta(days=50 + 45 * n)
        if day < until:
            qualifications.create_ip(session, firm_id=firm.id, kind="software", name=f"{firm.name[2:6]}管理软件V{n + 1}.0",
                                     number=f"{day.year}SR{firm.id:05d}{n:02d}", granted_on=day)


def _figures(session: Any, plan: data.FirmPlan, firm: Firm) -> None:
    """Yearly statements, reported in January of the next year; items left out stay unreported."""
    for year, f in sorted(plan.figures.items()):
        statements.create_statement(
            session, firm_id=firm.id, grain="year", period_start=date(year, 1, 1), source="manual", reported_on=date(year + 1, 1, 20),
            revenue=f["revenue"], rd_expense=f["rd"], tax_paid=f["tax"], net_profit=f["profit"],
            **{column: f[key] for key, column in KINDS.items()})
    for month in MONTHS:
        f = plan.figures.get(month.year)
        gone = plan.outcome_on is not None and plan.outcome_on <= month
        if f and f["revenue"] is not None and plan.entered_on < month and not gone and firm.id % 11:
            statements.create_statement(session, firm_id=firm.id, grain="month", period_start=month, source="manual",
                                        reported_on=add_months(month, 1) + timedelta(days=4), revenue=f["revenue"] // 12_000 * 1000,
                                        staff_total=f["staff"], staff_graduate=None)


def _propose(session: Any, plan: data.FirmPlan, firm: Firm) -> None:
    """The clerk opens the graduation case and hands in the evidence; somebody else decides."""
    assert plan.outcome_on is not None
    case = graduation.propose_case(session, firm, on=plan.outcome_on - timedelta(days=7))
    graduation.hand_in_evidence(session, case, on=plan.outcome_on - timedelta(days=5))


def _finish(session: Any, plan: data.FirmPlan, firm: Firm, carriers: dict[str, int], until: date) -> None:
    on = plan.outcome_on
    assert on is not None
    if plan.outcome == "dissolved":
        stages.dissolve_firm(session, firm, on=on, reason="登记机关已注销")
    elif plan.outcome == "left":
        case = moveout.open_moveout(session, firm, outcome="left", announced_on=on - timedelta(days=14), reason="合同到期不再续租")
        moveout.settle_items(session, moveout.items_of(session, case), on=on)
        stages.leave_firm(session, firm, on=on, reason="未达到毕业条件,迁出园区")
    else:
        case = session.scalars(select(GraduationCase).where(GraduationCase.firm_id == firm.id)).one()
        graduation.approve_case(session, case, on=on - timedelta(days=1))
        graduation.complete_case(session, case, on=on)
        if plan.accelerated_on and plan.accelerated_on <= until:
            stages.accelerate_firm(session, firm, on=plan.accelerated_on, carrier_id=carriers["ACC-1"], reason="毕业后入驻加速器")
