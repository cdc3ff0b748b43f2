"""Firms' people for the tests of the portal: an account made the real way, a session of theirs, and a browser that is logged in."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

from sqlalchemy import select

from modules.tenants.models.firm import Firm
from modules.tenants.services import portal_accounts
from parkops import clock
from parkops.db.session import Scope, system_scope
from parkops.security import portal
from parkops.todos import Notice

GOOD = "Harbour-Lantern-4471"
_n = count(1)


def new_firm(park_id: int, name: str | None = None) -> int:
    """A firm in incubation; returns its id."""
    with system_scope("test", park_id=park_id) as s:
        firm = Firm(name=name or f"门户企业{next(_n)}", park_id=park_id, state="incubating", incubating_since=clock.today())
        s.add(firm)
        s.flush()
        return firm.id


def join(firm_id: int, role: str = "owner", email: str | None = None, name: str = "马经理") -> int:
    """An account made by invitation; returns the user's id."""
    with system_scope("test") as s:
        email = email or f"p{next(_n)}@firm.example"
        _row, token = portal_accounts.invite_person(s, s.get(Firm, firm_id), name=name, email=email, role=role)
        return portal_accounts.accept_invitation(s, token, password=GOOD, again=GOOD, locale="zh", at=clock.now()).user_id


def scope_of_firm(firm_id: int, park_id: int, user_id: int, role: str = "owner") -> Scope:
    """What a portal session of this person is."""
    return Scope(user_id=user_id, user_name=f"u{user_id}", rights=portal.rights_of(role), parks=frozenset({park_id}), park_id=park_id,
                 firm_id=firm_id, portal_role=role)


def mark_of(client: Any, url: str) -> str:
    """The form mark on a page."""
    return re.search(r'name="csrf_token" value="([^"]+)"', client.get(url).get_data(as_text=True))[1]


def browser(app: Any, firm_id: int, role: str = "owner", email: str | None = None) -> Any:
    """A client logged in at the portal as a new person of the firm."""
    email = email or f"b{next(_n)}@firm.example"
    join(firm_id, role, email)
    client = app.test_client()
    data = {"csrf_token": mark_of(client, "/portal/login/"), "username": email, "password": GOOD}
    assert client.post("/portal/login/", data=data).status_code == 302
    return client


def account(s: Any, firm_id: int, role: str = "owner") -> int:
    """The same in a session at hand; returns the user's id."""
    _row, token = portal_accounts.invite_person(s, s.get(Firm, firm_id), name="马经理", email=f"a{next(_n)}@firm.example", role=role)
    return portal_accounts.accept_invitation(s, token, password=GOOD, again=GOOD, locale="zh", at=clock.now()).user_id


def told(s: Any, user_id: int, start: str = "") -> list[str]:
    """Msgids a user was told, the oldest first, those with this beginning."""
    rows = s.scalars(select(Notice.msgid).where(Notice.user_id == user_id).order_by(Notice.id))
    return [m for m in rows if m.startswith(start)]
