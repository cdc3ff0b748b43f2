"""Forms: exact values in and out, sentences beside fields, nothing typed is lost, drop-downs keep to the scope."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parkops.testing.depth import depth
from parkops.web import values
from parkops.web.compile import ResolvedField
from tests.kernel.things import TestRoom, form_of, make, stored, things, token_of  # noqa: F401

F = ResolvedField
CASES = [
    (F("x", "X", "money", places=2), "1,234.50", Decimal("1234.50")),
    (F("x", "X", "money", places=2), "１２.５", Decimal("12.50")),
    (F("x", "X", "percent", places=8), "12.5", Decimal("0.125")),
    (F("x", "X", "percent", places=8), "3.7512%", Decimal("0.037512")),
    (F("x", "X", "int"), "1,000", 1000),
    (F("x", "X", "date"), "2026/11/2", date(2026, 11, 2)),
    (F("x", "X", "month"), "2026-11", date(2026, 11, 1)),
    (F("x", "X", "month", column="x", python=str), "2026-11", "2026-11"),
    (F("x", "X", "datetime"), "2026-11-22T14:30", datetime(2026, 11, 22, 6, 30, tzinfo=UTC)),
    (F("x", "X", "text"), "  ok ", "ok"),
    (F("x", "X", "text"), "   ", None),
    (F("x", "X", "bool", nullable=False), None, False),
    (F("x", "X", "bool"), "", None),
]
BAD = [
    (F("x", "X", "money", places=2), "1.234"), (F("x", "X", "money", places=2), "abc"), (F("x", "X", "money", places=2), "1e5"),
    (F("x", "X", "money", places=2), "NaN"), (F("x", "X", "money", places=2), "99999999999999999999"), (F("x", "X", "int"), "1.5"),
    (F("x", "X", "int", limit=2**31 - 1), "2147483648"), (F("x", "X", "date"), "2026-02-30"), (F("x", "X", "date"), "22-11-2026"),
    (F("x", "X", "date"), "0001-01-01"), (F("x", "X", "month"), "2026-13"), (F("x", "X", "datetime"), "soon"),
    (F("x", "X", "text", max_length=3), "long"), (F("x", "X", "text"), "a\0b"), (F("x", "X", "text"), "a\nb"),
    (F("x", "X", "text"), "\ud800"), (F("x", "X", "choice", choices={"a": "A"}), "b"), (F("x", "X", "text", required=True), "  "),
    (F("x", "X", "bool"), "maybe"), (F("x", "X", "ref"), "1 or 1=1"), (F("x", "X", "percent", places=8), "0.1234567"),
]


@pytest.mark.parametrize("field,raw,expected", CASES)
def test_reads_what_people_type(field, raw, expected):
    assert values.parse(field, raw, None) == expected


@pytest.mark.parametrize("field,raw", BAD)
def test_refuses_with_one_sentence(field, raw):
    with pytest.raises(values.BadValue) as e:
        values.parse(field, raw, None)
    assert str(e.value).endswith((".", "。"))


@settings(max_examples=depth(300, 5000), deadline=None)
@given(st.sampled_from([("money", 2), ("area", 2), ("decimal", 4), ("percent", 8)]), st.integers(-10**14, 10**14))
def test_opening_and_saving_changes_no_number(kind, scaled):
    """FAB trap 9: a form shows every stored place and reads it back exactly."""
    name, places = kind
    value = Decimal(scaled).scaleb(-places)
    field = F("x", "X", name, places=places)
    assert values.parse(field, values.to_text(field, value), None) == value


def test_control_two_places_would_change_a_rate():
    """Control: what WTForms' DecimalField does (two places) loses the rate."""
    stored_rate = Decimal("0.037512")
    assert Decimal(f"{stored_rate:.2f}") != stored_rate


@given(st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1)))
@settings(max_examples=depth(100, 5000), deadline=None)
def test_opening_and_saving_changes_no_instant(when):
    when = when.replace(tzinfo=UTC)
    field = F("x", "X", "datetime")
    assert values.parse(field, values.to_text(field, when), None) == when


@pytest.fixture
def clerk(client, login_as, things):  # noqa: F811
    login_as(client, "operations_clerk")
    return client


def test_new_and_edit_round_trip_keeps_every_place(clerk, stored):  # noqa: F811
    page = clerk.get("/test/thing/new")
    assert page.status_code == 200
    data = form_of(page) | {"name": "Alpha", "rent": "12,345.67", "price": "0.0375", "share": "3.7512", "size": "88.88", "count": "7",
                            "phone": "13812345678", "begins_on": "2022-01-31", "kind": "lab", "checked": "", "note": "line 1\nline 2"}
    answer = clerk.post("/test/thing/new", data=data)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    pk = int(answer.headers["Location"].rsplit("/", 1)[1])
    first = stored(pk)
    assert (first.rent, first.price, first.share) == (Decimal("12345.67"), Decimal("0.0375"), Decimal("0.037512"))
    edit = clerk.get(f"/test/thing/{pk}/edit")
    assert "13812345678" not in edit.get_data(as_text=True)
    assert clerk.post(f"/test/thing/{pk}/edit", data=form_of(edit)).status_code == 303
    second = stored(pk)
    for name in ("name", "rent", "price", "size", "share", "count", "begins_on", "open", "checked", "phone", "note", "kind"):
        assert getattr(second, name) == getattr(first, name), name
    assert second.version == first.version  # nothing changed, nothing written


def test_what_was_typed_comes_back_with_sentences(clerk):
    """FAB trap 10: a refusal keeps the typing."""
    page = clerk.get("/test/thing/new")
    data = form_of(page) | {"name": "Beta <b>", "rent": "12.345", "begins_on": "2022-02-30", "note": "kept text", "kind": "zzz", "count": "x"}
    answer = clerk.post("/test/thing/new", data=data)
    body = answer.get_data(as_text=True)
    assert answer.status_code == 422
    for kept in ('value="Beta &lt;b&gt;"', 'value="12.345"', 'value="2022-02-30"', "kept text"):
        assert kept in body
    assert body.count("invalid-feedback") >= 4


def test_service_problems_stand_beside_their_field(clerk):
    page = clerk.get("/test/thing/new")
    ahead = (date.today() + timedelta(days=40)).isoformat()
    answer = clerk.post("/test/thing/new", data=form_of(page) | {"name": "forbidden", "begins_on": ahead})
    body = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'id="e-name">This name is not used here.' in body and 'id="e-begins_on">The day lies in the future' in body
    assert "Something in general." in body


@pytest.mark.parametrize("name,value", [("name", "x" * 61), ("name", "a\0b"), ("name", "  "), ("count", "99999999999"), ("rent", "1e400"),
                                        ("room_id", "99999999999999999999"), ("room_id", "7"), ("share", "1" * 40), ("note", "n" * 501)])
def test_hostile_values_are_sentences(clerk, name, value):
    page = clerk.get("/test/thing/new")
    answer = clerk.post("/test/thing/new", data=form_of(page) | {"name": "x", name: value})
    assert answer.status_code == 422
    assert "invalid-feedback" in answer.get_data(as_text=True)


def test_taken_code_is_a_sentence_without_constraint_name(clerk, make):  # noqa: F811
    make("one", code="K-1")
    page = clerk.get("/test/thing/new")
    answer = clerk.post("/test/thing/new", data=form_of(page) | {"name": "two", "code": "K-1"})
    body = answer.get_data(as_text=True)
    assert answer.status_code == 422 and "uq_test_thing" not in body and "K-1" in body and 'id="e-code"' in body


def test_nullable_choice_has_a_blank_and_wrong_one_is_refused(clerk):
    """FAB trap 15."""
    body = clerk.get("/test/thing/new").get_data(as_text=True)
    assert '<option value=""></option>' in body[body.index('name="kind"'):]


def test_reference_of_another_park_is_refused_in_form_and_address(clerk, make, stored):  # noqa: F811
    """FAB traps 20-22: neither the form nor the address smuggles a foreign record."""
    foreign = make("Secret room", park="west", model=TestRoom)
    page = clerk.get(f"/test/thing/new?room_id={foreign}&park_id=2")
    assert "Secret room" not in page.get_data(as_text=True)
    answer = clerk.post(f"/test/thing/new?room_id={foreign}&park_id=2", data=form_of(page) | {"name": "x", "room_id": str(foreign)})
    assert answer.status_code == 422
    choices = clerk.get("/api/v1/test/room/_choices?text=").get_json()
    assert all(row["id"] != foreign for row in choices["rows"])
    page = clerk.get("/test/thing/new?park_id=2")
    answer = clerk.post("/test/thing/new?park_id=2", data=form_of(page) | {"name": "mine", "park_id": "2"})
    pk = int(answer.headers["Location"].rsplit("/", 1)[1])
    assert stored(pk).park_id == 1


def test_given_parent_is_preselected(clerk, make):  # noqa: F811
    room = make("Room 5", model=TestRoom)
    body = clerk.get(f"/test/thing/new?room_id={room}").get_data(as_text=True)
    assert f'<option value="{room}" selected>Room 5</option>' in body


def test_double_submit_makes_one_record(clerk, session):
    from sqlalchemy import text

    page = clerk.get("/test/thing/new")
    data = form_of(page) | {"name": "Once"}
    first, second = (clerk.post("/test/thing/new", data=data) for _ in range(2))
    assert first.status_code == second.status_code == 303
    assert first.headers["Location"] == second.headers["Location"]
    assert session.execute(text("select count(*) from test_thing where name = 'Once'")).scalar() == 1
    other = clerk.post("/test/thing/new", data=data | {"name": "Else"})
    assert other.status_code == 409
    without = {k: v for k, v in data.items() if k != "_once"}
    assert clerk.post("/test/thing/new", data=without).headers["Location"] != first.headers["Location"]  # control: no key, two records


def test_personal_value_is_kept_replaced_or_cleared(clerk, make, stored):  # noqa: F811
    pk = make("p", phone="13812345678")
    for extra, expected in (({}, "13812345678"), ({"phone": "13911112222"}, "13911112222"), ({"_clear.phone": "1"}, None)):
        page = clerk.get(f"/test/thing/{pk}/edit")
        data = {k: v for k, v in form_of(page).items() if not k.startswith("_clear.")} | extra
        assert clerk.post(f"/test/thing/{pk}/edit", data=data).status_code == 303
        assert stored(pk).phone == expected


def test_next_address_never_leaves_the_site(clerk):
    for bad in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\x01//evil"):
        page = clerk.get("/test/thing/new")
        answer = clerk.post("/test/thing/new", data=form_of(page) | {"name": "n", "_next": bad})
        assert answer.headers["Location"].startswith("/test/thing/"), bad


def test_token_is_needed(clerk):
    page = clerk.get("/test/thing/new")
    assert token_of(page)
    answer = clerk.post("/test/thing/new", data={k: v for k, v in form_of(page).items() if k != "csrf_token"} | {"name": "x"})
    assert answer.status_code == 400
