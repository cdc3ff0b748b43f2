"""Settings: typed, per park over company over default, audited, refused in a sentence."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from parkops import settings
from parkops.db.audit import AuditEntry
from parkops.errors import NotAllowed, NotFound, Refused, RuleError

DEFS = {
    "core.t_int": {"type": "int", "default": 48, "min": 1, "max": 120, "title": "Months"},
    "core.t_money": {"type": "money", "default": "0.00", "title": "Limit"},
    "core.t_bool": {"type": "bool", "default": True, "title": "Switch"},
    "core.t_choice": {"type": "choice", "default": "a", "choices": {"a": "A", "b": "B"}, "title": "Pick"},
    "core.t_date": {"type": "date", "default": None, "title": "Day"},
    "core.t_list": {"type": "list", "default": ["x"], "title": "Lines"},
    "core.t_company": {"type": "text", "default": "", "title": "Name", "per_park": False},
}


@pytest.fixture(autouse=True)
def _defined(monkeypatch):
    for key, raw in DEFS.items():
        monkeypatch.setitem(settings.KERNEL_SETTINGS, key, raw)


def test_park_wins_over_company_wins_over_default(session, park, park2):
    assert settings.get(session, "core.t_int") == 48
    settings.put(session, "core.t_int", "36")
    settings.put(session, "core.t_int", 24, park_id=park.id)
    assert [settings.get(session, "core.t_int", p) for p in (park.id, park2.id)] == [24, 36]
    settings.reset(session, "core.t_int", park.id)
    assert settings.get(session, "core.t_int", park.id) == 36


def test_types_come_back_typed(session):
    for key, typed, expected in (("core.t_money", "1,234.50".replace(",", ""), Decimal("1234.50")), ("core.t_bool", "off", False),
                                 ("core.t_choice", "b", "b"), ("core.t_date", "2026-01-31", date(2026, 1, 31)),
                                 ("core.t_list", "one\n\n two ", ["one", "two"]), ("core.t_company", "园区\x00", "园区")):
        settings.put(session, key, typed)
        assert settings.get(session, key) == expected


@pytest.mark.parametrize(("key", "value", "code"), [
    ("core.t_int", "many", "setting.type"), ("core.t_int", 1.5, "setting.type"), ("core.t_int", "0", "setting.range"),
    ("core.t_int", 9**30, "setting.range"), ("core.t_money", "1.234", "setting.type"), ("core.t_money", "NaN", "setting.type"),
    ("core.t_bool", "perhaps", "setting.type"), ("core.t_choice", "z", "setting.choice"), ("core.t_date", "2026-02-30", "setting.type")])
def test_what_does_not_fit_is_refused_beside_the_field(session, key, value, code):
    with pytest.raises(RuleError) as e:
        settings.put(session, key, value)
    assert e.value.codes == [code] and e.value.problems[0].field == key and str(e.value)


def test_unknown_names_hint_at_the_right_one(session):
    with pytest.raises(Refused, match=r"did you mean 'core\.t_int'"):
        settings.get(session, "core.t_ints")


def test_rights_scope_and_audit(actor, session, park, park2):
    with actor("operations_clerk", "core.setting:read") as s, pytest.raises(NotAllowed):
        settings.put(s, "core.t_int", 1)
    with actor("system_administrator", "core.setting:read change") as s:
        with pytest.raises(NotFound):
            settings.put(s, "core.t_int", 1, park_id=park2.id)
        with pytest.raises(RuleError):
            settings.put(s, "core.t_company", "x", park_id=park.id)
        settings.put(s, "core.t_int", 12, park_id=park.id)
        settings.put(s, "core.t_int", 13, park_id=park.id)
        rows = s.scalars(select(AuditEntry).where(AuditEntry.resource == "core.setting").order_by(AuditEntry.id)).all()
        assert [r.op for r in rows] == ["insert", "update"] and rows[1].detail["value"] == [12, 13]
        assert rows[1].user_name == "system_administrator"


def test_one_statement_per_session_and_never_a_stale_value(session, query_count):
    settings.get(session, "core.t_int")
    with query_count() as q:
        for key in DEFS:
            settings.get(session, key)
    assert q.count == 0
    with session.begin_nested() as point:
        settings.put(session, "core.t_int", 7)
        assert settings.get(session, "core.t_int") == 7
        point.rollback()
    assert settings.get(session, "core.t_int") == 48


def test_an_empty_secret_leaves_the_stored_one(session):
    """The form never shows a secret, so what is sent back empty was not changed; a reset clears it."""
    settings.put(session, "core.smtp_password", "geheim-1234")
    settings.put(session, "core.smtp_password", "")
    assert settings.get(session, "core.smtp_password") == "geheim-1234"
    settings.put(session, "core.smtp_password", "neu-5678")
    assert settings.get(session, "core.smtp_password") == "neu-5678"
    settings.reset(session, "core.smtp_password")
    assert settings.get(session, "core.smtp_password") == ""
