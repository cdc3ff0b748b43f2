"""Consent before data, sealed numbers, masks and logged looks, withdrawal."""

from __future__ import annotations

from datetime import date

import pytest
from loan_help import DAY, number, person, person_case, refused
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from modules.loans.models.person import LoanPerson
from modules.loans.services import decide, persons
from parkops.db.audit import AuditEntry
from parkops.errors import Refused
from parkops.security import sealing


def test_ln10_nothing_is_stored_without_consent(session):
    for missing in ("consent_on", "consent_how", "consent_text"):
        with refused("loans.LN-10"):
            person(session, **{missing: None})
    assert session.scalars(select(LoanPerson)).all() == []
    with pytest.raises(DBAPIError), session.begin_nested():  # and the table takes no row without it
        session.execute(text("insert into loans_person (park_id, name, consent_how, consent_text, consent_by) values "
                             "((select min(id) from core_park), '张三', 'paper', 'x', 'x')"))


def test_ln11_numbers_are_checked_and_known_once(session):
    with refused("loans.LN-11"):
        person(session, id_number="370811199001010011")
    first = number()
    person(session, id_number=first.lower())
    with refused("loans.LN-11"):
        person(session, id_number=first)


def test_the_number_is_sealed_at_rest_and_in_the_trail(session):
    plain = number()
    row = person(session, id_number=plain, mobile="13905370009")
    stored = session.execute(text("select id_number, id_print from loans_person where id = :i"), {"i": row.id}).one()
    assert stored.id_number.startswith("v1.") and plain not in stored.id_number and plain not in stored.id_print
    session.expire(row)
    assert row.id_number == plain
    trail = session.scalars(select(AuditEntry).where(AuditEntry.resource == "loans.person", AuditEntry.record_id == row.id)).all()
    assert trail[0].detail["id_number"] == [None, "•••"] and not [t for t in trail if plain in str(t.detail)]
    with pytest.raises(DBAPIError, match="sealed"), session.begin_nested():  # control: a plain number is refused by the table
        session.execute(text("update loans_person set id_number = :n where id = :i"), {"n": plain, "i": row.id})


def test_tokens_differ_and_a_changed_one_does_not_open():
    one, two = sealing.seal("370811199001010017"), sealing.seal("370811199001010017")
    assert one != two and sealing.unseal(one) == sealing.unseal(two) and sealing.fingerprint(" 37x") == sealing.fingerprint("37X")
    head, middle, body = one.split(".")
    flipped = body[:30] + ("A" if body[30] != "A" else "B") + body[31:]
    for bad in (f"{head}.{middle}.{flipped}", f"{head}.00000000.{body}", "v1.x", body):
        with pytest.raises(Refused):
            sealing.unseal(bad)


def test_another_key_opens_nothing(monkeypatch):
    token = sealing.seal("370811199001010017")
    monkeypatch.setattr(sealing, "_master", lambda: "another key of the installation, long enough")
    with pytest.raises(Refused):
        sealing.unseal(token)


def test_masked_on_screen_and_a_look_is_logged(session, app, client, login_as):
    row = person(session, mobile="13905370009")
    plain, row_id = row.id_number, row.id
    session.commit()
    login_as(client, "operations_clerk")
    page = client.get(f"/loans/person/{row_id}").get_data(as_text=True)
    assert plain not in page and plain[:3] + "*" in page and "13905370009" not in page
    assert client.post(f"/loans/person/{row_id}/unmask/id_number").status_code in (400, 403)
    client = app.test_client()
    login_as(client, "operations_manager")
    token = client.get(f"/loans/person/{row_id}").get_data(as_text=True).split('name="csrf_token" value="')[1].split('"')[0]
    answer = client.post(f"/loans/person/{row_id}/unmask/id_number", headers={"X-CSRFToken": token})
    assert plain in answer.get_data(as_text=True)
    session.expire_all()
    looks = session.scalars(select(AuditEntry).where(AuditEntry.op == "unmask", AuditEntry.resource == "loans.person")).all()
    assert [(x.record_id, x.user_name) for x in looks] == [(row_id, "operations_manager")]


def test_ln12_consent_is_withdrawn_after_the_case(session):
    row = person(session, mobile="13905370009")
    case = person_case(session, row)
    with refused("loans.LN-12"):
        persons.withdraw_consent(session, row, on=DAY)
    decide.withdraw_case(session, case, on=DAY, reason="不再需要")
    persons.withdraw_consent(session, row, on=DAY)
    assert (row.id_number, row.id_print, row.mobile, row.name) == (None, None, None, "张*")
    with refused("loans.LN-12"):
        persons.change_person(session, row, name="张三")


def test_ln13_parts_of_people(session):
    row = person(session)
    case = person_case(session, row)
    with refused("loans.LN-13"):
        persons.add_party(session, case_id=case.id, person_id=row.id, role="guarantor")
    with refused("loans.LN-13"):
        persons.add_party(session, case_id=case.id, person_id=person(session).id, role="borrower")
    assert date(2022, 5, 1) == row.consent_on
