"""Permissions are synced in bulk and only by `parkops upgrade`; the framework's start-up traps stay shut."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from security_tools import form_login
from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from parkops.db.session import engine
from parkops.security import catalogue, roles, sync
from parkops.security.roles import Grant, compile_grants


def _grants(c, role: str) -> set[str]:
    return set(c.execute(text(
        "select v.name || ':' || m.name from ab_permission_view_role x join ab_role r on r.id = x.role_id"
        " join ab_permission_view pv on pv.id = x.permission_view_id join ab_permission m on m.id = pv.permission_id"
        " join ab_view_menu v on v.id = pv.view_menu_id where r.name = :r"), {"r": role}).scalars())


def test_second_run_writes_nothing(session):
    sync.sync_all(session)
    before = session.connection().execute(text("select count(*), coalesce(max(id), 0) from core_audit")).one()
    assert set(sync.sync_all(session).values()) == {0}
    assert session.connection().execute(text("select count(*), coalesce(max(id), 0) from core_audit")).one() == before


def test_few_statements(session, query_count):
    with query_count() as q:
        sync.sync_all(session)
    assert q.count <= 12


def test_persona_rows_equal_the_compiled_grants(session):
    sync.sync_all(session)
    for role, rights in catalogue.compiled().items():
        assert _grants(session.connection(), role) == {f"{name}:can_{word}" for name, word in rights}


def test_a_withdrawn_grant_disappears(session, monkeypatch):
    """Trap 3: the framework never takes a right away."""
    sync.sync_all(session)
    c = session.connection()
    assert "core.kpi:can_export" in _grants(c, "finance")
    kept = tuple(g for g in roles.KERNEL_GRANTS if not (g.role == "finance" and g.resource == "core.kpi"))
    monkeypatch.setattr(catalogue, "KERNEL_GRANTS", (*kept, Grant("finance", "core.kpi", "read")))
    try:
        written = sync.sync_all(session)
        assert written["stale grants"] >= 1
        assert "core.kpi:can_export" not in _grants(c, "finance") and "core.kpi:can_read" in _grants(c, "finance")
    finally:
        monkeypatch.undo()
        catalogue.compiled.cache_clear()


def test_stale_resources_go_and_site_roles_keep_the_rest(session):
    sync.sync_all(session)
    c = session.connection()
    c.execute(text("insert into ab_view_menu (id, name) values (nextval('ab_view_menu_id_seq'), 'gone.thing')"))
    c.execute(text("insert into ab_role (id, name) values (nextval('ab_role_id_seq'), 'Night shift')"))
    for name in ("gone.thing", "core.park"):
        c.execute(text("insert into ab_permission_view (id, permission_id, view_menu_id) select nextval('ab_permission_view_id_seq'), m.id, v.id"
                       " from ab_permission m, ab_view_menu v where m.name = 'can_read' and v.name = :n and not exists (select 1 from"
                       " ab_permission_view x where x.permission_id = m.id and x.view_menu_id = v.id)"), {"n": name})
        c.execute(text("insert into ab_permission_view_role (id, permission_view_id, role_id) select nextval('ab_permission_view_role_id_seq'),"
                       " pv.id, r.id from ab_permission_view pv join ab_permission m on m.id = pv.permission_id join ab_view_menu v on"
                       " v.id = pv.view_menu_id, ab_role r where m.name = 'can_read' and v.name = :n and r.name = 'Night shift'"), {"n": name})
    assert _grants(c, "Night shift") == {"gone.thing:can_read", "core.park:can_read"}
    sync.sync_all(session)
    assert _grants(c, "Night shift") == {"core.park:can_read"}
    assert c.execute(text("select count(*) from ab_view_menu where name = 'gone.thing'")).scalar() == 0
    assert set(sync.sync_all(session).values()) == {0}


def test_grants_are_compared_exactly():
    """Trap 24: a grant on `tenants.firm` gives nothing on `tenants.firm_secret`, `read` nothing on `read_all`."""
    table = compile_grants([Grant("finance", "tenants.firm", "read"), Grant("auditor", "tenants.*", "read")],
                           ["tenants.firm", "tenants.firm_secret", "tenantsx.firm"])
    assert table["finance"] == {("tenants.firm", "read")}
    assert table["auditor"] == {("tenants.firm", "read"), ("tenants.firm_secret", "read")}


def test_has_access_is_exact(app, fresh_db):
    with app.test_request_context("/"):
        from flask import g

        from parkops.security import setup
        from parkops.security.identity import Identity

        sm = app.appbuilder.sm
        assert not sm.has_access("can_read", "core.park"), "nobody is signed in"
        fields = dict.fromkeys(Identity.__dataclass_fields__) | {
            "id": 1, "username": "x", "name": "x", "roles": (), "parks": (), "all_parks": False, "preferences": {},
            "rights": frozenset({("core.park", "read")})}
        setup.become(Identity(**fields))
        assert g.user.id == 1
        assert sm.has_access("can_read", "core.park")
        assert not sm.has_access("can_read_all", "core.park") and not sm.has_access("can_read", "core.parking")
        assert not sm.is_item_public("can_read", "core.park")


BOOT = """
from sqlalchemy import event
from sqlalchemy.engine import Engine
seen = []
event.listen(Engine, "before_cursor_execute", lambda conn, cur, statement, *a: seen.append(" ".join(statement.split()).lower()))
import logging
class Loud(logging.Handler):
    def emit(self, record): seen.append("log-error: " + record.getMessage()) if record.levelno >= logging.ERROR else None
logging.getLogger().addHandler(Loud())
import time; start = time.perf_counter()
from parkops.app import create_app
app = create_app()
print("SECONDS", round(time.perf_counter() - start, 2))
app.test_client().get("/login/")
for s in seen: print("SQL", s)
"""


def test_boot_issues_no_ddl_and_no_writes(fresh_db):
    """Traps 1, 2 and 5: a fresh process creates nothing, syncs nothing, and logs no error."""
    done = subprocess.run([sys.executable, "-c", BOOT], capture_output=True, text=True, env={**os.environ, "_PARKOPS_TEST_DB": fresh_db},
                          timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    statements = [line[4:] for line in done.stdout.splitlines() if line.startswith("SQL ")]
    assert statements and len(statements) <= 12, statements
    bad = [s for s in statements if not s.startswith(("select", "show", "set "))]
    assert not bad, bad


def test_control_the_frameworks_own_manager_writes_at_boot(fresh_db):
    """What switching our manager off does: permissions are written one by one."""
    from flask import Flask
    from flask_appbuilder import AppBuilder
    from flask_appbuilder.security.sqla.manager import SecurityManager
    from sqlalchemy.orm import scoped_session, sessionmaker

    app, seen = Flask("stock"), []
    app.config.update(SECRET_KEY="x" * 40, FAB_CREATE_DB=True)
    listener = lambda conn, cur, statement, *a: seen.append(statement.lower())  # noqa: E731
    event.listen(Engine, "before_cursor_execute", listener)
    stock = scoped_session(sessionmaker(engine()))
    try:
        with app.app_context():
            AppBuilder(app, stock, security_manager_class=SecurityManager)
    finally:
        event.remove(Engine, "before_cursor_execute", listener)
        stock.remove()
    assert sum(s.lstrip().startswith("insert") for s in seen) > 20


def test_framework_views_are_gone(app, db):
    """Traps 23 and 25 by absence: no framework user, role, upload or chart view, no GET log-out, no download route."""
    rules = {r.endpoint.split(".")[0]: r.rule for r in app.url_map.iter_rules()}
    assert not {"UserDBModelView", "RoleModelView", "UserStatsChartView", "ResetPasswordView", "AuthDBView", "UserApi"} & set(rules)
    assert not [r.rule for r in app.url_map.iter_rules() if "download/<string:filename>" in r.rule]
    client = app.test_client()
    for path in ("/users/list/", "/roles/list/", "/resetpassword/form", "/register/form", "/lang/en", "/back", "/api/v1/security/users/"):
        assert client.get(path).status_code in (404, 405), path
    assert client.get("/logout/").status_code == 405


def test_signed_in_without_the_right_gets_403_and_a_record(app, fresh_db):
    """Trap 26: refusal of a signed-in user is our 403 page, never a log-in loop; it is written down."""
    client = app.test_client()
    form_login(client, "operations_clerk")
    answer = client.get("/core/role/")
    assert answer.status_code == 403 and "Location" not in answer.headers
    with engine().connect() as c:
        row = c.execute(text("select user_name, op, result, detail from core_audit order by id desc limit 1")).one()
    assert (row.user_name, row.op, row.result) == ("operations_clerk", "denied", "refused") and row.detail["path"] == "/core/role/"
    assert app.test_client().get("/core/role/").headers["Location"].startswith("/login/?next=/core/role/")


@pytest.mark.parametrize("owner", [False, True])
@pytest.mark.parametrize("sql", ["update core_audit set op = 'x'", "delete from core_audit", "truncate core_audit",
                                 "select set_config('parkops.audit_purge', 'yes', false); delete from core_audit",
                                 "select core_audit_purge(10)", "select core_audit_purge(null)"])
def test_the_audit_trail_is_append_only(fresh_db, session, owner, sql):
    from parkops.db import audit

    audit.event(session, "test", {"x": 1})
    session.commit()
    with engine(owner=owner).connect() as c:
        before = c.execute(text("select count(*) from core_audit")).scalar()
        with pytest.raises(Exception, match="append-only|permission denied|184 days"):
            c.exec_driver_sql(sql)
        c.rollback()
        assert c.execute(text("select count(*) from core_audit")).scalar() == before > 0


def test_the_purge_takes_only_what_is_old(fresh_db, session):
    from parkops.db import audit

    audit.event(session, "old")
    audit.event(session, "new")
    session.commit()
    with engine(owner=True).connect() as c:  # age an entry the only way there is: as the owner with the trigger off
        c.exec_driver_sql("alter table core_audit disable trigger core_audit_append_only")
        c.exec_driver_sql("update core_audit set at = now() - interval '500 days' where op = 'old'")
        c.exec_driver_sql("alter table core_audit enable trigger core_audit_append_only")
        c.commit()
    with engine().begin() as c:
        assert c.execute(text("select core_audit_purge(400)")).scalar() == 1
        assert c.execute(text("select count(*) from core_audit where op = 'new'")).scalar() == 1


def test_control_without_the_trigger_the_owner_can_delete(fresh_db, session):
    from parkops.db import audit

    audit.event(session, "test")
    session.commit()
    with engine(owner=True).connect() as c:
        c.exec_driver_sql("drop trigger core_audit_append_only on core_audit")
        assert c.exec_driver_sql("delete from core_audit").rowcount > 0
        c.rollback()


def test_auditors_of_a_park_see_its_entries_only(fresh_db, session, park, park2, as_role):
    from parkops.db import audit
    from parkops.db.audit import AuditEntry

    audit.event(session, "here", park_id=park.id)
    audit.event(session, "there", park_id=park2.id)
    session.commit()
    from sqlalchemy import select

    with as_role("auditor") as s:
        ops = set(s.scalars(select(AuditEntry.op)))
    assert "here" in ops and "there" not in ops


