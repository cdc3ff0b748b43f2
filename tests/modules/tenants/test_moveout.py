"""Move-out: nothing leaves before the list is settled. Rules T-50 to T-54."""

from __future__ import annotations

from datetime import date

import pytest
from core_help import entry, incubatee
from sqlalchemy.exc import IntegrityError

from modules.tenants import signals
from modules.tenants.models.moveout import MoveOut
from modules.tenants.services import moveout, stages
from modules.tenants.services.moveout import MoveOutLine
from parkops.errors import NotAllowed, Problem, RuleError

DAY = date(2022, 6, 1)


def opened(session, **values):
    firm = incubatee(session)
    return firm, moveout.open_moveout(session, firm, **{"outcome": "left", "announced_on": DAY, "reason": "lease ended", **values})


def codes_of(call, *args, **values):
    with pytest.raises(RuleError) as e:
        call(*args, **values)
    return e.value.codes


def test_the_list_comes_from_the_parks_template_and_from_other_modules(session):
    def lease(session, firm, moveout, **_):
        return [MoveOutLine("leasing.lease", "Lease L-1 ended", source="leasing")]

    signals.moveout_items.connect(lease)
    try:
        firm, case = opened(session)
    finally:
        signals.moveout_items.disconnect(lease)
    items = moveout.items_of(session, case)
    assert {i.code for i in items} >= {"keys", "arrears", "deposit", "data_call", "leasing.lease"}
    assert moveout.settle_code(session, firm, "leasing.lease", on=DAY) is True
    assert moveout.settle_code(session, firm, "leasing.lease", on=DAY) is False
    assert next(i for i in items if i.code == "leasing.lease").state == "done"


def test_blocked_until_done_or_waived_with_reason(session):
    firm, case = opened(session)
    assert "tenants.T-54" in codes_of(moveout.complete_moveout, session, case, on=date(2022, 7, 1))
    first, *others = [i for i in moveout.items_of(session, case) if i.required]
    assert codes_of(moveout.waive_item, session, first, on=DAY, reason=" ") == ["tenants.T-53"]
    moveout.waive_item(session, first, on=DAY, reason="written off by the board")
    moveout.settle_items(session, others, on=DAY)
    moveout.complete_moveout(session, case, on=date(2022, 7, 1))
    assert (case.state, case.moved_on, firm.state, firm.moved_out_on) == ("done", date(2022, 7, 1), "left", date(2022, 7, 1))
    assert codes_of(moveout.reopen_item, session, first) == ["tenants.T-52"]


def test_optional_items_do_not_block(session):
    firm, case = opened(session)
    moveout.settle_items(session, [i for i in moveout.items_of(session, case) if i.required], on=DAY)
    assert any(i.state == "open" for i in moveout.items_of(session, case))
    assert moveout.why_not_complete(session, case) is None and firm.id


def test_other_modules_may_object(session):
    def objection(session, firm, on, **_):
        yield Problem("leasing.open", "Lease L-1 runs until 2023.")

    firm, case = opened(session)
    moveout.settle_items(session, moveout.items_of(session, case), on=DAY)
    signals.before_leave.connect(objection)
    try:
        assert codes_of(stages.leave_firm, session, firm, on=date(2022, 7, 1), reason="x") == ["leasing.open"]
    finally:
        signals.before_leave.disconnect(objection)
    stages.leave_firm(session, firm, on=date(2022, 7, 1), reason="x")


def test_refusals(session):
    assert codes_of(moveout.open_moveout, session, entry(session), outcome="left", announced_on=DAY, reason="x") == ["tenants.T-50"]
    firm, case = opened(session)
    assert codes_of(moveout.open_moveout, session, firm, outcome="left", announced_on=DAY, reason="x") == ["tenants.T-50"]
    other = incubatee(session)
    assert codes_of(moveout.open_moveout, session, other, outcome="graduated", announced_on=DAY, reason="x") == ["tenants.T-51"]
    assert set(codes_of(moveout.open_moveout, session, other, outcome="left", announced_on=date(2099, 1, 1), reason=" ",
                        planned_on=date(2098, 1, 1))) == {"tenants.T-02", "tenants.required", "tenants.T-51"}
    assert "tenants.T-51" in codes_of(moveout.complete_moveout, session, case, on=date(2022, 5, 1))


def test_control_the_index_refuses_a_second_open_case(session):
    firm, _case = opened(session)
    session.add(MoveOut(number="x", firm=firm, outcome="left", announced_on=DAY, reason="x"))
    with pytest.raises(IntegrityError, match="uq_tenants_moveout_park_id_firm_id_open"):
        session.flush()


def test_cancelled_move_out_leaves_the_firm_in_place(session):
    firm, case = opened(session)
    moveout.cancel_moveout(session, case, on=date(2022, 6, 5), reason="stays")
    assert (case.state, firm.state) == ("cancelled", "incubating")
    assert moveout.open_moveout(session, firm, outcome="left", announced_on=date(2022, 8, 1), reason="x").number != case.number


def test_the_clerk_prepares_and_the_manager_waives(session, as_role):
    _firm, case = opened(session)
    case_id = case.id
    session.commit()
    with as_role("operations_clerk") as s:
        item = moveout.items_of(s, s.get(MoveOut, case_id))[0]
        moveout.settle_item(s, item, on=DAY)
        with pytest.raises(NotAllowed):
            moveout.waive_item(s, item, on=DAY, reason="x")
        with pytest.raises(NotAllowed):
            moveout.complete_moveout(s, s.get(MoveOut, case_id), on=DAY)
