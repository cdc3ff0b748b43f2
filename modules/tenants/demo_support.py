"""Demo, first part: carriers with their grades, operator staff with credentials, honours, construction projects, mentors."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from . import demo_data as data
from .services import carriers, credentials, honours, mentors

WAN = 10_000
SPECIALTIES = ("tech_finance", "tech_finance", "mentoring", "mentoring", "legal_finance", "legal_finance", "hitech_cultivation",
               "hitech_cultivation", "project_application", "project_application")
EXPERTISE = ("technology", "business", "investment", "marketing", "legal", "policy")


def build(session: Any, maker: data.Maker) -> dict[str, Any]:
    """Everything that is there before the first firm. Returns the ids others need."""
    out: dict[str, Any] = {"carriers": _carriers(session), "staff": _staff(session, maker)}
    _honours(session)
    _projects(session)
    out["mentors"] = _mentors(session, maker)
    return out


def _carriers(session: Any) -> dict[str, int]:
    ids = {}
    for plan in data.CARRIERS:
        carrier = carriers.create_carrier(
            session, code=plan.code, name=plan.name, carrier_type=plan.kind, specialised=plan.kind == "incubator", industry=plan.industry,
            nature="state", operator=plan.operator, founded_on=plan.founded, area=Decimal(plan.area),
            incubation_area=Decimal(plan.area) * 4 / 5, workstations=plan.workstations or None, in_hitech_zone=True,
            address="山东省济宁市高新区")
        carriers.create_recognition(session, carrier_id=carrier.id, level=plan.level, recognised_on=plan.recognised)
        for year, grade, published in plan.grades:
            carriers.create_grade(session, carrier_id=carrier.id, scheme="national", year=year, grade=grade, published_on=published,
                                  doc_no="国科火字〔2022〕222号" if year == 2021 else None)
        ids[plan.code] = carrier.id
    return ids


def _staff(session: Any, maker: data.Maker) -> list[int]:
    """26 people; 21 hold a practitioner's certificate: 6 senior, 5 counsellors of whom 2 are senior too."""
    ids = []
    for n in range(26):
        person = credentials.create_staff(
            session, staff_no=f"S{n + 1:03d}", name=maker.person(), department="运营服务部" if n < 21 else "综合管理部",
            position="园区运营专员" if n < 21 else "专员", specialty="park_operation" if n < 21 else "management",
            education=maker.random.choice(("bachelor", "bachelor", "master", "college")), incubation_full_time=n < 21,
            phone=maker.phone(), joined_on=maker.day(date(2015, 3, 1), date(2019, 10, 31)))
        ids.append(person.id)
        if n < 21:
            kind = "practitioner_senior" if n < 6 else "practitioner_middle" if n < 12 else "practitioner_junior"
            _credential(session, maker, person.id, kind, n)
        if n in (4, 5, 6, 7, 8):
            _credential(session, maker, person.id, "counsellor", n)
    _recruits(session, maker)
    return ids


def _credential(session: Any, maker: data.Maker, staff_id: int, kind: str, n: int) -> None:
    credentials.create_credential(session, staff_id=staff_id, kind=kind, number=f"{kind.split('_')[-1][:2].upper()}-{2019 + n % 3}-{n + 1:04d}",
                                  issuer="科技部火炬高技术产业开发中心", issued_on=maker.day(date(2019, 11, 1), date(2022, 8, 31)))


def _recruits(session: Any, maker: data.Maker) -> None:
    """One deputy general manager recruited in the open (2021) and ten professionals."""
    for n, specialty in enumerate(("management", *SPECIALTIES)):
        hired = date(2021, 8, 16) if n == 0 else maker.day(date(2021, 3, 1), date(2022, 6, 30))
        position = "分管科技创新副总经理" if n == 0 else "专业服务经理"
        person = credentials.create_staff(session, staff_no=f"P{n + 1:03d}", name=maker.person(), department="创新服务部", position=position,
                                          specialty=specialty, education="master", phone=maker.phone(), joined_on=hired)
        credentials.create_recruitment(session, position=position, specialty=specialty, way="open" if n == 0 else "referral",
                                       announced_on=date(2021, 5, 10) if n == 0 else None, hired_on=hired, staff_id=person.id)


def _honours(session: Any) -> None:
    for title, kind, level, day in (
        ("国家中小企业公共服务示范平台", "sme_platform", "national", date(2020, 12, 10)),
        ("山东省创新创业示范基地", "innovation_base", "provincial", date(2020, 9, 18)),
        ("山东省小型微型企业创业创新示范基地", "innovation_base", "provincial", date(2021, 11, 5)),
        ("济宁市夜间经济示范街区", "night_economy", "municipal", date(2021, 7, 20)),
    ):
        honours.create_honour(session, title=title, kind=kind, level=level, valid_from=day)


def _projects(session: Any) -> None:
    """The two projects of the article: Qilin Island phase one (8 R&D buildings topped out) and the signed 均和云谷 park."""
    island = honours.create_project(
        session, name="麒麟岛创业基地(济宁高新区双创产业园)", phase="一期", partner="济宁市级投资公司、世界500强企业", budget=Decimal(100 * 10_000 * WAN),
        budget_note="总投资近100亿元(公开报道)", phase_area=Decimal(20 * WAN), status="building", started_on=date(2021, 3, 26))
    for n in range(8):
        honours.create_milestone(session, project_id=island.id, kind="topped_out", building=f"研发{n + 1}号楼", on_date=date(2022, 4 + n // 2, 8 + n))
    cloud = honours.create_project(session, name="均和云谷—济宁创新谷科技园", partner="上海均和集团", budget=Decimal(10 * 10_000 * WAN), status="planned")
    honours.create_milestone(session, project_id=cloud.id, kind="signed", on_date=date(2022, 6, 18), amount=Decimal(10 * 10_000 * WAN))


def _mentors(session: Any, maker: data.Maker) -> list[tuple[int, date]]:
    found = []
    for n in range(32):
        day = maker.day(date(2017, 1, 1), date(2019, 10, 31))
        mentor = mentors.create_mentor(session, name=maker.person(), organisation=maker.random.choice(
            ("济宁学院", "曲阜师范大学", "济宁医学院", "上海磅礴投资", "济宁高新区律师事务所", "济宁市科技信息研究所")), expertise=EXPERTISE[n % 6],
            source=("entrepreneur", "investor", "academic", "service")[n % 4], phone=maker.phone(), appointed_on=day)
        found.append((mentor.id, day))
    return found
