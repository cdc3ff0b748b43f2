"""The portal's fence and its log-in space. Accounts are tenants' own; the machinery is the kernel's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from modules.tenants.models.datacall import DataCall
from modules.tenants.models.firm import Firm
from modules.tenants.models.portal import PortalAccount, PortalInvitation
from modules.tenants.models.statement import FirmStatement
from modules.tenants.services import portal_accounts
from parkops import clock
from parkops.db.session import Scope, session_scope, system_scope
from parkops.errors import NotAllowed, NotFound, Refused, RuleError
from parkops.security import portal
from parkops.security.models import UserProfile

GOOD = "Harbour-Lantern-4471"


def firms(park_id: int) -> tuple[int, int]:
    with system_scope("test", park_id=park_id) as s:
        rows = [Firm(name=f"围栏企业{n}", park_id=park_id, state="team") for n in (1, 2)]
        s.add_all(rows)
        s.flush()
        s.add_all(FirmStatement(park_id=park_id, firm_id=r.id, grain="year", period_start=clock.today().replace(month=1, day=1),
                                source="manual", reported_on=clock.today()) for r in rows)
        return rows[0].id, rows[1].id


def join(firm_id: int, role: str = "owner", email: str = "head@firm.example") -> int:
    """An account made the real way; returns the user's id."""
    with system_scope("test") as s:
        _row, token = portal_accounts.invite_person(s, s.get(Firm, firm_id), name="马经理", email=email, role=role)
        return portal_accounts.accept_invitation(s, token, password=GOOD, again=GOOD, locale="zh", at=clock.now()).user_id


@pytest.fixture
def two(db, app, park):
    return firms(park.id)


def fenced(firm_id: int, park_id: int, user_id: int = 1, role: str = "owner") -> Scope:
    return Scope(user_id=user_id, user_name="x", rights=portal.rights_of(role), parks=frozenset({park_id}), park_id=park_id,
                 firm_id=firm_id, portal_role=role)


def names(scope: Scope) -> list[str]:
    with session_scope(scope) as s:
        return [*s.scalars(select(Firm.name).order_by(Firm.id)),
                *(str(x) for x in s.scalars(select(FirmStatement.firm_id).order_by(FirmStatement.id)))]


def test_only_rows_of_the_firm(two, park):
    mine, other = two
    scope = fenced(mine, park.id)
    assert names(scope) == ["围栏企业1", str(mine)]
    with session_scope(scope) as s:
        assert s.get(Firm, other) is None
        assert s.scalar(select(FirmStatement.id).where(select(Firm.id).where(Firm.id == other).exists())) is None, "a sub-query is fenced too"
        with pytest.raises(NotFound):
            portal.owned(s, Firm, other)


def test_control_without_the_fence_both_firms_are_seen(two, park):
    """Control: the same session as one of the staff's sees the other firm."""
    assert {"围栏企业1", "围栏企业2"} <= set(names(replace(fenced(two[0], park.id), firm_id=None)))


def test_what_nobody_declared_is_refused(two, park):
    from parkops.db.audit import AuditEntry
    from parkops.rules.models import Decision

    with session_scope(fenced(two[0], park.id)) as s:
        for model in (AuditEntry, Decision):
            with pytest.raises(Refused):
                s.scalars(select(model)).all()
        assert s.scalars(select(DataCall)).all() == []


def test_a_bulk_change_reaches_the_own_rows_only(two, park):
    mine, other = two
    with session_scope(fenced(mine, park.id)) as s:
        assert s.execute(update(FirmStatement).values(source="data_call").execution_options(synchronize_session=False)).rowcount == 1
    with system_scope("look") as s:
        assert s.scalar(select(FirmStatement.source).where(FirmStatement.firm_id == other)) == "manual"


def test_nothing_is_written_for_another_firm(two, park):
    mine, other = two
    day = clock.today().replace(month=1, day=1)
    values = {"park_id": park.id, "grain": "year", "period_start": day.replace(year=day.year - 1), "source": "manual", "reported_on": clock.today()}
    for opened in (False, True):  # the reading side may be open, the writing side never is
        with pytest.raises(NotFound), session_scope(fenced(mine, park.id)) as s:
            if opened:
                with portal.acting(s):
                    s.add(FirmStatement(firm_id=other, **values))
            s.add(FirmStatement(firm_id=other, **values))
            s.flush()
    with session_scope(fenced(mine, park.id)) as s:
        s.add(FirmStatement(firm_id=mine, **values))


def test_acting_reads_more_and_forgets_it(two, park):
    mine, other = two
    with session_scope(fenced(mine, park.id)) as s:
        with portal.acting(s):
            assert s.get(Firm, other).name == "围栏企业2"
        assert s.get(Firm, other) is None


def test_invitation_opens_once_and_for_a_time(two, park):
    mine, _other = two
    with system_scope("test", park_id=park.id) as s:
        firm = s.get(Firm, mine)
        row, token = portal_accounts.invite_person(s, firm, name="李会计", email="li@firm.example", role="finance")
        assert row.token_hash != token and token not in str(row.__dict__), "of the link only a fingerprint is kept"
        with pytest.raises(NotFound):
            portal_accounts.find_invitation(s, token, clock.now() + timedelta(days=8))
        with pytest.raises(RuleError) as weak:
            portal_accounts.accept_invitation(s, token, password="12345678", again="12345678", locale="zh", at=clock.now())
        assert weak.value.problems
        portal_accounts.accept_invitation(s, token, password=GOOD, again=GOOD, locale="zh", at=clock.now())
        with pytest.raises(NotFound):
            portal_accounts.accept_invitation(s, token, password=GOOD, again=GOOD, locale="zh", at=clock.now())


def test_a_second_invitation_withdraws_the_first(two, park):
    with system_scope("test", park_id=park.id) as s:
        firm = s.get(Firm, two[0])
        _a, first = portal_accounts.invite_person(s, firm, name="李会计", email="li@firm.example", role="finance")
        portal_accounts.invite_person(s, firm, name="李会计", email="li@firm.example", role="staff")
        with pytest.raises(NotFound):
            portal_accounts.find_invitation(s, first, clock.now())
        assert s.scalars(select(PortalInvitation.state).order_by(PortalInvitation.id)).all() == ["withdrawn", "open"]


def post_login(client, path: str, name: str, password: str = GOOD):
    import re

    mark = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).get_data(as_text=True))[1]
    return client.post(path, data={"csrf_token": mark, "username": name, "password": password})


def test_two_login_spaces(app, two, login_as):
    join(two[0])
    client = app.test_client()
    assert post_login(client, "/login/", "head@firm.example").status_code == 401, "a firm's user is unknown at the staff's door"
    assert post_login(client, "/portal/login/", "head@firm.example").headers["Location"] == "/portal/"
    assert client.get("/portal/").status_code == 200
    for url in ("/tenants/firm/", "/", "/account/", "/billing/bill/"):
        assert client.get(url).headers.get("Location") == "/portal/", url
    for url in ("/api/v1/tenants/firm/", f"/api/v1/tenants/firm/{two[0]}"):
        assert client.get(url).status_code == 403, url
    staff = app.test_client()
    login_as(staff, "operations_manager")
    assert staff.get("/portal/").status_code == 403


def test_no_token_for_firms_users(app, two):
    join(two[0])
    answer = app.test_client().post("/api/v1/security/login", json={"username": "head@firm.example", "password": GOOD, "provider": "db"})
    assert answer.status_code in (401, 403)


def test_withdrawing_ends_the_open_session(app, two):
    join(two[0])
    client = app.test_client()
    post_login(client, "/portal/login/", "head@firm.example")
    assert client.get("/portal/").status_code == 200
    with system_scope("test") as s:
        portal_accounts.withdraw_account(s, s.scalars(select(PortalAccount)).one())
    assert client.get("/portal/").headers["Location"].startswith("/portal/login/")
    assert post_login(client, "/portal/login/", "head@firm.example").status_code == 401


def test_a_role_decides_what_is_entered(app, two):
    join(two[0], role="staff")
    client = app.test_client()
    post_login(client, "/portal/login/", "head@firm.example")
    assert client.get("/portal/datacalls/").status_code == 403
    assert client.get("/portal/documents/").status_code == 200


def test_stored_staff_roles_give_a_firms_user_nothing(app, two, park):
    """Even a staff role written into the tables by mistake opens no staff page."""
    from parkops.security.models import Role

    user_id = join(two[0])
    with system_scope("test") as s:
        s.get(UserProfile, user_id).user.roles = list(s.scalars(select(Role).where(Role.name == "system_administrator")))
    client = app.test_client()
    post_login(client, "/portal/login/", "head@firm.example")
    assert client.get("/core/user/").headers.get("Location") == "/portal/"
    assert client.get("/api/v1/core/user/").status_code == 403


def test_lockout_counts_at_the_portal_too(app, two):
    join(two[0])
    client = app.test_client()
    codes = [post_login(client, "/portal/login/", "head@firm.example", "wrong-wrong-1").status_code for _n in range(6)]
    assert codes == [401] * 5 + [429]


def test_the_join_page_and_the_manifest(app, two, park):
    import re

    with system_scope("test", park_id=park.id) as s:
        _row, token = portal_accounts.invite_person(s, s.get(Firm, two[0]), name="李会计", email="li@firm.example", role="finance")
    client = app.test_client()
    assert client.get("/portal/join/wrong").status_code == 404
    page = client.get(f"/portal/join/{token}").get_data(as_text=True)
    mark = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    answer = client.post(f"/portal/join/{token}", data={"csrf_token": mark, "password": GOOD, "again": GOOD})
    assert answer.headers["Location"] == "/portal/" and client.get("/portal/").status_code == 200
    assert client.get(f"/portal/join/{token}").status_code == 404
    manifest = app.test_client().get("/portal/manifest.webmanifest")
    assert manifest.mimetype == "application/manifest+json" and manifest.json["scope"] == "/portal/"
    assert all(app.test_client().get(i["src"]).status_code == 200 for i in manifest.json["icons"])


def test_only_who_may_invites(as_role, two):
    with as_role("leadership") as s, pytest.raises(NotAllowed):
        portal_accounts.invite_person(s, s.get(Firm, two[0]), name="某", email="a@b.example", role="staff")


# ---- coming back -----------------------------------------------------------------------------------------------------------

OTHER = "Meadow-Compass-8823"


def test_a_withdrawn_person_comes_back_with_a_new_password(app, two):
    user_id = join(two[0])
    with system_scope("test") as s:
        account = s.scalars(select(PortalAccount)).one()
        portal_accounts.withdraw_account(s, account, reason="left the firm")
        assert account.withdrawn_reason == "left the firm"
    with system_scope("test") as s:
        _row, token = portal_accounts.invite_person(s, s.get(Firm, two[0]), name="马经理", email="Head@firm.example", role="finance")
        with pytest.raises(RuleError, match="用过"):
            portal_accounts.accept_invitation(s, token, password=GOOD, again=GOOD, locale="zh", at=clock.now())
        account = portal_accounts.accept_invitation(s, token, password=OTHER, again=OTHER, locale="zh", at=clock.now())
        assert account.user_id == user_id and account.role == "finance"
    client = app.test_client()
    assert post_login(client, "/portal/login/", "head@firm.example").status_code == 401, "the old password is gone"
    assert post_login(client, "/portal/login/", "head@firm.example", OTHER).headers["Location"] == "/portal/"
    with system_scope("look") as s:
        one = s.scalars(select(PortalAccount)).one()
        assert (one.state, one.withdrawn_at, one.withdrawn_reason) == ("active", None, None)


def test_a_lost_password_ends_the_open_sessions(app, two):
    join(two[0])
    client = app.test_client()
    post_login(client, "/portal/login/", "head@firm.example")
    with system_scope("test") as s:
        _row, token = portal_accounts.invite_person(s, s.get(Firm, two[0]), name="马经理", email="head@firm.example", role="owner")
        portal_accounts.accept_invitation(s, token, password=OTHER, again=OTHER, locale="zh", at=clock.now())
    assert client.get("/portal/").headers["Location"].startswith("/portal/login/")


def test_who_left_one_firm_may_join_another(app, two):
    user_id = join(two[0])
    with system_scope("test") as s:
        with pytest.raises(RuleError, match="邮箱"):
            portal_accounts.invite_person(s, s.get(Firm, two[1]), name="马经理", email="head@firm.example", role="staff")
        portal_accounts.withdraw_account(s, s.scalars(select(PortalAccount)).one())
    with system_scope("test") as s:
        _row, token = portal_accounts.invite_person(s, s.get(Firm, two[1]), name="马经理", email="head@firm.example", role="staff")
        portal_accounts.accept_invitation(s, token, password=OTHER, again=OTHER, locale="zh", at=clock.now())
        rows = s.execute(select(PortalAccount.firm_id, PortalAccount.user_id, PortalAccount.state).order_by(PortalAccount.id)).all()
        assert [tuple(r) for r in rows] == [(two[0], user_id, "withdrawn"), (two[1], user_id, "active")]


def test_staff_addresses_stay_refused(app, two, login_as):
    login_as(app.test_client(), "operations_manager")
    with system_scope("test") as s:
        email = s.scalar(select(UserProfile.email).where(~UserProfile.is_portal).limit(1))
        with pytest.raises(RuleError, match="邮箱"):
            portal_accounts.invite_person(s, s.get(Firm, two[0]), name="某", email=email, role="staff")


@pytest.mark.parametrize("email", ["li+park@firm.example", "a-very-long-name-of-a-person@" + "department." * 6 + "firm.example"])
def test_long_and_tagged_addresses_log_in(app, two, email):
    join(two[0], email=email)
    assert post_login(app.test_client(), "/portal/login/", email).headers["Location"] == "/portal/"


def test_a_link_of_a_firm_that_left_opens_nothing(two):
    with system_scope("test") as s:
        firm = s.get(Firm, two[0])
        _row, token = portal_accounts.invite_person(s, firm, name="李会计", email="li@firm.example", role="finance")
        firm.state = "dissolved"
        s.flush()
        with pytest.raises(NotFound):
            portal_accounts.accept_invitation(s, token, password=GOOD, again=GOOD, locale="zh", at=clock.now())


# ---- among the staff's users -----------------------------------------------------------------------------------------------


def test_staff_choose_among_themselves(app, two, login_as, park):
    from parkops import comments, todos
    from parkops.web import values
    from parkops.web.compile import ResolvedField

    user_id = join(two[0])
    client = app.test_client()
    login_as(client, "system_administrator")
    assert user_id not in {x["id"] for x in client.get("/api/v1/core/user/_choices?text=").json["rows"]}
    assert client.get("/api/v1/core/user/_choices?text=").json["rows"], "control: colleagues are offered"
    assert [x["id"] for x in client.get(f"/api/v1/core/user/_choices?ids={user_id}").json["rows"]] == [user_id], "who is chosen keeps a name"
    listed = client.get("/api/v1/core/user/", query_string={"q": '{"filters":[["is_portal","eq",true]]}'}).json["rows"]
    assert [x["id"] for x in listed] == [user_id], "the list of users shows them all"
    field = ResolvedField("officer_id", "Officer", "ref", ref="core.user")
    with system_scope("test", park_id=park.id) as s:
        with pytest.raises(values.BadValue):
            values.parse(field, str(user_id), s)
        staff = s.scalar(select(UserProfile.id).where(~UserProfile.is_portal).limit(1))
        assert values.parse(field, str(staff), s) == staff
        with pytest.raises(RuleError):
            todos.add(s, s.get(Firm, two[0]), "看一下", assignee_id=user_id)
        assert comments.add(s, s.get(Firm, two[0]), "@head@firm.example 请看").mentions == []


def test_a_firms_user_leaves_todos_to_the_staff(two, park):
    from parkops import todos

    user_id = join(two[0])
    scope = fenced(two[0], park.id, user_id)
    with session_scope(replace(scope, rights=scope.rights | {("core.todo", "add")})) as s, portal.acting(s):
        assert todos.add(s, s.get(Firm, two[0]), "看一下").assignee_id is None


# ---- bulk changes and loads ------------------------------------------------------------------------------------------------


def test_a_bulk_change_is_confined_while_a_service_acts(two, park):
    from sqlalchemy import delete

    mine, other = two
    change = update(FirmStatement).values(source="data_call").execution_options(synchronize_session=False)
    with session_scope(fenced(mine, park.id)) as s, portal.acting(s):
        assert s.scalar(select(Firm.name).where(Firm.id == other)), "control: the reading side is open"
        assert s.execute(change).rowcount == 1
        assert s.execute(delete(FirmStatement).where(FirmStatement.firm_id == other).execution_options(synchronize_session=False)).rowcount == 0
    with system_scope("look") as s:
        assert s.execute(select(FirmStatement.firm_id, FirmStatement.source).order_by(FirmStatement.firm_id)).all() == [
            (mine, "data_call"), (other, "manual")]


def test_control_the_staff_change_all_in_bulk(two, park):
    with system_scope("test", park_id=park.id) as s:
        change = update(FirmStatement).values(source="data_call").execution_options(synchronize_session=False)
        assert s.execute(change).rowcount == 2


def test_what_was_loaded_before_does_not_narrow_what_a_service_reads(two, park):
    """Lazy loads go by what holds when they run, not by when their record was loaded."""
    from modules.tenants.models.portal import SharedFile
    from parkops import attachments

    mine, other = two
    user_id = join(mine)
    with system_scope("test", park_id=park.id) as s:
        from io import BytesIO

        shared = portal_accounts.share_upload(s, s.get(Firm, mine), title="合同", stream=BytesIO(b"%PDF-1.4 x"), filename="a.pdf", on=clock.today())
        pk, file_id = shared.id, shared.attachment_id
        assert attachments.find(s, file_id)
    with session_scope(fenced(mine, park.id, user_id)) as s:
        row = s.get(SharedFile, pk)
        assert row.attachment.id == file_id
        assert s.get(Firm, other) is None
    with session_scope(fenced(other, park.id, user_id)) as s:
        assert s.get(SharedFile, pk) is None
