"""The licence code on a phone (390 px): staff show it, somebody without a log-in scans it and sees what holds today."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(("lang", "says"), [("zh", "此码真实有效"), ("en", "This code is genuine")])
def test_code_is_shown_and_verified_without_a_log_in(browse, shot, lang, says):
    with browse("manager", size="phone", lang=lang) as page:
        rows = page.request.get('/api/v1/services/licence_code/?q={"filters":[["state","eq","active"]],"columns":["firm_id"]}').json()["rows"]
        page.goto(f"/services/wallet/{rows[0]['firm_id']}")
        assert page.locator("#licence-code svg").is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        address, firm = page.get_attribute("#verify-link", "href"), page.inner_text(".sv-wallet h2")
        shot(page, f"wallet-{lang}")
    with browse(None, size="phone", lang=lang) as page:
        page.goto(address)
        assert says in page.inner_text("body") and firm in page.inner_text("body")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        shot(page, f"verify-{lang}")
    with browse(None, size="phone", lang=lang, check=False) as page:
        assert page.goto(address[:-3] + "AAA").status == 404
