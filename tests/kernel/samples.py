"""Two small models for the kernel's tests, outside every module. They leave the product's metadata right after being
mapped, so that no other test sees their tables; `samples` creates them in the test's own database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Date, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, configure_mappers, relationship

from parkops import refs
from parkops.db.base import ParkScoped, Record, field, fk, metadata
from parkops.db.session import Scope, engine, new_session
from parkops.db.types import Choices, EnumText, Money
from parkops.i18n import _l, force_locale
from parkops.workflow import State, Step, Workflow

TRACKS = Choices("sample_track", ("bio", _l("Biomedicine")), ("soft", _l("Software and information")))
FLOW = Workflow(
    "sample.thing", column="state", start="draft",
    states=[State("draft", _l("Draft")), State("running", _l("Running"), "blue"), State("closed", _l("Closed"), "green", final=True)],
    steps=[Step("start", ("draft",), "running", _l("Start"), guard="tests.kernel.samples:why_not_start", primary=True),
           Step("close", ("draft", "running"), "closed", _l("Close"), needs_reason=True, danger=True)])


class SampleCarrier(ParkScoped, Record):
    __tablename__ = "sample_carrier"
    __table_args__ = (UniqueConstraint("park_id", "name"),)
    name: Mapped[str] = field(String(100), _l("Name"))

    def __str__(self) -> str:
        return self.name


class SampleThing(ParkScoped, Record):
    __tablename__ = "sample_thing"
    name: Mapped[str] = field(String(200), _l("Name"))
    code: Mapped[str | None] = field(String(30), _l("Code"))
    phone: Mapped[str | None] = field(String(40), _l("Phone"), personal="phone")
    track: Mapped[str | None] = field(EnumText(TRACKS), _l("Industry track"))
    capital: Mapped[Decimal | None] = field(Money, _l("Registered capital"))
    founded_on: Mapped[date | None] = field(Date, _l("Founded on"))
    state: Mapped[str] = field(EnumText(FLOW.choices), _l("State"), default="draft")
    carrier_id: Mapped[int | None] = fk("sample_carrier.id", _l("Carrier"))
    carrier: Mapped[SampleCarrier | None] = relationship()
    __search__ = ("name", "code", "phone")

    def __str__(self) -> str:
        return self.name


configure_mappers()
TABLES = [SampleCarrier.__table__, SampleThing.__table__]
for _table in reversed(TABLES):
    metadata.remove(_table)
refs._models.clear()


RIGHTS = "sample.thing:read add change act"


def why_not_start(session: Any, obj: Any) -> str | None:
    return "Give it a code first." if not obj.code else None


@pytest.fixture
def english() -> Iterator[None]:
    """Sentences are compared in English."""
    with force_locale("en"):
        yield


@pytest.fixture
def samples(fresh_db: str, english: None) -> Iterator[str]:
    """The sample tables, in a database that is thrown away."""
    for table in TABLES:
        metadata._add_table(table.name, table.schema, table)
    with engine(owner=True).begin() as c:
        for table in TABLES:
            table.create(c)
    yield fresh_db
    for table in reversed(TABLES):
        metadata.remove(table)


def ids() -> tuple[dict[str, int], dict[str, int]]:
    """(parks by code, users by name)."""
    with engine().connect() as c:
        parks = dict(c.execute(text("select code, id from core_park")).all())
        users = dict(c.execute(text("select username, id from ab_user")).all())
    return parks, users


@pytest.fixture
def actor(samples: str) -> Callable[..., Any]:
    """`with actor("finance", "sample.thing:read act", park="east") as s`: a session with just these rights."""

    @contextmanager
    def open_as(user: str, *grants: str, park: str | None = "east", system: bool = False) -> Iterator[Any]:
        parks, users = ids()
        rights = frozenset((g.split(":")[0], w) for g in grants for w in g.split(":")[1].split())
        here = parks[park] if park else None
        s = new_session(Scope(user_id=users.get(user), user_name=user, rights=rights, parks=frozenset({here}) if park else None,
                              park_id=here, via="screen", system=system))
        try:
            yield s
        finally:
            s.rollback()
            s.close()

    return open_as


@pytest.fixture
def thing(samples: str) -> int:
    """A committed record in park `east`; returns its id."""
    return make_thing(name="济宁高新软件园服务有限公司", code="91370800MA3C12345X", phone="13812345678")


def make_thing(park: str = "east", **values: Any) -> int:
    parks, _users = ids()
    s = new_session(Scope(parks=None, system=True, park_id=parks[park], user_name="setup"))
    obj = SampleThing(park_id=parks[park], **values)
    s.add(obj)
    s.commit()
    found = obj.id
    s.close()
    return found
