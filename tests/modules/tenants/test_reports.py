"""The operations report and the firm sheet: figures equal the indicators, unreported is said, no personal data, every format."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from support_help import carrier, firm, statement

from modules.tenants.models.financing import FinancingEvent
from modules.tenants.services import carriers, datacalls, visits
from parkops.clock import Period
from parkops.errors import NotFound, Refused
from parkops.reports import registry
from parkops.reports.registry import Request

AT = datetime(2023, 1, 5, tzinfo=UTC)


def request(park, period="2022", record=None):
    return Request(park.id if park else None, Period.parse(period) if period else None, date(2023, 1, 5), AT, record, "tester")


@pytest.fixture
def world(session, park):
    c = carrier(session, "创达孵化器", area=Decimal("5000"))
    carriers.create_grade(session, carrier_id=c.id, scheme="national", year=2020, grade="B", published_on=date(2021, 12, 20))
    carriers.create_grade(session, carrier_id=c.id, scheme="national", year=2021, grade="A", published_on=date(2023, 1, 2))
    f = firm(session, ("incubating", c, "2021-03-01"), name="甲科技有限公司", phone="13812345678", legal_representative="赵六六")
    firm(session, ("incubating", c, "2021-03-01"), ("graduated", c, "2022-06-01"), name="乙科技有限公司")
    firm(session, ("incubating", c, "2022-04-01"), name="丙科技有限公司")
    statement(session, f, "2022", revenue="1234.56", staff_total=7)
    statement(session, f, "2020", revenue="1000")
    session.add(FinancingEvent(firm_id=f.id, kind="vc", round="a", on_date=date(2022, 5, 1), currency="CNY", amount=None))
    call = datacalls.create_call(session, form_code="monthly-basic", period_start=date(2022, 5, 1), due_on=date(2022, 6, 10))
    datacalls.open_call(session, call, on=date(2022, 6, 1))
    visits.create_follow_up(session, firm_id=f.id, category="space", title="找房", raised_on=date(2022, 5, 1), due_on=date(2022, 6, 1))
    session.flush()
    return f


def made(session, name, req):
    return json.loads(registry.make(session, name, req, "json"))


def test_the_report_says_what_the_indicators_say(session, world, park):
    told = made(session, "operations-monthly", request(park))
    tables = [s["table"] for s in told["sections"] if s["table"]]
    indicators = {row[0]: row[2] for row in tables[0]["rows"]}
    values = list(indicators.values())
    assert values[0] == 2 and "1234.56" in values  # incubating, revenue
    chain = next(t for t in tables if len(t["columns"]) == 10)
    assert chain["totals"][1:] == [2, 1, 0, 1, 0, 0, 0, 2, 0]
    text = json.dumps(told, ensure_ascii=False)
    assert "B (2020)" in text and "A (2021)" not in text  # as known on the last day of the period
    assert "13812345678" not in text and "赵六六" not in text


def test_the_firm_sheet_leaves_gaps_and_personal_data_out(session, world, park):
    told = made(session, "firm-sheet", request(park, None, world.id))
    results = next(s["table"] for s in told["sections"] if s["table"] and any(c["title"] == "2021" for c in s["table"]["columns"]))
    revenue = dict(zip([c["title"] for c in results["columns"]], results["rows"][0], strict=True))
    assert (revenue["2020"], revenue["2021"], revenue["2022"]) == (1000, None, "1234.56")
    equity = dict(zip([c["title"] for c in results["columns"]], results["rows"][-1], strict=True))
    assert equity["2022"] is None and equity["2021"] == 0  # undisclosed is unknown, none is zero
    text = json.dumps(told, ensure_ascii=False)
    assert "13812345678" not in text and "赵六六" not in text and "找房" in text


@pytest.mark.parametrize("fmt", ["pdf", "xlsx", "html"])
def test_every_format(session, world, park, fmt):
    begins = {"pdf": b"%PDF", "xlsx": b"PK", "html": b"<"}[fmt]
    assert registry.make(session, "operations-monthly", request(park, "2022-06"), fmt).lstrip().startswith(begins)
    assert registry.make(session, "firm-sheet", request(park, None, world.id), fmt).lstrip().startswith(begins)


def test_needs(session, world, park, as_role):
    with pytest.raises(Refused):
        made(session, "operations-monthly", request(None))
    session.commit()
    with as_role("operations_manager", park="west") as s, pytest.raises(NotFound):
        made(s, "firm-sheet", Request(None, None, date(2023, 1, 5), AT, world.id, "x"))
