"""The demo's portal: three people of one firm, a shared document, and a few things they were told."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops import clock
from parkops.clock import Period
from parkops.demo import PASSWORD
from parkops.i18n import _l
from parkops.notify import sending
from parkops.security import portal_users
from parkops.security.models import User, UserProfile

from .models.datacall import DataCall, DataCallResponse
from .models.firm import Firm
from .models.portal import PortalAccount
from .models.statement import FirmStatement
from .services import portal_accounts, statements

PEOPLE = (  # log-in, name, role in the portal
    ("firm-owner", "周建平", "owner"),
    ("firm-finance", "吴晓敏", "finance"),
    ("firm-staff", "郑凯", "staff"),
)


def chosen(session: Any, park_id: int) -> Firm | None:
    """The firm whose people log in: in incubation, with a data call still to answer; of an even number, for those rent rooms in
    the demo of leasing and have bills to look at."""
    r = DataCallResponse
    found = session.scalars(
        select(Firm).join(r, r.firm_id == Firm.id).join(DataCall, DataCall.id == r.call_id).where(
            Firm.park_id == park_id, Firm.state == "incubating", r.state == "open", DataCall.state == "open").order_by(Firm.id % 2, Firm.id).limit(1))
    return found.first() or session.scalars(
        select(Firm).where(Firm.park_id == park_id, Firm.state == "incubating").order_by(Firm.id).limit(1)).first()


def load(context: Any) -> None:
    """Idempotent: people who are there already stay as they are."""
    with context.scope("operations_manager") as s:
        firm = chosen(s, context.park_id)
        if firm is None:
            return
        fresh = s.scalar(select(User.id).where(User.username == PEOPLE[0][0])) is None
        for username, name, role in PEOPLE if fresh else ():
            _account(s, firm, username, name, role)
        people = portal_accounts.people_of(s, [firm.id]).get(firm.id, [])
        if fresh:
            sending.tell(s, people, "core.general", _l("The portal is open for %(firm)s."), {"firm": firm.name}, park_id=context.park_id)
            for response in s.scalars(select(DataCallResponse).where(DataCallResponse.firm_id == firm.id, DataCallResponse.state == "open")):
                sending.tell(s, people[:2], "tenants.data_call", _l("Please answer: %(call)s, due on %(day)s."),
                             {"call": response.call.name, "day": response.call.due_on.isoformat()}, park_id=context.park_id)
            text = "入孵企业须知\n\n1. 账单每月 5 日前发出。\n2. 会议室可在企业门户预订。\n3. 报修请写明房间和联系电话。\n"
            portal_accounts.share_upload(s, firm, title="入孵企业须知", stream=io.BytesIO(text.encode()), filename="须知.txt", on=clock.today())
            _before(s, firm)
        context.shared["portal_firm"] = firm.id
    context.say(f"portal: {firm.name}; log in at /portal/login/ as {PEOPLE[0][0]}, password {PASSWORD}")


def _before(session: Any, firm: Firm) -> None:
    """Figures of the month before an open call, so that the form has something to stand beside the answer."""
    for call in session.scalars(select(DataCall).join(DataCallResponse, DataCallResponse.call_id == DataCall.id).where(
            DataCallResponse.firm_id == firm.id, DataCall.state == "open", DataCall.grain == "month")):
        before = Period.of("month", call.period_start).previous().start
        have = select(FirmStatement.id).where(FirmStatement.firm_id == firm.id, FirmStatement.grain == "month", FirmStatement.period_start == before)
        if session.scalar(have) is None:
            statements.create_statement(
                session, firm_id=firm.id, grain="month", period_start=before, reported_on=clock.today(), revenue=Decimal("862000.00"),
                staff_total=18, staff_graduate=2, tax_paid=Decimal("21500.00"))


def _account(session: Any, firm: Firm, username: str, name: str, role: str) -> None:
    profile: UserProfile = portal_users.create_portal_user(
        session, email=f"{username}@demo.invalid", name=name, password=PASSWORD, is_demo=True, username=username)
    session.add(PortalAccount(firm_id=firm.id, park_id=firm.park_id, user_id=profile.id, role=role, state="active", joined_at=clock.now(),
                              invited_by="manager"))
    session.flush()
