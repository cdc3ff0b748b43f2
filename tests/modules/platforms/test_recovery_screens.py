"""The recovery sheet as people see it: page, report, workbook and lists say the same; the heat map; an outage in the calendar."""

import html
import io
import json
import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from urllib.parse import unquote

import pytest
import recovery_help as h
from pypdf import PdfReader
from sqlalchemy import select

from modules.booking.models.resource import BookableResource, ResourceClosure
from modules.booking.services import policy
from modules.platforms import calc_recovery
from modules.platforms.services import costs, maintenance, recovery, recovery_why
from parkops.clock import ZONE, Period
from parkops.kpi import store
from parkops.reports import registry as reports

D = Decimal


@pytest.fixture
def plat(session):
    """A year: 12,000 depreciation and 8,000 wages; 6,000 and 10,000 charged; 2,000 waived."""
    p = h.platform(session)
    i = h.instrument(session, p)
    for month in range(1, 13):
        costs.open_pool(session, platform_id=p.id, month=date(2021, month, 1))
    costs.spread_cost(session, platform_id=p.id, kind="staff", title="工资", amount=D(8000), document="工资表", first_month=date(2021, 1, 1), months=12)
    inside, outside = h.project(session), h.project(session, klass="external")
    for n in range(10):
        h.event(session, i, inside, date(2021, 3, 1 + n), 10, gross=600, hour=8)
    for n in range(5):
        h.event(session, i, outside, date(2021, 4, 1 + n), 10, gross=2000, hour=8)
    h.event(session, i, outside, date(2021, 5, 1), 10, gross=2000, waived=2000)
    return p


@pytest.fixture
def page(session, plat, client, login_as):
    session.commit()
    login_as(client, "finance")
    return lambda url: client.get(url)


def texts(body):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def test_the_sheet_shows_the_numbers_and_every_link_opens_its_rows(page, plat):
    body = page(f"/platforms/recovery/{plat.id}?period=2021").get_data(as_text=True)
    seen = texts(body)
    for number in ("80.0 %", "125.00", "20,000.00", "16,000.00", "2,000.00", "-2,500.00"):
        assert number in seen, number  # recovery, p* = 20,000 ÷ 160, C, charged, waived, gap of the outside users: 60 ÷ 160 × C − 10,000
    links = {html.unescape(x) for x in re.findall(r'href="(/platforms/[a-z_]+/\?filters=[^"]+)"', body)}
    assert len(links) >= 8
    for link in links:
        resource, filters = link.split("/?filters=")
        asked = json.dumps({"filters": json.loads(unquote(filters)), "size": 1, "totals": True})
        answer = page(f"/api/v1{resource}/?q={asked}")
        assert answer.status_code == 200, (link, answer.get_data(as_text=True))
        if '"platform_id"' in unquote(filters) and "customer_class" not in filters and "waived" not in filters and resource.endswith("event"):
            assert answer.get_json()["totals"]["net"] == "16000.00" and answer.get_json()["count"] == 16


def test_figures_say_why_and_the_target_stands_beside_the_rate(session, plat, client, login_as):
    store.set_target(session, "platforms.recovery_billed", Period.parse("2021"), park_id=plat.park_id, target=D("0.85"))
    session.commit()
    login_as(client, "finance")
    body = client.get(f"/platforms/recovery/{plat.id}?period=2021").get_data(as_text=True)
    seen = texts(body)
    for text in ("目标：85.0 %", "净成本20,000.00 ÷ 160.0机时 = 125.00", "（净成本20,000.00 − 其他类别收费6,000.00） ÷ 外部用户60.0机时 = 233.33",
                 "固定成本20,000.00 ÷ （平均价格100.00 − 每机时能耗材料0.00） = 200.0机时",
                 "净成本20,000.00 × 100.0 ÷ 160.0机时 = 12,500.00，减收费6,000.00 = 6,500.00", "减收费10,000.00 = -2,500.00"):
        assert text in seen, (text, seen)
    assert "目标：" not in texts(client.get(f"/platforms/recovery/{plat.id}?period=2020").get_data(as_text=True))
    asked = reports.Request(plat.park_id, Period.parse("2021"), date(2022, 1, 1), datetime(2022, 1, 1, tzinfo=ZONE), plat.id)
    facts = [f for s in reports.report_of("platform-recovery").data(session, asked).sections for f in s.facts or ()]
    assert (D("0.85"), "percent") in [(value, fmt) for _title, value, fmt in facts]


def test_a_figure_that_is_not_known_says_what_is_missing():
    nothing = calc_recovery.sheet({}, [calc_recovery.Use("incubatee", D(10), billed=D(500))])
    assert set(recovery_why.of_sheet(nothing).values()) == {"本期没有录入成本。"}
    loss = calc_recovery.sheet({"energy": D(1000)}, [calc_recovery.Use("incubatee", D(10), billed=D(500))])
    assert "永远" in recovery_why.of_sheet(loss)["break_even_hours"] and "外部用户" in recovery_why.of_sheet(loss)["outside"]


def test_the_sliders_start_from_the_served_numbers(page, plat):
    body = page(f"/platforms/recovery/{plat.id}?period=2021").get_data(as_text=True)
    served = json.loads(re.search(r'id="rc-data"[^>]*>(.*?)</script>', body, re.S)[1])
    assert (served["fixed"], served["variable"]) == ("20000.00", "0.00")
    assert [(c["code"], D(c["hours"]), c["billed"]) for c in served["classes"]] == [("incubatee", 100, "6000.00"), ("external", 60, "10000.00")]
    assert "不保存" in body
    assert re.findall(r'data-class="(\w+)"[^>]*value="(\d+)"', body) == [("incubatee", "62"), ("external", "38")]  # 62.5 % and 37.5 %
    shown = dict(re.findall(r'data-out="(\w+)">([^<]*)<', body))
    assert (shown["recovery"], shown["cost"], shown["even"], shown["hours"]) == ("80.0 %", "20,000.00", "125.00", "160.00")
    assert (shown["outside"], shown["even_hours"], shown["gap"]) == ("233.33", "200.00", "4,000.00")  # 14,000 ÷ 60; 20,000 ÷ 100


def test_the_list_of_platforms_and_its_report_are_the_same_document(session, page, plat):
    seen = texts(page("/platforms/recovery/?period=2021").get_data(as_text=True))
    assert plat.name in seen and "80.0 %" in seen
    asked = reports.Request(plat.park_id, Period.parse("2021"), date(2022, 1, 1), datetime(2022, 1, 1, tzinfo=ZONE), plat.id)
    made = reports.report_of("platform-recovery").data(session, asked)
    classes = next(s.table for s in made.sections if s.table is not None and s.table.totals and len(s.table.columns) == 11)
    for n in range(1, 10):
        assert sum(row[n] for row in classes.rows) == classes.totals[n]
    assert classes.rows[0][-1] == "未指定"  # a reduced rate without a named funder is said, not hidden
    for fmt in ("xlsx", "json"):
        assert reports.make(session, "platform-recovery", asked, fmt)


def test_the_sheet_on_paper(session, plat):
    asked = reports.Request(plat.park_id, Period.parse("2021"), date(2022, 1, 1), datetime(2022, 1, 1, tzinfo=ZONE), plat.id)
    title = str(reports.report_of("platform-recovery").data(session, asked).title)
    paper = reports.make(session, "platform-recovery", asked, "pdf")
    content = getattr(paper, "content", paper)
    seen = "".join(p.extract_text() for p in PdfReader(io.BytesIO(content)).pages)
    assert title in seen and plat.name in seen
    for number in ("20,000.00", "16,000.00", "125.00"):  # cost, charged, break-even price
        assert number in seen, number


def test_the_heat_map_page(page, plat):
    body = page(f"/platforms/heat-map/?period=2021Q1&platform={plat.id}").get_data(as_text=True)
    assert body.count("<rect") == 7 * 24 and "周一" in body
    assert page("/platforms/heat-map/?platform=x").status_code == 404


def test_who_may_not_read_costs_does_not_see_the_sheet(app, session, plat, login_as):
    session.commit()
    client = app.test_client()
    login_as(client, "system_administrator")
    assert client.get("/platforms/recovery/").status_code == 403


def test_the_column_of_the_pool_list_is_the_sheets_rate(page, session, plat):
    answer = page('/api/v1/platforms/cost_pool/?q={"filters":[["month","eq","2021-04-01"]],"columns":["month","net_cost","charged","recovery"]}')
    row = answer.get_json()["rows"][0]
    found = recovery.of_platform(session, plat, Period.parse("2021-04"), date(2022, 1, 1)).sheet
    assert (D(row["net_cost"]), D(row["charged"])) == (found.cost, found.billed)
    assert D(str(row["recovery"])).quantize(D("0.000001")) == found.recovery_billed


def test_an_outage_closes_the_calendar_until_it_is_over(session, plat):
    i = h.instrument(session, plat)
    resource = BookableResource(park_id=plat.park_id, code="R1", name="日历", kind="instrument", owner_source="platforms.instrument", owner_id=i.id)
    session.add(resource)
    session.flush()
    i.resource_id = resource.id
    at = datetime(2021, 3, 3, 9, tzinfo=ZONE)
    work = maintenance.report_outage(session, i, title="主轴异响", at=at)

    def why(start):
        found = policy.problems(session, resource=resource, starts_at=start, ends_at=start + timedelta(hours=1), firm_id=None, at=at)
        return [x for x in found if "主轴异响" in str(x.message)]

    assert why(at + timedelta(hours=2)) and not why(at + timedelta(hours=2))[0].overridable
    maintenance.finish_work(session, work, at=at + timedelta(hours=1))
    assert not why(at + timedelta(hours=2))
    assert session.scalars(select(ResourceClosure.ends_at).where(ResourceClosure.source_id == work.id)).one() == at + timedelta(hours=1)
