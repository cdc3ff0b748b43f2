"""Licence wallet: standing of permits, the signed code, what the public sees, two people at once. Rules SV-101 to SV-109."""

from __future__ import annotations

import re
import threading
from datetime import date, datetime, timedelta

import pytest
from core_help import incubatee
from sqlalchemy import select, text
from wallet_help import DAY, code, in_park, permit

from modules.services import calc_wallet as calc
from modules.services.models.wallet import LicenceCode, LicenceLookup
from modules.services.services import permits, wallet
from parkops.clock import ZONE
from parkops.errors import Conflict, RuleError

AT = datetime(2026, 3, 2, 10, tzinfo=ZONE)


@pytest.mark.parametrize(("state", "first", "last", "on", "says"), [
    ("valid", date(2026, 1, 1), date(2026, 3, 2), DAY, "valid"),
    ("valid", date(2026, 1, 1), date(2026, 3, 1), DAY, "expired"),
    ("valid", date(2026, 3, 3), None, DAY, "not_yet"),
    ("valid", date(2026, 1, 1), None, DAY, "valid"),
    ("suspended", date(2026, 1, 1), date(2026, 1, 2), DAY, "suspended"),
    ("revoked", date(2026, 1, 1), None, DAY, "revoked"),
])
def test_standing(state, first, last, on, says):
    assert calc.standing(state, first, last, on) == says


@pytest.mark.parametrize(("left", "says"), [(61, None), (60, 60), (31, 60), (30, 30), (8, 30), (7, 7), (0, 7), (-1, None)])
def test_reminders(left, says):
    assert calc.reminder(DAY + timedelta(days=left), DAY) == says


def test_signature_needs_the_key_and_every_part():
    key = b"k" * 32
    number, signature = calc.parts(calc.token(key, 7, 1, "abcdefghij_KLMNOP-qrst"))
    assert calc.genuine(key, 7, 1, number, signature)
    for other in ((b"x" * 32, 7, 1, number), (key, 8, 1, number), (key, 7, 2, number), (key, 7, 1, number[:-1] + "x")):
        assert not calc.genuine(*other, signature)
    assert calc.parts("x") is None and calc.parts("a.b") is None and calc.parts("../../etc/passwd.aaaaaaaaaaaaaaaa") is None


def look(session, token, address="10.0.0.1", at=AT):
    return wallet.look(session, token, at=at, on=DAY, address=address)


def test_public_sees_standings_and_nothing_personal(session, client):
    firm = incubatee(session, name="测试证照有限公司", phone="13905370001", legal_representative="张三丰")
    permit(session, firm)
    ended = permit(session, firm, kind="drug_retail", number="Y2", valid_to=date(2026, 3, 1))
    taken = permit(session, firm, kind="hygiene", number="Y3")
    permits.revoke_permit(session, taken, reason="违规", on=DAY)
    row = code(session, firm)
    shown = look(session, wallet.token(row))
    assert shown.result == "shown" and shown.firm == "测试证照有限公司"
    assert [(x.kind, x.standing) for x in shown.lines] == [("food", "valid"), ("drug_retail", "expired"), ("hygiene", "revoked")]
    assert not {"number", "phone", "person", "amount"} & set(shown.lines[0].__dataclass_fields__)
    assert ended.state == "valid"  # expiry needs nobody's step


def test_revoked_code_shows_revoked_and_a_replaced_one_says_so(session):
    firm = incubatee(session)
    first = code(session, firm)
    second = wallet.replace_code(session, first, on=DAY)
    assert look(session, wallet.token(first)).result == "replaced"
    assert (second.serial, look(session, wallet.token(second)).result) == (2, "shown")
    wallet.revoke_code(session, second, reason="手机遗失", on=DAY)
    gone = look(session, wallet.token(second))
    assert (gone.result, gone.firm, gone.lines) == ("revoked", "", ())
    with pytest.raises(Conflict):
        wallet.replace_code(session, second, on=DAY)
    assert code(session, firm).serial == 3
    with pytest.raises(RuleError) as refused:
        code(session, firm)
    assert refused.value.codes == ["services.SV-105"]


def test_forged_signature_is_unknown_and_every_look_is_kept(session):
    row = code(session, incubatee(session))
    good = wallet.token(row)
    assert look(session, good[:-1] + ("A" if good[-1] != "A" else "B")).result == "unknown"
    assert look(session, "nothing").result == "unknown"
    assert look(session, good).result == "shown"
    found = session.execute(select(LicenceLookup.result, LicenceLookup.code_id, LicenceLookup.visitor).order_by(LicenceLookup.id)).all()
    assert [(r, c) for r, c, _v in found] == [("unknown", None), ("unknown", None), ("shown", row.id)]
    assert all(re.fullmatch("[0-9a-f]{64}", v) for _r, _c, v in found)  # a keyed fingerprint, no address


def test_an_address_may_look_so_many_times_a_minute(session):
    token = wallet.token(code(session, incubatee(session)))
    assert [look(session, token).result for _ in range(31)] == ["shown"] * 30 + ["limited"]
    assert look(session, token, address="10.0.0.2").result == "shown"
    assert look(session, token, at=AT + timedelta(minutes=1, seconds=1)).result == "shown"


def test_reminders_once_per_step(session, park):
    permit(session, incubatee(session), valid_to=DAY + timedelta(days=30))
    assert [permits.remind_permits(session, on=DAY + timedelta(days=d), park_id=park.id)["made"] for d in (-31, 0, 1, 23, 24)] == [0, 1, 0, 1, 0]


def _two(park_id, code_id):
    """Two people replace the same code at the same moment; (outcomes)."""
    start, out = threading.Barrier(2), []

    def one():
        with in_park(park_id) as s:
            row = s.get(LicenceCode, code_id)
            start.wait(20)
            try:
                wallet.replace_code(s, row, on=DAY)
                out.append("replaced")
            except Exception as e:
                s.rollback()
                out.append(type(e).__name__)

    threads = [threading.Thread(target=one) for _ in range(2)]
    [t.start() for t in threads]
    [t.join(60) for t in threads]
    return sorted(out)


def _planted(park_id):
    with in_park(park_id) as s:
        row = code(s, incubatee(s))
        return row.id, row.firm_id


def _active(park_id, firm_id):
    with in_park(park_id) as s:
        return len(list(s.scalars(select(LicenceCode.id).where(LicenceCode.firm_id == firm_id, LicenceCode.state == "active"))))


def test_race_two_replace_one_code(fresh_db, park):
    code_id, firm_id = _planted(park.id)
    assert _two(park.id, code_id) == ["Conflict", "replaced"]
    assert _active(park.id, firm_id) == 1


def test_control_without_lock_and_index_a_firm_has_two_codes(fresh_db, park, monkeypatch):
    code_id, firm_id = _planted(park.id)
    from sqlalchemy import create_engine

    from parkops.db import embedded
    engine = create_engine(embedded.admin_url(fresh_db), isolation_level="AUTOCOMMIT")
    with engine.connect() as c:
        c.execute(text("drop index uq_services_licence_code_one"))
        c.execute(text("alter table services_licence_code drop constraint uq_services_licence_code_firm_id_serial"))
    engine.dispose()
    monkeypatch.setattr(wallet, "_claim", lambda session, row: None)
    monkeypatch.setattr(wallet, "take", lambda *a, **k: None)
    assert _two(park.id, code_id) == ["replaced", "replaced"]
    assert _active(park.id, firm_id) == 3  # the old one too: the damage the protection prevents


def test_pages(client, login_as, session):
    assert client.get("/services/verify/nothing").status_code == 404
    assert "X-Robots-Tag" in client.get("/services/verify/nothing").headers
