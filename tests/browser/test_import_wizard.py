"""Import of firms with the mouse: file, columns, check, commit, undo."""

from __future__ import annotations

import random
import re

from stdnum.cn import uscc

from tests.browser.conftest import ready

HEAD = "企业名称,统一社会信用代码,注册资金,联系电话,来路不明的列\n"


def credit_code(seed: int) -> str:
    body = "91370800" + "".join(random.Random(seed).choices("0123456789ABCDEFGHJKLMNPQRTUWXY", k=9))
    return body + uscc.calc_check_digit(body)


def register(rows: int, broken: bool = False) -> bytes:
    lines = [f"浏览器导入企业{i:03d}有限公司,{credit_code(i)},{100 + i}(万元人民币),1380000{i:04d},x{i}\n" for i in range(rows)]
    if broken:
        lines.append("代码错误的企业有限公司,913708000000000000,500万元,,x\n")
    return ("﻿" + HEAD + "".join(lines)).encode()


def figures(page) -> list[int]:
    return [int(t.replace(",", "")) for t in page.locator(".rec-keyfacts dd").all_inner_texts()]


def press(page, step):
    """Presses a step's button; a larger file is worked on in the background and the page reloads itself when it is done."""
    with page.expect_navigation():
        page.click(f"form[action$='/{step}'] button")
        if step != "check":
            page.locator("dialog .pk-dialog-buttons .btn:not([value=cancel])").last.click()
    page.wait_for_function("() => !document.querySelector('[data-progress]')", timeout=30000)
    page.wait_for_load_state("load")


def test_drop_map_check_commit_undo(browse, shot):
    with browse("manager") as page:
        page.goto("/imports/new?kind=tenants.firms")
        page.set_input_files("#file", {"name": "firms.csv", "mimeType": "text/csv", "buffer": register(12, broken=True)})
        assert page.inner_text("[data-file-name]") == "firms.csv"
        page.click("form .btn-primary")
        page.wait_for_url(re.compile(r"/imports/\d+"))
        assert page.locator("select[name^=column-]").count() == 5
        chosen = page.locator("select[name^=column-]").evaluate_all("(all) => all.map((s) => s.value)")
        assert chosen[0] == "name" and chosen[1] == "credit_code" and chosen[4] == ""
        shot(page, "import-mapping")
        press(page, "check")
        assert figures(page) == [12, 0, 0, 1]
        assert page.locator(".table td", has_text="14").count() >= 1, "the row of the file is named"
        shot(page, "import-checked")
        press(page, "commit")
        assert figures(page)[:2] == [12, 0]
        batch = page.url
        page.goto("/tenants/firm/?text=浏览器导入企业")
        ready(page)
        assert page.locator(".tabulator-row").count() == 12
        page.goto(batch)
        press(page, "undo")
        page.goto("/tenants/firm/?text=浏览器导入企业")
        ready(page)
        assert page.locator(".tabulator-row").count() == 0


def test_a_picture_called_csv_is_refused_in_one_sentence(browse):
    with browse("clerk", check=False) as page:
        page.goto("/imports/new?kind=tenants.firms")
        page.set_input_files("#file", {"name": "firms.csv", "mimeType": "text/csv", "buffer": b"\x89PNG\r\n\x1a\n" + bytes(200)})
        with page.expect_navigation():
            page.click("form .btn-primary")
        assert page.locator(".alert-danger").count() == 1
        assert not [p for p in page.watch.problems if re.match(r"5\d\d", p)]
