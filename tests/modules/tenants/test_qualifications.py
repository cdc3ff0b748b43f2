"""Qualifications and IP: validity by day, renewals, "newly recognised", and impossible dates."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select
from support_help import carrier, firm

from modules.tenants.models.qualification import Qualification
from modules.tenants.services import fact_queries as facts
from modules.tenants.services import qualifications
from parkops.errors import RuleError


@pytest.fixture
def f(session):
    return firm(session, ("incubating", carrier(session), "2020-03-01"), registered_on=date(2019, 5, 1))


def give(s, f, kind="hitech", **values):
    return qualifications.create_qualification(s, firm_id=f.id, kind=kind, **values)


def test_newly_recognised_needs_to_be_new_and_standing(session, f):
    ask = lambda since, on: facts.newly_recognised(session, [f.id], ["hitech", "specialised_sme"], since, on).get(f.id)  # noqa: E731
    first = give(session, f, obtained_on=date(2019, 12, 1), valid_to=date(2022, 11, 30))
    assert ask(date(2020, 3, 1), date(2021, 1, 1)) is None  # held before it entered
    renewal = give(session, f, obtained_on=date(2022, 12, 1), valid_to=date(2025, 11, 30))
    assert ask(date(2020, 3, 1), date(2023, 1, 1)) is None  # a renewal of what it held before is not new
    give(session, f, "specialised_sme", obtained_on=date(2022, 6, 1))
    found = ask({f.id: date(2020, 3, 1)}, date(2023, 1, 1))
    assert [k for k, _d in found.value] == ["specialised_sme"] and found.records[0][0] == "tenants.qualification"
    assert ask(None, date(2023, 1, 1)).value == [("specialised_sme", date(2022, 6, 1)), ("hitech", renewal.obtained_on)]
    assert ask(None, date(2022, 5, 31)).value == [("hitech", first.obtained_on)]
    assert ask(date(2020, 3, 1), date(2022, 5, 31)) is None  # not yet


def test_revoked_does_not_stand(session, f):
    q = give(session, f, obtained_on=date(2021, 12, 1))
    qualifications.revoke_qualification(session, q, on=date(2022, 6, 1))
    assert facts.newly_recognised(session, [f.id], ["hitech"], None, date(2022, 5, 31))
    assert facts.newly_recognised(session, [f.id], ["hitech"], None, date(2022, 6, 1)) == {}
    assert facts.qualifications_on(session, [f.id], date(2022, 5, 31)) == {f.id: {"hitech"}}


def test_renewing_keeps_the_old_record(session, f):
    q = give(session, f, obtained_on=date(2019, 12, 1), valid_to=date(2022, 11, 30))
    qualifications.renew_qualification(session, q, obtained_on=date(2022, 12, 1), certificate_no="GR2022")
    rows = session.scalars(select(Qualification).order_by(Qualification.obtained_on)).all()
    assert [(r.obtained_on, r.valid_to) for r in rows] == [(date(2019, 12, 1), date(2022, 11, 30)), (date(2022, 12, 1), date(2025, 12, 1))]
    with pytest.raises(RuleError):
        qualifications.renew_qualification(session, rows[1], obtained_on=date(2022, 12, 1))


@pytest.mark.parametrize(("values", "fields"), [
    ({"obtained_on": date(2018, 1, 1)}, ["obtained_on"]),
    ({"obtained_on": date(2021, 1, 1), "valid_to": date(2020, 1, 1)}, ["valid_to"]),
    ({"obtained_on": date(2200, 1, 1)}, ["obtained_on"]),
    ({"obtained_on": None}, ["obtained_on"]),
])
def test_impossible_qualifications(session, f, values, fields):
    with pytest.raises(RuleError) as e:
        give(session, f, **values)
    assert [p.field for p in e.value.problems] == fields


@pytest.mark.parametrize(("values", "codes"), [
    ({}, ["tenants.undated"]),
    ({"applied_on": date(2020, 1, 2), "granted_on": date(2020, 1, 1)}, ["record.date_order"]),
    ({"applied_on": date(2020, 1, 2), "valid_to": date(2040, 1, 1)}, ["tenants.not_granted"]),
    ({"granted_on": date(2020, 1, 2), "lapsed_on": date(2020, 1, 1)}, ["record.date_order"]),
    ({"applied_on": date(2200, 1, 1)}, ["record.future_date"]),
])
def test_impossible_rights(session, f, values, codes):
    with pytest.raises(RuleError) as e:
        qualifications.create_ip(session, firm_id=f.id, kind="invention", name="一种方法", number="CN1", **values)
    assert e.value.codes == codes


def test_valid_rights_by_kind(session, f):
    for n, (kind, values) in enumerate((("invention", {"granted_on": date(2020, 1, 1)}), ("invention", {"applied_on": date(2020, 1, 1)}),
                                        ("software", {"granted_on": date(2020, 1, 1), "lapsed_on": date(2021, 1, 1)}))):
        qualifications.create_ip(session, firm_id=f.id, kind=kind, name="x", number=str(n), **values)
    assert facts.valid_ip(session, [f.id], date(2020, 12, 31)) == {f.id: {"invention": 1, "software": 1}}
    assert facts.valid_ip(session, [f.id], date(2021, 1, 1)) == {f.id: {"invention": 1}}


def test_the_same_right_twice_is_one_sentence(session, f):
    values = {"firm_id": f.id, "kind": "software", "name": "x", "number": "2022SR1", "granted_on": date(2020, 1, 1)}
    qualifications.create_ip(session, **values)
    with pytest.raises(RuleError) as e:
        qualifications.create_ip(session, **values)
    assert e.value.codes == ["record.already_there"]
