"""Finance reads the cost recovery of the platforms: the table, a sheet, the rows behind a number, the sliders; on the phone too."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest

from modules.platforms import calc_recovery as calc
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


def test_the_sliders_show_what_the_calculation_says(browse):
    """Price, hours and one class's share are moved; script and calc_recovery come to the same numbers."""
    with browse("finance") as page:
        page.goto(f"/platforms/recovery/?period={YEAR}")
        page.get_by_role("link", name="生命健康科研转化中心").click()
        page.wait_for_selector("#rc-if")
        served = json.loads(page.inner_text("#rc-data") or page.text_content("#rc-data"))
        given = {n: None if served[n] is None else Decimal(served[n]) for n in ("fixed", "variable", "rated")}
        uses = [calc.Use(c["code"], Decimal(c["hours"]), billed=Decimal(c["billed"]), outside=c["outside"]) for c in served["classes"]]
        base = calc.shares_of(uses)
        names = page.eval_on_selector_all("#rc-if [data-class]", "(all) => all.map((e) => e.dataset.class)")
        assert names == [u.code for u in uses if u.hours] and len(names) >= 3

        def move(name, value):
            page.eval_on_selector(f"#rc-if [name={name}]", "(e, v) => { e.value = v; e.dispatchEvent(new Event('input')); }", str(value))

        def agree(**moved):
            expected = calc.what_if(uses, **given, **moved)
            for name in ("hours", "charged", "cost", "recovery", "utilisation", "price", "even", "outside", "even_hours", "gap"):
                cell, value = page.inner_text(f"[data-out={name}]"), getattr(expected, name)
                if value is None:
                    assert cell == "—", name
                    continue
                factor, least = (100, Decimal("0.06")) if name in ("recovery", "utilisation") else (1, Decimal("0.011"))
                assert abs(money(cell) - value * factor) <= least, (name, cell, value, moved)
            shown = [money(x) for x in page.locator("#rc-if label:has([data-class]) output").all_inner_texts()]
            wanted = [s * 100 for u, s in zip(uses, moved.get("shares") or base, strict=True) if u.hours]
            assert all(abs(a - b) <= Decimal("0.06") for a, b in zip(shown, wanted, strict=True)), (shown, wanted)

        agree()
        move("price", 130)
        agree(prices=Decimal("1.3"))
        move("hours", 80)
        agree(prices=Decimal("1.3"), times=Decimal("0.8"))
        shares, first, other = base, *[next(n for n, u in enumerate(uses) if u.code == code) for code in names[:2]]
        for at, to in ((first, 60), (other, 25), (first, 100), (first, 40)):  # at 100 % the others come to nothing, and back
            move(f"share-{uses[at].code}", to)
            shares = calc.give_way(shares, at, Decimal(to) / 100, base)
            agree(prices=Decimal("1.3"), times=Decimal("0.8"), shares=shares)
        page.click("#rc-if button")
        agree()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_sheet_and_the_heat_map_fit_the_phone(browse, lang, shot):
    with browse("leader", size="phone", lang=lang) as page:
        for url in (f"/platforms/recovery/?period={YEAR}", f"/platforms/recovery/1?period={YEAR}", f"/platforms/heat-map/?period={YEAR}Q2"):
            page.goto(url)
            assert page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth") <= 0, url
        shot(page, f"heat-map-phone-{lang}")
