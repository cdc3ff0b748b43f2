"""Cross-district service: signatures as a table, replay, old time, repetition; two running servers on two databases exchange a case."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from hall_help import MON, case, english, hall, have, item  # noqa: F401
from sqlalchemy import func, select

from modules.services import calc_sign
from modules.services.models.case import ServiceCase
from modules.services.models.hall import ServiceHall
from modules.services.models.item import HallItem
from modules.services.models.partner import PartnerHall, PartnerMessage
from modules.services.services import cases, closing, inbox, partners, wire
from parkops import clock, outbox
from parkops.errors import Conflict, NotAllowed, RuleError

KEY, PATH, NOW = "k" * 40, partners.OWN_ADDRESS, 1_772_000_000
GOOD = calc_sign.seal(KEY, sender="first", method="POST", path=PATH, key_id="pair-1", now=NOW, nonce="n" * 20, body=b"{}")


def seal(**changes):
    return replace(GOOD, **changes)


@pytest.mark.parametrize(
    ("found", "more", "why"),
    [
        (GOOD, {}, None),
        (GOOD, {"now": NOW + 300}, None),
        (GOOD, {"now": NOW + 301}, "time"),
        (GOOD, {"now": NOW - 301}, "time"),
        (GOOD, {"body": b"{ }"}, "signature"),
        (GOOD, {"path": PATH + "x"}, "signature"),
        (GOOD, {"method": "PUT"}, "signature"),
        (GOOD, {"sender": "second"}, "signature"),  # reflected: looked at by the hall that sent it
        (GOOD, {"key": "k" * 39 + "l"}, "signature"),
        (seal(nonce="m" * 20), {}, "signature"),
        (seal(time=str(NOW + 1)), {}, "signature"),
        (seal(signature="é"), {}, "signature"),
        (calc_sign.seal(KEY, sender="first", method="POST", path=PATH, key_id="pair-1", now=NOW, nonce="short", body=b"{}"), {}, "nonce"),
    ],
)
def test_what_a_signature_covers(found, more, why):
    given = {"key": KEY, "sender": "first", "method": "POST", "path": PATH, "body": b"{}", "now": NOW, **more}
    assert calc_sign.why_wrong(found, given.pop("key"), **given) == why


def pair(s, **values):
    return partners.create_partner(
        s,
        **{
            "code": "P",
            "name": "临渭区政务大厅",
            "hall_id": hall(s).id,
            "key_id": "pair-1",
            "key": KEY,
            "url": "http://127.0.0.1:9",
            **values,
        },
    )


def body_of(code, number="SC-2026-000001"):
    return {
        "number": number,
        "item": code,
        "applicant": "渭南好药师家庭大药房",
        "accepted_on": "2026-03-02",
        "post_address": "临渭区前进路",
        "materials": [{"name": "申请书", "state": "have"}],
    }


def test_unknown_key_and_wrong_signature_are_refused_alike(session):
    pair(session)
    for found in (seal(key_id="nobody"), seal(signature="0" * 64)):
        with pytest.raises(NotAllowed) as refused:
            inbox.partner_of(session, found, path=PATH, body=b"{}", now=NOW)
        assert "signature" in str(refused.value)
    assert inbox.partner_of(session, GOOD, path=PATH, body=b"{}", now=NOW).key_id == "pair-1"


def test_replay_is_refused_and_a_repeated_key_has_one_effect(session):
    where, what = pair(session), item(session)
    first = inbox.take(session, where, kind="case", key="SC-1:case", nonce="a" * 20, body=body_of(what.code))
    with pytest.raises(NotAllowed, match="nonce"):
        inbox.take(session, where, kind="case", key="SC-2:case", nonce="a" * 20, body=body_of(what.code))
    assert inbox.take(session, where, kind="case", key="SC-1:case", nonce="b" * 20, body=body_of(what.code)) == first
    with pytest.raises(Conflict):
        inbox.take(session, where, kind="case", key="SC-1:case", nonce="c" * 20, body=body_of(what.code, "SC-9"))
    row = session.scalars(select(ServiceCase)).one()
    assert (row.incoming, row.state, row.channel, row.foreign_number) == (True, "accepted", "cross", "SC-2026-000001")


def test_control_without_the_nonce_a_replay_passes(session):
    where, what = pair(session), item(session)
    inbox.take(session, where, kind="case", key="SC-1:case", nonce="a" * 20, body=body_of(what.code))
    session.scalars(select(PartnerMessage)).one().nonce = "forgotten" * 3
    session.flush()
    inbox.take(session, where, kind="case", key="SC-2:case", nonce="a" * 20, body=body_of(what.code, "SC-2"))
    assert session.scalar(select(func.count(ServiceCase.id))) == 2


def test_what_is_not_taken(session):
    where = pair(session)
    what = item(session, shared=False)
    for body in (
        body_of(what.code),
        {**body_of(item(session).code), "materials": "x"},
        {**body_of(item(session).code), "applicant": ""},
        {**body_of(item(session).code), "accepted_on": "yesterday"},
    ):
        with pytest.raises(RuleError), session.begin_nested():
            inbox.take(session, where, kind="case", key=secrets.token_hex(8), nonce=secrets.token_hex(12), body=body)
    with pytest.raises(RuleError, match="waits for a result"):
        inbox.take(session, where, kind="result", key="SC-8:result", nonce="r" * 20, body={"number": "SC-8"})
    where.active = False
    with pytest.raises(NotAllowed):
        inbox.take(session, where, kind="case", key="SC-3:case", nonce="d" * 20, body=body_of(item(session).code))


def test_only_shared_items_under_an_agreement_are_passed_on(session):
    where, what = pair(session), item(session, shared=False)
    row = case(session, what)
    with pytest.raises(RuleError, match="shared list"):
        partners.choose_partner(session, row, partner_id=where.id)
    for wrong in ({"key": "short"}, {"url": "ftp://x"}, {"url": "https://x/path"}):
        with pytest.raises(RuleError):
            pair(session, code=secrets.token_hex(3), key_id=secrets.token_hex(3), **wrong)


@contextmanager
def hall_of(name, template):
    """A database of its own with a hall, the common item and, later, the partner; and a server on it."""
    from parkops.db import embedded
    from parkops.testing.served import _wait, free_port

    port, database = free_port(), f"pk_hall_{name}_{os.getpid()}"
    embedded.drop_database(database)
    embedded.create_database(database, template)
    env = {**os.environ, "_PARKOPS_TEST_DB": database}
    child = subprocess.Popen(
        [sys.executable, "-m", "parkops.cli", "serve", "--port", str(port), "--workers", "1"],
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(port, child)
        yield port, database
    finally:
        child.terminate()
        child.wait(30)
        embedded.drop_database(database)


def inside(database, work):
    """Run `work(session)` in the park `east` of that database, from this process, and commit."""
    from parkops.db.session import Scope, dispose, session_scope, system_scope

    before = os.environ.get("_PARKOPS_TEST_DB")
    os.environ["_PARKOPS_TEST_DB"] = database
    dispose()
    try:
        from sqlalchemy import text

        with system_scope("test") as s:
            pk = s.execute(text("select id from core_park where code = 'east'")).scalar_one()
        with session_scope(Scope(system=True, parks=frozenset({pk}), park_id=pk, reason="test", user_name="test")) as s:
            return work(s)
    finally:
        dispose()
        os.environ["_PARKOPS_TEST_DB"] = before


def post(port, message, *, key=KEY, at=None, nonce=None, spoil=False, side="first"):
    import http.client

    body = json.dumps(message).encode()
    about = {"sender": side, "method": "POST", "path": PATH, "key_id": "pair-1"}
    found = calc_sign.seal(key, **about, now=at or int(time.time()), nonce=nonce or secrets.token_urlsafe(24), body=body)
    ask = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    ask.request("POST", PATH, body + b" " if spoil else body, {"Content-Type": "application/json", **found.headers()})
    return ask.getresponse().status


def test_two_running_halls_exchange_a_case(fresh_db, _template):
    with hall_of("here", _template) as (here_port, here), hall_of("there", _template) as (there_port, there):
        for name, other, side in ((here, there_port, "first"), (there, here_port, "second")):
            inside(name, lambda s, other=other, side=side: pair_with(s, other, side))
        today = clock.today()

        def send(s):
            row = case(s, one_item(s), day=today, where=one_hall(s), post_address="临渭区前进路 1 号", channel="cross")
            have(s, row, "申请书", "住所证明", on=today)
            cases.accept_case(s, row, on=today)
            partners.choose_partner(s, row, partner_id=one_partner(s).id)
            partners.send_case(s, row, on=today)
            assert outbox.deliver(s)["delivered"] == 1
            return row.number

        number = inside(here, send)

        def handle(s):
            row = s.scalars(select(ServiceCase)).one()
            assert (row.foreign_number, row.incoming, row.state, len(cases.checklist(s, row))) == (number, True, "accepted", 2)
            closing.complete_case(s, row, result="approved", delivery="post", on=today, text="许可证已打印")
            closing.deliver_case(s, row, on=today, carrier="EMS", tracking_no="EA1")
            assert outbox.deliver(s)["delivered"] == 2
            return row.number

        theirs = inside(there, handle)

        def look(s):
            row = s.scalars(select(ServiceCase)).one()
            return row.state, row.foreign_number, row.result, row.tracking_no, row.result_text

        assert inside(here, look) == ("delivered", theirs, "approved", "EA1", "许可证已打印")
        message = {"kind": "case", "key": "control:case", "body": body_of("SP-01", "X-1")}
        once = secrets.token_urlsafe(24)
        assert post(there_port, message, nonce=once) == 200
        assert post(there_port, message, nonce=once) == 403  # replay
        assert post(there_port, message) == 200  # the same key with a new nonce: answered, no second case
        assert post(there_port, message, key="x" * 40) == 403
        assert post(there_port, message, spoil=True) == 403
        assert post(here_port, {**message, "key": "mine:case"}, side="first") == 403  # what this hall signed comes back to it
        assert post(there_port, message, at=int(time.time()) - 400) == 403
        assert inside(there, lambda s: s.scalar(select(func.count(ServiceCase.id)))) == 2


def pair_with(s, port, side):
    pair(s, url=f"http://127.0.0.1:{port}", side=side)
    item(s, code="SP-01", name="食品经营许可新办")


def one_item(s):
    return s.scalars(select(HallItem).where(HallItem.code == "SP-01")).one()


def one_hall(s):
    return s.scalars(select(ServiceHall).order_by(ServiceHall.id)).first()


def one_partner(s):
    return s.scalars(select(PartnerHall)).one()


def test_a_hall_that_cannot_be_reached_is_tried_again(session, monkeypatch):
    row = case(session, item(session, ()))
    where = pair(session)
    cases.accept_case(session, row, on=MON)
    partners.choose_partner(session, row, partner_id=where.id)
    partners.send_case(session, row, on=MON)
    assert outbox.deliver(session) == {"delivered": 0, "failed": 1, "dead": 0}
    monkeypatch.setattr(wire, "send", lambda *_a, **_k: {"number": "SC-77", "state": "accepted"})
    assert outbox.deliver(session, at=clock.now() + timedelta(hours=1))["delivered"] == 1
    assert row.foreign_number == "SC-77"


def passed_on(s):
    """A case that the partner has."""
    row = case(s, item(s, ()), post_address="临渭区前进路")
    where = pair(s)
    cases.accept_case(s, row, on=MON)
    partners.choose_partner(s, row, partner_id=where.id)
    partners.send_case(s, row, on=MON)
    return row, where


def result(row, state, **more):
    body = {"number": row.number, "result": "approved", "delivery": "post", "on": "2026-03-03", "text": None, **more}
    return {"kind": "result", "key": f"{row.number}:result:{state}", "nonce": secrets.token_hex(12), "body": body}


def test_a_late_completed_after_delivered_is_answered_and_changes_nothing(session):
    row, where = passed_on(session)
    inbox.take(session, where, **result(row, "delivered", delivered_on="2026-03-04", carrier="EMS", tracking_no="EA1"))
    assert inbox.take(session, where, **result(row, "completed"))["state"] == "delivered"
    assert (row.state, row.tracking_no, row.completed_on) == ("delivered", "EA1", MON + timedelta(days=1))


def test_a_result_never_lies_before_the_acceptance(session):
    row, where = passed_on(session)
    row.accepted_on = MON + timedelta(days=2)
    session.flush()
    inbox.take(session, where, **result(row, "completed"))
    assert row.completed_on == row.accepted_on


def test_taking_back_an_incoming_case_tells_the_partner_and_its_word_ends_ours(session):
    where, what = pair(session), item(session)
    inbox.take(session, where, kind="case", key="SC-1:case", nonce="a" * 20, body=body_of(what.code, "SC-1"))
    incoming = session.scalars(select(ServiceCase).where(ServiceCase.incoming)).one()
    closing.withdraw_case(session, incoming, on=clock.today(), reason="申请人撤回")
    told = session.scalars(select(PartnerMessage).where(PartnerMessage.direction == "out")).one()
    assert (told.kind, told.body["number"], told.body["of"]) == ("withdraw", "SC-1", "receiver")
    ours = case(session, item(session, ()))
    cases.accept_case(session, ours, on=MON)
    partners.choose_partner(session, ours, partner_id=where.id)
    partners.send_case(session, ours, on=MON)
    body = {**told.body, "number": ours.number}
    inbox.take(session, where, kind="withdraw", key=f"{ours.number}:withdrawn", nonce="w" * 20, body=body)
    assert ours.state == "withdrawn"
    assert inbox.take(session, where, **result(ours, "completed"))["state"] == "withdrawn"
    out = session.scalars(select(PartnerMessage).where(PartnerMessage.direction == "out", PartnerMessage.kind == "withdraw")).all()
    assert len(out) == 1, "the partner's own word is sent back to it"


def test_taking_back_our_case_ends_it_there(session):
    row, where = passed_on(session)
    closing.withdraw_case(session, row, on=MON, reason="申请人撤回")
    sent = session.scalars(select(PartnerMessage).where(PartnerMessage.kind == "withdraw")).one()
    inbox.take(session, where, kind="case", key="X-1:case", nonce="a" * 20, body=body_of(item(session).code, "X-1"))
    there = session.scalars(select(ServiceCase).where(ServiceCase.incoming)).one()
    for number, state in (("X-9", None), ("X-1", "withdrawn"), ("X-1", "withdrawn")):
        body = {**sent.body, "number": number}
        answer = inbox.take(session, where, kind="withdraw", key=secrets.token_hex(8), nonce=secrets.token_hex(12), body=body)
        assert answer["state"] == state
    assert there.state == "withdrawn" and sent.body["of"] == "sender"


def test_a_case_whose_message_is_dead_is_taken_back_and_passed_on_again(session, monkeypatch):
    row, _where = passed_on(session)
    with pytest.raises(RuleError, match="still being sent"):
        partners.recall_case(session, row, on=MON, reason="对方不可达")
    message = session.scalars(select(outbox.OutboxMessage).where(outbox.OutboxMessage.topic == partners.TOPIC)).one()
    message.state = "dead"
    session.flush()
    partners.recall_case(session, row, on=MON, reason="对方不可达")
    assert row.state == "accepted"
    sent = []
    monkeypatch.setattr(wire, "send", lambda _partner, body, **_k: sent.append(body["key"]) or {"number": "SC-9", "state": "accepted"})
    outbox.retry(session, message)
    assert outbox.deliver(session, at=clock.now() + timedelta(hours=1))["delivered"] == 1
    assert sent == [], "a case taken back is sent"
    partners.send_case(session, row, on=MON)
    outbox.deliver(session, at=clock.now() + timedelta(hours=1))
    assert (sent, row.foreign_number) == ([f"{row.number}:case:2"], "SC-9")
    with pytest.raises(RuleError, match="has this case"):
        partners.recall_case(session, row, on=MON, reason="再试")


def test_a_case_sent_again_under_a_new_key_is_one_case(session):
    where, what = pair(session), item(session)
    for key in ("SC-1:case", "SC-1:case:2"):
        inbox.take(session, where, kind="case", key=key, nonce=secrets.token_hex(12), body=body_of(what.code, "SC-1"))
    assert session.scalar(select(func.count(ServiceCase.id))) == 1


def test_a_message_of_ours_that_comes_back_is_refused(session):
    where = pair(session)
    ours = calc_sign.seal(KEY, sender=where.side, method="POST", path=PATH, key_id="pair-1", now=NOW, nonce="n" * 20, body=b"{}")
    with pytest.raises(NotAllowed, match="signature"):
        inbox.partner_of(session, ours, path=PATH, body=b"{}", now=NOW)


def test_who_made_the_key_follows_from_giving_none(session):
    assert pair(session, key=None).side == "first" and pair(session, code="P2", key_id="pair-2").side == "second"
    with pytest.raises(RuleError, match="key the partner made"):
        pair(session, code="P3", key_id="pair-3", key=None, side="second")
