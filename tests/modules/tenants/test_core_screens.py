"""The screens of firms, intake, graduation and move-out through the real application."""

from __future__ import annotations

import re
from datetime import date

import pytest
from core_help import START, entry, incubatee, settle, team
from support_help import carrier

from modules.tenants.models.firm import Firm, FirmMerge
from modules.tenants.services import applications, batches, graduation, leads, merge, moveout, people
from parkops.web.resources import all_resources

MINE = ("firm", "stage", "firm_name", "firm_merge", "duplicate_pair", "term_extension", "person", "firm_person", "lead", "application",
        "application_document", "decision_minute", "checklist_item", "signing_batch", "signing_project", "graduation_case",
        "graduation_evidence", "graduation_candidate", "moveout", "moveout_item")


def token(page):
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.get_data(as_text=True))[1]


@pytest.fixture
def world(session):
    """One record of every kind."""
    home = carrier(session)
    firm = incubatee(session, where=home, track="biomed", phone="13905370001", legal_representative="张三丰")
    person = people.add_person(session, name="李四光", mobile="13905370002")
    people.add_part(session, firm_id=firm.id, person_id=person.id, part="founder", since=START)
    lead = leads.add_lead(session, name="线索公司", found_on=date(2022, 1, 1), track="software", project="p", phone="13905370003")
    application = applications.add_application(session, name="申请团队", kind="team", track="software", project="云平台",
                                               applied_on=date(2022, 2, 1), carrier_id=home.id)
    batch = batches.add_batch(session, name="第一批", signed_on=date(2022, 3, 1))
    batches.add_project(session, batch_id=batch.id, name="项目一")
    case = graduation.propose_case(session, firm, on=date(2022, 6, 1))
    leaving = team(session)
    moving = moveout.open_moveout(session, leaving, outcome="left", announced_on=date(2022, 6, 1), reason="x")
    graduation.list_candidates(session, on=date(2022, 6, 30))
    a, b = entry(session, name="济宁晨星科技有限公司"), entry(session, name="济宁辰星科技有限公司")
    merge.find_duplicates(session, on=date(2022, 6, 1))
    gone = entry(session, name="将并公司")
    merge.merge_firms(session, a, drop=gone, on=date(2022, 6, 1))
    session.commit()
    return {"firm": firm.id, "lead": lead.id, "application": application.id, "graduation_case": case.id, "moveout": moving.id,
            "person": person.id, "pair": (a.id, b.id), "merge": session.query(FirmMerge).one().id}


def test_every_list_opens_and_answers(app, client, login_as, world):
    login_as(client, "operations_manager")
    for name in MINE:
        page = client.get(f"/tenants/{name}/")
        assert page.status_code == 200, (name, page.status_code)
        answer = client.get(f"/api/v1/tenants/{name}/?q={{}}")
        assert answer.status_code == 200, (name, answer.get_data(as_text=True)[:300])
        for view in all_resources()[f"tenants.{name}"].views:
            answer = client.get(f'/api/v1/tenants/{name}/?q={{"view":"{view.code}"}}')
            assert answer.status_code == 200, (name, view.code, answer.get_data(as_text=True)[:300])


def test_every_record_and_tab_opens(app, client, login_as, world):
    login_as(client, "operations_manager")
    for name in MINE:
        rows = client.get(f"/api/v1/tenants/{name}/?q={{}}").json["rows"]
        if name in ("decision_minute", "term_extension", "graduation_evidence", "firm_name") and not rows:
            continue
        assert rows, name
        url = f"/tenants/{name}/{rows[0]['id']}"
        for tab in ("", *(f"?tab={t.code}" for t in all_resources()[f"tenants.{name}"].tabs)):
            page = client.get(url + tab)
            assert page.status_code == 200, (url + tab, page.status_code, page.get_data(as_text=True)[-1500:])


def test_forms_offer_only_what_the_services_take(app, client, login_as, world):
    login_as(client, "operations_manager")
    for name in ("firm", "person", "firm_person", "lead", "application", "checklist_item", "signing_batch", "signing_project",
                 "moveout_item"):
        page = client.get(f"/tenants/{name}/new")
        assert page.status_code == 200, (name, page.status_code)
    text = client.get("/tenants/firm/new").get_data(as_text=True)
    assert 'name="credit_code"' in text and 'name="entered_on"' not in text and 'name="carrier_id"' not in text


def test_register_through_the_form_and_see_problems_beside_their_fields(app, client, login_as, world):
    login_as(client, "operations_clerk")
    form = client.get("/tenants/firm/new")
    data = {"csrf_token": token(form), "name": "表单公司", "credit_code": "123", "registered_on": "2020-01-01"}
    refused = client.post("/tenants/firm/new", data=data)
    assert refused.status_code == 422 and "表单公司" in refused.get_data(as_text=True)
    done = client.post("/tenants/firm/new", data={**data, "credit_code": "91370103163131 1019"})
    assert done.status_code in (302, 303), done.get_data(as_text=True)[-2000:]


def test_buttons_of_the_firm(app, client, login_as, world):
    login_as(client, "operations_manager")
    url = f"/tenants/firm/{world['firm']}"
    for step in ("leave", "graduate", "dissolve", "move", "move_out", "extend", "rename", "merge", "undo", "propose_graduation"):
        assert client.get(f"{url}/do/{step}").status_code == 200, step
    page = client.get(f"{url}/do/move_out")
    done = client.post(f"{url}/do/move_out", data={"csrf_token": token(page), "announced_on": "2022-07-01", "reason": "lease ended"})
    assert done.status_code == 303 and "/tenants/moveout/" in done.headers["Location"], done.get_data(as_text=True)[-2000:]


def test_a_refused_step_is_a_sentence(app, client, login_as, world):
    login_as(client, "operations_manager")
    url = f"/tenants/firm/{world['firm']}/do/leave"
    page = client.get(url)
    refused = client.post(url, data={"csrf_token": token(page), "on": "2022-07-01", "reason": "x"})
    assert refused.status_code == 422


def test_merging_on_screen(app, client, login_as, world, session):
    login_as(client, "operations_manager")
    keep, drop = world["pair"]
    page = client.get(f"/tenants/merge/{keep}/{drop}")
    assert page.status_code == 200 and "济宁辰星" in page.get_data(as_text=True)
    done = client.post(f"/tenants/merge/{keep}/{drop}/do", data={"csrf_token": token(page), "name": "drop"})
    assert done.status_code == 303, done.get_data(as_text=True)[-2000:]
    session.expire_all()
    assert session.get(Firm, drop) is None and session.get(Firm, keep).name == "济宁辰星科技有限公司"
    assert client.get(f"/tenants/merge/{keep}/{drop}").status_code == 404


def test_the_old_address_of_a_merged_firm_leads_to_the_surviving_one(app, client, login_as, world, session):
    """Reading is redirected with its query; a write is told (410) and changes nothing; another park learns nothing."""
    line = session.query(FirmMerge).one()
    old, kept = line.dropped_id, line.firm_id
    login_as(client, "operations_manager")
    for path, to in ((f"/tenants/firm/{old}", f"/tenants/firm/{kept}"), (f"/tenants/firm/{old}?tab=merges", f"/tenants/firm/{kept}?tab=merges"),
                     (f"/tenants/firm/{old}/edit", f"/tenants/firm/{kept}")):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["Location"], answer.headers["Cache-Control"]) == (301, to, "no-store"), path
    api = client.get(f"/api/v1/tenants/firm/{old}")
    assert (api.status_code, api.headers["Location"], api.get_json()["id"]) == (308, f"/api/v1/tenants/firm/{kept}", kept)
    assert client.get(api.headers["Location"]).get_json()["id"] == kept
    head = {"X-CSRFToken": token(client.get(f"/tenants/firm/{kept}/edit")), "X-Requested-With": "XMLHttpRequest"}
    gone = client.put(f"/api/v1/tenants/firm/{old}", json={"version": 1, "name": "other"}, headers=head)
    assert gone.status_code == 410 and gone.get_json()["id"] == kept
    assert client.delete(f"/api/v1/tenants/firm/{old}", json={"version": 1}, headers=head).status_code == 410
    form = client.post(f"/tenants/firm/{old}/do/rename", data={"csrf_token": head["X-CSRFToken"]})
    assert form.status_code == 410 and str(kept) in form.get_data(as_text=True)
    session.expire_all()
    assert session.get(Firm, kept).name != "other"
    assert client.get(f"/tenants/firm/{old + 10**6}").status_code == 404
    other = app.test_client()
    login_as(other, "operations_manager_west")
    assert other.get(f"/tenants/firm/{old}").status_code == other.get(f"/api/v1/tenants/firm/{old}").status_code == 404


def test_searching_for_duplicates_by_a_button(app, client, login_as, world, session):
    from modules.tenants.models.firm import DuplicatePair

    session.query(DuplicatePair).delete()
    session.commit()
    login_as(client, "operations_clerk")
    page = client.get("/tenants/duplicate_pair/")
    assert 'action="/tenants/duplicates/search"' in page.get_data(as_text=True)
    assert client.get("/tenants/duplicates/search").status_code == 405
    done = client.post("/tenants/duplicates/search", data={"csrf_token": token(page)})
    assert (done.status_code, done.headers["Location"]) == (303, "/tenants/duplicate_pair/?view=open")
    assert [(p.firm_id, p.other_id) for p in session.query(DuplicatePair)] == [world["pair"]]
    again = client.post("/tenants/duplicates/search", data={"csrf_token": token(page)})
    assert again.status_code == 303 and session.query(DuplicatePair).count() == 1
    other = app.test_client()
    login_as(other, "leadership")
    page = other.get("/tenants/duplicate_pair/")
    assert page.status_code == 403 or "/tenants/duplicates/search" not in page.get_data(as_text=True)
    assert other.post("/tenants/duplicates/search", data={"csrf_token": token(other.get("/account/"))}).status_code == 403


def test_the_clerk_may_not_merge_and_names_are_masked_for_leadership(app, client, login_as, world):
    login_as(client, "operations_clerk")
    assert client.get(f"/tenants/merge/{world['pair'][0]}/{world['pair'][1]}").status_code == 403
    other = app.test_client()
    login_as(other, "leadership")
    for url in (f"/tenants/firm/{world['firm']}", f"/tenants/firm/{world['firm']}?tab=overview", f"/tenants/person/{world['person']}",
                f"/tenants/lead/{world['lead']}"):
        text = other.get(url).get_data(as_text=True)
        for secret in ("13905370001", "13905370002", "13905370003", "张三丰", "李四光"):
            assert secret not in text, (url, secret)


def test_score_sheet_page(app, client, login_as, world, session):
    from sqlalchemy import text

    ids = dict(session.execute(text("select username, id from ab_user")).all())
    application = session.get(applications.Application, world["application"])
    from modules.tenants.models.application import ApplicationDocument

    for document in session.query(ApplicationDocument).filter_by(application_id=application.id):
        applications.receive_document(session, document, on=date(2022, 2, 2))
    applications.submit_application(session, application, on=date(2022, 2, 3))
    applications.start_review(session, application, on=date(2022, 2, 4), reviewers=[ids["operations_manager"], ids["operations_clerk"]])
    session.commit()
    login_as(client, "operations_clerk")
    page = client.get(f"/tenants/review/{application.id}")
    assert page.status_code == 200
    bad = client.post(f"/tenants/review/{application.id}/save", data={"csrf_token": token(page), "score_team": "101"})
    assert bad.status_code == 422 and "101" in bad.get_data(as_text=True)
    scores = {f"score_{c}": "80" for c in ("team", "technology", "market", "fit", "funds")}
    done = client.post(f"/tenants/review/{application.id}/save", data={"csrf_token": token(page), "recommends": "1", **scores})
    assert done.status_code == 303
    assert "80.00" in client.get(done.headers["Location"]).get_data(as_text=True)
    stranger = app.test_client()
    login_as(stranger, "leadership")
    page = stranger.get(f"/tenants/review/{application.id}")
    assert page.status_code == 200
    assert stranger.post(f"/tenants/review/{application.id}/save", data={"csrf_token": token(page), **scores}).status_code in (404, 422)


def test_settled_items_through_the_bulk_action(app, client, login_as, world, session):
    login_as(client, "operations_clerk")
    items = [i.id for i in moveout.items_of(session, session.get(moveout.MoveOut, world["moveout"]))]
    page = client.get(f"/tenants/moveout/{world['moveout']}")
    answer = client.post("/tenants/moveout_item/bulk/settle", json={"ids": items, "values": {"on": "2022-07-01"}},
                         headers={"X-CSRFToken": token(page)})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert settle is not None


def test_tabs_with_nothing_behind_them_wait_under_more(client, login_as, world):
    """A firm has many tabs: what it has stands in the row, the rest under More; the open one stays in the row."""
    login_as(client, "operations_manager")

    def tabs(address):
        page = client.get(address).get_data(as_text=True)
        row, menu = page[page.index("rec-tabs"):page.index("rec-tabmenu")], page[page.index("rec-tabmenu"):]
        menu = menu[:menu.index("</details>")]
        row = re.sub(r'<li class="nav-item rec-tabquiet">.*?</li>', "", row)
        return re.findall(r"tab=(\w+)", row), re.findall(r"tab=(\w+)", menu)

    firm = f"/tenants/firm/{world['firm']}"
    row, menu = tabs(firm)
    assert {"overview", "people", "stages", "cases"} <= set(row) and {"names", "projects", "extensions"} <= set(menu)
    assert not set(row) & set(menu)
    row, menu = tabs(f"{firm}?tab=names")
    assert "names" in row and "names" not in menu


def test_tabs_of_a_firm_stand_together_by_module(client, login_as, world):
    """The record's own tabs first, then a group per module that adds some; the group of the open tab is open."""
    login_as(client, "operations_manager")
    firm = f"/tenants/firm/{world['firm']}"

    def groups(address):
        page = client.get(address).get_data(as_text=True)
        part = page[page.index("rec-groups"):]
        part = part[:part.index("</ul>")]
        shown = page[page.index("rec-tabs"):page.index('<div class="rec-tab"')]
        return (re.findall(r'nav-link[^"]*" href="[^"?]+(?:\?tab=(\w+))?"', part), re.search(r'nav-link active[^"]*"[^>]*>([^<]+)', part)[1],
                set(re.findall(r"tab=(\w+)", shown)))

    openers, active, shown = groups(firm)
    assert openers[0] == "" and len(openers) >= 5 and active == "企业孵化" and "bills" not in shown and "overview" in shown
    openers, active, shown = groups(f"{firm}?tab=bills")
    assert active == "收费" and "bills" in shown and "overview" not in shown
