"""A request that only read ends with COMMIT (statements stay prepared); whatever wrote and was not committed is rolled back."""

import pytest
from sqlalchemy import func, insert, select, text, update

from parkops.db import reads
from parkops.db.session import Scope, engine, factory
from parkops.models import Park
from parkops.web.session import web_session

LIST = "/api/v1/tenants/firm/"


def prepared():
    """How many statements the pool's one idle connection keeps prepared."""
    with engine().connect() as c:
        return c.execute(text("select count(*) from pg_prepared_statements")).scalar()


def ask(client, turns=8):
    engine().dispose()
    for _ in range(turns):
        assert client.get(LIST).status_code == 200
    return prepared()


def test_statements_of_repeated_requests_stay_prepared(client, login_as, fresh_db):
    login_as(client, "operations_clerk")
    assert ask(client) >= 2


def test_control_with_a_rollback_the_driver_forgets_them(client, login_as, fresh_db, monkeypatch):
    login_as(client, "operations_clerk")
    monkeypatch.setattr(reads, "end", lambda session: None)
    assert ask(client) == 0


@pytest.mark.parametrize("ends", [True, False])
def test_statements_of_refused_requests_stay_prepared(client, login_as, fresh_db, monkeypatch, ends):
    """False is the control: with a rollback the driver forgets them."""
    if not ends:
        monkeypatch.setattr(reads, "end", lambda session: None)
    login_as(client, "operations_clerk")
    engine().dispose()
    for _ in range(8):
        assert client.get("/api/v1/core/audit/").status_code == 403
    assert (prepared() > 0) is ends


WRITES = {
    "orm change, flushed": lambda s: (setattr(s.scalars(select(Park).where(Park.code == "east")).one(), "name", "other"), s.flush()),
    "orm change, not flushed": lambda s: setattr(s.scalars(select(Park).where(Park.code == "east")).one(), "name", "other"),
    "core update": lambda s: s.connection().execute(update(Park.__table__).where(Park.code == "east").values(name="other")),
    "text": lambda s: s.connection().execute(text("update core_park set name = 'other' where code = 'east'")),
    "select over a writing expression": lambda s: s.connection().execute(
        select(update(Park.__table__).where(Park.code == "east").values(name="other").returning(Park.__table__.c.id).cte("changed"))),
    "savepoint first": lambda s: (s.begin_nested(), s.connection().execute(
        update(Park.__table__).where(Park.code == "east").values(name="other"))),
    "insert": lambda s: s.connection().execute(insert(Park.__table__).values(code="new", name="other", version=1, is_active=True,
                                                                             created_at=func.now())),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_request_that_forgets_to_commit_leaves_nothing(app, fresh_db, write):
    with app.app_context():
        web_session().info["scope"] = Scope(parks=None, system=True)
        web_session().scalars(select(Park)).all()
        WRITES[write](web_session())
    with engine().connect() as c:
        assert c.execute(text("select count(*) from core_park where name = 'other'")).scalar() == 0


@pytest.mark.parametrize("write", [w for w in WRITES if w != "orm change, not flushed"])
def test_control_the_writes_are_real(app, fresh_db, write):
    with app.app_context():
        web_session().info["scope"] = Scope(parks=None, system=True)
        WRITES[write](web_session())
        web_session().commit() if write != "savepoint first" else web_session().connection().get_transaction().commit()
    with engine().connect() as c:
        assert c.execute(text("select count(*) from core_park where name = 'other'")).scalar() == 1


def test_locking_is_no_plain_read(fresh_db):
    with factory() as s:
        s.info["scope"] = Scope(parks=None, system=True)
        s.scalars(select(Park).with_for_update()).all()
        assert s.connection().info[reads.WROTE]
        reads.end(s)
        assert s.in_transaction()


def test_a_new_transaction_starts_clean(fresh_db):
    with engine().connect() as c:
        c.execute(text("select 1"))
        assert c.info[reads.WROTE]
        c.rollback()
        c.execute(select(1))
        assert reads.WROTE not in c.info


def test_looking_up_a_firms_account_counts_as_reading(session):
    """Asked on every request of the portal; control: the same text without the mark counts as a write."""
    from modules.tenants.services.portal_accounts import ACCOUNT_OF, account_of

    c = session.connection()
    c.info.pop(reads.WROTE, None)
    assert account_of(c, 0) is None and reads.WROTE not in c.info
    c.execute(text(ACCOUNT_OF.text), {"id": 0})
    assert c.info[reads.WROTE]
