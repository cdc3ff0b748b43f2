"""Training with expiry (U-42): the firm's, or that of the person who is named, at booking, on the page and by the interlock."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from front_help import english, instrument, local, project, rate  # noqa: F401
from sqlalchemy import select

from modules.booking.models.resource import BookableResource
from modules.platforms.models.event import UsageEvent
from modules.platforms.models.registry import OperatorQualification
from modules.platforms.services import events, machine
from modules.tenants.models.person import FirmPerson, Person
from parkops import clock
from parkops.errors import RuleError

AT = local(4)


@pytest.fixture
def lab(session):
    """A bookable instrument that asks for training, a project, and two people of its firm."""
    tool = instrument(session, needs_training=True)
    room = BookableResource(park_id=tool.park_id, code="LAB5", name=tool.name, kind="instrument")
    session.add(room)
    session.flush()
    tool.resource_id = room.id
    rate(session, tool, "200")
    pays = project(session)
    people = [Person(park_id=tool.park_id, name=name) for name in ("周敏", "吴刚")]
    session.add_all(people)
    session.flush()
    session.add_all(FirmPerson(park_id=tool.park_id, firm_id=pays.firm_id, person_id=p.id, part="core_staff") for p in people)
    session.commit()
    return tool, room, pays, people


def train(session, tool, pays, person=None, trained_on=date(2025, 1, 1), expires_on=None):
    session.add(OperatorQualification(park_id=tool.park_id, instrument_id=tool.id, firm_id=pays.firm_id, trained_on=trained_on,
                                      person_id=person.id if person else None, expires_on=expires_on))
    session.commit()


@pytest.mark.parametrize("whose,expires,named,may", [
    ("person", None, "person", True),
    ("person", date(2026, 3, 4), "person", True),
    ("person", date(2026, 3, 3), "person", False),
    ("person", None, "colleague", False),
    ("person", None, None, False),
    ("firm", None, None, True),
    ("firm", None, "colleague", True),
    ("firm", date(2026, 3, 3), "person", False),
])  # fmt: skip
def test_who_may_book_and_start(session, lab, whose, expires, named, may):
    tool, room, pays, (trained, colleague) = lab
    train(session, tool, pays, trained if whose == "person" else None, expires_on=expires)
    who = {"person": trained.id, "colleague": colleague.id, None: None}[named]
    found = machine.findings(session, resource=room, starts_at=AT, ends_at=AT + timedelta(hours=1), firm_id=pays.firm_id, contact_id=who,
                             payer=(machine.PAYER, pays.id))
    assert [f.code for f in found] == ([] if may else ["platforms.U-42"])
    asked = {"instrument_id": tool.id, "project_id": pays.id, "at": AT, "person_id": who}
    if may:
        assert events.start_usage(session, **asked).person_id == who
    else:
        assert "Name the trained person" in str(found[0].message)
        with pytest.raises(RuleError) as refusal:
            events.start_usage(session, **asked)
        assert [p.code for p in refusal.value.problems] == ["platforms.U-42"]


def test_who_left_the_firm_does_not_start_for_it(session, lab):
    tool, _room, pays, (trained, _colleague) = lab
    train(session, tool, pays, trained)
    session.scalars(select(FirmPerson).where(FirmPerson.person_id == trained.id)).one().until = date(2026, 3, 3)
    session.flush()
    with pytest.raises(RuleError) as refusal:
        events.start_usage(session, instrument_id=tool.id, project_id=pays.id, at=AT, person_id=trained.id)
    assert "does not belong" in str(refusal.value.problems[0].message)


@pytest.mark.parametrize("given,starts", [("trained", True), ("colleague", False), (None, False), ("x", False), (True, False), (10**30, False)])
def test_the_interlock_names_the_person(session, lab, given, starts):
    tool, _room, pays, (trained, colleague) = lab
    train(session, tool, pays, trained)
    given = {"trained": trained.id, "colleague": colleague.id}.get(given, given)
    payload = {"interlock": tool.interlock_id, "on": True, "project": pays.number, "person": given}
    if starts:
        assert machine.switched(session, payload, at=AT).person_id == trained.id
    else:
        with pytest.raises(RuleError):
            machine.switched(session, payload, at=AT)


def test_the_page_names_the_person(client, login_as, session, lab):
    tool, _room, pays, (trained, colleague) = lab
    train(session, tool, pays, trained)
    train(session, tool, pays, colleague, expires_on=clock.today() - timedelta(days=1))
    login_as(client, "operations_clerk")
    for who, status in (("", 422), (str(trained.id), 303)):
        page = client.get(f"/platforms/machine/{tool.id}").get_data(as_text=True)
        offered = re.search(r'name="person_id">(.*?)</select>', page, re.DOTALL)[1]
        assert f'value="{trained.id}"' in offered and f'value="{colleague.id}"' not in offered
        form = {name: re.search(rf'name="{name}"[^>]*value="([^"]+)"', page)[1] for name in ("_once", "csrf_token")}
        answer = client.post(f"/platforms/machine/{tool.id}/start", data={**form, "project_id": str(pays.id), "person_id": who})
        assert answer.status_code == status
    session.rollback()
    assert session.scalars(select(UsageEvent.person_id)).all() == [trained.id]
