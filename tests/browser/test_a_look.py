"""The pictures of the README, one page per role, taken first, while the demo is untouched.

PARKOPS_SHOTS=FOLDER keeps them (reduce them to 256 colours before they go to docs/screenshots)."""

from __future__ import annotations

import pytest

from tests.browser.conftest import ready

PAGES = {"clerk": ("clerk", "/"), "manager": ("manager", "/"), "finance": ("finance", "/"), "leadership": ("leader", "/core/kpi/"),
         "administrator": ("admin", "/core/job/"), "auditor": ("auditor", "/core/audit/")}


@pytest.mark.parametrize("role", PAGES)
def test_the_page_of_a_role(browse, shot, role):
    user, url = PAGES[role]
    with browse(user) as page:
        page.goto(url)
        ready(page)
        assert page.locator(".pk-tile, .pk-kpi, .tabulator-row, .pk-card").count() > 0
        shot(page, role)
