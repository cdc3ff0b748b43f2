"""Demo, second part: wallet, projects with agreements, policies, desks, machines, outreach, contests, repairs, an incident.

The four projects with a two-sided agreement and the permits follow Guilin's and Kunming's articles in number and kind; firms are the demo's."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from modules.tenants.models.firm import Firm
from parkops import clock
from parkops.clock import ZONE
from parkops.demo import Context

from . import demo_policy
from .models.hall import ServiceHall
from .models.project import ServiceBenchmark
from .services import (
    agreements,
    aid_visits,
    assignments,
    awards,
    challenges,
    desks,
    financing,
    incidents,
    machines,
    panels,
    permits,
    projects,
    repairs,
    stars,
    trainings,
    wallet,
)

D = Decimal
KINDS = ("exhibition", "recruitment", "bank_firm", "listing", "policy", "salon", "roadshow")
NAMES = {
    "exhibition": "成果展示会",
    "recruitment": "专场招聘会",
    "bank_firm": "银企对接会",
    "listing": "上市辅导会",
    "policy": "惠企政策宣讲会",
    "salon": "企业家沙龙",
    "roadshow": "融资路演",
}
AUTHORITIES = (
    ("项目备案", "行政审批服务局", 1, "working"),
    ("用地规划许可", "自然资源和规划局", 5, "working"),
    ("建筑工程施工许可证", "住房和城乡建设局", 3, "working"),
    ("接电竣工", "供电公司", 7, "working"),
    ("10 千伏电力外线工程", "供电公司", 30, "calendar"),
)
MARKS = {2: "guilin_building_permit", 3: "kunming_transformers", 4: "kunming_power_line"}


def load(context: Context) -> None:
    """Each part in its persona's name; services only."""
    today = clock.today()
    with context.scope("operations_manager") as s:
        firms = list(s.scalars(select(Firm.id).where(Firm.state == "incubating").order_by(Firm.id).limit(24)))
        if not firms:
            return
        _wallets(s, firms, today)
        _projects(s, firms, today, context.users)
    with context.scope("operations_manager") as s:
        demo_policy.load(s, today)
    context.say("services: licence codes, projects with agreements, policies")
    with context.scope("operations_clerk") as s:
        _desks(s, firms, today)
        _outreach(s, firms, today, context.users)
        _repairs(s, firms, today, context.users)
    _contests(context, today)
    context.say("services: desks, machines, visits, activities, repairs, contests")


def _wallets(s: Any, firms: list[int], today: date) -> None:
    for n, firm in enumerate(firms[:12]):
        permits.create_permit(
            s,
            firm_id=firm,
            kind="business_licence",
            number=f"YY{n:06d}",
            issuer="济宁高新区行政审批服务局",
            valid_from=date(2021, 3, 1 + n),
        )
        kind = ("food", "hr_service", "labour_dispatch", "bookkeeping", "medical_device", "telecom")[n % 6]
        permits.create_permit(
            s,
            firm_id=firm,
            kind=kind,
            number=f"XK{n:06d}",
            issuer="济宁高新区行政审批服务局",
            valid_from=today - timedelta(days=700),
            valid_to=today + timedelta(days=5 + 25 * n),
        )
        wallet.issue_code(s, s.get(Firm, firm), on=today)


def _projects(s: Any, firms: list[int], today: date, users: dict[str, int]) -> None:
    marks = {b.code: b.id for b in s.scalars(select(ServiceBenchmark))}
    begun = today - timedelta(days=40)
    for n, firm in enumerate(firms[:4]):
        row = projects.create_project(
            s,
            firm_id=firm,
            name=("增材制造产业化项目", "氟硅新材料项目", "疫苗研发项目", "智能制造技改项目")[n],
            kind="new",
            investment=D(30_000_000 + n),
            agent_id=users["operations_clerk"],
            on=begun,
        )
        steps = [
            projects.create_milestone(
                s,
                project_id=row.id,
                position=k,
                name=name,
                authority=office,
                promised_days=days,
                day_unit=unit,
                benchmark_id=marks.get(MARKS.get(k, "")),
            )
            for k, (name, office, days, unit) in enumerate(AUTHORITIES)
        ]
        projects.start_project(s, row, on=begun)
        for k, step in enumerate(steps[:3]):
            projects.submit_milestone(s, step, on=begun + timedelta(days=3 + 9 * k))
            projects.obtain_milestone(s, step, on=begun + timedelta(days=5 + 9 * k), document_no=f"济高〔{begun.year}〕{n}{k}")
        projects.submit_milestone(s, steps[4], on=begun + timedelta(days=4))
        projects.obtain_milestone(s, steps[4], on=begun + timedelta(days=29 + n))
        _promises(s, row.id, n, begun, today)


def _promises(s: Any, project_id: int, n: int, begun: date, today: date) -> None:
    """What park and firm promise each other over a project, and what is tolerated meanwhile."""
    paper = agreements.create_agreement(s, project_id=project_id, basis="双容双承诺改革试点", ahead=True)
    agreements.create_pledge(
        s,
        agreement_id=paper.id,
        party="park",
        text="三个工作日内协调核发施工许可",
        due_on=begun + timedelta(days=35),
        otherwise="由管委会督办",
    )
    agreements.create_pledge(
        s,
        agreement_id=paper.id,
        party="firm",
        text="补齐用地规划附图并按期开工",
        due_on=today + timedelta(days=3 + n),
        otherwise="撤回容缺许可",
    )
    agreements.create_material(s, agreement_id=paper.id, tolerance="material", name="用地规划附图", due_on=today + timedelta(days=3 + n))
    agreements.sign_agreement(s, paper, firm_signer="企业负责人", on=begun + timedelta(days=1))


def _products(s: Any) -> list[int]:
    """Two products of banks; their ids."""
    rows = (
        ("JR-01", "济宁银行", "科创信用贷", "credit", "none", 500_000, 5_000_000, 6, 36),
        ("JR-02", "农业银行", "知识产权质押贷", "ip_pledge", "ip", 1_000_000, 10_000_000, 12, 36),
    )
    return [
        financing.create_product(
            s,
            code=c,
            bank=bank,
            name=name,
            kind=kind,
            collateral=col,
            amount_from=D(low),
            amount_to=D(high),
            term_from=t1,
            term_to=t2,
            rate=D("0.0385"),
            valid_from=date(2022, 1, 1),
        ).id
        for c, bank, name, kind, col, low, high, t1, t2 in rows
    ]


def _desks(s: Any, firms: list[int], today: date) -> None:
    made = _products(s)
    for n, firm in enumerate(firms[:5]):
        ask = financing.create_request(
            s, firm_id=firm, amount=D(600_000 + 300_000 * n), term_months=12, purpose="补充流动资金", asked_on=today - timedelta(days=20)
        )
        if n < 3:
            talk = financing.introduce(s, ask, product_id=made[0], on=today - timedelta(days=15))
            if n < 2:
                financing.grant(s, talk, amount=ask.amount, rate=D("0.0385"), on=today - timedelta(days=2))
        _advice(s, firm, n)
    steward = desks.create_steward(s, place="创达大厦", name="红色管家", branch="创达大厦党支部", since=date(2022, 3, 1))
    desks.create_contact(
        s,
        steward_id=steward.id,
        firm_id=firms[0],
        on_date=date(2022, 9, 9),
        matter="facility",
        text="楼道照明",
        settled_on=date(2022, 9, 10),
    )
    _machines(s, firms)


def _advice(s: Any, firm: int, n: int) -> None:
    """A legal question and a dispute about wages that ends in an agreement."""
    desks.create_consultation(
        s, firm_id=firm, legal_field=("contract", "labour", "ip")[n % 3], question="合同条款审查", asked_on=date(2022, 9, 5 + n)
    )
    case = desks.create_mediation(
        s,
        firm_id=firm,
        kind="wages",
        party="职工代表",
        claim="加班工资",
        claimed=D("8000"),
        mediator="调解员甲",
        received_on=date(2022, 9, 5 + n),
    )
    desks.begin_mediation(s, case, on=date(2022, 9, 6 + n))
    desks.create_session(s, mediation_id=case.id, held_on=date(2022, 9, 8 + n), minutes=60)
    desks.agree_mediation(s, case, agreement="分两次支付", perform_by=date(2022, 10, 8), on=date(2022, 9, 8 + n), amount=D("6000"))


def _machines(s: Any, firms: list[int]) -> None:
    """Sessions at the registration kiosk and the tax terminal; one fails."""
    hall = s.scalar(select(ServiceHall.id).order_by(ServiceHall.id).limit(1))
    for code, name, kind, item in (("SS-1", "商事注册一体机", "registration", "企业设立登记"), ("BS-1", "智能办税终端", "tax", "发票代开")):
        box = machines.create_machine(s, code=code, name=name, kind=kind, hall_id=hall, installed_on=date(2022, 1, 10))
        for n in range(12):
            at = datetime.combine(date(2022, 9, 1) + timedelta(days=n), time(9, 30), ZONE)
            use = machines.start_session(s, machine_id=box.id, item=item, firm_id=firms[n % len(firms)], at=at)
            if n == 5:
                machines.fail_session(s, use, reason="身份核验未通过", at=at + timedelta(minutes=4))
            else:
                machines.finish_session(s, use, receipt=f"{code}{n:04d}", at=at + timedelta(minutes=6))


def _outreach(s: Any, firms: list[int], today: date, users: dict[str, int]) -> None:
    """About a hundred activities until 1 September as at Anyang; a training as at Yulin; visits with problems."""
    hall = s.scalar(select(ServiceHall.id).order_by(ServiceHall.id.desc()).limit(1))
    for n in range(98):
        kind = KINDS[n % 7]
        trainings.create_activity(
            s,
            hall_id=hall,
            title=f"{NAMES[kind]}（第{n // 7 + 1}期）",
            kind=kind,
            held_on=date(2022, 1, 5) + timedelta(days=n * 239 // 98),
            mode=("offline", "online", "both")[n % 3],
            participants=30 + n % 40,
            firms=12 + n % 15,
            host="服务基地",
        )
    _training(s, firms)
    for n, firm in enumerate(firms[:6]):
        day = today - timedelta(days=20 - n)
        visit = aid_visits.create_visit(s, firm_id=firm, visited_on=day, officers="首席服务员", summary="走访了解生产经营情况")
        row = aid_visits.create_problem(
            s, firm_id=firm, visit_id=visit.id, kind=("finance", "people", "power")[n % 3], text=("融资需求", "招工困难", "用电扩容")[n % 3]
        )
        aid_visits.assign_problem(s, row, owner_id=users["operations_clerk"], promised_on=day + timedelta(days=10), on=day)
        if n < 4:
            aid_visits.solve_problem(s, row, measure="已对接解决", on=day + timedelta(days=7))
            aid_visits.feed_back(s, row, satisfaction=5 - n % 2, on=day + timedelta(days=8))


def _repairs(s: Any, firms: list[int], today: date, users: dict[str, int]) -> None:
    made = []
    for n in range(8):
        at = datetime.combine(today - timedelta(days=6 - n % 5), time(10), ZONE)
        made.append(
            repairs.create_repair(
                s,
                kind=("power", "water", "air", "door")[n % 4],
                place=f"创达大厦 {n + 3} 层",
                text="设施故障",
                firm_id=firms[n % len(firms)],
                urgency=("normal", "urgent")[n % 2],
                at=at,
            )
        )
    for row in made[:3]:
        repairs.assign_repair(s, row, assignee_id=users["operations_manager"], promised_on=today + timedelta(days=1), on=today)
    repairs.finish_repair(s, made[0], measure="更换部件", on=today)
    repairs.confirm_repair(s, made[0], stars=5, on=today)
    event = incidents.create_incident(s, title="创达大厦 5—8 层停电", place="创达大厦", script="供电公司正在抢修，预计两小时内恢复。")
    for row in made[4:7]:
        incidents.link_ticket(s, incident_id=event.id, repair_id=row.id)


def _contests(context: Context, today: date) -> None:
    """A task, a challenge open for bids, points from what was done."""
    clerk = context.users["operations_clerk"]
    with context.scope("operations_manager") as s:
        for count, score in ((1, 60), (2, 70), (3, 80), (4, 88), (5, 95)):
            stars.create_band(s, effective_from=date(2022, 1, 1), stars=count, from_score=score)
        for source in ("case", "five_stars", "problem", "repair"):
            awards.create_point_rule(s, source=source, effective_from=date(2022, 1, 1), points=2)
        stars.create_nomination(
            s,
            title="小微企业“一站办”流程优化",
            nominee_id=clerk,
            evidence="办理时长由 3 天缩短为当场办结",
            on=today - timedelta(days=10),
        )
        assignments.create_assignment(
            s, topic="跨区通办第二批事项对接", targets="新增 20 项通办事项", owner_id=clerk, due_on=today + timedelta(days=30)
        )
        row = challenges.create_challenge(
            s,
            title="高企培育攻坚",
            targets="年内新认定 5 家",
            bids_until=today + timedelta(days=5),
            due_on=today + timedelta(days=120),
            reward=D("5000"),
        )
        challenges.publish_challenge(s, row, on=today)
        for name in ("leadership", "finance"):
            panels.create_seat(s, user_id=context.users[name], challenge_id=row.id)
        number = row.id
    with context.scope("operations_clerk") as s:
        challenges.create_bid(s, challenge_id=number, plan="一企一策辅导", on=today)


FIGURES: list[Any] = []  # F26 is counted by the first part, from the catalogue


def _training(s: Any, firms: list[int]) -> None:
    """A training with certificates for those who came."""
    course = trainings.create_training(
        s,
        title="金融服务政策解读及实务操作培训会",
        kind="finance",
        trainer="证券公司专家",
        host="财政局、科技创新局",
        held_on=date(2022, 9, 15),
        hours=D("6"),
        places=60,
    )
    for n, firm in enumerate(firms[:10]):
        who = trainings.add_attendee(s, training_id=course.id, name=f"学员{n + 1}", firm_id=firm)
        if n < 8:
            trainings.note_attended(s, who)
    trainings.hold_training(s, course)
    trainings.issue_certificates(s, course)
