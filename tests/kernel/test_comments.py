"""Comments, mentions, to-dos, notices: who may write, who is told, what the bell counts."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from parkops import comments, todos
from parkops.db.audit import AuditEntry
from parkops.errors import NotAllowed, RuleError
from parkops.todos import Todo
from tests.kernel.samples import FLOW, SampleThing, ids

RIGHTS = "sample.thing:read change act"
TODO = "core.todo:read add change act"


def test_a_mention_tells_the_person_once_and_only_inside_the_park(actor, thing):
    with actor("operations_clerk", RIGHTS) as s:
        row = comments.add(s, s.get(SampleThing, thing),
                           " @finance please, @finance_west too; @operations_clerk @nobody mail@leadership \x00")
        s.commit()
        assert row.mentions == ["finance", "operations_clerk"] or set(row.mentions) == {"finance", "operations_clerk"}
        assert "\x00" not in row.text and todos.notices(s) == []
    with actor("finance", "sample.thing:read") as s:
        (notice,) = todos.notices(s)
        assert "operations_clerk" in notice.text and notice.url == f"/sample/thing/{thing}"
        assert todos.bell(s, date(2022, 1, 1)).notices == 1
        assert todos.read_notices(s) == 1 and todos.bell(s, date(2022, 1, 1)).total == 0
    with actor("finance_west", "sample.thing:read", park="west") as s:
        assert todos.notices(s) == []
    with actor("leadership", "sample.thing:read") as s:
        assert todos.notices(s) == []  # an e-mail address is no mention


def test_who_only_reads_does_not_write(actor, thing):
    with actor("leadership", "sample.thing:read") as s, pytest.raises(NotAllowed):
        comments.add(s, s.get(SampleThing, thing), "hello")
    with actor("operations_clerk", RIGHTS) as s:
        for wrong in ("", " \n", "x" * 4001):
            with pytest.raises(RuleError):
                comments.add(s, s.get(SampleThing, thing), wrong)


def test_comments_stay_as_they_were(actor, thing):
    with actor("operations_clerk", RIGHTS) as s:
        comments.add(s, s.get(SampleThing, thing), "first")
        s.commit()
        with pytest.raises(DBAPIError):
            s.execute(text("update core_comment set text = 'other'"))
    with actor("operations_clerk", RIGHTS) as s:
        assert [c.text for c in comments.of(s, s.get(SampleThing, thing))] == ["first"]


def test_a_todo_is_for_its_assignee(actor, thing):
    _parks, users = ids()
    with actor("operations_manager", RIGHTS, TODO) as s:
        obj = s.get(SampleThing, thing)
        row = todos.add(s, obj, "Call them", date(2022, 3, 1), users["operations_clerk"])
        s.commit()
        assert row.assignee_name == "operations_clerk" and row.url == f"/sample/thing/{thing}" and row.park_id == obj.park_id
    with actor("finance", TODO) as s, pytest.raises(NotAllowed):
        todos.done(s, s.get(Todo, row.id))
    with actor("operations_clerk", RIGHTS, TODO) as s:
        assert [t.title for t in todos.mine(s)] == ["Call them"]
        assert (todos.bell(s, date(2022, 2, 28)).todos, todos.bell(s, date(2022, 3, 1)).todos) == (0, 1)
        assert [n.msgid for n in todos.notices(s)] == ["New to-do: %(title)s"]
        done = todos.done(s, s.get(Todo, row.id))
        at = done.done_at
        assert todos.done(s, done).done_at == at and done.done_by == "operations_clerk" and todos.mine(s) == []
        with pytest.raises(RuleError):
            todos.change(s, done, title="x")


def test_what_a_machine_asked_for_is_done_with_its_record(actor, thing):
    """The last step of a record ticks off the to-dos that have a key, whoever has them; a person's own stay. Control: an earlier step."""
    _parks, users = ids()
    with actor("operations_manager", RIGHTS, TODO) as s:
        obj = s.get(SampleThing, thing)
        machine = todos.add(s, obj, "Late", date(2022, 3, 1), users["operations_clerk"], key=f"sample.late:{thing}")
        todos.add(s, obj, "Call them", date(2022, 3, 1), users["operations_clerk"])
        other = todos.add(s, None, "Elsewhere", key="sample.other")
        FLOW.move(s, obj, "start")
        assert [t.is_done for t in (machine, other)] == [False, False]
        s.commit()
    with actor("finance", RIGHTS, "sample.thing:act") as s:  # no right on to-dos, and not the assignee
        FLOW.move(s, s.get(SampleThing, thing), "close", reason="done")
        s.commit()
    with actor("operations_clerk", RIGHTS, TODO) as s:
        assert [(t.title, t.is_done, t.done_by) for t in todos.of(s, s.get(SampleThing, thing))] == [
            ("Call them", False, None), ("Late", True, "finance")]
        row = s.scalars(select(AuditEntry).where(AuditEntry.resource == "core.todo", AuditEntry.op == "update")).one()
        assert (row.user_name, row.label, row.detail) == ("finance", "Late", {"is_done": [False, True]})
        assert todos.count_mine(s) == 1
        assert (todos.close(s, keys=["sample.other", "nothing"]), todos.close(s, keys=["sample.other"]), todos.close(s)) == (1, 0, 0)


def test_bad_todos_are_refused_and_a_key_makes_one(actor, thing):
    with actor("operations_clerk", TODO) as s:
        for title, assignee in (("", None), ("x" * 301, None), ("ok", 999999)):
            with pytest.raises(RuleError):
                todos.add(s, None, title, assignee_id=assignee)
        one = todos.add(s, None, "Free", key="k1")
        assert todos.add(s, None, "Again", key="k1") is one and one.park_id is not None and one.url is None
    with actor("leadership", "core.todo:read") as s, pytest.raises(NotAllowed):
        todos.add(s, None, "x")


def test_a_foreign_park_sees_neither(actor, thing):
    with actor("operations_clerk", RIGHTS, TODO) as s:
        obj = s.get(SampleThing, thing)
        comments.add(s, obj, "secret"), todos.add(s, obj, "secret")
        s.commit()
    with actor("operations_clerk_west", RIGHTS, TODO, park="west") as s:
        assert s.query(comments.Comment).all() == [] and s.query(Todo).all() == []
