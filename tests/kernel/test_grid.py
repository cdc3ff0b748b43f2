"""The list question: pages, order, totals, groups, scope, personal data, saved views, and the REST answers."""

import json
import re
from urllib.parse import quote

import pytest
from grid_case import FIRMS, TODAY, fill, resolved

from parkops.errors import NotAllowed, NotFound, Refused
from parkops.web import api, grid
from parkops.web.grid import Grid
from parkops.web.gridquery import parse

LIST = "/api/v1/tenants/firm/"


def ask(session, **question):
    return Grid(session, resolved(), parse(question), on=TODAY).answer()


def token(client):
    return re.search(r'name="csrf-token" content="([^"]+)"', client.get("/").get_data(as_text=True))[1]


def send(client, method, url, body):
    return client.open(url, method=method, json=body, headers={"X-CSRFToken": token(client), "X-Requested-With": "XMLHttpRequest"})


@pytest.fixture
def stored(fresh_db):
    """Firms of both parks, committed, so that the application's own sessions see them."""
    from sqlalchemy import select

    from parkops.db.session import system_scope
    from parkops.models import Park

    with system_scope("test") as s:
        for park in s.scalars(select(Park).order_by(Park.id)).all():
            fill(s, park, prefix="" if park.code == "east" else "CANARY ")
    return fresh_db


def test_pages_do_not_overlap_and_order_is_total(session, park):
    fill(session, park)
    seen = [r["id"] for page in range(3) for r in ask(session, page=page, size=2, sort=[["track", "asc"]])["rows"]]
    assert len(seen) == len(set(seen)) == len(FIRMS)


def test_empties_come_last_both_ways(session, park):
    fill(session, park)
    for way in ("asc", "desc"):
        assert ask(session, sort=[["registered_on", way]], columns=["name"])["rows"][-1]["name"] == "beta_under"


def test_a_filter_that_leaves_no_empties_lets_an_index_give_the_order(session, park, query_count):
    """`NULLS LAST` stands in no ordinary index; where no empty can come it is left out, and the rows stay the same."""
    fill(session, park)
    question = {"sort": [["registered_on", "desc"]], "columns": ["name"]}
    for op, value, plain in (("gte", "2000-01-01", True), ("notempty", None, True), ("between", [None, "2030-01-01"], True),
                             ("ne", "2000-01-01", False), ("in", ["2020", "2021", "2026"], False)):
        with query_count() as q:
            rows = ask(session, filters=[["registered_on", op, value]], **question)["rows"]
        assert ("NULLS LAST" not in q.statements[0]) is plain, op
        names = [r["name"] for r in rows]
        assert names[:4] == [n for n, *_rest, day in sorted(FIRMS, key=lambda f: str(f[5]), reverse=True) if day], op


def test_states_sort_in_the_order_of_their_list(session, park):
    from modules.tenants.states import FIRM

    fill(session, park)
    states = [r["_state"] for r in ask(session, sort=[["state", "asc"]])["rows"]]
    assert states == sorted(states, key=list(FIRM.choices).index)


def test_values_texts_and_label(session, park):
    firms = fill(session, park)
    row = next(r for r in ask(session)["rows"] if r["id"] == firms[0].id)
    assert (row["_label"], row["_state"], row["capital_amount"], row["registered_on"]) == ("Alpha 生物", "incubating", "100.00", "2020-01-01")
    assert row["carrier_id"] == firms[0].carrier_id and row["carrier_id__text"] == "Hall east" and row["carrier.name"] == "Hall east"
    assert row["state__text"] and row["age"] == (TODAY - firms[0].registered_on).days


def test_count_and_totals_cover_everything_filtered(session, park):
    fill(session, park)
    found = ask(session, size=1, totals=True, filters=[["state", "eq", "incubating"]])
    assert (found["count"], found["totals"], len(found["rows"])) == (2, {"capital_amount": "350.50"}, 1)


def test_groups_count_everything_filtered(session, park):
    fill(session, park)
    found = ask(session, size=1, group=["state", "track"])
    assert sum(g["count"] for g in found["groups"]) == 5
    assert {"key": ["incubating", "software"], "count": 1, "totals": {"capital_amount": "250.50"}} in found["groups"]


def test_view_and_sort_of_view(session, park):
    fill(session, park)
    assert [r["name"] for r in ask(session, view="incubating")["rows"]] == ["Alpha 生物", "Beta 100% pure"]
    assert {r["name"] for r in ask(session, view="young")["rows"]} == {"Gamma 软件", "=cmd|'/c calc'!A1"}


def test_search_box_needs_every_word(session, park):
    fill(session, park)
    assert [r["name"] for r in ask(session, text="beta pure")["rows"]] == ["Beta 100% pure"]
    assert [r["name"] for r in ask(session, text="生物")["rows"]] == ["Alpha 生物"]
    assert [r["name"] for r in ask(session, text="ruanjian")["rows"]] == ["Gamma 软件"]  # pinyin, through the global index


def test_other_parks_neither_seen_nor_counted(as_role, stored):
    with as_role("operations_clerk") as s:
        found = ask(s, totals=True, group=["carrier_id"])
        assert found["count"] == len(FIRMS) and sum(g["count"] for g in found["groups"]) == len(FIRMS)
        assert "CANARY" not in json.dumps(found, ensure_ascii=False)
        assert ask(s, text="CANARY")["count"] == 0
        assert grid.choices(s, resolved(), "CANARY") == []


def test_control_without_scope_both_parks_are_found(session, stored):
    """Control: the same question with the system's scope counts both parks, so the figure above is the scope's doing."""
    assert ask(session)["count"] == 2 * len(FIRMS)


def test_joined_record_of_another_park_is_hidden(as_role, stored):
    """A row that points (by a defect) into another park must not show that park's text."""
    from sqlalchemy import text

    from parkops.db.session import system_scope

    with system_scope("test") as s:
        foreign = s.execute(text("select id from tenants_carrier where name like 'CANARY%'")).scalar()
        s.execute(text("update tenants_firm set carrier_id = :c where name = 'Alpha 生物'"), {"c": foreign})
    with as_role("operations_clerk") as s:
        row = next(r for r in ask(s)["rows"] if r["name"] == "Alpha 生物")
        assert row["carrier_id__text"] is None and row["carrier.name"] is None


def test_personal_values_are_masked_and_cannot_be_asked_about(as_role, stored):
    with as_role("leadership") as s:
        row = next(r for r in ask(s)["rows"] if r["name"] == "Alpha 生物")
        assert row["phone"] == "138****5678" and row["legal_representative"] != "王小明"
        for question in ({"filters": [["phone", "starts", "138"]]}, {"sort": [["phone", "asc"]]}, {"group": ["legal_representative"]}):
            with pytest.raises(NotAllowed):
                ask(s, **question)
        assert ask(s, text="13812345678")["count"] == 0


def test_control_with_the_right_the_same_filter_works(as_role, stored):
    with as_role("operations_clerk") as s:
        assert ask(s, filters=[["phone", "eq", "13812345678"]])["count"] == 1
        row = ask(s, filters=[["phone", "eq", "13812345678"]])["rows"][0]
        assert row["phone"] == "138****5678" and row["legal_representative"] == "王小明"  # a list never shows a telephone number


BAD = [
    [], "x", 5, {"pages": 1}, {"page": "abc"}, {"page": -1}, {"page": True}, {"page": 10**30}, {"size": 0}, {"size": 101}, {"size": "25"},
    {"filters": {}}, {"filters": [["name", "contains", "a"]] * 31}, {"sort": [["name"]]}, {"sort": [["name", "up"]]}, {"sort": [["nothing", "asc"]]},
    {"columns": ["nothing"]}, {"columns": "name"}, {"columns": [1]}, {"group": ["state", "track", "name"]}, {"group": ["nothing"]}, {"ids": ["a"]},
    {"ids": [True]}, {"ids": [-1]}, {"ids": [2**63]}, {"ids": list(range(1001))}, {"text": 5.5}, {"text": "a\0"}, {"text": "x" * 201}, {"view": "nothing"},
    {"view": 5}, {"totals": 1}, {"count": "yes"},
]


@pytest.mark.parametrize("question", BAD, ids=[str(i) for i in range(len(BAD))])
def test_bad_questions_are_refused(session, question):
    with pytest.raises(Refused):
        Grid(session, resolved(), parse(question), on=TODAY).answer()


@pytest.mark.parametrize("q", ["{", "[1,", "nul", '{"page": NaN}', '{"page": 1e999}', '{"text": "\\u0000"}', "[" * 5000, "1" * 5000, "x" * 20001])
def test_rest_refuses_bad_json_with_one_sentence(client, login_as, q):
    login_as(client, "operations_clerk")
    answer = client.get(LIST + "?q=" + quote(q))
    assert answer.status_code == 400 and set(answer.get_json()) == {"message"} and "Traceback" not in answer.get_data(as_text=True)


def test_rest_list_statements_and_rights(client, login_as, stored, query_count):
    login_as(client, "operations_clerk")
    client.get(LIST)
    with query_count() as q:
        answer = client.get(LIST + "?q=" + quote(json.dumps({"totals": True, "group": ["state"]})))
    assert answer.status_code == 200 and answer.get_json()["count"] == len(FIRMS) and q.count <= 12, q.statements
    assert "CANARY" not in answer.get_data(as_text=True) and answer.headers["Cache-Control"] == "no-store"
    assert client.get(LIST + "?psize=abc").status_code == 400
    info = client.get(LIST + "_info").get_json()
    assert {"columns", "views", "saved", "rights", "bulk"} <= set(info) and info["rights"]["export"] is True
    assert client.get(LIST + "_choices?text=alpha").get_json()["rows"][0]["label"] == "Alpha 生物"
    assert client.get(LIST + "_choices?ids=abc").status_code == 400


def test_rest_without_right_or_log_in(app, login_as):
    assert app.test_client().get(LIST).status_code == 401
    client = app.test_client()
    login_as(client, "system_administrator")
    assert client.get(LIST).status_code == 403
    assert client.get("/tenants/firm/").status_code == 403


def test_saved_views_are_ones_own_until_shared(app, login_as, fresh_db):
    clerk, manager = app.test_client(), app.test_client()
    login_as(clerk, "operations_clerk"), login_as(manager, "operations_manager")
    state = {"filters": [["state", "eq", "team"]], "sort": [["name", "asc"]], "columns": ["name"]}
    own = send(clerk, "POST", LIST + "_views", {"title": "Teams", "state": state})
    assert own.status_code == 200 and own.get_json()["shared"] is False
    assert send(clerk, "POST", LIST + "_views", {"title": "Teams", "state": state}).get_json()["id"] == own.get_json()["id"]
    assert manager.get(LIST + "_views").get_json()["rows"] == []
    shared = send(clerk, "POST", LIST + "_views", {"title": "All teams", "state": state, "shared": True}).get_json()["id"]
    assert [v["title"] for v in manager.get(LIST + "_views").get_json()["rows"]] == ["All teams"]
    assert send(manager, "DELETE", f"{LIST}_views/{own.get_json()['id']}", {}).status_code == 404
    assert send(manager, "DELETE", f"{LIST}_views/{shared}", {}).status_code == 200
    for body in ({"title": "", "state": state}, {"title": "x", "state": {"filters": [["nothing", "eq", 1]]}}, {"title": "x", "state": []},
                 {"title": "x\0", "state": {}}, {"title": "x", "state": {}, "shared": "yes"}, []):
        assert send(clerk, "POST", LIST + "_views", body).status_code == 400, body


def test_another_park_sees_no_shared_view(app, login_as, fresh_db):
    here, there = app.test_client(), app.test_client()
    login_as(here, "operations_clerk"), login_as(there, "operations_clerk_west")
    send(here, "POST", LIST + "_views", {"title": "CANARY", "state": {}, "shared": True})
    assert there.get(LIST + "_views").get_json()["rows"] == []


def test_sharing_needs_the_right_to_change(as_role):
    with as_role("leadership") as s, pytest.raises(NotAllowed):
        api.save_view(s, resolved(), title="x", state={}, shared=True)


def test_deleting_a_view_that_is_not_there(as_role):
    with as_role("operations_clerk") as s, pytest.raises(NotFound):
        api.remove_view(s, resolved(), 987654)


def test_preferences_are_kept_and_bounded(client, login_as, fresh_db):
    login_as(client, "operations_clerk")
    assert send(client, "PUT", "/api/v1/me/preferences/grid:tenants.firm", {"columns": ["name"], "unit": "thousand"}).status_code == 200
    assert client.get(LIST + "_info").get_json()["prefs"] == {"columns": ["name"], "unit": "thousand"}
    assert send(client, "PUT", "/api/v1/me/preferences/x", {"a": "x" * 9000}).status_code == 400
    assert send(client, "PUT", "/api/v1/me/preferences/x", [1]).status_code == 400
    assert client.put("/api/v1/me/preferences/x", json={}).status_code == 400  # no CSRF token


def test_list_page_holds_no_rows_and_no_foreign_host(client, login_as, stored):
    login_as(client, "operations_clerk")
    page = client.get("/tenants/firm/").get_data(as_text=True)
    assert "Alpha" not in page and "CANARY" not in page
    hosts = set(re.findall(r"(?:src|href|action)=\"(https?:)?//", page))
    assert not hosts and "onclick=" not in page
    assert all('nonce="' in tag or "src=" in tag or "application/json" in tag for tag in re.findall(r"<script[^>]*>", page))


def test_choices_of_a_resource_that_names_no_search_columns(app, session):
    """They look in the label alone; once this was a server error."""
    from dataclasses import replace

    from modules.tenants.models.firm import Firm
    from parkops.web import grid, resources

    found = resources.resolved("tenants.firm")
    bare = replace(found, resource=found.resource.with_(search=()))
    session.add(Firm(name="Nothing but a name 有限公司", park_id=session.info["scope"].park_id))
    session.flush()
    assert [row["label"] for row in grid.choices(session, bare, "but a name")] == ["Nothing but a name 有限公司"]
    assert grid.choices(session, bare, "&") == []
