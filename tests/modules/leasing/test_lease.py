"""A lease from draft to signature: rules C-01 to C-17, approvals by different people, the demands of the Civil Code."""

from datetime import date
from decimal import Decimal as D

import pytest
from core_help import entry
from lease_help import approve, draft, dues, paper, rent, sign, signed
from space_help import building, floor, unit
from sqlalchemy import select

from modules.billing.models.deposit import Deposit
from modules.leasing.models.lease import LeaseUnit
from modules.leasing.services import law, lease_acts, lease_lines, leases, schedule
from parkops import settings
from parkops.errors import NotAllowed, RuleError
from parkops.security import access


def codes(caught):
    return [p.code for p in caught.value.problems]


@pytest.mark.parametrize(
    ("ends", "proration", "code"),
    [
        (date(2046, 1, 1), "actual_days", "leasing.C-01"),
        (date(2045, 12, 31), "actual_days", None),
        (date(2025, 1, 1), "actual_days", "leasing.C-01"),
        (date(2026, 12, 30), "full_months", "leasing.C-02"),
        (date(2026, 12, 31), "full_months", None),
    ],
)
def test_term_is_at_most_twenty_years_and_whole_where_agreed(session, ends, proration, code):
    if code is None:
        assert draft(session, ends=ends, proration=proration).ends_on == ends
        return
    with pytest.raises(RuleError) as caught:
        draft(session, ends=ends, proration=proration)
    assert codes(caught) == [code]


def test_what_is_missing_is_named(session, park):
    lease = draft(session)
    session.delete(session.scalars(select(LeaseUnit).where(LeaseUnit.lease_id == lease.id)).one())
    session.flush()
    with pytest.raises(RuleError) as caught:
        leases.submit_lease(session, lease, on=date(2026, 1, 1))
    assert codes(caught) == ["leasing.C-04"]


def test_earnest_money_is_at_most_a_fifth_of_the_total(session):
    lease = draft(session, earnest_amount=D("7200.01"))
    with pytest.raises(RuleError, match="7200.00") as caught:
        leases.submit_lease(session, lease, on=date(2026, 1, 1))
    assert codes(caught) == ["leasing.C-03"]
    leases.change_lease(session, lease, earnest_amount=D("7200.00"))
    assert leases.submit_lease(session, lease, on=date(2026, 1, 1)).total_amount == D("36000.00")


def test_made_by_one_approved_by_another_and_two_above_the_limit(session, as_role, park):
    firm, place = entry(session), unit(session)
    session.commit()
    settings.put(session, "leasing.two_approvals_from", "30000")
    from lease_help import reference

    reference(session)
    session.commit()
    with as_role("operations_clerk") as s:
        lease = leases.create_lease(
            s, firm_id=firm.id, starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31), units=[place.id], lines=[rent()]
        )
        leases.submit_lease(s, lease, on=date(2026, 1, 1))
        with pytest.raises(NotAllowed):
            leases.approve_lease(s, lease, on=date(2026, 1, 1))
        s.commit()
        found = lease.id
    with as_role("operations_manager") as s:
        lease = s.get(type(lease), found)
        assert "1" in leases.approve_lease(s, lease, on=date(2026, 1, 2)) and lease.state == "submitted"
        with pytest.raises(RuleError) as caught:
            leases.approve_lease(s, lease, on=date(2026, 1, 2))
        assert codes(caught) == ["approval.twice"]
        request = leases.open_request(s, lease)
        assert request.needed == 2 and request.given == 1 and request.amount == D("36000.00")
        assert leases.why_not_approve(s, lease) is not None


def test_nobody_approves_what_they_submitted(session, as_role):
    lease = draft(session)
    session.commit()
    with as_role("operations_manager") as s:
        lease = s.get(type(lease), lease.id)
        leases.submit_lease(s, lease, on=date(2026, 1, 1))
        with pytest.raises(RuleError) as caught:
            leases.approve_lease(s, lease, on=date(2026, 1, 1))
        assert codes(caught) == ["approval.own"]


def test_returned_and_cancelled(session):
    lease = draft(session)
    leases.submit_lease(session, lease, on=date(2026, 1, 1))
    request = leases.open_request(session, lease)
    request.requested_by_id = None
    session.flush()
    leases.return_lease(session, lease, reason="area wrong")
    assert lease.state == "draft" and leases.open_request(session, lease) is None
    leases.submit_lease(session, lease, on=date(2026, 1, 2))
    leases.cancel_lease(session, lease, reason="firm withdrew")
    assert lease.state == "cancelled"
    with pytest.raises(RuleError) as caught:
        leases.remove_lease(session, lease)
    assert codes(caught) == ["leasing.C-14"]


def test_six_months_and_more_are_in_writing(session):
    lease = approve(session, draft(session))
    for note in (None, "by handshake"):
        with pytest.raises(RuleError) as caught:
            leases.sign_lease(session, lease, on=date(2026, 1, 1), note=note)
        assert codes(caught) == ["leasing.C-11"]
    paper(session, lease)
    assert leases.sign_lease(session, lease, on=date(2026, 1, 1)).state == "running"


def test_a_short_lease_needs_a_document_or_a_note(session):
    lease = approve(session, draft(session, ends=date(2026, 5, 31)))
    with pytest.raises(RuleError) as caught:
        leases.sign_lease(session, lease, on=date(2026, 1, 1))
    assert codes(caught) == ["leasing.C-11"]
    leases.sign_lease(session, lease, on=date(2026, 1, 1), note="口头约定")
    assert lease.sign_note == "口头约定" and lease.state == "running"


def test_what_we_printed_ourselves_is_no_signed_document(session):
    from modules.leasing.services import contracts

    lease = approve(session, draft(session))
    contracts.make_contract(session, lease, kind="lease", on=date(2026, 1, 1))
    with pytest.raises(RuleError) as caught:
        leases.sign_lease(session, lease, on=date(2026, 1, 1))
    assert codes(caught) == ["leasing.C-11"]


def test_signing_takes_units_writes_dues_and_agrees_deposits_apart(session):
    lease = signed(session, deposit_amount=D(6000), performance_amount=D(2000), earnest_amount=D(3000))
    row = session.scalars(select(LeaseUnit).where(LeaseUnit.lease_id == lease.id)).one()
    assert (row.during.lower, row.during.upper) == (date(2026, 1, 1), date(2027, 1, 1)) and len(dues(session, lease)) == 12
    rows = session.scalars(select(Deposit).where(Deposit.source == "leasing.lease", Deposit.source_id == lease.id)).all()
    assert {(d.kind, d.agreed, d.held) for d in rows} == {
        ("pledge", D(6000), D(0)),
        ("performance", D(2000), D(0)),
        ("earnest", D(3000), D(0)),
    }
    assert next(d for d in rows if d.kind == "earnest").subject_amount == lease.total_amount


def test_the_second_lease_of_a_unit_is_refused_with_a_name(session):
    place = unit(session)
    first = signed(session, units=[place])
    other = draft(session, units=[place], starts=date(2026, 12, 31), ends=date(2027, 6, 30))
    with pytest.raises(RuleError, match=first.number) as caught:
        leases.submit_lease(session, other, on=date(2026, 1, 1))
    assert codes(caught) == ["leasing.C-10"]
    leases.change_lease(session, other, starts_on=date(2027, 1, 1))
    assert sign(session, other).state == "running"


def test_units_must_exist_and_share_a_vat_method(session):
    old, new = building(session, simplified_vat=True, acquired_on=date(2010, 1, 1)), building(session)
    lease = draft(session, units=[unit(session, floor(session, old)), unit(session, floor(session, new), starts_on=date(2026, 3, 1))])
    assert [p.code for p in law.problems_of(session, lease)] == ["leasing.C-05", "leasing.C-06"]


def test_warnings_are_shown_not_refused(session):
    lease = draft(session, ends=None, late_fee_rate=D("0.002"))
    words = law.warnings(session, lease, date(2026, 1, 1))
    assert any("585" in w for w in words) and any("730" in w for w in words) and law.problems_of(session, lease) == []


@pytest.mark.parametrize(("on", "wanted"), [(date(2026, 6, 30), "open"), (date(2026, 7, 1), "silent")])
def test_six_months_of_silence_agree_to_a_sublet(session, on, wanted):
    lease = signed(session)
    row = lease_acts.record_sublet(session, lease_id=lease.id, occupant="转租户", known_on=date(2026, 1, 1))
    assert law.sublet_answer(row.known_on, row.answer, on) == wanted and lease.sublet
    lease_acts.answer_sublet(session, row, answer="refused", on=date(2026, 2, 1))
    assert law.sublet_answer(row.known_on, row.answer, on) == "refused"


def test_a_sale_notifies_tenants_and_keeps_their_leases(session):
    house = building(session)
    lease = signed(session, units=[unit(session, floor(session, house))])
    sale = lease_acts.announce_sale(session, building_id=house.id, announced_on=date(2026, 3, 1), buyer="某公司")
    with pytest.raises(RuleError) as caught:
        lease_acts.complete_sale(session, sale, on=date(2026, 3, 16))
    assert codes(caught) == ["leasing.C-97"]
    lease_acts.complete_sale(session, sale, on=date(2026, 3, 17))  # fifteen days of silence waive it
    assert sale.sold_on == date(2026, 3, 17) and lease.state == "running" and len(dues(session, lease)) == 12


def test_steps_and_reductions_stay_inside_the_lease(session):
    lease = draft(session)
    line = leases.lines_text(session, lease)[0]
    with pytest.raises(RuleError) as caught:
        lease_lines.create_step(session, line_id=line.id, starts_on=date(2027, 1, 1), price=D(1))
    assert codes(caught) == ["leasing.C-17"]
    with pytest.raises(RuleError) as caught:
        lease_lines.create_discount(
            session, line_id=line.id, starts_on=date(2026, 1, 1), ends_on=date(2026, 2, 1), percent=D("0.1"), amount=D(5)
        )
    assert codes(caught) == ["leasing.C-17"]
    with pytest.raises(RuleError) as caught:
        lease_lines.create_line(
            session, lease_id=lease.id, item_id=line.item_id, basis="turnover", turnover_rate=D("0.05"), timing="advance"
        )
    assert codes(caught) == ["leasing.C-07"]


def test_turnover_report_completes_its_instalment_only(session, park):
    from lease_help import charged, collect

    from modules.leasing.services import turnover

    share = {"item": "turnover_rent", "basis": "turnover", "turnover_rate": D("0.1"), "minimum": D(1000)}
    lease = signed(session, share, rent("1", item="property_fee"))
    line = next(x for x in leases.lines_text(session, lease) if x.basis == "turnover")
    assert len(dues(session, lease)) == 12 and len(turnover.missing(session, date(2026, 3, 1), park.id)) == 2
    row = turnover.enter_turnover(session, line_id=line.id, month=date(2026, 2, 9), amount=D("30000"))
    assert (date(2026, 2, 1), date(2026, 2, 28), D("3000.00")) in dues(session, lease) and len(dues(session, lease)) == 13
    turnover.change_turnover(session, row, amount=D("5000"))
    assert (date(2026, 2, 1), date(2026, 2, 28), D("1000.00")) in dues(session, lease)
    collect(session, park.id, date(2026, 3, 1))
    assert sum(charged(session, lease).values()) == D("1300.00")  # January is missing, not zero
    with pytest.raises(RuleError) as caught:
        turnover.change_turnover(session, row, amount=D("6000"))
    assert codes(caught) == ["leasing.C-71"]


def test_index_value_entered_later_adds_the_instalments_that_waited(session):
    lease = signed(session, rent(indexation={"index_code": "CPI-JN"}), ends=date(2027, 12, 31))
    assert len(dues(session, lease)) == 12 and lease.total_amount == D("36000.00")
    for month, value in ((date(2026, 1, 1), "100"), (date(2027, 1, 1), "102")):
        lease_lines.enter_index(session, code="CPI-JN", month=month, value=D(value), on=date(2027, 1, 20))
    assert dues(session, lease)[12] == (date(2027, 1, 1), date(2027, 1, 31), D("3060.00")) and len(dues(session, lease)) == 24


def test_grants(session):
    assert access.may(session, "leasing.lease", "act")


def test_schedule_report_holds_the_total(session):
    from modules.leasing.reports.lease_schedule import lease_schedule
    from parkops.clock import now
    from parkops.reports.registry import Request

    lease = signed(session)
    found = lease_schedule(session, Request(lease.park_id, None, date(2026, 1, 1), now(), lease.id))
    assert found.sections[1].table.totals[5] == schedule.preview(session, lease).total == D("36000.00")
