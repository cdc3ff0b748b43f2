"""Demo of the hall: two halls of the park, the catalogue with the 66 shared items, 36,000 cases taken over, those of the last weeks,
and a day's work.

The taken-over cases repeat what Kunming published (over 35,000 cases without a bad review, more than 200 visitors a day); names of
applicants are invented. The base for helping firms follows Anyang (about 800 ㎡, seven areas)."""

from __future__ import annotations

import csv
import tempfile
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from modules.tenants.models.firm import Firm
from parkops import clock
from parkops.clock import ZONE
from parkops.demo import Context, Figure
from parkops.importing import kind_of

from .models.case import ServiceCase
from .models.hall import HallVisitors, HallWindow, ServiceHall
from .models.item import HallItem
from .models.partner import PartnerHall
from .models.quality import ReviewTask, ServiceRating
from .services import calendar, cases, catalogue, closing, demands, halls, hands, partners, queue, ratings, tolerance

OPENED, UNTIL, CASES = date(2021, 5, 6), date(2021, 10, 29), 36_000
WEEKS, EACH_DAY = 13, 24  # of the last weeks: so many cases a working day
NAMED = ("DJ-01", "SW-01", "FL-01", "JR-01", "LD-01", "WY-01")
WORDS = ("云帆", "瑞丰", "天成", "智汇", "恒信", "博远", "新禾", "同创", "启航", "凯达", "中科", "华诺")
TRADES = ("科技", "生物", "软件", "商贸", "文化", "制造", "餐饮", "咨询", "物流", "检测")


def load(context: Context) -> None:
    """Everything in order; services and the importer only."""
    today = clock.today()
    with context.scope("operations_manager") as s:
        ids = _set_up(s)
    context.say("services: halls, windows, 84 items")
    with context.scope("operations_clerk") as s:
        taken_over(s, OPENED, UNTIL, CASES)
        recent = max(UNTIL, today - timedelta(weeks=WEEKS)) + timedelta(days=1)
        taken_over(s, recent, today - timedelta(days=1), None, first=CASES)
    context.say("services: 36,000 cases taken over, and those of the last weeks")
    with context.scope("operations_clerk") as s:
        work = _day(s, ids, today, context.users)
    _quality(context, work, today)
    context.say("services: a day in the hall, ratings, demands")


def _set_up(s: Any) -> dict[str, int]:
    """Halls, windows, catalogue, calendar, partner halls."""
    main = halls.create_hall(
        s,
        code="FWZX",
        name="创新谷企业服务中心",
        address="创新谷 A1 栋一层",
        phone="0537-3255000",
        hours="工作日 9:00–17:00",
        area=Decimal(1600),
        opened_on=OPENED,
        zones="导办区、综合窗口区、自助服务区、帮办代办区、休息等候区",
    )
    base = halls.create_hall(
        s,
        code="ZQJD",
        name="助企服务基地大厅",
        address="创新谷 B3 栋一层",
        phone="0537-3255100",
        hours="工作日 9:00–17:00",
        area=Decimal(800),
        opened_on=date(2021, 7, 1),
        zones="楼宇经济信息中心、宣传推广中心、企业服务中心、招商展示区、咖啡沙龙区、多功能会议室、洽谈室",
    )
    _fill(s, main.id, base.id)
    return {"main": main.id, "base": base.id}


def _fill(s: Any, main: int, base: int) -> None:
    """Windows, both lists, holidays, the partners of the agreement."""
    for code, name, classes in (
        ("01", "综合窗口", ()),
        ("02", "商事登记窗口", ("startup", "food")),
        ("03", "办税辅导窗口", ("tax",)),
        ("04", "帮办代办窗口", ("project", "other")),
    ):
        halls.create_window(s, hall_id=main, code=code, name=name, classes=list(classes))
    halls.create_window(s, hall_id=base, code="Z1", name="助企专窗")
    for name in catalogue.LISTS:
        catalogue.load_list(s, name, hall_id=main)
    for year in (2021, 2022, clock.today().year):
        if calendar.has_announced(year):
            calendar.load_year(s, year=year)
    for code, name, district in (("LW", "临渭区政务大厅", "渭南市临渭区"), ("JK", "渭南经开区政务大厅", "渭南经济技术开发区")):
        partners.create_partner(
            s, code=code, name=name, district=district, hall_id=main, key_id=f"jn-{code.lower()}", signed_on=date(2021, 9, 14)
        )


def taken_over(s: Any, since: date, until: date, number: int | None, *, first: int = 0) -> None:
    """Through the importer, as a park would bring its old system's cases; visitors as counted at the door. `number` of cases, or
    so many a working day; `first`: how many came before."""
    from parkops.web.importer import mapping
    from parkops.web.importer.engine import run_import
    from parkops.web.importer.reader import open_table

    kind, held = kind_of("services.cases"), calendar.calendar_of(s, s.info["scope"].park_id)
    days = [d for d in (since + timedelta(days=n) for n in range((until - since).days + 1)) if held.works(d)]
    number = number or EACH_DAY * len(days)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cases.csv"
        _write(path, days, held, list(s.scalars(select(HallItem.code).order_by(HallItem.id))), range(first, first + number))
        table = open_table(path)
        header = mapping.find_header(kind, table)
        out = run_import(s, kind, table, header=header, columns=mapping.guess(kind, header), on=clock.today(), mode="insert")
    assert (out.inserted, out.rejected) == (number, []), out.as_dict()["rejected"][:3]
    hall = s.scalars(select(ServiceHall).where(ServiceHall.code == "FWZX")).one()
    s.add_all(
        HallVisitors(park_id=hall.park_id, hall_id=hall.id, day=d, visitors=203 + (7 * n) % 31, counted_by="desk")
        for n, d in enumerate(days)
    )
    s.flush()


def _write(path: Path, days: list[date], held: Any, codes: list[str], numbers: range) -> None:
    """Everyone content, nearly all in time, two thirds on the spot; none ends later than today."""
    channels = ("window", "window", "window", "online", "kiosk", "window", "online", "phone", "window", "window")
    ends = {(d, n): min(held.due(d, n), clock.today()) for d in days for n in (0, 1, 2, 4)}
    with path.open("w", newline="", encoding="utf-8") as f:
        out = csv.writer(f)
        out.writerow(("办件编号", "事项编码", "大厅编码", "申请人", "渠道", "受理日期", "等候分钟", "办结日期", "评价星级"))
        for n in numbers:
            day, way = days[(n - numbers.start) * len(days) // len(numbers)], channels[n % 10]
            took = 4 if n % 97 == 0 else (0, 0, 1, 0, 0, 2)[n % 6]
            name = f"{WORDS[n % 12]}{WORDS[(n // 12) % 12]}{TRADES[n % 10]}有限公司"
            row = (
                f"QF-{n + 1:06d}",
                codes[(n * 7) % len(codes)],
                "FWZX",
                name,
                way,
                day,
                (n * 5) % 19 if way == "window" else "",
                ends[day, took],
                "" if n % 8 == 3 else 4 if n % 11 == 0 else 3 if n % 401 == 0 else 5,
            )
            out.writerow(row)


def _firms(s: Any, n: int) -> list[Firm]:
    return list(s.scalars(select(Firm).where(Firm.state == "incubating").order_by(Firm.id).limit(n)))


def _day(s: Any, ids: dict[str, int], today: date, users: dict[str, int]) -> dict[str, int]:
    """Cases in every state, numbers in the queue, commitments, a case for a partner hall."""
    at, out = datetime.combine(today, time(9), ZONE), {}
    item = {i.code: i.id for i in s.scalars(select(HallItem))}
    firms = _firms(s, 9)
    back = [today - timedelta(days=n) for n in (12, 9, 7, 6, 5, 3, 2, 1, 0)]

    def new(n: int, code: str, where: str = "main", **more: Any) -> ServiceCase:
        day = back[n]
        return cases.create_case(
            s,
            hall_id=ids[where],
            item_id=item[code],
            firm_id=firms[n % len(firms)].id,
            at=datetime.combine(day, time(9, 5 * n), ZONE),
            **more,
        )

    def papers(case: ServiceCase, *, without: tuple[str, ...] = ()) -> None:
        cases.check_materials(s, case, have=[m.id for m in cases.checklist(s, case) if m.name not in without], on=case.received_on)

    _finished(s, new, papers, out)
    told = new(3, "QY-01")
    papers(told, without=("登记（备案）申请书",))
    cases.give_notice(s, told, on=told.received_on)
    promised = new(8, "SP-01")
    papers(promised, without=("从业人员健康证明", "食品安全管理制度目录"))
    tolerance.sign_commitment(s, promised, signed_by=firms[0].legal_representative or "法定代表人", on=today)
    cases.accept_case(s, promised, on=today)
    late = new(0, "QY-16")
    papers(late)
    cases.accept_case(s, late, on=late.received_on)
    cross = new(7, "SP-02", channel="cross", post_address="渭南市临渭区前进路 8 号")
    papers(cross)
    cases.accept_case(s, cross, on=cross.received_on)
    partners.choose_partner(s, cross, partner_id=s.scalar(select(PartnerHall.id).where(PartnerHall.code == "LW")))
    passed = new(6, "XM-02")
    hands.transfer_case(s, passed, to_id=users["operations_manager"], reason="需专人全程代办", on=today)
    _queue(s, ids["main"], at)
    return out


def _finished(s: Any, new: Any, papers: Any, out: dict[str, int]) -> None:
    """Five results of the last days: handed over, posted, to be handed over, a client not content."""
    for n, (code, where) in enumerate((("DJ-02", "main"), ("FL-02", "base"), ("JR-01", "base"), ("SW-02", "main"), ("QY-05", "main")), 1):
        case = new(n, code, where, post_address="济宁市高新区海川路 9 号")
        papers(case)
        cases.accept_case(s, case, on=case.received_on)
        closing.complete_case(
            s, case, result="approved" if code == "QY-05" else "done", delivery="post" if n == 5 else "pickup", on=case.received_on
        )
        if n in (1, 5):
            closing.deliver_case(s, case, on=case.received_on, **({"carrier": "EMS", "tracking_no": "EA202600005CN"} if n == 5 else {}))
        if n in (1, 2, 3):
            ratings.rate_case(
                s,
                case,
                stars=(5, 4, 2)[n - 1],
                remark=(None, None, "对接的银行没有及时回复")[n - 1],
                efficiency=(5, 4, 2)[n - 1] if case.channel == "window" else None,
                attitude=5,
                rated_by="link",
            )
        out[code] = case.id


def _queue(s: Any, hall_id: int, at: datetime) -> None:
    """A quarter past ten: two served, one at the window, one called, five waiting."""
    windows = list(s.scalars(select(HallWindow).where(HallWindow.hall_id == hall_id).order_by(HallWindow.code)))
    for n, kind in enumerate(("startup", "tax", "startup", "food", "tax", "other", "startup", "project", "labour_social")):
        queue.take_ticket(s, hall_id=hall_id, item_class=kind, at=at + timedelta(minutes=30 + 4 * n))
    for n, window in enumerate(windows[:4]):
        row = queue.call_next(s, window, at=at + timedelta(minutes=48 + 6 * n))
        if row is not None and n < 3:
            queue.serve_ticket(s, row, at=at + timedelta(minutes=49 + 6 * n))
        if row is not None and n < 2:
            queue.finish_ticket(s, row, at=at + timedelta(minutes=60 + 6 * n))


def _quality(context: Context, work: dict[str, int], today: date) -> None:
    """The manager verifies the bad review and checks a case; the clerk puts it right; demands in three states."""
    with context.scope("operations_manager") as s:
        task = s.scalars(select(ReviewTask).order_by(ReviewTask.id.desc())).first()
        ratings.verify_review(s, task, holds=True, finding="合作银行客户经理调岗，需求未转交", on=today)
        ratings.create_check(s, case_id=work["FL-02"], checked_on=today, score=92, findings="审查意见格式需统一")
    with context.scope("operations_clerk") as s:
        first, second = _firms(s, 2)
        late = datetime.combine(today - timedelta(days=20), time(10), ZONE)
        demands.create_demand(s, kind="complaint", title="B2 栋电梯高峰期等候过长", firm_id=first.id, at=late)
        ask = demands.create_demand(
            s,
            kind="demand",
            title="希望增设夜间班车",
            text="研发人员 21 点后下班，末班车过早。",
            firm_id=second.id,
            at=datetime.combine(today - timedelta(days=2), time(14), ZONE),
        )
        demands.create_demand(s, kind="proposal", title="食堂增设轻食窗口", applicant="员工代表", channel="online")
    with context.scope("operations_manager") as s:
        demands.assign_demand(s, s.merge(ask), owner_id=context.users["operations_manager"], on=today)
        demands.escalate(s, on=today, park_id=context.park_id)


def _count(model: Any, text: str, *where: Any) -> Any:
    def count(session: Any, park_id: int, on: date) -> tuple[Any, str]:
        return session.scalar(select(func.count(model.id)).where(model.park_id == park_id, *where)), text

    return count


def _visitors(session: Any, park_id: int, on: date) -> tuple[Any, str]:
    v = HallVisitors
    people, days = session.execute(select(func.sum(v.visitors), func.count(v.id)).where(v.park_id == park_id, v.day <= on)).one()
    return int(people) // days if days else None, "services.visitors: people counted ÷ days counted"


FIGURES = [
    Figure(
        "F26",
        "自助与专项服务：商事注册、自助办税、法律、金融、劳动关系调解、红色物业(项)",
        6,
        _count(HallItem, "services.item: the six services named by the article", HallItem.code.in_(NAMED), HallItem.active.is_(True)),
    ),
    Figure(
        "KM1",
        "昆明样式大厅累计办件(件,3.5万余)",
        35_000,
        _count(ServiceCase, "services.case: results until 2021-10-31", ServiceCase.completed_on <= date(2021, 10, 31)),
        at_least=True,
    ),
    Figure(
        "KM2",
        "昆明样式大厅差评(件)",
        0,
        _count(
            ServiceRating,
            "services.rating: one or two stars until 2021-10-31",
            ServiceRating.stars <= 2,
            ServiceRating.rated_on <= date(2021, 10, 31),
        ),
    ),
    Figure("KM3", "昆明样式大厅日均接待(人,200余)", 200, _visitors, at_least=True),
    Figure("WN1", "渭南样式跨区通办事项(项)", 66, _count(HallItem, "services.item: on the shared list", HallItem.shared.is_(True))),
]
