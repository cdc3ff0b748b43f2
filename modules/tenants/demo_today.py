"""Demo, third part: the six signing batches, and work that is open on the day of loading, so that every tile has rows."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops import clock
from parkops.clock import Period, add_months
from parkops.demo import Context
from parkops.security.models import UserProfile

from . import demo_data as data
from .models.application import ApplicationDocument
from .models.credential import StaffMember
from .models.datacall import DataCallResponse
from .models.firm import Firm
from .services import applications, datacalls, graduation, leads, qualifications, responses, reviews, terms, visits
from .services import batches as signing

WAN = 10_000
SUBJECTS = ("季度走访", "高企申报意向摸底", "安全生产检查", "融资需求对接", "用工需求调研", "新产品发布支持")
DEMANDS = (("finance", "协助对接银行授信"), ("talent", "发布校园招聘岗位"), ("policy", "确认专精特新申报条件"), ("space", "扩租二层研发用房"))


def batches(session: Any, context: dict[str, Any], plans: list[data.FirmPlan], maker: data.Maker) -> None:
    """Six batches of 2022 with 66 projects; some have landed as firms of the park."""
    landed = [p for p in plans if p.team_name is None and date(2022, 2, 1) < p.entered_on <= data.ARTICLE]
    named = list(data.NAMED_PROJECTS)
    for day, name, count in data.BATCHES:
        batch = signing.add_batch(session, name=name, signed_on=day, place="济宁创新谷会议中心", host="济宁高新区管委会")
        for n in range(count):
            firm = next((p for p in landed if p.entered_on > day), None)
            if n == 0 and named:
                title, track = named.pop(0)
                firm = None
            elif firm is not None and n % 3 == 0:
                landed.remove(firm)
                title, track = f"{firm.name[2:6]}研发与产业化项目", firm.track
            else:
                track, firm = data.TRACKS[n % 4], None
                title = f"{maker.random.choice(data.BRANDS)}{maker.random.choice(data.TRADES[track])}项目{n + 1:02d}"
            signing.add_project(
                session, batch_id=batch.id, name=title, track=track, investment=Decimal(maker.random.choice((300, 500, 1000, 2000, 5000)) * WAN),
                **({"firm_id": context["firms"][firm.code], "state": "landed", "landed_on": firm.entered_on} if firm else {}))


def build(context: Context, maker: data.Maker, today: date | None = None) -> None:
    """What is going on in the last weeks before the day of loading."""
    today = today or clock.today()
    people = _people(context)
    with context.scope("operations_clerk") as s:
        _leads(s, maker, people, today)
        _visits(s, maker, today)
        _expiring(s, maker, today)
    _applications(context, maker, people, today)
    _data_calls(context, maker, today)
    _graduations(context, today)


def _people(context: Context) -> dict[str, int]:
    """Persona -> id of the user's profile (what screens choose from)."""
    with context.scope("operations_manager") as s:
        by_user = {u: i for i, u in s.execute(select(UserProfile.id, UserProfile.user_id))}
        return {role: by_user[user_id] for role, user_id in context.users.items()}


def _leads(session: Any, maker: data.Maker, people: dict[str, int], today: date) -> None:
    for n in range(14):
        found = today - timedelta(days=6 + 5 * n)
        track = data.TRACKS[n % 4]
        lead = leads.add_lead(session, name=maker.firm_name(track), source=("visit", "event", "referral", "invitation")[n % 4], track=track,
                              contact_name=maker.person(), phone=maker.phone(), project=f"{maker.random.choice(data.BRANDS)}产业化项目",
                              area_wanted=Decimal(maker.random.choice((60, 120, 200, 350))), owner_id=people["operations_clerk"], found_on=found,
                              next_on=today + timedelta(days=n - 4))
        if n % 3:
            leads.contact_lead(session, lead, on=found + timedelta(days=2))
        if n % 3 == 2:
            leads.visit_lead(session, lead, on=found + timedelta(days=4))


def _incubating(session: Any) -> list[Firm]:
    return list(session.scalars(select(Firm).where(Firm.state == "incubating").order_by(Firm.id)))


def _visits(session: Any, maker: data.Maker, today: date) -> None:
    staff = list(session.scalars(select(StaffMember.id).order_by(StaffMember.id)))
    for n, firm in enumerate(_incubating(session)[:24]):
        if n % 2:
            visits.create_visit(session, firm_id=firm.id, kind="onsite", planned_on=today + timedelta(days=n // 2 - 3), staff_id=staff[n % len(staff)],
                                subject=SUBJECTS[n % 6])
            continue
        held = today - timedelta(days=3 + 2 * n)
        visit = visits.create_visit(session, firm_id=firm.id, kind="onsite", held_on=held, staff_id=staff[n % len(staff)], subject=SUBJECTS[n % 6],
                                    findings="企业经营正常,提出一项需求,已登记跟进。")
        category, title = DEMANDS[n // 2 % 4]
        visits.add_follow_up(session, visit, category=category, title=title, due_on=max(held + timedelta(days=1), today + timedelta(days=n - 8)), on=held,
                             staff_id=staff[n % len(staff)])


def _expiring(session: Any, maker: data.Maker, today: date) -> None:
    """Hi-tech certificates that end within the next 30, 60 and 90 days (and two that ended last week)."""
    old = [f for f in _incubating(session) if f.registered_on and f.registered_on < add_months(today, -38)]
    for n, firm in enumerate(old[:12]):
        ends = today + timedelta(days=8 * n - 7)
        obtained = add_months(ends + timedelta(days=1), -36)
        if firm.registered_on < obtained:
            qualifications.create_qualification(session, firm_id=firm.id, kind="hitech", issuer="山东省科学技术厅", obtained_on=obtained, valid_to=ends,
                                                certificate_no=f"GR{obtained.year}37{900000 + firm.id}")


def _applications(context: Context, maker: data.Maker, people: dict[str, int], today: date) -> None:
    """Applications at every step of the way; three of them reviewed, minuted and decided."""
    carriers = context.shared["carriers"]
    for n in range(9):
        track, applied = data.TRACKS[n % 4], today - timedelta(days=34 - 3 * n)
        with context.scope("operations_clerk") as s:
            application = applications.add_application(
                s, name=maker.firm_name(track), kind="company", credit_code=maker.credit_code(), carrier_id=carriers[data.HOME[track][0]],
                track=track, industry=data.INDUSTRY[track], project=f"{maker.random.choice(data.BRANDS)}研发中心", applied_on=applied,
                summary=data.SCOPES[track], area_wanted=Decimal(120 + 40 * n), registered_on=applied - timedelta(days=200 + 10 * n), team_size=8 + n,
                rd_people=4 + n // 2, ip_count=n % 4, revenue_last_year=Decimal(30 * WAN * n), funds_committed=Decimal(200 * WAN),
                investment=Decimal(500 * WAN), in_catalogue=True, environment_cleared=n != 5, safety_cleared=True,
                licence_cleared=None if n == 6 else True, contact_name=maker.person(), phone=maker.phone())
            if n >= 8:
                continue
            documents = list(s.scalars(select(ApplicationDocument).where(ApplicationDocument.application_id == application.id)))
            applications.receive_documents(s, documents, on=applied + timedelta(days=1))
            applications.submit_application(s, application, on=applied + timedelta(days=2))
        if n < 6:
            _review(context, application.id, people, applied + timedelta(days=4), decide=n < 3)


def _review(context: Context, application_id: int, people: dict[str, int], day: date, *, decide: bool) -> None:
    from .models.application import Application

    with context.scope("operations_manager") as s:
        application = s.get(Application, application_id)
        applications.start_review(s, application, on=day, reviewers=[people["operations_manager"], people["finance"]])
    if not decide:
        return
    for role, points in (("operations_manager", 84), ("finance", 78)):
        with context.scope(role) as s:
            application = s.get(Application, application_id)
            sheet = {item.id: points for item in reviews.criteria(s, context.park_id)}
            reviews.score_application(s, application, scores=sheet, recommends=True, opinion="方向契合,团队完整,同意入园。")
    with context.scope("operations_manager") as s:
        application = s.get(Application, application_id)
        reviews.record_minute(s, application, held_on=day + timedelta(days=5), chair="刘建国", attendance="刘建国、陈静、王晓燕", decision="approve",
                                   text="会议听取项目汇报,评审得分达到入园要求,同意入驻。")
        applications.approve_application(s, application, on=day + timedelta(days=6))
        if application_id % 2:
            applications.admit_application(s, application, on=day + timedelta(days=9))


def _data_calls(context: Context, maker: data.Maker, today: date) -> None:
    """Last month's headcount and revenue: open, about two thirds have answered."""
    month = Period.month(today).previous()
    with context.scope("operations_clerk") as s:
        call = datacalls.create_call(s, form_code="monthly-basic", period_start=month.start, due_on=max(today + timedelta(days=5), month.end))
        datacalls.open_call(s, call, on=month.end)
        rows = list(s.scalars(select(DataCallResponse).where(DataCallResponse.call_id == call.id).order_by(DataCallResponse.id)))
        for n, response in enumerate(rows[:90]):
            if n % 3 == 2:
                continue
            staff = maker.random.randint(3, 40)
            responses.save_answers(s, response, on=today, answers={"revenue": str(maker.random.randint(20, 900)), "staff_total": str(staff),
                                                                   "staff_graduate": str(min(staff, n % 3))})
            responses.submit_response(s, response, on=min(today, month.end + timedelta(days=n % 12)), filled_by=maker.person())
            if n % 3 == 0:
                responses.accept_response(s, response, on=today)


def _graduations(context: Context, today: date) -> None:
    """Terms by the rules of today, the last three months' candidate lists, and three cases on their way."""
    with context.scope("operations_manager") as s:
        terms.refresh_terms(s, on=today, park_id=context.park_id)
    for back in (2, 1, 0):
        with context.scope("operations_manager") as s:
            graduation.list_candidates(s, on=add_months(today, -back), park_id=context.park_id)
    with context.scope("operations_clerk") as s:
        outcome = [f for f in _incubating(s) if graduation.examine_firm(s, f, on=today).verdict == "pass"][:3]
        for n, firm in enumerate(outcome):
            case = graduation.propose_case(s, firm, on=today - timedelta(days=4 + n))
            if n and case.verdict == "pass":
                graduation.hand_in_evidence(s, case, on=today - timedelta(days=2))
