"""The workflow engine: the table decides, races have one winner, every step leaves a transition and an audit row."""

from __future__ import annotations

import threading
from datetime import date

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from parkops import workflow
from parkops.db.audit import AuditEntry
from parkops.errors import Conflict, NotAllowed, Refused, RuleError
from parkops.workflow import State, Step, Transition, Workflow
from tests.kernel.samples import FLOW, SampleThing, make_thing

RIGHTS = "sample.thing:read change act"


def test_a_step_moves_records_and_audits(actor, thing):
    with actor("operations_clerk", RIGHTS) as s:
        obj = s.get(SampleThing, thing)
        before = obj.version
        t = FLOW.move(s, obj, "start", on=date(2022, 5, 1))
        assert (obj.state, obj.version) == ("running", before + 1)
        assert (t.from_state, t.to_state, t.step, t.on_date, t.user_name) == ("draft", "running", "start", date(2022, 5, 1), "operations_clerk")
        obj.code = "X2"  # the version in hand is the row's version: an ordinary change goes on
        s.flush()
        row = s.scalars(select(AuditEntry).where(AuditEntry.resource == "sample.thing", AuditEntry.op == "move")).one()
        assert row.detail["state"] == ["draft", "running"] and row.park_id == obj.park_id
        assert [x.step for x in FLOW.history(s, obj)] == ["start"]
        assert s.execute(text("select state from sample_thing where id = :i"), {"i": thing}).scalar() == "running"


def test_wrong_state_right_guard_and_reason_are_refused_in_one_sentence(actor, thing):
    bare = make_thing(name="bare")
    with actor("operations_clerk", RIGHTS) as s:
        with pytest.raises(RuleError, match="code first"):
            FLOW.move(s, s.get(SampleThing, bare), "start")
        with pytest.raises(RuleError) as e:
            FLOW.move(s, s.get(SampleThing, thing), "close", reason="  ")
        assert e.value.codes == ["workflow.reason_missing"] and e.value.problems[0].field == "reason"
        obj = s.get(SampleThing, thing)
        FLOW.move(s, obj, "close", reason="done")
        with pytest.raises(RuleError) as e:
            FLOW.move(s, obj, "start")
        assert e.value.codes == ["workflow.not_now"]
        with pytest.raises(Refused):
            FLOW.move(s, obj, "fly")
    with actor("leadership", "sample.thing:read") as s, pytest.raises(NotAllowed):
        FLOW.move(s, s.get(SampleThing, thing), "start")


def test_buttons_say_why_they_are_disabled(actor, thing):
    bare = make_thing(name="bare")
    with actor("operations_clerk", RIGHTS) as s:
        buttons = {b.step.code: b for b in FLOW.buttons(s, s.get(SampleThing, bare))}
        assert buttons["start"].enabled is False and "code first" in buttons["start"].why_not
        assert buttons["close"].enabled is True
        assert {b.step.code for b in FLOW.buttons(s, s.get(SampleThing, thing)) if b.enabled} == {"start", "close"}
    with actor("leadership", "sample.thing:read") as s:
        assert FLOW.buttons(s, s.get(SampleThing, thing)) == []


def _race(actor, thing, move):
    """Two sessions read the same state, then both move; returns what each got."""
    ready, results = threading.Barrier(2), []

    def work():
        with actor("operations_clerk", RIGHTS) as s:
            obj = s.get(SampleThing, thing)
            ready.wait()
            try:
                move(s, obj)
                s.commit()
                results.append("won")
            except Conflict:
                s.rollback()
                results.append("lost")

    threads = [threading.Thread(target=work) for _ in range(2)]
    [t.start() for t in threads]
    [t.join(30) for t in threads]
    return sorted(results)


def test_of_two_racing_steps_one_wins(actor, samples):
    for _ in range(5):
        one = make_thing(name="race", code="R")
        assert _race(actor, one, lambda s, o: FLOW.move(s, o, "close", reason="r")) == ["lost", "won"]
        with actor("operations_clerk", RIGHTS) as s:
            assert len(FLOW.history(s, s.get(SampleThing, one))) == 1


def test_control_without_the_state_in_the_where_both_win(actor, samples, monkeypatch):
    def naive(self, session, obj, old, new):
        session.connection().execute(text("update sample_thing set state = :n where id = :i"), {"n": new, "i": obj.id})

    monkeypatch.setattr(Workflow, "_claim", naive)
    one = make_thing(name="race", code="R")
    assert _race(actor, one, lambda s, o: FLOW.move(s, o, "close", reason="r")) == ["won", "won"]


def test_transitions_are_append_only(actor, thing):
    with actor("operations_clerk", RIGHTS) as s:
        FLOW.move(s, s.get(SampleThing, thing), "close", reason="r")
        s.commit()
    for sql in ("update core_transition set reason = 'x'", "delete from core_transition", "truncate core_transition"):
        with actor("operations_clerk", RIGHTS, system=True) as s, pytest.raises(DBAPIError):
            s.execute(text(sql))
    with actor("operations_clerk", RIGHTS) as s:
        assert s.scalars(select(Transition)).one().reason == "r"


def test_a_wrong_table_fails_at_import():
    states = [State("a", "A"), State("b", "B", final=True)]
    for broken in ([Step("go", ("a",), "nowhere", "Go")], [Step("go", ("b",), "a", "Go")],
                   [Step("go", ("a",), "b", "Go"), Step("go", ("a",), "b", "Go")]):
        with pytest.raises(ValueError, match=r"workflow sample\.broken"):
            Workflow("sample.broken", "state", "a", states, broken)
    with pytest.raises(ValueError, match="start"):
        Workflow("sample.broken", "state", "zzz", states, [])


def test_diagram_and_registry():
    assert workflow.of("sample.thing") is FLOW and workflow.of("no.such") is None
    diagram = FLOW.mermaid()
    assert "[*] --> draft" in diagram and "draft --> closed" in diagram and "closed --> [*]" in diagram
