"""The Jining Innovation Valley story, told through the services so that the article's figures come out by counting.

`load(context)` builds it; `FIGURES` says for each published figure how it is counted as of 2022-10-31. Nothing is typed in
as a total. After the article's day a thin thread of events runs on to the day of loading, so that "my day" has work."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select

from parkops import clock
from parkops.demo import Context, Figure

from . import demo_data as data
from . import demo_firms, demo_people, demo_portal, demo_support, demo_today
from .models.batch import SigningBatch, SigningProject
from .models.capital_project import CapitalProject
from .models.credential import PRACTITIONER
from .models.firm import Firm
from .models.stage import Stage
from .services import carriers, credentials, honours

WAN = 10_000


def load(context: Context) -> None:
    """Build the demo; called once per database."""
    maker, shared, today = data.Maker(), context.shared, clock.today()
    with context.scope("operations_manager") as s:
        shared |= demo_support.build(s, maker)
    context.say("tenants: carriers, staff, honours, mentors")
    until = today - timedelta(days=30)
    plans = data.firms(maker, 300, data.START, data.ARTICLE - timedelta(days=15), until)
    plans += data.firms(maker, 80, data.ARTICLE + timedelta(days=1), until, until)
    done = [0]

    def tick() -> None:
        done[0] += 1
        if done[0] % 50 == 0:
            context.say(f"tenants: {done[0]} of {len(plans)} firms and teams")

    demo_firms.build(context.scope, shared, plans, maker, until, tick)
    with context.scope("operations_manager") as s:
        demo_today.batches(s, shared, plans, maker)
    demo_today.build(context, maker, today)
    demo_people.build(context, maker, today)
    context.say("tenants: signing batches and today's work")
    demo_portal.load(context)


def _count(what: Any, text: str) -> Any:
    def count(session: Any, park_id: int, on: date) -> tuple[Any, str]:
        return what(session, on), text

    return count


def _batches(session: Any, on: date) -> int:
    return session.scalar(select(func.count()).select_from(SigningBatch).where(
        SigningBatch.signed_on >= date(2022, 1, 1), SigningBatch.signed_on <= on)) or 0


def _projects(session: Any, on: date) -> int:
    return session.scalar(select(func.count()).select_from(SigningProject).join(SigningBatch, SigningBatch.id == SigningProject.batch_id).where(
        SigningBatch.signed_on >= date(2022, 1, 1), SigningBatch.signed_on <= on)) or 0


def _tracks(session: Any, on: date) -> int:
    return session.scalar(select(func.count(func.distinct(Firm.track))).select_from(Stage).join(Firm, Firm.id == Stage.firm_id).where(
        Stage.during.contains(on), Stage.state.in_(("team", "incubating")))) or 0


def _capital(column: Any, name: str) -> Any:
    def total(session: Any, on: date) -> Any:
        return session.scalar(select(func.sum(column)).where(CapitalProject.name.contains(name)))

    return total


def _carriers(kind: str, level: str, specialised: bool | None = None) -> Any:
    return lambda s, on: carriers.count_recognised(s, on, carrier_type=kind, levels=(level,), specialised=specialised)


FIGURES = [
    Figure("F01", "国家级专业孵化器", 3, _count(_carriers("incubator", "national", True), "tenants.carrier: incubators recognised at national level, specialised")),
    Figure("F02", "科技部备案众创空间", 5, _count(_carriers("makerspace", "national_filed"), "tenants.carrier: makerspaces filed nationally")),
    Figure("F03", "A类国家级科技企业孵化器", 2, _count(lambda s, on: carriers.count_graded(s, "A", on, carrier_type="incubator"),
                                             "tenants.carrier_grade: latest national grade published by the day is A")),
    Figure("F04", "国家级中小企业服务示范平台", 1, _count(lambda s, on: honours.count_honours(s, on, kind="sme_platform", level="national"),
                                              "tenants.honour: kind sme_platform, national, in force")),
    Figure("F05", "山东省级创新创业示范基地", 2, _count(lambda s, on: honours.count_honours(s, on, kind="innovation_base", level="provincial"),
                                             "tenants.honour: kind innovation_base, provincial, in force")),
    Figure("F06", "双创产业园总投资(元)", 100 * WAN * WAN, _count(lambda s, on: int(_capital(CapitalProject.budget, "麒麟岛")(s, on) or 0),
                                                        "tenants.capital_project: planned investment of 麒麟岛")),
    Figure("F07", "一期建设面积(㎡)", 20 * WAN, _count(lambda s, on: int(_capital(CapitalProject.phase_area, "麒麟岛")(s, on) or 0),
                                                 "tenants.capital_project: floor area of phase one of 麒麟岛")),
    Figure("F08", "主体封顶研发楼(栋)", 8, _count(lambda s, on: honours.count_buildings(s, on, kind="topped_out"),
                                          "tenants.capital_milestone: distinct buildings topped out by the day")),
    Figure("F09", "均和云谷签约金额(元)", 10 * WAN * WAN, _count(lambda s, on: int(honours.signed_amount(s, on) or 0),
                                                       "tenants.capital_milestone: amounts signed by the day")),
    Figure("F15", "公开选聘副总经理", 1, _count(lambda s, on: credentials.count_hired(s, date(2021, 1, 1), date(2022, 1, 1), specialties=("management",)),
                                        "tenants.recruitment: hired in 2021, management")),
    Figure("F16", "聘请专业人才", 10, _count(lambda s, on: credentials.count_hired(s, date(2021, 1, 1), on, specialties=demo_support.SPECIALTIES),
                                       "tenants.recruitment: hired by the day in the five specialties")),
    Figure("F17", "取得孵化器从业资格的运营专员", 21, _count(lambda s, on: credentials.count_certified(s, on, PRACTITIONER),
                                               "tenants.credential: distinct persons with a practitioner's certificate")),
    Figure("F18", "其中高级从业资格", 6, _count(lambda s, on: credentials.count_certified(s, on, ("practitioner_senior",)),
                                        "tenants.credential: distinct persons, senior")),
    Figure("F19", "其中创业辅导师", 5, _count(lambda s, on: credentials.count_certified(s, on, ("counsellor",)),
                                       "tenants.credential: distinct persons, counsellor (overlap with senior allowed)")),
    Figure("F21", "产业方向", 4, _count(_tracks, "tenants.stage on the day: distinct tracks of teams and firms in incubation")),
    Figure("F22", "2022年以来集中签约批次", 6, _count(_batches, "tenants.signing_batch since 2022-01-01")),
    Figure("F22P", "集中签约项目", 66, _count(_projects, "tenants.signing_project of batches since 2022-01-01")),
]
