"""What prepaid money still holds after use, with funds that expire (U-24)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D

import pytest
from front_help import english, instrument, local, project, rate, usage  # noqa: F401

from modules.platforms.calc_funds import Fund, left
from modules.platforms.services import projects


def d(day, month=3):
    return date(2026, month, day)


A, B, LONG = Fund(D(100), d(1), d(10)), Fund(D(100), d(5), d(20)), Fund(D(50), d(1))


@pytest.mark.parametrize(("funds", "spent", "on", "expected"), [
    ([], [], d(1), 0),
    ([A], [], d(1), 100),
    ([A], [], d(10), 100),
    ([A], [], d(11), 0),  # expired
    ([A], [(d(2), D(30))], d(10), 70),
    ([A, B], [(d(9), D(100))], d(11), 100),  # the first was used up, then expired
    ([A, B], [(d(9), D(130))], d(11), 70),
    ([A, B], [(d(9), D(40))], d(9), 160),
    ([A, B], [(d(9), D(40))], d(11), 100),  # what was not used of the first is lost
    ([B, LONG], [(d(6), D(30))], d(21), 50),  # what expires first is drawn first
    ([LONG], [(d(2), D(70))], d(2), -20),  # used on an overdraft
    ([A, B], [(d(3), D(130))], d(3), -30),
    ([A, B], [(d(3), D(130))], d(6), 70),  # the next money pays it
    ([A, LONG], [(d(2), D(60)), (d(2), D(60))], d(12), 30),
    ([A], [(d(2), D(60)), (d(3), D(-20))], d(3), 60),  # taken back
])
def test_what_is_left(funds, spent, on, expected):
    assert left(funds, spent, on) == left(reversed(funds), reversed(spent), on) == D(expected)


def test_a_new_fund_is_whole_when_an_old_one_was_used_up_and_expired(session):
    machine = instrument(session)
    rate(session, machine, "100")
    pays = project(session, prepaid=True)
    for received, expires, reference in ((d(1, 2), d(5), "R-1"), (d(1), d(31), "R-2")):
        projects.add_fund(session, project_id=pays.id, amount=D("100.00"), received_on=received, expires_on=expires, reference=reference)
    usage(session, machine, pays, local(3), 60)
    ask = {"kind": "usage", "on": d(9), "platform_id": machine.platform_id}
    assert projects.left(session, pays, d(9)) == D("100.00") and projects.objections(session, pays, **ask) == []
    usage(session, machine, pays, local(8), 60)
    assert projects.left(session, pays, d(9)) == D("0.00") and [x.code for x in projects.objections(session, pays, **ask)] == ["platforms.U-24"]
