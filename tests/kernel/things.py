"""A resource of its own for testing the record machinery: every kind of field, a workflow, actions, two rooms.

Imported by test modules (before the app is made); its tables are made in the test database by the `things` fixture and
are taken out of the metadata, so that schema comparisons do not see them."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Boolean, Date, Integer, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, configure_mappers, relationship

from parkops.clock import today
from parkops.db.base import ParkScoped, Record, field, fk, metadata
from parkops.db.types import Area, Choices, EnumText, Money, Rate, UnitPrice
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _l
from parkops.models import Park
from parkops.security import access, catalogue
from parkops.security.roles import Grant
from parkops.web import resources
from parkops.web.resource import Action, Col, Fact, Filter, Input, Related, Resource, Section, Tab, Titles, View
from parkops.workflow import State, Step, Workflow

KINDS = Choices("test.kind", ("lab", _l("Laboratory")), ("office", _l("Office")))
FLOW = Workflow("test.thing", "state", "draft", (State("draft", "Draft", "grey"), State("running", "Running", "blue"),
                                                 State("done", "Done", "green", final=True)),
                (Step("begin", ("draft",), "running", "Begin", primary=True),
                 Step("finish", ("running",), "done", "Finish", service="tests.kernel.things:finish", needs_reason=True,
                      form=(Input("on", "date", "Date", required=True),))))


class TestRoom(ParkScoped, Record):
    __tablename__ = "test_room"
    __test__ = False
    name: Mapped[str] = field(String(80), "Room")

    def __str__(self) -> str:
        return self.name


class TestThing(ParkScoped, Record):
    __tablename__ = "test_thing"
    __test__ = False
    __table_args__ = (UniqueConstraint("park_id", "code"),)
    name: Mapped[str] = field(String(60), "Name")
    code: Mapped[str | None] = field(String(20), "Code", fmt="code")
    kind: Mapped[str | None] = field(EnumText(KINDS), "Kind")
    state: Mapped[str] = field(EnumText(FLOW.choices), "State", default="draft")
    rent: Mapped[Decimal | None] = field(Money, "Rent")
    price: Mapped[Decimal | None] = field(UnitPrice, "Unit price")
    size: Mapped[Decimal | None] = field(Area, "Area")
    share: Mapped[Decimal | None] = field(Rate, "Share")
    count: Mapped[int | None] = field(Integer, "Count")
    begins_on: Mapped[date | None] = field(Date, "Begins on")
    open: Mapped[bool] = field(Boolean, "Open", default=False, server_default="false")
    checked: Mapped[bool | None] = field(Boolean, "Checked")
    phone: Mapped[str | None] = field(String(40), "Phone", personal="phone")
    note: Mapped[str | None] = field(String(500), "Note", long=True)
    room_id: Mapped[int | None] = fk("test_room.id", "Room")
    room: Mapped[TestRoom | None] = relationship(lazy="raise_on_sql")

    def __str__(self) -> str:
        return self.name


TABLES = [TestRoom.__table__, TestThing.__table__]


def create_thing(session: Any, **values: Any) -> TestThing:
    access.require(session, "test.thing", "add")
    thing = TestThing(**values)
    _check(thing)
    session.add(thing)
    session.flush()
    return thing


def change_thing(session: Any, thing: TestThing, **values: Any) -> TestThing:
    access.require(session, "test.thing", "change")
    for name, value in values.items():
        setattr(thing, name, value)
    with session.no_autoflush:
        _check(thing)
    session.flush()
    return thing


def _check(thing: TestThing) -> None:
    problems = Problems()
    if thing.begins_on and thing.begins_on > today():
        problems.add("test.future", "The day lies in the future; write today or earlier.", "begins_on")
    if thing.name == "forbidden":
        problems.add("test.name", "This name is not used here.", "name")
        problems.add("test.general", "Something in general.")
    problems.stop()


def remove_thing(session: Any, thing: TestThing) -> None:
    access.require(session, "test.thing", "remove")
    session.delete(thing)


def create_room(session: Any, *, name: str) -> TestRoom:
    access.require(session, "test.room", "add")
    room = TestRoom(name=name)
    session.add(room)
    session.flush()
    return room


def finish(session: Any, thing: TestThing, *, on: date, reason: str) -> str:
    FLOW.move(session, thing, "finish", on=on, reason=reason)
    return "Finished well"


def double(session: Any, thing: TestThing, *, times: int = 2) -> str:
    access.require(session, "test.thing", "act")
    thing.count = (thing.count or 1) * times
    session.flush()
    return "Doubled"


def empty_many(session: Any, things: list[TestThing], *, note: str | None = None) -> str:
    access.require(session, "test.thing", "act")
    for thing in things:
        if thing.name == "stubborn":
            raise RuleError([Problem("test.stubborn", "One of them refuses; take it out of the selection.")])
        thing.note = note
    return f"{len(things)} changed"


def preview_many(session: Any, things: list[TestThing], *, note: str | None = None) -> tuple[int, str]:
    found = [t for t in things if t.note != note]
    return len(found), f"{len(found)} of {len(things)} would change"


def why_not_double(session: Any, thing: TestThing) -> str | None:
    return "It is closed; open it first." if thing.name == "closed" else None


HERE = "tests.kernel.things"
FIELDS = ("name", "code", "kind", "begins_on", "open", "checked", "note", "room_id")
NUMBERS = ("rent", "price", "size", "share", "count", "phone")

THING = Resource(
    name="test.thing", model=TestThing, titles=Titles("Things", "Thing", "New thing"), workflow=f"{HERE}:FLOW", code_field="code",
    columns=(Col("name"), Col("code"), Col("state"), Col("kind"), Col("room.name"), Col("rent", total="sum"), Col("phone")),
    sections=(Section("Main", FIELDS), Section("Numbers", NUMBERS)),
    create=f"{HERE}:create_thing", change=f"{HERE}:change_thing", remove=f"{HERE}:remove_thing", search=("name", "code"), load=("room",),
    facts=(Fact("Rent", lambda s, o: (f"{o.rent}" if o.rent is not None else None, "green")),),
    views=(View("drafts", "Drafts", (Filter("state", "eq", "draft"),)),),
    actions=(Action("double", "Double", f"{HERE}:double", guard=f"{HERE}:why_not_double"),
             Action("times", "Multiply", f"{HERE}:double", (Input("times", "int", "Times", required=True),))),
    bulk=(Action("empty", "Empty", f"{HERE}:empty_many", (Input("note", "text", "Note"),), preview=f"{HERE}:preview_many"),),
    tabs=(Tab("extra", "Extra", "parkops/form_fragment.html", lambda s, o: {}),))
ROOM = Resource(
    name="test.room", model=TestRoom, titles=Titles("Rooms", "Room", "New room"), columns=(Col("name"),),
    sections=(Section("Main", ("name",)),), create=f"{HERE}:create_room", search=("name",),
    tabs=(Related("things", "Things", "test.thing", "room_id"),))

GRANTS = (Grant("operations_clerk", "test.*", "read add change remove act export"),
          Grant("operations_manager", "test.*", "read add change remove act export unmask"),
          Grant("finance", "test.thing", "read"))


def declare() -> None:
    """Make the resources known to this process (once)."""
    assert Park.__table__ is not None  # what park_id points to
    if "test.thing" in resources._extra:
        return
    catalogue.KERNEL_GRANTS = (*catalogue.KERNEL_GRANTS, *GRANTS)
    catalogue.compiled.cache_clear()
    configure_mappers()
    for table in TABLES:
        _ = [k.column for k in table.foreign_keys]  # resolved while the tables still know each other
    for table in reversed(TABLES):
        metadata.remove(table)
    resources.add(ROOM)
    resources.add(THING)


declare()


@pytest.fixture
def things(db: str) -> Any:
    """The two tables in this test's database."""
    from parkops.db.session import engine

    for table in TABLES:
        metadata._add_table(table.name, table.schema, table)
    with engine(owner=True).begin() as c:
        for table in TABLES:
            table.create(c, checkfirst=True)
            c.exec_driver_sql(f"grant select, insert, update, delete on {table.name} to parkops_app")
    yield TestThing
    for table in reversed(TABLES):
        metadata.remove(table)


@pytest.fixture
def make(things: Any) -> Any:
    """`make(name="x", park="east", **values)` commits a thing and returns its id."""
    from parkops.db.session import system_scope


    def build(name: str = "one", park: str = "east", model: Any = TestThing, **values: Any) -> int:
        with system_scope("test") as s:
            park_id = s.scalars(select(Park.id).where(Park.code == park)).one()
            obj = model(name=name, park_id=park_id, **values)
            s.add(obj)
            s.flush()
            return obj.id

    return build


@pytest.fixture
def stored(things: Any) -> Any:
    """`stored(pk)` reads the thing as it is in the database now (None when gone)."""
    from parkops.db.session import system_scope

    def read(pk: int, model: Any = TestThing) -> Any:
        with system_scope("test") as s:
            found = s.get(model, pk)
            if found is not None:
                s.expunge(found)
            return found

    return read


def token_of(page: Any) -> str:
    """The CSRF token in a page."""
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.get_data(as_text=True))
    assert found, page.get_data(as_text=True)[:400]
    return found[1]


def hidden_of(page: Any, name: str) -> str:
    """The value of a hidden field."""
    import html

    found = re.search(rf'name="{re.escape(name)}" value="([^"]*)"', page.get_data(as_text=True))
    return html.unescape(found[1]) if found else ""


def form_of(page: Any) -> dict[str, str]:
    """What a browser would post of the page's main form: hidden fields, inputs, chosen options, textareas."""
    import html

    text = page.get_data(as_text=True)
    text = text[text.index('class="rec-form'):]
    text = text[:text.index("</form>")]
    out: dict[str, str] = {}
    for tag in re.findall(r"<input\b[^>]*>", text):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and (("checkbox" not in tag and "radio" not in tag) or " checked" in tag):
            out[name[1]] = html.unescape(value[1]) if value else ""
    for name, body in re.findall(r'<textarea\b[^>]*name="([^"]*)"[^>]*>(.*?)</textarea>', text, re.S):
        out[name] = html.unescape(body)
    for name, body in re.findall(r'<select\b[^>]*name="([^"]*)"[^>]*>(.*?)</select>', text, re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', body)
        out[name] = html.unescape(chosen[1]) if chosen else ""
    return out
