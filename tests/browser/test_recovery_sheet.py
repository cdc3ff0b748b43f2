"""Finance reads the cost recovery of the platforms: the table, a sheet, the rows behind a number, the sliders; on the phone too."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from parkops import clock
from tests.browser.conftest import ready
from tests.browser.test_walk import wrong_language

YEAR = clock.today().year - 1


def money(text: str) -> Decimal:
    return Decimal(re.sub(r"[^\d.\-]", "", text))


def test_finance_reads_the_sheet_and_what_stands_behind_it(browse, shot):
    with browse("finance") as page:
        page.goto(f"/platforms/recovery/?period={YEAR}")
        assert wrong_language(page, "zh") == []
        rows = page.locator("table.pk-stack tbody tr")
        assert rows.count() == 5  # four platforms and the total
        page.get_by_role("link", name="生命健康科研转化中心").click()
        page.wait_for_selector("#rc-if")
        assert wrong_language(page, "zh") == []
        shot(page, "recovery-sheet")
        cells = page.locator("section.rc-card table.pk-stack tbody tr:last-child td")
        billed, gap = money(cells.nth(7).inner_text()), money(cells.nth(11).inner_text())
        cost = money(page.locator(".rc-bar.pk-strong a").inner_text())
        assert cost - billed == gap  # total = sum of the classes
        page.locator(".rc-bar.pk-strong a").click()
        ready(page)
        assert "pool.platform_id" in page.url and page.locator(".tabulator-row").count() > 0
        page.go_back()
        before = money(page.inner_text("[data-out=recovery]"))
        page.eval_on_selector("#rc-if [name=price]", "(e) => { e.value = 200; e.dispatchEvent(new Event('input')); }")
        assert abs(money(page.inner_text("[data-out=recovery]")) - 2 * before) <= Decimal("0.1")
        page.click("#rc-if button")
        assert money(page.inner_text("[data-out=recovery]")) == before


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_sheet_and_the_heat_map_fit_the_phone(browse, lang, shot):
    with browse("leader", size="phone", lang=lang) as page:
        for url in (f"/platforms/recovery/?period={YEAR}", f"/platforms/recovery/1?period={YEAR}", f"/platforms/heat-map/?period={YEAR}Q2"):
            page.goto(url)
            assert page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth") <= 0, url
        shot(page, f"heat-map-phone-{lang}")
