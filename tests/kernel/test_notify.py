"""Notifications: the bell, wishes, e-mail to a local sink, robots of three known services only, the log of what went out."""

from __future__ import annotations

import socketserver
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from parkops import clock, outbox, settings, todos
from parkops.db.session import scope_of
from parkops.errors import Refused, RuleError
from parkops.i18n import _l
from parkops.notify import kinds, mail, preferences, robots, sending
from parkops.notify.models import NotifyAddress, NotifyDelivery
from parkops.outbox import OutboxMessage
from parkops.registry import registry
from parkops.security.models import UserProfile

TOKEN = "abcdef0123456789token"
LINKS = {"wecom": f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={TOKEN}",
         "dingtalk": f"https://oapi.dingtalk.com/robot/send?access_token={TOKEN}",
         "feishu": f"https://open.feishu.cn/open-apis/bot/v2/hook/{TOKEN}"}


class Sink(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as a client needs; keeps what it was given."""

    letters: list[str] = []
    refuse = False

    def handle(self):
        self.wfile.write(b"220 sink\r\n")
        while line := self.rfile.readline():
            word = line.split()[0].upper() if line.split() else b""
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                got = b""
                while not got.endswith(b"\r\n.\r\n"):
                    got += self.rfile.readline()
                Sink.letters.append(got.decode())
                self.wfile.write(b"250 kept\r\n")
            elif word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            elif word == b"RCPT" and Sink.refuse:
                self.wfile.write(b"550 no such mailbox\r\n")
            else:
                self.wfile.write(b"250 ok\r\n")


@pytest.fixture
def post(session):
    Sink.letters, Sink.refuse = [], False
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for key, value in (("core.smtp_host", "127.0.0.1"), ("core.smtp_port", server.server_address[1]), ("core.smtp_security", "none"),
                       ("core.smtp_sender", "park@park.example"), ("core.public_url", "https://park.example")):
        settings.put(session, key, value)
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def person(session):
    found = session.scalars(select(UserProfile).where(UserProfile.username.like("%clerk%"))).unique().first()
    assert found is not None
    session.add(NotifyAddress(user_id=found.id, channel="email", address="clerk@firm.example", shown="clerk@firm.example", is_on=True))
    session.flush()
    return found


def state(session) -> list[tuple[str, str, int, str | None]]:
    return [(d.channel, m.state, m.attempts, m.last_error) for d, m in session.execute(
        select(NotifyDelivery, OutboxMessage).join(OutboxMessage, OutboxMessage.id == NotifyDelivery.outbox_id).order_by(NotifyDelivery.id))]


def test_a_letter_goes_out_after_the_commit_and_once(session, post, person):
    sending.tell(session, [person.id], "core.test", _l("New to-do: %(title)s"), {"title": "看表"})
    assert Sink.letters == [] and state(session)[0][1] == "pending", "written with the change, not sent by it"
    assert outbox.deliver(session)["delivered"] == 1
    assert len(Sink.letters) == 1 and "To: clerk@firm.example" in Sink.letters[0] and "X-ParkOps-Key: core.notify:" in Sink.letters[0]
    assert outbox.deliver(session) == {"delivered": 0, "failed": 0, "dead": 0}
    assert state(session)[0][1] == "done"


def test_what_fails_waits_longer_each_time_and_keeps_the_reason(session, post, person):
    Sink.refuse = True
    sending.tell(session, [person.id], "core.test", _l("New to-do: %(title)s"), {"title": "x"})
    at = clock.now()
    waits = []
    for _n in range(outbox.MAX_ATTEMPTS):
        outbox.deliver(session, at=at)
        message = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id.desc())).first()
        waits.append(message.next_at - at)
        at = message.next_at + timedelta(seconds=1)
    assert waits[:3] == [timedelta(seconds=30), timedelta(seconds=60), timedelta(seconds=120)]
    (row,) = state(session)
    assert row[1] == "dead" and row[2] == outbox.MAX_ATTEMPTS and "no such mailbox" in row[3]


def test_without_a_mail_server_the_log_says_so(session, person):
    sending.tell(session, [person.id], "core.test", _l("New to-do: %(title)s"), {"title": "x"})
    outbox.deliver(session)
    assert "Refused" in state(session)[0][3]


def test_wishes_decide_and_the_kind_is_the_default(session, person):
    assert sending.wanted(session, person.id, "core.todo", False) == []
    assert sending.wanted(session, person.id, "core.test", True) == ["email"]
    with_wishes = type("S", (), {"user_id": person.id})
    session.info["scope"] = scope_of(session).__class__(user_id=person.id, system=True, parks=None)
    preferences.set_wishes(session, {("core.todo", "email")}, portal=False)
    assert sending.wanted(session, person.id, "core.todo", False) == ["email"]
    assert sending.wanted(session, person.id, "core.general", True) == [] and with_wishes
    todos.notify(session, person.id, _l("New to-do: %(title)s"), {"title": "x"}, kind="core.todo")
    assert [s[0] for s in state(session)] == ["email"]


def test_who_left_or_took_the_address_away_gets_nothing(session, post, person):
    sending.tell(session, [person.id], "core.test", _l("New to-do: %(title)s"), {"title": "x"})
    session.delete(session.scalars(select(NotifyAddress)).one())
    session.flush()
    assert outbox.deliver(session)["delivered"] == 1 and Sink.letters == []


@pytest.mark.parametrize("channel", list(LINKS))
def test_a_robot_is_its_token(channel):
    assert robots.token_of(channel, f" {LINKS[channel]} ") == TOKEN
    assert robots.url_of(channel, TOKEN).endswith(f"://{TOKEN}/")


@pytest.mark.parametrize("channel", list(LINKS))
@pytest.mark.parametrize("bad", [
    "http://{host}{rest}", "https://127.0.0.1{rest}", "https://{host}.evil.example{rest}", "https://{host}@10.0.0.1{rest}",
    "https://{host}:8443{rest}", "https://[::1]{rest}", "https://169.254.169.254{rest}", "file:///etc/passwd", "", "//{host}{rest}",
    "https://{host}/other?key=abcdefgh123", "https://{host}{rest}#x", "https://{host}{rest}/../../admin"])
def test_no_other_host_or_form_is_taken(channel, bad):
    host, rest = LINKS[channel].removeprefix("https://").split("/", 1)
    with pytest.raises(RuleError):
        robots.token_of(channel, bad.format(host=host, rest="/" + rest))


@pytest.mark.parametrize("bad", ["a@b", "a@b.example\r\nBcc: x@y.example", "a@b.example,c@d.example", "<a@b.example>", "a b@c.example", ""])
def test_an_address_is_one_plain_address(bad):
    with pytest.raises(RuleError):
        mail.check_address(bad)


@pytest.mark.parametrize("channel", list(LINKS))
def test_robots_post_to_their_own_service_only(channel, monkeypatch):
    import requests

    asked = []

    class Answer:
        status_code, content, headers, text = 200, b'{"errcode": 0, "code": 0}', {}, '{"errcode": 0}'

    monkeypatch.setattr(requests, "post", lambda url, **k: asked.append(url) or Answer())
    robots.send(channel, TOKEN, "title", "text")
    assert len(asked) == 1 and asked[0].startswith(f"https://{robots.LINKS[channel][0]}/") and TOKEN in asked[0]
    Answer.status_code = 500
    with pytest.raises(RuntimeError):
        robots.send(channel, TOKEN, "title", "text")


def test_tokens_and_passwords_are_sealed(session, person):
    from sqlalchemy import text

    row = session.scalars(select(NotifyAddress)).one()
    stored = session.connection().execute(text("select address from core_notify_address where id = :i"), {"i": row.id}).scalar()
    assert stored.startswith("v1.") and "clerk" not in stored
    settings.put(session, "core.smtp_password", "geheim-1234")
    assert settings.get(session, "core.smtp_password") == "geheim-1234"
    kept = session.connection().execute(text("select value #>> '{}' from core_setting where key = 'core.smtp_password'")).scalar()
    assert kept.startswith("v1.")
    trail = session.connection().execute(text("select detail::text from core_audit where resource = 'core.setting'")).scalars().all()
    assert trail and not any("geheim" in t for t in trail)


def test_kinds_are_declared_once(monkeypatch):
    assert "core.todo" in kinds.kinds()
    with pytest.raises(Refused):
        kinds.kind_of("core.nonsense")
    monkeypatch.setattr(type(registry()), "collect", lambda self, room, name: [kinds.Kind("core.todo", "x")])
    with pytest.raises(Refused):
        kinds.kinds()


def test_the_pages_of_the_person_and_of_the_administrator(app, login_as, session):
    import re

    client = app.test_client()
    login_as(client, "operations_clerk")
    page = client.get("/account/notifications/").get_data(as_text=True)
    mark = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    bad = client.post("/account/notifications/", data={"csrf_token": mark, "do": "address", "channel": "wecom",
                                                       "address": "http://169.254.169.254/latest"})
    assert bad.status_code == 422 and "qyapi.weixin.qq.com" in bad.get_data(as_text=True)
    client.post("/account/notifications/", data={"csrf_token": mark, "do": "address", "channel": "wecom", "address": LINKS["wecom"]})
    page = client.get("/account/notifications/").get_data(as_text=True)
    assert "…oken" in page and TOKEN not in page
    client.post("/account/notifications/", data={"csrf_token": mark, "do": "test"})
    assert client.get("/core/notify_delivery/").status_code == 403
    client = app.test_client()
    login_as(client, "system_administrator")
    rows = client.get("/api/v1/core/notify_delivery/", query_string={"q": '{"view":"waiting"}'}).json
    rows = rows.get("rows") or pytest.fail(str(rows))
    assert [r["channel"] for r in rows] == ["wecom"] and rows[0]["how"] == "pending"


# ---- firms' users, tests, sender, address ---------------------------------------------------------------------------------


def _as(session, user_id: int) -> None:
    session.info["scope"] = scope_of(session).__class__(user_id=user_id, system=True, parks=None)


def test_a_firms_user_names_the_own_mailbox_only(session, person):
    session.delete(session.scalars(select(NotifyAddress)).one())
    person.is_portal, person.email = True, "head@firm.example"
    session.flush()
    _as(session, person.id)
    with pytest.raises(RuleError) as refused:
        preferences.set_address(session, "email", "stranger@elsewhere.example")
    assert refused.value.codes == ["notify.own_email"]
    assert preferences.set_address(session, "email", "Head@firm.example").is_on
    assert preferences.overview(session, portal=True)["own"] == "head@firm.example"


def test_control_the_staff_name_any_mailbox(session, person):
    _as(session, person.id)
    assert preferences.set_address(session, "email", "elsewhere@park.example").shown == "elsewhere@park.example"
    assert preferences.overview(session, portal=False)["own"] is None


def test_five_test_messages_an_hour(session, person):
    import time_machine

    _as(session, person.id)
    with time_machine.travel(clock.now(), tick=False) as at:
        for _n in range(preferences.TESTS_AN_HOUR):
            preferences.save_form(session, {"do": "test"}, portal=False)
        with pytest.raises(RuleError) as refused:
            preferences.save_form(session, {"do": "test"}, portal=False)
        assert refused.value.codes == ["notify.tests"]
        at.shift(timedelta(minutes=61))
        preferences.save_form(session, {"do": "test"}, portal=False)


def test_an_empty_sender_has_its_own_sentence(session, post, person):
    settings.put(session, "core.smtp_sender", "")
    sending.tell(session, [person.id], "core.test", _l("New to-do: %(title)s"), {"title": "x"})
    outbox.deliver(session)
    assert str(mail.NO_SENDER) in state(session)[0][3] and Sink.letters == []


@pytest.mark.parametrize("channel", list(LINKS))
def test_robots_follow_no_redirect(channel, monkeypatch):
    import requests

    asked = []

    class Answer:
        status_code, content, headers, text = 200, b'{"errcode": 0, "code": 0}', {}, '{"errcode": 0}'

    monkeypatch.setattr(requests, "post", lambda url, **k: asked.append(k) or Answer())
    robots.send(channel, TOKEN, "title", "text")
    assert asked[0]["allow_redirects"] is False


def test_the_address_of_the_installation_wins_over_the_host(app, session):
    from parkops.web.addresses import public_url

    with app.test_request_context("/", base_url="http://localhost"):
        assert public_url(session) == "http://localhost"
        settings.put(session, "core.public_url", " https://park.example/ ")
        assert public_url(session) == "https://park.example"
