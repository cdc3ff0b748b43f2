"""Data calls: exact units, cross-checks, jumps, missing stays missing, chase, acceptance writes the statement."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from support_help import carrier, firm, statement

from modules.tenants import calc_datacall as calc
from modules.tenants.calc_datacall_forms import FORMS, MONTHLY_1, TORCH_2017
from modules.tenants.models.datacall import DataCallResponse
from modules.tenants.models.statement import FIGURES, FirmStatement
from modules.tenants.services import datacalls, responses, statements
from modules.tenants.states_support import DATA_CALL_RESPONSE
from parkops import outbox, todos
from parkops.errors import NotAllowed, RuleError

FIELDS = {f.code: f for f in TORCH_2017.fields}
COMPLETE = {"angel_vc": "0", "revenue": "1200.5", "net_profit": "-30", "rd_expense": "200", "tax_paid": "15.00001", "staff_total": "20",
            "ip_applied": "3", "ip_granted": "2", "ip_valid": "9"}


# ---- pure ---------------------------------------------------------------------------------------------------------

@given(st.integers(min_value=-10**15, max_value=10**15), st.sampled_from(["yuan", "thousand", "wan"]))
def test_every_fen_survives_every_unit(fen, unit):
    yuan = Decimal(fen).scaleb(-2)
    assert calc.to_yuan(format(calc.in_unit(yuan, unit), "f"), unit) == yuan


def test_control_a_float_would_lose_the_fen():
    assert int(float("1.15") * 100) == 114
    assert calc.to_yuan("1.15", "yuan") * 100 == 115


@pytest.mark.parametrize(("code", "typed", "answer"), [
    ("revenue", "1,234.5", "1234.5"), ("revenue", "１２３", "123"), ("revenue", " ", None), ("revenue", None, None),
    ("staff_total", "0", "0"), ("staff_total", "12.0", "12"), ("net_profit", "-5.2", "-5.2"), ("premises_area", "88.25", "88.25"),
    ("revenue", "0.00001", "0.00001"), ("revenue", "+7", "7"), ("revenue", "1000000", "1000000"),
])
def test_answers_are_read(code, typed, answer):
    assert calc.read_answer(FIELDS[code], typed, "thousand") == (answer, None)


@pytest.mark.parametrize(("code", "typed", "problem"), [
    ("revenue", "about 5", "tenants.answer_not_a_number"), ("revenue", "1,2345", "tenants.answer_not_a_number"),
    ("revenue", "1e9", "tenants.answer_not_a_number"), ("revenue", "NaN", "tenants.answer_not_a_number"),
    ("revenue", "0.000001", "tenants.answer_too_fine"), ("staff_total", "1.5", "tenants.answer_too_fine"),
    ("revenue", "-1", "tenants.answer_negative"), ("revenue", "9" * 15, "tenants.answer_too_large"),
    ("staff_total", "99999999", "tenants.answer_too_large"), ("revenue", "=1+1", "tenants.answer_not_a_number"),
])
def test_answers_are_refused(code, typed, problem):
    value, found = calc.read_answer(FIELDS[code], typed, "thousand")
    assert value is None and found.code == problem and found.field == code


@pytest.mark.parametrize(("change", "codes"), [
    ({}, []),
    ({"revenue": None}, ["tenants.answer_missing"]),
    ({"staff_doctor": "21"}, ["tenants.part_over_total"]),
    ({"staff_doctor": "20"}, []),
    ({"ip_invention": "5", "ip_software": "4"}, []),
    ({"ip_invention": "5", "ip_software": "5"}, ["tenants.ip_kinds_over_total"]),
    ({"staff_total": None, "staff_college": "3"}, ["tenants.answer_missing", "tenants.part_without_total"]),
    ({"tech_contracts": "0", "tech_contract_amount": "1"}, ["tenants.contracts_without_number"]),
])
def test_cross_checks(change, codes):
    answers = {k: v for k, v in {**COMPLETE, **change}.items() if v is not None}
    assert sorted(p.code for p in calc.cross_checks(TORCH_2017.fields, answers)) == sorted(codes)


def test_jumps_need_reasons_and_missing_is_no_jump():
    found = calc.jumps(TORCH_2017.fields, {"revenue": "151", "tax_paid": "150", "staff_total": "3", "ip_valid": "1", "net_profit": "5"},
                       {"revenue": "100", "tax_paid": "100", "ip_valid": "0", "net_profit": "-5", "rd_expense": "9"}, 50)
    assert {j.code: j.percent for j in found} == {"revenue": Decimal("51.0"), "ip_valid": None, "net_profit": Decimal("200.0")}
    assert [p.field for p in calc.unexplained(found, {"revenue": "新产品上市", "ip_valid": " x "})] == ["net_profit", "ip_valid"]


def test_unanswered_is_none_never_zero():
    figures = calc.figures(TORCH_2017.fields, {"revenue": "1.5"}, "thousand")
    assert figures["revenue"] == Decimal("1500.00")
    assert {v for k, v in figures.items() if k != "revenue"} == {None}


def test_forms_ask_only_what_a_statement_holds():
    for form in FORMS.values():
        assert {f.code for f in form.fields} <= set(FIGURES)
        assert {f.part_of for f in form.fields} - {None} <= {f.code for f in form.fields}


# ---- on the database ----------------------------------------------------------------------------------------------

@pytest.fixture
def park_firms(session):
    c = carrier(session)
    inside = [firm(session, ("incubating", c, "2020-03-01"), registered_on=date(2020, 1, 1)) for _ in range(3)]
    firm(session, ("incubating", c, "2020-03-01"), ("graduated", c, "2021-06-01"))
    firm(session, ("team", c, "2021-03-01"), was_team=True)
    firm(session, ("incubating", c, "2022-01-01"))
    return inside


@pytest.fixture
def call(session, park_firms):
    made = datacalls.create_call(session, form_code="torch-enterprise", period_start=date(2021, 7, 9), due_on=date(2022, 1, 31))
    datacalls.open_call(session, made, on=date(2022, 1, 5))
    return made


def response_of(session, call, of):
    return session.scalars(select(DataCallResponse).where(DataCallResponse.call_id == call.id, DataCallResponse.firm_id == of.id)).one()


def test_opening_asks_those_in_incubation_at_the_period_end(session, call, park_firms):
    asked = set(session.scalars(select(DataCallResponse.firm_id).where(DataCallResponse.call_id == call.id)))
    assert asked == {f.id for f in park_firms}
    assert call.period_start == date(2021, 1, 1) and call.state == "open" and len(call.fields) == len(TORCH_2017.fields)


def test_asking_later_recorded_firms_is_idempotent(session, call, park_firms):
    late = firm(session, ("incubating", carrier(session), "2021-05-01"))
    assert "1" in datacalls.add_missing_firms(session, call)
    assert "0" in datacalls.add_missing_firms(session, call)
    assert response_of(session, call, late).state == "open"


def test_from_answer_to_statement(session, call, park_firms):
    r = response_of(session, call, park_firms[0])
    responses.save_answers(session, r, answers={**COMPLETE, "staff_doctor": ""}, filled_by="李四")
    assert r.state == "draft" and "staff_doctor" not in r.answers
    responses.submit_response(session, r, on=date(2022, 1, 20))
    responses.accept_response(session, r, on=date(2022, 1, 21))
    row = session.scalars(select(FirmStatement).where(FirmStatement.firm_id == r.firm_id)).one()
    assert (row.revenue, row.net_profit, row.tax_paid) == (Decimal("1200500.00"), Decimal("-30000.00"), Decimal("15000.01"))
    assert row.staff_doctor is None and row.staff_total == 20 and row.source == "data_call"
    assert row.form_version == "torch-enterprise 2017-enterprise"
    assert [t.step for t in DATA_CALL_RESPONSE.history(session, r)] == ["save", "submit", "accept"]


def test_a_correction_replaces_the_statement(session, call, park_firms):
    r = response_of(session, call, park_firms[0])
    responses.save_answers(session, r, answers=COMPLETE)
    responses.submit_response(session, r, on=date(2022, 1, 20))
    responses.accept_response(session, r, on=date(2022, 1, 21))
    responses.return_response(session, r, on=date(2022, 1, 22), reason="人数有误")
    assert r.note == "人数有误"
    responses.save_answers(session, r, answers={**COMPLETE, "staff_total": "21", "revenue": "1200.5"})
    responses.submit_response(session, r, on=date(2022, 1, 23))
    responses.accept_response(session, r, on=date(2022, 1, 24))
    rows = session.scalars(select(FirmStatement).where(FirmStatement.firm_id == r.firm_id)).all()
    assert [x.staff_total for x in rows] == [21]


def test_the_unanswered_write_nothing_and_count_in_the_rate(session, call, park_firms):
    r = response_of(session, call, park_firms[0])
    responses.save_answers(session, r, answers=COMPLETE)
    responses.submit_response(session, r, on=date(2022, 1, 20))
    responses.accept_response(session, r, on=date(2022, 1, 21))
    responses.excuse_response(session, response_of(session, call, park_firms[1]), on=date(2022, 1, 22), reason="已注销")
    assert datacalls.response_rate(session, call) == (1, 2)
    datacalls.close_call(session, call, on=date(2022, 2, 1))
    assert session.scalar(select(func.count(FirmStatement.id))) == 1
    assert response_of(session, call, park_firms[2]).state == "open"


def test_the_period_before_is_shown_but_never_saved(session, call, park_firms):
    statement(session, park_firms[0], "2020", revenue="1000000", staff_total=19)
    r = response_of(session, call, park_firms[0])
    assert responses.previous_answers(session, r) == {"revenue": "1000", "staff_total": "19"}
    assert r.answers == {} and r.state == "open"
    responses.save_answers(session, r, answers={"revenue": "1100"})
    assert r.answers == {"revenue": "1100"}


def test_a_jump_stops_submission_until_it_is_explained(session, call, park_firms):
    statement(session, park_firms[0], "2020", revenue="100000", staff_total=19)
    r = response_of(session, call, park_firms[0])
    responses.save_answers(session, r, answers=COMPLETE)
    with pytest.raises(RuleError) as e:
        responses.submit_response(session, r, on=date(2022, 1, 20))
    assert [(p.code, p.field) for p in e.value.problems] == [("tenants.jump_needs_reason", "revenue")]
    responses.save_answers(session, r, answers=COMPLETE, reasons={"revenue": "两家子公司并表", "nonsense": "x"})
    assert r.reasons == {"revenue": "两家子公司并表"}
    responses.submit_response(session, r, on=date(2022, 1, 20))
    assert r.state == "submitted"


def test_every_unreadable_field_is_named_and_nothing_is_half_saved(session, call, park_firms):
    r = response_of(session, call, park_firms[0])
    with pytest.raises(RuleError) as e:
        responses.save_answers(session, r, answers={"revenue": "lots", "staff_total": "1.5", "nope": "1", "tax_paid": "3"})
    assert {p.field for p in e.value.problems} == {"revenue", "staff_total", "nope"}
    assert r.answers == {} and r.state == "open"


def test_an_empty_answer_cannot_be_submitted(session, call, park_firms):
    r = response_of(session, call, park_firms[0])
    responses.save_answers(session, r, answers={})
    with pytest.raises(RuleError) as e:
        responses.submit_response(session, r, on=date(2022, 1, 20))
    assert e.value.codes == ["tenants.nothing_answered"]


def test_entered_before_founded_is_asked(session, call):
    f = firm(session, ("incubating", carrier(session), "2021-01-05"), registered_on=date(2021, 2, 1), entered_on=None)
    datacalls.add_missing_firms(session, call)
    f.was_team, f.entered_on = True, date(2021, 1, 5)
    session.flush()
    r = response_of(session, call, f)
    responses.save_answers(session, r, answers=COMPLETE)
    assert responses.problems_of(session, r) == []  # a team may enter before its company is founded
    assert [p.code for p in calc.entry_order(date(2021, 2, 1), date(2021, 1, 5))] == ["tenants.entered_before_founded"]


def test_a_closed_call_and_an_accepted_answer_are_shut(session, call, park_firms):
    r = response_of(session, call, park_firms[0])
    responses.save_answers(session, r, answers=COMPLETE)
    responses.submit_response(session, r, on=date(2022, 1, 20))
    with pytest.raises(RuleError) as e:
        responses.save_answers(session, r, answers=COMPLETE)
    assert e.value.codes == ["tenants.answer_is_in"]
    with pytest.raises(RuleError) as e:
        datacalls.close_call(session, call, on=date(2022, 2, 1))
    assert e.value.codes == ["tenants.answers_waiting"]
    responses.accept_response(session, r, on=date(2022, 1, 21))
    datacalls.close_call(session, call, on=date(2022, 2, 1))
    with pytest.raises(RuleError):
        responses.save_answers(session, response_of(session, call, park_firms[1]), answers=COMPLETE)
    datacalls.reopen_call(session, call, on=date(2022, 2, 3), reason="补报")
    responses.save_answers(session, response_of(session, call, park_firms[1]), answers=COMPLETE)


def test_an_open_call_keeps_its_form_and_period(session, call):
    with pytest.raises(RuleError) as e:
        datacalls.change_call(session, call, period_start=date(2020, 1, 1), unit="yuan")
    assert e.value.codes == ["tenants.call_is_open"] * 2
    datacalls.change_call(session, call, due_on=date(2022, 2, 15))
    with pytest.raises(RuleError):
        datacalls.remove_call(session, call)


def test_one_call_per_form_and_period(session, call):
    with pytest.raises(RuleError) as e:
        datacalls.create_call(session, form_code="torch-enterprise", period_start=date(2021, 1, 1), due_on=date(2022, 3, 1))
    assert "record.already_there" in e.value.codes
    with pytest.raises(RuleError) as e:
        datacalls.create_call(session, form_code="monthly-basic", period_start=date(2022, 3, 1), due_on=date(2022, 3, 31))
    assert e.value.codes == ["tenants.due_too_early"]


def test_chase_reminds_once_in_three_days_and_makes_one_to_do(session, call, park_firms, monkeypatch):
    answered = response_of(session, call, park_firms[0])
    responses.save_answers(session, answered, answers=COMPLETE)
    responses.submit_response(session, answered, on=date(2022, 1, 20))
    from datetime import UTC, datetime

    def at(day):
        moment = datetime(2022, 1, day, 1, tzinfo=UTC)
        monkeypatch.setattr(datacalls, "now", lambda: moment)
        return datacalls.chase_due(session, on=moment.date())["reminded"]

    assert at(10) == 0  # not due within a week
    assert at(25) == 2
    assert at(26) == 0
    assert at(29) == 2
    r = response_of(session, call, park_firms[1])
    session.refresh(r)
    assert r.reminders == 2
    assert outbox.deliver(session)["delivered"] == 4
    assert [t.is_done for t in todos.of(session, r)] == [False]
    assert todos.of(session, answered) == []
    responses.save_answers(session, r, answers=COMPLETE)
    responses.submit_response(session, r, on=date(2022, 1, 30))
    assert [t.is_done for t in todos.of(session, r)] == [True]  # nobody is asked for what has come


def test_bulk_acceptance_names_the_firms_that_have_problems(session, call, park_firms):
    rs = [response_of(session, call, f) for f in park_firms]
    for r in rs[:2]:
        responses.save_answers(session, r, answers=COMPLETE)
        responses.submit_response(session, r, on=date(2022, 1, 20))
    statement(session, park_firms[1], "2020", revenue="100000")  # known only after submission: now it is a jump
    with pytest.raises(RuleError) as e:
        responses.accept_responses(session, rs, on=date(2022, 1, 21))
    assert park_firms[1].name in str(e.value)
    assert "1" in responses.accept_responses(session, [rs[0], rs[2]], on=date(2022, 1, 21))
    assert [r.state for r in rs] == ["accepted", "submitted", "open"]


def test_statement_of_a_data_call_is_corrected_there(session, call, park_firms):
    r = response_of(session, call, park_firms[0])
    responses.save_answers(session, r, answers=COMPLETE)
    responses.submit_response(session, r, on=date(2022, 1, 20))
    responses.accept_response(session, r, on=date(2022, 1, 21))
    row = session.scalars(select(FirmStatement).where(FirmStatement.firm_id == r.firm_id)).one()
    with pytest.raises(RuleError) as e:
        statements.change_statement(session, row, revenue=Decimal("1"))
    assert e.value.codes == ["tenants.from_data_call"]
    with pytest.raises(RuleError):
        statements.remove_statement(session, row)


def test_the_tables_own_guards(session, call, park_firms):
    """Control: even past the services, an open answer stays empty and parts stay within totals."""
    r = response_of(session, call, park_firms[0])
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(text("update tenants_data_call_response set answers = '{\"revenue\": \"0\"}' where id = :i"), {"i": r.id})
    with pytest.raises(IntegrityError), session.begin_nested():
        statement(session, park_firms[0], "2020", staff_total=2, staff_doctor=3)
    with pytest.raises(IntegrityError), session.begin_nested():
        statement(session, park_firms[0], "2020", ip_valid=2, ip_invention=2, ip_software=1)


def test_rights(session, call, park_firms, as_role):
    session.commit()
    rid = response_of(session, call, park_firms[0]).id
    with as_role("leadership") as s, pytest.raises(NotAllowed):
        datacalls.create_call(s, form_code="monthly-basic", period_start=date(2022, 1, 1), due_on=date(2022, 2, 10))
    with as_role("operations_clerk") as s:
        r = s.get(DataCallResponse, response_of(session, call, park_firms[0]).id)
        responses.save_answers(s, r, answers=COMPLETE)
        responses.submit_response(s, r, on=date(2022, 1, 20))
    with as_role("operations_clerk", park="west") as s:
        assert s.get(DataCallResponse, rid) is None


def test_monthly_form_has_its_own_period(session, park_firms):
    made = datacalls.create_call(session, form_code="monthly-basic", period_start=date(2021, 12, 1), due_on=date(2022, 1, 10))
    datacalls.open_call(session, made, on=date(2022, 1, 2))
    assert (made.grain, made.name) == ("month", f"{MONTHLY_1.title} 2021-12")
    statement(session, park_firms[0], "2021-11", grain="month", revenue="12345.67")
    assert responses.previous_answers(session, response_of(session, made, park_firms[0])) == {"revenue": "12.34567"}
