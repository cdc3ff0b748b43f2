"""The audit trail: old and new of every change, one row per record and flush, bulk work says so itself, nobody rewrites it."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from parkops.db import audit
from parkops.db.audit import AuditEntry
from tests.kernel.samples import SampleCarrier, SampleThing, ids, make_thing

RIGHTS = "sample.thing:read add change remove act"


def rows(session, *ops):
    return session.scalars(select(AuditEntry).where(AuditEntry.resource == "sample.thing", AuditEntry.op.in_(ops)).order_by(AuditEntry.id)).all()


def test_insert_update_delete_keep_before_and_after(actor, samples):
    with actor("operations_clerk", RIGHTS) as s:
        obj = SampleThing(name="old", capital="12.30")
        s.add(obj)
        s.flush()
        obj.name, obj.capital = "new", "99999999.99"
        s.flush()
        obj.name = "new"  # no change: no row
        s.flush()
        s.delete(obj)
        s.flush()
        made, changed, gone = rows(s, "insert", "update", "delete")
        assert made.detail["name"] == [None, "old"] and made.record_id == obj.id
        assert changed.detail == {"name": ["old", "new"], "capital": ["12.30", "99999999.99"]}
        assert gone.detail["name"] == ["new", None]
        assert {r.user_name for r in (made, changed, gone)} == {"operations_clerk"}
        assert len({r.action_id for r in (made, changed, gone)}) == 1 and made.park_id == obj.park_id


def test_an_update_of_an_expired_object_still_knows_the_old_value(actor, thing):
    with actor("operations_clerk", RIGHTS) as s:
        obj = s.get(SampleThing, thing)
        s.expire(obj)
        obj.name = "renamed"
        s.flush()
        assert rows(s, "update")[-1].detail["name"] == ["济宁高新软件园服务有限公司", "renamed"]


def test_a_reference_set_through_its_relationship_is_recorded(actor, thing):
    with actor("operations_clerk", RIGHTS) as s:
        obj, carrier = s.get(SampleThing, thing), SampleCarrier(name="c")
        obj.carrier = carrier
        s.flush()
        assert rows(s, "update")[-1].detail == {"carrier_id": [None, carrier.id]}


def test_many_changes_are_one_statement_and_a_rollback_takes_them_along(actor, samples, query_count):
    with actor("operations_clerk", RIGHTS) as s:
        s.add_all([SampleThing(name=f"n{i}") for i in range(50)])
        with query_count() as q:
            s.flush()
        assert sum("core_audit" in st for st in q.statements) == 1 and len(rows(s, "insert")) == 50
        s.rollback()
        assert rows(s, "insert") == []


def test_bulk_and_events_write_one_row(actor, samples):
    with actor("operations_clerk", RIGHTS) as s:
        audit.bulk(s, SampleThing, "import", 1250, {"file": "a.csv"})
        audit.event(s, "denied", {"route": "/x"}, result="refused")
        assert rows(s, "import")[0].detail == {"count": 1250, "file": "a.csv"}
        assert s.scalars(select(AuditEntry).where(AuditEntry.op == "denied")).one().result == "refused"


def test_the_reader_sees_the_own_park_and_what_belongs_to_none(actor, thing):
    make_thing("west", name="west secret")
    with actor("auditor", "core.audit:read") as s:
        audit.event(s, "log in", {})
        seen = s.scalars(select(AuditEntry)).all()
        parks, _users = ids()
        assert {r.park_id for r in seen} <= {None, parks["east"]} and not any(r.label == "west secret" for r in seen)
    with actor("control", park=None, system=True) as s:
        assert s.scalars(select(AuditEntry).where(AuditEntry.label == "west secret")).all()


VECTORS = ("update core_audit set user_name = 'x'", "delete from core_audit", "truncate core_audit",
           "delete from core_audit where at < now() - interval '1 second'",
           "alter table core_audit disable trigger all", "drop table core_audit",
           "insert into core_audit (id, at, user_name, via, action_id, resource, op, result)"
           " overriding system value select id, now(), 'x', 'x', 'x', 'x', 'x', 'x' from core_audit limit 1",
           "with gone as (delete from core_audit returning *) select count(*) from gone",
           "merge into core_audit a using (select 1) x on true when matched then delete")


@pytest.mark.parametrize("sql", VECTORS)
def test_the_app_role_cannot_rewrite_it(actor, thing, sql):
    with actor("administrator", system=True) as s:
        before = s.execute(text("select count(*), md5(string_agg(a::text, '|' order by id)) from core_audit a")).one()
        with pytest.raises(DBAPIError):
            s.execute(text(sql))
        s.rollback()
        assert s.execute(text("select count(*), md5(string_agg(a::text, '|' order by id)) from core_audit a")).one() == before


def test_control_a_table_without_the_triggers_can_be_rewritten(actor, thing):
    with actor("administrator", system=True) as s:
        assert s.execute(text("update core_todo set title = 'x'")).rowcount == 0
        assert s.execute(text("update core_setting set key = key")).rowcount >= 0
        assert s.execute(text("update sample_thing set name = 'x'")).rowcount == 1
        s.rollback()
