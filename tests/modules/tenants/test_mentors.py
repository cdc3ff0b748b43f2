"""Mentors: active on a day, no overlapping relation of one pair, retiring ends what runs."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from support_help import carrier, firm

from modules.tenants.services import mentors
from parkops.errors import RuleError


@pytest.fixture
def pair(session):
    f = firm(session, ("incubating", carrier(session), "2020-01-01"))
    m = mentors.create_mentor(session, name="王导师", expertise="technology", appointed_on=date(2020, 1, 1))
    return f, m


def test_one_pair_never_overlaps_itself(session, pair):
    f, m = pair
    mentors.create_agreement(session, firm_id=f.id, mentor_id=m.id, from_on=date(2021, 1, 1), to_on=date(2021, 12, 31))
    for start, end in ((date(2021, 12, 31), None), (date(2020, 6, 1), date(2021, 1, 1)), (date(2020, 6, 1), None)):
        with pytest.raises(RuleError) as e:
            mentors.create_agreement(session, firm_id=f.id, mentor_id=m.id, from_on=start, to_on=end)
        assert e.value.codes == ["tenants.agreement_overlap"]
    assert mentors.create_agreement(session, firm_id=f.id, mentor_id=m.id, from_on=date(2022, 1, 1)).id


def test_control_the_table_refuses_a_race_the_service_cannot_see(session, pair):
    """Two requests that both passed the check: the second insert hits the exclusion constraint."""
    f, m = pair
    insert = text("insert into tenants_mentor_agreement (park_id, firm_id, mentor_id, from_on) values (:p, :f, :m, '2021-01-01')")
    values = {"p": f.park_id, "f": f.id, "m": m.id}
    session.execute(insert, values)
    with pytest.raises(IntegrityError):
        session.execute(insert, values)


def test_changing_a_relation_does_not_clash_with_itself(session, pair):
    f, m = pair
    a = mentors.create_agreement(session, firm_id=f.id, mentor_id=m.id, from_on=date(2021, 1, 1))
    mentors.change_agreement(session, a, to_on=date(2021, 6, 30), goal="融资")
    mentors.end_agreement(session, a, on=date(2021, 3, 31))
    assert a.to_on == date(2021, 3, 31)
    with pytest.raises(RuleError):
        mentors.end_agreement(session, a, on=date(2021, 4, 30))


def test_a_mentor_advises_only_while_active(session, pair):
    f, m = pair
    with pytest.raises(RuleError) as e:
        mentors.create_agreement(session, firm_id=f.id, mentor_id=m.id, from_on=date(2019, 12, 31))
    assert e.value.codes == ["tenants.mentor_inactive"]
    with pytest.raises(RuleError) as e:
        mentors.create_session(session, firm_id=f.id, mentor_id=m.id, held_on=date(2019, 1, 1), topic="x", minutes=0)
    assert set(e.value.codes) == {"tenants.mentor_inactive", "tenants.minutes"}


def test_retiring_ends_running_relations_and_coverage(session, pair):
    f, m = pair
    running = mentors.create_agreement(session, firm_id=f.id, mentor_id=m.id, from_on=date(2021, 1, 1))
    assert mentors.mentors_of(session, [f.id], date(2022, 6, 30)) == {f.id: ["王导师"]}
    mentors.retire_mentor(session, m, on=date(2022, 6, 30))
    assert running.to_on == date(2022, 6, 30)
    assert mentors.mentors_of(session, [f.id], date(2022, 6, 30)) == {f.id: ["王导师"]}
    assert mentors.mentors_of(session, [f.id], date(2022, 7, 1)) == {}
    assert (mentors.count_active(session, date(2022, 6, 30)), mentors.count_active(session, date(2022, 7, 1))) == (1, 0)


def test_a_mentor_who_advised_is_not_deleted(session, pair):
    f, m = pair
    mentors.create_session(session, firm_id=f.id, mentor_id=m.id, held_on=date(2021, 1, 1), topic="商业计划", minutes=90)
    with pytest.raises(RuleError) as e:
        mentors.remove_mentor(session, m)
    assert e.value.codes == ["record.in_use"]


def test_phone_is_masked_for_leadership(client, login_as, session):
    m = mentors.create_mentor(session, name="李导师", expertise="legal", phone="13812345678", appointed_on=date(2020, 1, 1))
    session.commit()
    login_as(client, "leadership")
    page = client.get(f"/tenants/mentor/{m.id}").get_data(as_text=True)
    assert "13812345678" not in page and "李导师" in page
    assert client.post(f"/tenants/mentor/{m.id}/unmask/phone").status_code in (400, 403)
