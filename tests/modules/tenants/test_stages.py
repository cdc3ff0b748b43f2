"""Stages: every step dated, one history per firm, status on any day, term clock and extension. Rules T-10 to T-22."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from core_help import START, code, entry, incubatee, settle, team
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from support_help import carrier

from modules.tenants.models.firm import Firm, FirmName
from modules.tenants.models.moveout import MoveOut
from modules.tenants.models.stage import Stage, TermExtension
from modules.tenants.services import history, stages, terms
from modules.tenants.states import FIRM
from parkops import approval, clock
from parkops.errors import Conflict, NotAllowed, RuleError


def test_admission_writes_state_history_and_transition(session):
    home = carrier(session)
    firm = entry(session)
    assert firm.state == "prospect"
    stages.admit_firm(session, firm, on=START, carrier_id=home.id, reason="paper file")
    assert (firm.state, firm.carrier_id, firm.entered_on, firm.incubating_since) == ("incubating", home.id, START, START)
    row = session.scalars(select(Stage).where(Stage.firm_id == firm.id)).one()
    assert (row.state, row.starts_on, row.ends_on, row.step) == ("incubating", START, None, "admit")
    assert [t.step for t in FIRM.history(session, firm)] == ["admit"]


def test_direct_admission_needs_a_reason(session):
    with pytest.raises(RuleError) as e:
        stages.admit_firm(session, entry(session), on=START, carrier_id=carrier(session).id)
    assert e.value.codes == ["tenants.T-15"]


def test_company_without_code_is_admitted_as_team_only(session):
    firm = entry(session, credit_code=None)
    with pytest.raises(RuleError, match="credit code|信用代码"):
        stages.admit_firm(session, firm, on=START, carrier_id=carrier(session).id, reason="x")
    stages.admit_team(session, firm, on=START, carrier_id=carrier(session, kind="makerspace").id, reason="x")
    assert firm.state == "team" and firm.was_team and firm.incubating_since is None


def test_team_becomes_a_company(session):
    firm = team(session)
    home = carrier(session)
    day = date(2021, 9, 1)
    new = code()
    stages.incorporate_team(session, firm, on=day, credit_code=new, name="济宁新生科技有限公司", registered_on=date(2021, 8, 20),
                            carrier_id=home.id)
    assert (firm.state, firm.credit_code, firm.incubating_since, firm.entered_on) == ("incubating", new, day, START)
    assert firm.carrier_id == home.id
    old = session.scalars(select(FirmName).where(FirmName.firm_id == firm.id)).one()
    assert old.name.startswith("济宁测试科技") and old.until == day
    assert history.status_on(session, day - timedelta(days=1), [firm.id])[firm.id][0] == "team"
    assert history.status_on(session, day, [firm.id])[firm.id] == ("incubating", home.id)


@pytest.mark.parametrize("bad", [date(2099, 1, 1), date(1850, 1, 1)])
def test_impossible_days_are_refused(session, bad):
    with pytest.raises(RuleError) as e:
        stages.admit_firm(session, entry(session), on=bad, carrier_id=carrier(session).id, reason="x")
    assert set(e.value.codes) & {"tenants.T-02", "tenants.T-03", "tenants.T-14"}


def test_steps_follow_each_other(session):
    """T-11: backdating is possible only after the last change."""
    firm = incubatee(session, on=START)
    other = carrier(session)
    for day in (START, START - timedelta(days=1)):
        with pytest.raises(RuleError) as e:
            stages.move_firm(session, firm, on=day, carrier_id=other.id)
        assert e.value.codes == ["tenants.T-11"]
    stages.move_firm(session, firm, on=START + timedelta(days=1), carrier_id=other.id)
    assert firm.carrier_id == other.id


def test_status_on_any_day_and_counts(session):
    home, second = carrier(session), carrier(session)
    a, b = incubatee(session, on=date(2021, 3, 1), where=home), incubatee(session, on=date(2021, 5, 1), where=home)
    stages.move_firm(session, a, on=date(2021, 6, 1), carrier_id=second.id)
    settle(session, b, date(2022, 1, 10))
    stages.leave_firm(session, b, on=date(2022, 2, 1), reason="moved away")
    assert history.status_on(session, date(2021, 2, 28)) == {}
    assert history.status_on(session, date(2021, 5, 31)) == {a.id: ("incubating", home.id), b.id: ("incubating", home.id)}
    assert history.status_on(session, date(2021, 6, 1))[a.id] == ("incubating", second.id)
    assert history.status_on(session, date(2022, 2, 1))[b.id] == ("left", home.id)
    assert history.counts_on(session, date(2021, 12, 31)) == {(second.id, "incubating"): 1, (home.id, "incubating"): 1}


def test_status_on_is_one_statement(session, query_count):
    ids = [incubatee(session).id for _ in range(5)]
    session.flush()
    with query_count() as q:
        history.status_on(session, START, ids)
    assert q.count == 1


def test_overlapping_history_is_impossible_in_the_database(session):
    """The control of T-11: without the service the exclusion constraint still refuses."""
    firm = incubatee(session, on=START)
    session.add(Stage(firm=firm, park_id=firm.park_id, state="team", carrier_id=firm.carrier_id, step="x",
                      during=Range(START, date(2021, 4, 1), bounds="[)")))
    with pytest.raises(IntegrityError, match="ex_tenants_stage"):
        session.flush()


def test_control_without_the_constraint_histories_overlap(fresh_db, session):
    """Switch the constraint off and the same row goes in: it is what protects the history."""
    from parkops.db.session import engine

    firm = incubatee(session, on=START)
    session.commit()
    with engine(owner=True).begin() as c:
        c.execute(text("alter table tenants_stage drop constraint ex_tenants_stage_firm_id_during"))
    session.add(Stage(firm=firm, park_id=firm.park_id, state="team", carrier_id=firm.carrier_id, step="x",
                      during=Range(START, date(2021, 4, 1), bounds="[)")))
    session.flush()
    assert session.scalar(text("select count(*) from tenants_stage a join tenants_stage b on a.firm_id = b.firm_id and a.id < b.id"
                               " and a.during && b.during")) == 1


def test_leaving_waits_for_the_move_out(session):
    firm = incubatee(session)
    with pytest.raises(RuleError, match=r"move-out|退园|迁出"):
        stages.leave_firm(session, firm, on=date(2022, 1, 1), reason="x")
    settle(session, firm, date(2022, 1, 1))
    stages.leave_firm(session, firm, on=date(2022, 1, 5), reason="lease ended")
    assert firm.state == "left" and firm.moved_out_on == date(2022, 1, 5) and firm.term_ends_on is None
    assert session.scalars(select(MoveOut).where(MoveOut.firm_id == firm.id)).one().state == "done"


def test_dissolution_cancels_an_unsettled_move_out(session):
    from modules.tenants.services import moveout

    firm = incubatee(session)
    case = moveout.open_moveout(session, firm, outcome="left", announced_on=date(2022, 1, 1), reason="x")
    stages.dissolve_firm(session, firm, on=date(2022, 2, 1), reason="deregistered")
    assert (firm.state, case.state) == ("dissolved", "cancelled")


def test_returning_firm_has_two_periods(session):
    firm = incubatee(session)
    settle(session, firm, date(2022, 1, 1))
    stages.leave_firm(session, firm, on=date(2022, 1, 5), reason="x")
    stages.admit_firm(session, firm, on=date(2023, 1, 5), carrier_id=firm.carrier_id, reason="came back")
    assert firm.entered_on == date(2023, 1, 5) and firm.moved_out_on is None
    assert [r.state for r in session.scalars(select(Stage).where(Stage.firm_id == firm.id).order_by(Stage.starts_on))] == [
        "incubating", "left", "incubating"]


def test_graduation_without_a_case_is_refused(session):
    with pytest.raises(RuleError, match="case|毕业"):
        stages.graduate_firm(session, incubatee(session), on=date(2022, 1, 1))


def test_wrong_carrier_kind(session):
    firm = entry(session, credit_code=None)
    with pytest.raises(RuleError) as e:
        stages.admit_team(session, firm, on=START, carrier_id=carrier(session, kind="accelerator").id, reason="x")
    assert e.value.codes == ["tenants.T-12"]


def test_undo_takes_the_last_step_back(session):
    firm = incubatee(session, on=START)
    stages.undo_last_stage(session, firm, reason="wrong firm")
    assert (firm.state, firm.carrier_id, firm.entered_on, firm.incubating_since) == ("prospect", None, None, None)
    assert history.status_on(session, START, [firm.id]) == {}
    assert [t.step for t in FIRM.history(session, firm)] == ["admit", "undo"]


def test_state_cannot_be_edited(session):
    from modules.tenants.services import firms
    from parkops.errors import Refused

    for name, value in (("state", "graduated"), ("carrier_id", 1), ("entered_on", START), ("graduated_on", START)):
        with pytest.raises(Refused):
            firms.change_firm(session, incubatee(session), **{name: value})


def test_two_clerks_pressing_leave_and_move_lose_one(session):
    """A lost race on the state is a Conflict, not a silent overwrite (the workflow's UPDATE … WHERE state)."""
    firm = incubatee(session)
    session.execute(text("update tenants_firm set state = 'dissolved' where id = :i"), {"i": firm.id})
    settle_day = date(2022, 1, 1)
    from modules.tenants.services import moveout

    case = moveout.open_moveout(session, firm, outcome="left", announced_on=settle_day, reason="x")
    for item in moveout.items_of(session, case):
        moveout.settle_item(session, item, on=settle_day)
    with pytest.raises(Conflict):
        stages.leave_firm(session, firm, on=date(2022, 1, 5), reason="x")


# --- term clock ---------------------------------------------------------------------------------------------------------


def test_term_by_the_rules_of_the_day(session):
    firm = incubatee(session, on=date(2021, 3, 1))
    assert firm.term_ends_on == date(2025, 3, 1)
    old = terms.term_of(session, firm, date(2022, 10, 31))
    assert (old.allowed, old.days, old.left) == (1461, 610, 852)
    assert terms.term_of(session, firm, date(2025, 7, 10)).allowed is None
    assert terms.refresh_terms(session, on=date(2025, 7, 10)) == 1
    session.refresh(firm)
    assert firm.term_ends_on is None


def test_refresh_is_idempotent_and_set_based(session, query_count):
    for _ in range(4):
        incubatee(session, on=date(2021, 3, 1))
    with query_count() as q:
        assert terms.refresh_terms(session, on=date(2022, 1, 1)) == 0
    assert q.count <= 3


def test_expiring_list(session):
    near, far = incubatee(session, on=date(2019, 1, 15), registered_on=date(2018, 1, 1)), incubatee(session)
    found = terms.expiring_firms(session, on=date(2022, 11, 1), days=90)
    assert near in found and far not in found


def test_extension_needs_two_other_people(session, as_role, park):
    firm = incubatee(session, on=date(2021, 3, 1), track="biomed")
    firm_id = firm.id
    session.commit()
    with as_role("operations_manager") as s:
        own = terms.request_extension(s, s.get(Firm, firm_id), months=12, reason="clinical trial", on=date(2022, 1, 10))
        request = approval.of(s, own)[0]
        assert request.needed == 2
        with pytest.raises(RuleError) as e:
            approval.vote(s, request, True)
        assert e.value.codes == ["approval.own"]
        s.commit()
    with as_role("leadership") as s, pytest.raises(NotAllowed):
        approval.vote(s, approval.of(s, s.get(TermExtension, own.id))[0], True)
    with as_role("finance") as s:
        ext = s.get(TermExtension, own.id)
        approval.vote(s, approval.of(s, ext)[0], True)
        assert ext.state == "requested"
        s.commit()
    with as_role("operations_manager", user="operations_clerk") as s:
        ext = s.get(TermExtension, own.id)
        approval.vote(s, approval.of(s, ext)[0], True)
        assert ext.state == "approved" and ext.decided_on == clock.today()
        assert terms.term_of(s, ext.firm, date(2022, 10, 31)).ends_on == date(2026, 3, 1)


def test_extension_rules(session):
    firm = incubatee(session, on=date(2021, 3, 1), track="software")
    with pytest.raises(RuleError) as e:
        terms.request_extension(session, firm, months=99, reason=" ", on=date(2022, 1, 1))
    assert set(e.value.codes) == {"tenants.required", "tenants.T-22"}
    assert len(e.value.problems) == 3
