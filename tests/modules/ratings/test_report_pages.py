"""Pages of reports: they open, making one now runs to its end with progress, a clerk makes none, an administrator sees none."""

import re
import threading
from io import BytesIO

import pytest
from ratings_help import example
from sqlalchemy import select, text

from modules.ratings.models.report_made import ReportMade, ReportRun
from modules.ratings.services import report_plans, schemes
from parkops import clock
from parkops.db.session import system_scope
from parkops.i18n import force_locale


@pytest.fixture
def built(app, park):
    with system_scope("test", parks=[park.id]) as s:
        s.info["scope"] = s.info["scope"].__class__(**{**s.info["scope"].__dict__, "park_id": park.id})
        c, _firms = example(s, area="4900")
        schemes.ensure_schemes(s, park.id)
        plan = report_plans.create_plan(
            s, name="年度评价", report="annual-rating", carrier_id=c.id, period_rule="last_year", starts_on=clock.today()
        )
        gone = report_plans.create_plan(s, name="集团情况", report="group-article", period_rule="this_month", starts_on=clock.today())
        return {"carrier": c.id, "plan": plan.id, "impossible": gone.id}


def page(client, url, status=200):
    answer = client.get(url)
    assert answer.status_code == status, (url, answer.status_code)
    return answer.get_data(as_text=True)


def make(client, plan, **form):
    """Press the button and wait for the thread, not for the clock."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', page(client, f"/ratings/report_plan/{plan}?tab=make"))[1]
    answer = client.post(f"/ratings/make_report/{plan}", data={"csrf_token": token, **form})
    for thread in [t for t in threading.enumerate() if t.name.startswith("report-")]:
        thread.join(60)
    return answer


def test_a_report_is_made_now_kept_and_compared(client, login_as, built):
    login_as(client, "operations_manager")
    answer = make(client, built["plan"])
    assert answer.status_code == 303
    run = int(answer.headers["Location"].rsplit("/", 1)[1])
    progress = client.get(f"/ratings/making/{run}/progress").get_json()
    assert (progress["state"], progress["step"], progress["steps"]) == ("done", 4, 4)
    made = progress["made"]
    assert "年度评价" in page(client, f"/ratings/making/{run}")
    shown = page(client, f"/ratings/report_made/{made}?tab=shown")
    assert "27.5 %" in shown and "<svg" in shown and "附录：指标定义与来源" in shown
    assert "有 0 个" in page(client, f"/ratings/report_changes/{made}")
    with system_scope("test") as s:
        s.execute(text("UPDATE tenants_carrier SET area = area + 100 WHERE id = :i"), {"i": built["carrier"]})
    assert ">49<" not in page(client, f"/ratings/report_changes/{made}") and "4,901" in page(client, f"/ratings/report_changes/{made}")
    files = re.findall(r"/files/(\d+)", shown)
    assert [client.get(f"/files/{f}").data[:2] for f in files[:2]] in ([b"%P", b"PK"], [b"PK", b"%P"])
    token = re.search(r'name="csrf_token" value="([^"]+)"', page(client, f"/ratings/report_plan/{built['plan']}?tab=make"))[1]
    put = {"csrf_token": token, "kind": "report_pdf", "file": (BytesIO(b"%PDF-1.7 another"), "annual-rating.pdf")}
    assert client.post(f"/files/ratings.report_made/{made}", data=put).status_code == 403
    assert client.post(f"/files/{files[0]}/remove", data={"csrf_token": token}).status_code == 403
    assert sorted(set(re.findall(r"/files/(\d+)", page(client, f"/ratings/report_made/{made}?tab=shown")))) == sorted(set(files))
    with force_locale("zh"):
        title = report_plans.report_title("annual-rating")
    facts = page(client, f"/ratings/report_made/{made}")
    assert re.search(r"[\u4e00-\u9fff]", title) and title in facts and ">annual-rating<" not in facts


def test_what_cannot_be_made_says_why_and_keeps_nothing(client, login_as, built):
    login_as(client, "operations_manager")
    answer = make(client, built["impossible"])
    progress = client.get(answer.headers["Location"] + "/progress").get_json()
    assert progress["state"] == "failed" and progress["made"] is None
    assert 'role="alert"' in page(client, answer.headers["Location"])
    assert make(client, built["plan"], period="2999").status_code == 422
    with system_scope("test") as s:
        assert s.scalars(select(ReportMade.id)).all() == [] and len(s.scalars(select(ReportRun.id)).all()) == 1


def test_the_rating_report_on_the_screen(client, login_as, built):
    login_as(client, "leadership")
    html = page(client, f"/ratings/report/{built['carrier']}?period=2025")
    assert "27.5 %" in html and "data-near" in html and 'id="simulator"' in html
    assert html.index("结论与得分") < html.index("条件达标情况") < html.index("年度趋势") < html.index("达标的最小改变")
    for url in (
        "/ratings/report/?period=2025",
        "/ratings/report/",
        "/ratings/article/",
        "/ratings/policy_replay/",
        "/ratings/policy_replay/?set=INC-2025-STD&t_STD-04c=0.275&on=2026-03-01",
        "/ratings/policy_replay/?set=GRAD-2018&other=GRAD-2025",
        "/ratings/score_replay/",
        "/reports/board-pack?period=2025&format=html",
    ):
        page(client, url)
    for name, period, fmt, first in (("fund-quarterly", "2025Q4", "xlsx", b"PK"), ("annual-rating", "2025", "pdf", b"%P")):
        assert client.get(f"/reports/{name}?period={period}&format={fmt}").data[:2] == first
    page(client, "/ratings/report/?period=soon", 404)
    page(client, "/ratings/report/?period=2025Q4", 400)
    assert client.get("/reports/annual-rating?period=2025-12&format=xlsx").status_code == 400
    page(client, "/ratings/report/999999", 404)
    assert client.get("/ratings/policy_replay/?set=INC-2025-STD&t_STD-01=1").status_code == 422


def test_a_clerk_makes_none(client, login_as, built):
    login_as(client, "operations_clerk")
    html = page(client, f"/ratings/report_plan/{built['plan']}?tab=make")
    assert "/ratings/make_report/" not in html
    token = re.search(r'name="csrf_token" value="([^"]+)"', html)[1]
    assert client.post(f"/ratings/make_report/{built['plan']}", data={"csrf_token": token}).status_code == 403


def test_an_administrator_sees_none(client, login_as, built):
    login_as(client, "system_administrator")
    for url in ("/ratings/report/", "/ratings/report_made/", "/ratings/article/", "/ratings/policy_replay/", "/ratings/score_replay/"):
        page(client, url, 403)


def test_every_figure_of_the_article_says_how_it_is_counted_in_the_reader_s_language(session):
    """F01 to F32 of every module's demo; a figure that joins wants its words."""
    from modules.ratings.article_words import HOW_COUNTED
    from modules.ratings.services import article

    codes = {f.code for f in article.figures()}
    assert codes == set(HOW_COUNTED)
    with force_locale("zh"):
        assert not [c for c, words in HOW_COUNTED.items() if not re.search(r"[\u4e00-\u9fff]", str(words).split("：")[0])]
