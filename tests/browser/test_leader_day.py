"""Leadership's day: the rating report, from a failing gate to its firms, the simulator, PDF and workbook with the same figures; the saved
report made now and kept with its hash; the group's published figures, each opening as many records as it says."""

from __future__ import annotations

import hashlib
import json
import re
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qs, urlparse

from openpyxl import load_workbook
from pypdf import PdfReader

from parkops import clock
from tests.browser.conftest import ready
from tests.browser.test_walk import wrong_language

YEAR = clock.today().year - 1
CARRIER = "济宁创新谷创达孵化器"


def listed(page, url: str) -> int:
    """How many records the list of an address holds, asked of its REST interface."""
    found = urlparse(url)
    filters = json.loads(parse_qs(found.query)["filters"][0])
    answer = page.request.get(f"/api/v1{found.path}", params={"q": json.dumps({"filters": filters, "size": 1})})
    assert answer.ok, (url, answer.status)
    return answer.json()["count"]


def taken(page, name: str) -> bytes:
    """The file behind a link of the page."""
    with page.expect_download() as waiting:
        page.locator(".pk-head, .pk-actions, main").get_by_role("link", name=name, exact=True).first.click()
    return Path(waiting.value.path()).read_bytes()


def open_report(page):
    page.goto(f"/ratings/report/?period={YEAR}")
    assert wrong_language(page, "zh") == []
    page.get_by_role("link", name=CARRIER).click()
    page.wait_for_selector("#simulator")


def test_from_the_rating_report_to_the_firms_and_the_simulator(browse, shot):
    with browse("leader") as page:
        open_report(page)
        assert wrong_language(page, "zh") == []
        shot(page, "rating-report")
        first = page.locator("dl.rp-facts dt").first
        assert first.inner_text() == "结论" and "不符合" in page.inner_text("dl.rp-facts")
        gate = page.locator("tr.rp-open").first
        missing = gate.locator(".rt-missing").inner_text()
        near = gate.locator("a[data-near]")
        said = int(re.search(r"\d+", near.inner_text())[0])
        assert listed(page, near.get_attribute("href")) == said > 0
        base = gate.locator("a.rt-rows").first
        assert listed(page, base.get_attribute("href")) == int(re.search(r"\d+", base.inner_text())[0])
        near.click()
        ready(page)
        assert "/tenants/firm/" in page.url and page.locator(".tabulator-row").count() == said
        page.go_back()
        field = page.locator("#simulator input[inputmode=decimal]").first
        assert field.input_value(), "the smallest change that passes is offered"
        page.click("#simulator button")
        page.wait_for_load_state("load")
        assert "/ratings/whatif/" in page.url
        assert missing in page.inner_text("main") or "✓" in page.inner_text("main")
        shot(page, "rating-simulated")


def test_pdf_and_workbook_say_what_the_screen_says(browse):
    with browse("leader") as page:
        open_report(page)
        shown = [x for x in page.locator("tr.rp-open .rt-missing").all_inner_texts() if x]
        pdf, book = taken(page, "PDF"), taken(page, "XLSX")
    text = "".join("".join(p.extract_text().split()) for p in PdfReader(BytesIO(pdf)).pages)
    cells = {str(c) for sheet in load_workbook(BytesIO(book)) for row in sheet.iter_rows(values_only=True) for c in row if c is not None}
    assert shown
    for words in shown:
        assert "".join(words.split()) in text and words in cells
    assert "附录：指标定义与来源" in text and "工信部科〔2025〕131号" in text


def test_a_saved_report_is_made_now_and_kept_with_its_hash(browse, shot):
    with browse("leader") as page:
        page.goto("/ratings/report_plan/")
        ready(page)
        page.get_by_role("link", name="创达孵化器年度评价报告").first.click()
        page.wait_for_load_state("load")
        page.goto(page.url.split("?")[0] + "?tab=make")
        page.click("form[action^='/ratings/make_report/'] button")
        page.wait_for_selector("a.btn-primary[href^='/ratings/report_made/']", timeout=90000)
        shot(page, "report-made")
        page.click("a.btn-primary[href^='/ratings/report_made/']")
        page.wait_for_load_state("load")
        url = page.url.split("?")[0]
        kept = page.inner_text("main")
        page.goto(url + "?tab=shown")
        assert "校验一致" in page.inner_text("main")
        link = page.locator("a[href^='/files/']", has_text=".pdf").first.get_attribute("href")
        content = page.request.get(link).body()
        assert hashlib.sha256(content).hexdigest() in "".join(kept.split())
        page.get_by_role("link", name="此后变化").click()
        page.wait_for_load_state("load")
        assert re.search(r"\d+ 个数值中有 0 个", page.inner_text("main"))


def test_every_published_figure_opens_the_records_it_counts(browse, shot):
    with browse("leader") as page:
        page.goto("/ratings/article/")
        assert wrong_language(page, "zh") == []
        shot(page, "published-figures")
        rows = page.locator("table").first.locator("tbody tr")
        assert rows.count() == 32 and page.locator("tr.table-warning").count() == 0
        report = page.request.get("/reports/group-article", params={"period": "2022-10", "format": "json"}).json()
        table = next(s["table"] for s in report["sections"] if s["table"] and len(s["table"]["rows"]) == 32)
        behind = {row[0]: row[6] for row in table["rows"]}
        assert all(row[5] is True for row in table["rows"])
        for i in range(rows.count()):
            code, link = rows.nth(i).locator("td").first.inner_text(), rows.nth(i).locator("td a").first
            found = listed(page, link.get_attribute("href"))
            assert found == (behind[code] if isinstance(behind[code], int) else 41280), code


def test_the_report_fits_the_phone(browse, shot):
    with browse("leader", size="phone", lang="en") as page:
        for url in (
            f"/ratings/report/?period={YEAR}",
            f"/ratings/report/1?period={YEAR}",
            "/ratings/article/",
            "/ratings/policy_replay/",
            "/ratings/score_replay/",
        ):
            page.goto(url)
            assert page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth") <= 0, url
            shot(page, f"leader-phone-{url.split('/')[2]}")
