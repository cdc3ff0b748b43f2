"""Role homes, menu, search page, inbox: everyone sees their own, and a tile counts exactly what its list shows."""

import json
import re
from urllib.parse import quote

import pytest
from test_grid import send
from test_grid import stored as stored

from parkops.testing.plugin import PERSONAS
from parkops.web import home, menu, resources, slots


@pytest.mark.parametrize("role", PERSONAS)
def test_every_persona_has_a_home(client, login_as, role):
    login_as(client, role)
    answer = client.get("/")
    assert answer.status_code == 200
    assert re.search(r"<h1>[^<]+</h1>", answer.get_data(as_text=True))


def test_tiles_equal_their_lists(client, login_as, stored, as_role):
    """The number on a tile, the first rows and the list behind it come from one query."""
    login_as(client, "operations_clerk")
    checked = 0
    with as_role("operations_clerk") as s:
        for tile in (*home.KERNEL_TILES, *slots.TILES):
            if "operations_clerk" not in tile.roles or not resources.has(tile.resource) or ((tile.resource, "read") not in s.info["scope"].rights):
                continue
            card = home.tile_card(s, tile)
            found = resources.resolved(tile.resource)
            q = {"view": tile.view} if tile.view else {}
            answer = client.get(found.api_url + "?q=" + quote(json.dumps(q)))
            assert answer.status_code == 200 and answer.get_json()["count"] == card.count, tile.code
            assert card.url.startswith(found.url)
            checked += 1
    assert checked >= 2


def test_every_tile_names_an_existing_view(app):
    for tile in (*home.KERNEL_TILES, *slots.TILES):
        if resources.has(tile.resource) and tile.view:
            assert tile.view in [v.code for v in resources.all_resources()[tile.resource].views], tile.code


@pytest.mark.parametrize("role", PERSONAS)
def test_menu_offers_only_what_opens(client, login_as, role):
    """Every entry of the menu answers; nothing the person may not read is offered."""
    login_as(client, role)
    page = client.get("/").get_data(as_text=True)
    nav = page[page.index("<nav"):page.index("</nav>")]
    urls = re.findall(r'href="([^"]+)"', nav)
    assert len(urls) == len(set(urls)) and "/" in urls
    wrong = {url: client.get(url).status_code for url in urls}
    assert {u: c for u, c in wrong.items() if c != 200} == {}


def test_control_the_menu_of_another_role_holds_more(as_role):
    """Control: rights decide. The auditor's tree holds entries the clerk's does not."""
    with as_role("auditor") as a, as_role("operations_clerk") as c:
        def urls(s):
            return {e.url for g in menu.visible(s) for e in g.entries}
        assert urls(a) - urls(c) and "/core/audit/" in urls(a) and "/core/audit/" not in urls(c)


def test_anonymous_goes_to_the_log_in(client):
    answer = client.get("/")
    assert answer.status_code == 302 and answer.headers["Location"].startswith("/login/")
    assert client.get("/api/v1/me/search?text=a").status_code == 401


def test_search_page_and_live_search(client, login_as, stored):
    login_as(client, "operations_clerk")
    assert client.get("/search").status_code == 200
    page = client.get("/search?text=" + quote("生物")).get_data(as_text=True)
    assert "Alpha 生物" in page and "CANARY" not in page
    rows = client.get("/api/v1/me/search?text=" + quote("生物")).get_json()["rows"]
    assert rows and rows[0]["label"] == "Alpha 生物" and rows[0]["url"].startswith("/tenants/firm/")
    assert client.get("/api/v1/me/search?text=CANARY").get_json()["rows"] == []
    for bad in ("a%00", "x" * 300, "%ED%A0%80"):
        assert client.get("/search?text=" + bad).status_code in (200, 400)
    assert "<script>alert" not in client.get("/search?text=" + quote("<script>alert(1)</script>")).get_data(as_text=True)


def test_inbox_reads_without_writing(client, login_as, query_count, fresh_db):
    login_as(client, "operations_manager")
    with query_count() as q:
        assert client.get("/me/inbox").status_code == 200
    assert not [s for s in q.statements if s.lstrip().lower().startswith(("insert", "delete"))]
    assert client.post("/me/inbox/read").status_code == 400  # no token
    assert send(client, "POST", "/me/inbox/read", {}).status_code == 303


def test_both_languages_draw(client, login_as, fresh_db):
    login_as(client, "operations_clerk")
    shown = set()
    for code in ("en", "zh"):
        send_form(client, "/account/locale/", {"locale": code, "next": "/"})
        page = client.get("/").get_data(as_text=True)
        shown.add(re.search(r'<html lang="([^"]+)"', page)[1])
    assert shown == {"en", "zh-CN"}


def send_form(client, url, data):
    from test_grid import token

    return client.post(url, data={**data, "csrf_token": token(client)})


def ticked(client):
    return re.findall(r'value="([\w.]+)" checked', client.get("/home/indicators/").get_data(as_text=True))


def test_each_role_has_figures_of_its_own_until_its_reader_chooses(app, login_as, fresh_db):
    """What `kpis.py: HOME` names, all of it readable and no more than fits; finance begins with money, not with firms."""
    from parkops.kpi import catalogue
    from parkops.web import homekpis

    for role in homekpis.ROLES:
        client = app.test_client()
        login_as(client, role)
        found = ticked(client)
        assert set(found) == catalogue.on_home(role) and len(found) == homekpis.LIMIT, role
    assert {c.split(".")[0] for c in catalogue.on_home("finance")} == {"billing", "leasing", "platforms", "ratings"}


def test_the_reader_chooses_the_indicators_of_the_home(app, client, login_as, fresh_db, monkeypatch):
    """Kept per person; a choice of nothing brings the role's back; too many or unknown ones are one sentence and change nothing."""
    from parkops.kpi import catalogue
    from parkops.kpi.registry import Kpi
    from parkops.web import homekpis

    made = [Kpi(f"t.k{i}", f"Figure number {i:02d}", "count", "sum", lambda w: None, "x", order=i) for i in range(20)]
    monkeypatch.setattr(catalogue, "EXTRA", made)
    login_as(client, "leadership")
    assert "/home/indicators/" in client.get("/").get_data(as_text=True)
    before = ticked(client)
    assert send_form(client, "/home/indicators/", {"codes": ["t.k15", "t.k3"]}).status_code == 303
    assert ticked(client) == ["t.k3", "t.k15"] != before
    for wrong in ([k.code for k in made[:13]], ["t.k3", "nothing.here"]):
        assert send_form(client, "/home/indicators/", {"codes": wrong}).status_code == 422
    assert ticked(client) == ["t.k3", "t.k15"]
    other = app.test_client()
    login_as(other, "operations_manager")
    assert set(ticked(other)) == catalogue.on_home("operations_manager")  # somebody else's home is untouched
    assert send_form(client, "/home/indicators/", {}).status_code == 303 and ticked(client) == before
    monkeypatch.setattr(catalogue, "on_home", lambda role: set())
    assert len(ticked(client)) == homekpis.LIMIT  # without modules that name any: the first of the catalogue


def test_the_menu_opens_a_list_at_what_is_going_on(client, login_as, fresh_db):
    """`Resource.opens` names the view; the line is marked on every page of the list. A view that is not there is refused by name."""
    from parkops.errors import Refused
    from parkops.web import resources
    from parkops.web.compile import resolve

    login_as(client, "operations_clerk")
    page = client.get("/tenants/firm/").get_data(as_text=True)
    assert re.search(r'<a class="pk-nav-item pk-nav-sub active" href="/tenants/firm/\?view=incubating"', page)
    firm = resources.resolved("tenants.firm").resource
    with pytest.raises(Refused, match="tenants.firm: opens: there is no view 'nowhere'"):
        resolve(firm.with_(opens="nowhere"))
