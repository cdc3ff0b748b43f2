"""Screens of the support half through the client: every list, form, record and tab; filling in an answer."""

from __future__ import annotations

import json
import re
from datetime import date

import pytest
from sqlalchemy import select
from support_help import carrier, firm, statement

from modules.tenants.models.datacall import DataCallResponse
from modules.tenants.models.qualification import Qualification
from modules.tenants.services import carriers, datacalls, responses
from parkops.web.forms import read_json
from parkops.web.resources import resolved

THINGS = ("carrier", "carrier_recognition", "carrier_grade", "carrier_change", "honour", "capital_project", "capital_milestone", "mentor",
          "mentor_agreement", "mentoring_session", "staff", "credential", "recruitment", "qualification", "ip", "financing", "exit_event", "award",
          "statement", "data_call", "data_call_response", "visit", "follow_up")
COMPLETE = {"angel_vc": "0", "revenue": "1200.5", "net_profit": "-30", "rd_expense": "200", "tax_paid": "15", "staff_total": "20",
            "ip_applied": "3", "ip_granted": "2", "ip_valid": "9"}


@pytest.fixture
def world(session):
    c = carrier(session)
    f = firm(session, ("incubating", c, "2020-03-01"))
    statement(session, f, "2020", revenue="1000000", staff_total=19)
    session.add(Qualification(firm_id=f.id, kind="hitech", obtained_on=date(2020, 12, 1), valid_to=date(2023, 11, 30)))
    carriers.create_change(session, carrier_id=c.id, kind="operator", changed_on=date(2022, 1, 1), detail="x")
    call = datacalls.create_call(session, form_code="torch-enterprise", period_start=date(2021, 1, 1), due_on=date(2022, 1, 31))
    datacalls.open_call(session, call, on=date(2022, 1, 5))
    r = session.scalars(select(DataCallResponse)).one()
    ids = {"carrier": c.id, "firm": f.id, "call": call.id, "response": r.id}
    session.commit()
    return ids


def token(page):
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]


@pytest.mark.parametrize("thing", THINGS)
def test_every_list_form_and_rest_list_answers(client, login_as, world, thing):
    login_as(client, "operations_manager")
    assert client.get(f"/tenants/{thing}/").status_code == 200
    answer = client.get(f"/api/v1/tenants/{thing}/")
    assert answer.status_code == 200, answer.get_data(as_text=True)[:500]
    info = client.get(f"/api/v1/tenants/{thing}/_info").get_json()
    for view in info["views"]:
        every = view is info["views"][0]
        for sort in [[], *([[c["name"], "desc"]] for c in info["columns"] if c["sortable"] and every)]:
            got = client.get(f"/api/v1/tenants/{thing}/", query_string={"q": json.dumps({
                "view": view["code"], "totals": True, "columns": [c["name"] for c in info["columns"]], **({"sort": sort} if sort else {})})})
            assert got.status_code == 200, (view["code"], sort, got.get_data(as_text=True)[:300])
    new = client.get(f"/tenants/{thing}/new")
    assert new.status_code == (404 if thing == "data_call_response" else 200)


def test_records_and_tabs(client, login_as, world):
    login_as(client, "operations_manager")
    for url in (f"/tenants/carrier/{world['carrier']}", f"/tenants/carrier/{world['carrier']}?tab=grades", f"/tenants/data_call/{world['call']}",
                f"/tenants/data_call/{world['call']}?tab=responses", f"/tenants/data_call_response/{world['response']}"):
        page = client.get(url)
        assert page.status_code == 200, (url, page.get_data(as_text=True)[:400])
    for tab in ("results", "support", "standing", "capital"):
        page = client.get(f"/tenants/firm/{world['firm']}?tab={tab}")
        assert page.status_code == 200 and "data-api" in page.get_data(as_text=True), tab


def test_the_results_tab_leaves_gaps(client, login_as, world):
    login_as(client, "leadership")
    page = client.get(f"/tenants/firm/{world['firm']}?tab=results").get_data(as_text=True)
    data = json.loads(re.search(r'id="tn-results-data">(.*?)</script>', page, re.S)[1])
    revenue = next(c for c in data["charts"] if c["code"] == "revenue")
    assert 0 not in revenue["values"] and None in revenue["values"]
    assert "/static/tenants/results.js" in page and client.get("/static/tenants/results.js").status_code == 200


def test_filling_in_saves_then_submits(client, login_as, world, session):
    login_as(client, "operations_clerk")
    url = f"/tenants/data_call_response/{world['response']}/fill"
    page = client.get(url).get_data(as_text=True)
    assert "1,000" in page  # the period before, in thousand yuan
    assert not re.search(r'name="a.revenue" value="1', page)  # shown, not filled in
    version = re.search(r'name="_version" value="(\d+)"', page)[1]
    form = {"csrf_token": token(page), "_version": version, **{f"a.{k}": v for k, v in COMPLETE.items()}, "filled_by": "李四"}
    bad = client.post(url, data={**form, "a.staff_doctor": "30", "do": "submit"})
    text = bad.get_data(as_text=True)
    assert bad.status_code == 422 and 'value="1200.5"' in text and "is-invalid" in text
    assert session.get(DataCallResponse, world["response"], populate_existing=True).answers == {}
    session.rollback()
    saved = client.post(url, data={**form, "do": "save"})
    assert saved.status_code == 303
    stale = client.post(url, data={**form, "do": "save"})
    assert stale.status_code == 409 and 'value="1200.5"' in stale.get_data(as_text=True)
    version = re.search(r'name="_version" value="(\d+)"', client.get(url).get_data(as_text=True))[1]
    assert client.post(url, data={**form, "_version": version, "do": "submit"}).status_code == 303
    r = session.get(DataCallResponse, world["response"], populate_existing=True)
    assert (r.state, r.answers["revenue"], r.filled_by) == ("submitted", "1200.5", "李四")


def test_the_form_is_refused_without_a_token_or_right_or_park(client, login_as, world):
    url = f"/tenants/data_call_response/{world['response']}/fill"
    login_as(client, "operations_clerk")
    assert client.post(url, data={"a.revenue": "1"}).status_code in (400, 403)
    client.get("/logout/")
    other = client.application.test_client()
    login_as(other, "leadership")
    assert other.get(url).status_code == 403
    west = client.application.test_client()
    login_as(west, "operations_clerk_west")
    assert west.get(url).status_code == 404


def test_the_homes_show_the_tiles(client, login_as, world):
    login_as(client, "operations_clerk")
    page = client.get("/").get_data(as_text=True)
    for link in ("data_call_response/?view=overdue", "data_call/?view=open", "qualification/?view=ending_30", "visit/?view=due",
                 "follow_up/?view=due", "firm/?view=expiring", "application/?view=waiting", "graduation_candidate/?view=met"):
        assert f"/tenants/{link}" in page, link


def test_accepting_from_the_button(client, login_as, world, session):
    r = session.get(DataCallResponse, world["response"])
    responses.save_answers(session, r, answers=COMPLETE)
    responses.submit_response(session, r, on=date(2022, 1, 20))
    session.commit()
    login_as(client, "operations_clerk")
    url = f"/tenants/data_call_response/{r.id}/do/accept"
    page = client.get(url).get_data(as_text=True)
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    done = client.post(url, data={**fields, "on": "2022-01-21"})
    assert done.status_code == 303, done.get_data(as_text=True)[:500]
    assert session.get(DataCallResponse, r.id, populate_existing=True).state == "accepted"


@pytest.mark.parametrize(("body", "how", "expected"), [
    ({}, {"partial": False}, True), ({"is_active": False}, {"partial": False}, False),
    ({}, {"partial": False, "typed": True}, False), ({}, {"partial": True}, None)],
    ids=["a program leaves it out", "a program says no", "a form with an empty box", "a change of other fields"])
def test_a_yes_that_is_left_out_of_a_new_record(app, session, body, how, expected):
    """A new line of a checklist is in use unless somebody says otherwise, over REST too."""
    fields = resolved("tenants.checklist_item").form_field_list("create")
    assert read_json(fields, {"kind": "document", "code": "x", "title": "x", **body}, session, **how).get("is_active") is expected
