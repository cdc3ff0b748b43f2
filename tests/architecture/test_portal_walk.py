"""A firm's user at every address: the staff's are closed, the portal's show the own firm only (issue 6, portal isolation).

The user belongs to a new, empty firm of the park `east`; a row was planted in every table for another firm of the same park and
for the park `west`. So whatever a page shows of a planted row belongs to somebody else."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import create_engine, select, text

from parkops import clock, refs
from parkops.db import embedded
from parkops.db.session import system_scope
from parkops.models import Park
from parkops.security import setup
from tests.architecture import walk

GOOD = "Harbour-Lantern-4471"
ANY = 987654321
METHODS = ("POST", "PUT", "PATCH", "DELETE")
# what every firm of the park may see: what can be booked and asked for, where to pay, where apartments are
OF_THE_PARK = ("/portal/bookings/new", "/portal/cases/new", "/portal/housing/new", "/portal/bills/pay")
BY_NUMBER = ("/portal/bookings/new/", "/portal/cases/new/")
NOT_ROWS = ("tenants_firm",)


@pytest.fixture
def walk_db(app: Any, prepared: Any, begin_with: Any) -> str:
    """The database with a row in every park-scoped table of both parks."""
    return begin_with(prepared("planted", walk.plant)[0])


@pytest.fixture
def world(app: Any, prepared: Any, walk_db: str) -> Any:
    from modules.tenants.models.firm import Firm  # not while tests are collected: the kernel's samples are mapped without modules
    from modules.tenants.services import portal_accounts

    _name, (ids, _missed) = prepared("planted", walk.plant)
    with system_scope("walk") as s:
        park = s.scalars(select(Park).where(Park.code == "east")).one()
        firm = Firm(name="空白企业", park_id=park.id, state="incubating", incubating_since=clock.today())
        s.add(firm)
        s.flush()
        _row, token = portal_accounts.invite_person(s, firm, name="马经理", email="walk@firm.example", role="owner")
        portal_accounts.accept_invitation(s, token, password=GOOD, again=GOOD, locale="zh", at=clock.now())
    client = app.test_client()
    mark = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/portal/login/").get_data(as_text=True))[1]
    assert client.post("/portal/login/", data={"csrf_token": mark, "username": "walk@firm.example", "password": GOOD}).status_code == 302
    return ids, client


def _numbers(ids: dict[str, dict[str, int]]) -> dict[str, set[int]]:
    return {side: set(rows.values()) for side, rows in ids.items()}


def _portal(app: Any, ids: dict[str, dict[str, int]], method: str) -> list[tuple[str, str, str]]:
    """(side, rule, address) of the portal's addresses, those with a number once for every number planted."""
    out: dict[tuple[str, str, str], None] = {}
    rules = [(rule, url) for rule, url, view in walk.addresses(app, {}, method, other=ANY) if getattr(view, "portal", False)]
    for side, numbers in _numbers(ids).items():
        for n in sorted(numbers):
            out.update(dict.fromkeys((side, rule, url.replace(str(ANY), str(n))) for rule, url in rules if "<int" in rule or n == min(numbers)))
    return list(out)


def _look(client: Any, app: Any, ids: dict[str, dict[str, int]]) -> list[str]:
    wrong = []
    for side, rule, url in _portal(app, ids, "GET"):
        answer = client.get(url)
        body = answer.get_data().decode("utf-8", "replace")
        shared = url.startswith(OF_THE_PARK)
        if answer.status_code >= 500 or (answer.status_code == 200 and "<int" in rule and not url.startswith(BY_NUMBER)):
            wrong.append(f"{url} ({side}) answers {answer.status_code}")
        if walk.FOREIGN in body or (walk.OWN in body and not shared):
            canary = walk.FOREIGN if walk.FOREIGN in body else walk.OWN
            wrong.append(f"{url} shows somebody else's: …{body[max(0, body.index(canary) - 80):][:160]}…")
        if walk.unmasked(body):
            wrong.append(f"{url} shows a number of a person")
    return wrong


def test_every_staff_address_is_closed(app, world, monkeypatch):
    """Without an entry for each of the thousands of refusals (that they leave one: tests/kernel/test_security_sync.py)."""
    monkeypatch.setattr(setup, "record_denial", lambda: None)
    ids, client = world
    wrong = []
    for method in ("GET", *METHODS):
        for rule, url, view in walk.addresses(app, ids["own"], method):
            if getattr(view, "portal", False):
                continue
            answer = client.open(url, method=method, headers={"Accept": "text/html" if method == "GET" else "application/json"})
            closed = answer.status_code in (400, 403, 404, 405) or answer.headers.get("Location") == "/portal/"
            if not closed:
                wrong.append(f"{method} {url} ({rule}): {answer.status_code}")
    assert not wrong, "\n".join(wrong)


def test_nothing_of_other_firms_and_parks(app, world):
    ids, client = world
    assert not (wrong := _look(client, app, ids)), "\n".join(wrong)


def test_control_without_the_fence_it_would_be_seen(app, world, monkeypatch):
    """Control: with the fence down the same walk finds other firms' bills, bookings and answers."""
    from parkops.security import portal

    monkeypatch.setattr(portal, "_of", lambda scope: None)
    ids, client = world
    found = _look(client, app, ids)
    assert sum("shows somebody else's" in line or "answers 200" in line for line in found) >= 5, found


def _of_others(database: str, firm_id: int) -> dict[str, Any]:
    """A hash per table of the rows that belong to another firm."""
    engine = create_engine(embedded.admin_url(database))
    with engine.connect() as c:
        tables = c.execute(text("select table_name from information_schema.columns where table_schema = 'public'"
                                " and column_name = 'firm_id'")).scalars().all()
        out = {t: c.execute(text(f'select count(*), coalesce(sum(hashtext(t::text)::bigint), 0) from "{t}" t where firm_id is distinct from'
                                 " :firm"), {"firm": firm_id}).one() for t in tables if t not in NOT_ROWS}
    engine.dispose()
    return out


def test_no_command_reaches_another_firm(app, world, walk_db):
    ids, client = world
    page = client.get("/portal/account/").get_data(as_text=True)
    mark = re.search(r'name="csrf-token" content="([^"]+)"', page)[1]
    with system_scope("look") as s:
        firm_id = s.scalar(select(refs.model_of("tenants.firm").id).where(refs.model_of("tenants.firm").name == "空白企业"))
    before, west = _of_others(walk_db, firm_id), walk.fingerprint(walk_db, (), park="west")
    wrong = []
    for side, rule, url in _portal(app, ids, "POST"):
        if url.startswith(("/portal/logout", "/portal/login", "/portal/account/sessions", "/portal/join")):
            continue
        answer = client.post(url, data={"csrf_token": mark, "_once": f"walk-{abs(hash(url))}", "kind": "demand", "stars": "5"})
        if answer.status_code >= 500 or ("<int" in rule and answer.status_code < 400 and not url.startswith(BY_NUMBER)):
            wrong.append(f"POST {url} ({side}): {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    after = _of_others(walk_db, firm_id)
    assert [t for t in after if after[t] != before[t]] == []
    assert walk.fingerprint(walk_db, (), park="west") == west
