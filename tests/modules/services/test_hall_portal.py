"""The hall as a firm sees it: the one-time notice, photos of its repair and nothing else, forms that work once."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from hall_help import MON, at, hall, item
from portal_help import browser, new_firm
from sqlalchemy import func, select

from modules.services.models.case import ServiceCase
from modules.services.models.demand import ServiceDemand
from modules.services.models.repair import ServiceRepair
from modules.services.services import cases, repairs
from parkops import attachments
from parkops.db.session import system_scope

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89\x00\x00\x00\nIDATx\x9cc\x00\x01\x00\x00\x05\x00\x01\r\n-\xb4\x00\x00\x00\x00IEND\xaeB`\x82"


@pytest.fixture
def firm(db, app, park):
    return new_firm(park.id)


def form_of(client, url: str) -> dict[str, str]:
    page = client.get(url).get_data(as_text=True)
    return {n: re.search(rf'name="{n}" value="([^"]+)"', page)[1] for n in ("csrf_token", "_once")}


def test_the_case_shows_what_the_notice_names(app, firm, park):
    with system_scope("test", park_id=park.id) as s:
        row = cases.create_case(s, hall_id=hall(s).id, item_id=item(s).id, at=at(), firm_id=firm)
        pk = row.id
    client = browser(app, firm)
    assert 'id="notice"' not in client.get(f"/portal/cases/{pk}").get_data(as_text=True), "control: nothing told yet"
    with system_scope("test", park_id=park.id) as s:
        number = cases.give_notice(s, s.get(ServiceCase, pk), on=MON).number
    page = client.get(f"/portal/cases/{pk}").get_data(as_text=True)
    notice = page[page.index('id="notice"'):]
    assert number in notice and "申请书" in notice and "住所证明" in notice


def test_a_firm_sees_its_photos_and_no_papers_of_the_staff(app, firm, park):
    with system_scope("test", park_id=park.id) as s:
        row = repairs.create_repair(s, kind="water", place="A 座 301", text="漏水", firm_id=firm)
        photo = attachments.attach(s, row, BytesIO(PNG), "leak.png", "photo").id
        paper = attachments.attach(s, row, BytesIO(PNG + b"x"), "offer.png", "offer").id
        bare = attachments.attach(s, row, BytesIO(PNG + b"y"), "note.png").id
        pk = row.id
    client = browser(app, firm)
    page = client.get(f"/portal/repairs/{pk}").get_data(as_text=True)
    assert f"id={photo}" in page and f"id={paper}" not in page and f"id={bare}" not in page
    codes = [client.get(f"/portal/repairs/{pk}/photo?id={n}").status_code for n in (photo, paper, bare)]
    assert codes == [200, 404, 404]


def test_a_demand_sent_twice_is_one(app, firm, park):
    client = browser(app, firm)
    data = {**form_of(client, "/portal/demands/"), "kind": "complaint", "title": "停车难", "text": "车位不够"}
    assert [client.post("/portal/demands/", data=data).status_code for _n in range(2)] == [303, 303]
    with system_scope("look") as s:
        assert s.scalar(select(func.count(ServiceDemand.id))) == 1
    assert client.post("/portal/demands/", data={k: v for k, v in data.items() if k != "_once"}).status_code == 400


def test_a_repair_sent_twice_is_one(app, firm, park):
    client = browser(app, firm)
    data = {**form_of(client, "/portal/repairs/new"), "kind": "water", "place": "A 座", "text": "漏水", "urgency": "normal"}
    answers = [client.post("/portal/repairs/new", data=data) for _n in range(2)]
    assert [a.status_code for a in answers] == [303, 303] and len({a.headers["Location"] for a in answers}) == 1
    with system_scope("look") as s:
        assert s.scalar(select(func.count(ServiceRepair.id))) == 1
