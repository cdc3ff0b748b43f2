"""Forecast of graduation: the stated line as a table (R-110 to R-112), no answer from one point, set-based, and what the job keeps."""

from datetime import date
from decimal import Decimal

import pytest
from ratings_help import acting
from sqlalchemy import func, select
from support_help import carrier, firm, statement

from modules.ratings.calc_forecast import CANNOT_SAY, DATED, EVENT, FLAT, REACHED, Expected, expect, outlook
from modules.ratings.models.forecast import GraduationForecast
from modules.ratings.services import forecast as service
from modules.tenants.models.financing import FinancingEvent
from parkops.db.audit import AuditEntry
from parkops.errors import NotAllowed

ON = date(2026, 3, 1)
MARK = Decimal(10_000_000)


def D(**years):
    return {int(k[1:]): Decimal(v) for k, v in years.items()}


@pytest.mark.parametrize(
    ("points", "years", "kind", "on"),
    [
        ({}, 2, CANNOT_SAY, None),
        (D(y2025="4000000"), 2, CANNOT_SAY, None),
        (D(y2024="3000000", y2025="4000000"), 2, DATED, date(2027, 12, 31)),  # 2026: 5, with 2025: 9; 2027: 6, with 2026: 11
        (D(y2024="4000000", y2025="4500000"), 2, DATED, date(2027, 12, 31)),  # 2025 + 2026 = 9.5
        (D(y2024="4000000", y2025="4750000"), 2, DATED, date(2026, 12, 31)),  # 4.75 + 5.5 = 10.25
        (D(y2024="4500000", y2025="5000000"), 2, DATED, date(2026, 12, 31)),  # 5 + 5.5
        (D(y2024="4875000", y2025="4916666"), 2, DATED, date(2028, 12, 31)),
        (D(y2024="5000000", y2025="5000000"), 2, FLAT, None),  # exactly the mark is not above it
        (D(y2024="4000000", y2025="3000000"), 2, FLAT, None),
        (D(y2024="100", y2025="200"), 2, FLAT, None),  # beyond ten years
        (D(y2022="4000000", y2023="5500000"), 2, DATED, ON),  # 2024 would have done: its statement is missing
        (D(y2021="1000000", y2025="5000000"), 1, DATED, date(2031, 12, 31)),  # 1 m a year; 2030 is exactly 10 m
        (D(y2023="9000000", y2024="1000000", y2025="2000000"), 1, DATED, date(2034, 12, 31)),  # the last two points only
    ],
)
def test_the_line(points, years, kind, on):
    found = expect(points, MARK, ON, years=years)
    assert (found.kind, found.on) == (kind, on)


X = Expected


@pytest.mark.parametrize(
    ("passed", "lines", "combine", "way", "day"),
    [
        (True, [X(REACHED, ON)], "any", "ready", ON),
        (False, [X(EVENT), X(DATED, date(2027, 12, 31)), X(DATED, date(2026, 12, 31))], "any", "year", date(2026, 12, 31)),
        (False, [X(EVENT), X(DATED, date(2027, 12, 31))], "any", "later", date(2027, 12, 31)),
        (False, [X(EVENT), X(FLAT), X(CANNOT_SAY)], "any", "flat", None),
        (False, [X(EVENT), X(CANNOT_SAY)], "any", "unknown", None),
        (False, [X(REACHED, ON), X(DATED, date(2027, 12, 31)), X(DATED, date(2026, 12, 31))], "all", "later", date(2027, 12, 31)),
        (False, [X(DATED, date(2026, 12, 31)), X(CANNOT_SAY)], "all", "unknown", None),
        (False, [X(DATED, date(2026, 12, 31)), X(FLAT)], "all", "flat", None),
    ],
)
def test_the_outlook_of_a_firm(passed, lines, combine, way, day):
    assert outlook(passed, lines, ON, combine=combine) == (way, day)


def year(s, f, y, revenue):
    row = statement(s, f, str(y), revenue=revenue)
    row.reported_on = date(y + 1, 2, 1)


def firms(s, n=3):
    c = carrier(s)
    rows = [firm(s, ("incubating", c, "2023-03-01")) for _ in range(n)]
    for i, f in enumerate(rows[1:], 1):
        year(s, f, 2024, str(i * 3_000_000))
        year(s, f, 2025, str(i * 4_000_000))
    s.flush()
    return c, rows


def test_set_based_and_by_the_rules_in_force(session, query_count):
    _c, few = firms(session, 3)
    _c, many = firms(session, 40)
    session.flush()
    service.forecast(session, few, ON)
    with query_count() as q:
        found = service.forecast(session, few, ON)
    few_count = q.count
    with query_count() as q:
        service.forecast(session, many, ON)
    assert q.count == few_count  # does not grow with the firms
    none, later, ready = (found[f.id] for f in few)
    assert (none.outlook, none.expected_on, none.nearest) == ("unknown", None, None)
    assert (later.outlook, later.expected_on, later.nearest) == ("later", date(2027, 12, 31), "GRD-C")
    assert (ready.verdict, ready.outlook, ready.nearest) == ("pass", "ready", "GRD-C")  # 6 + 8 million
    assert later.rule_set == "GRAD-2025" and later.open_lines == 4
    old = service.forecast(session, few, date(2025, 7, 1))[few[1].id]
    assert old.rule_set == "GRAD-2018"


def test_an_undisclosed_round_is_no_point(session):
    _c, rows = firms(session, 1)
    f = rows[0]
    for y, amount in ((2023, "1000000"), (2024, None), (2025, "3000000")):
        cny = Decimal(amount) if amount else None
        session.add(FinancingEvent(firm_id=f.id, park_id=f.park_id, kind="vc", on_date=date(y, 5, 1), amount=cny, amount_cny=cny))
    session.flush()
    found = service.forecast(session, [f], ON)[f.id]
    line = next(c for c in found.criteria if c.line.fact == "max_single_round")
    assert line.points == {2023: Decimal(1_000_000), 2025: Decimal(3_000_000)}
    assert line.expected.slope == Decimal(1_000_000)
    points = service.points_of(session, [f.id], {"cumulative_rounds"}, ON)["rounds"]
    assert f.id not in points and expect(points.get(f.id, {}), MARK, ON).kind == CANNOT_SAY  # 4 million would leave out what nobody knows
    t = FinancingEvent.__table__
    session.execute(t.update().where(t.c.firm_id == f.id, t.c.amount_cny.is_(None)).values(amount=Decimal(100), amount_cny=Decimal(100)))
    known = service.points_of(session, [f.id], {"cumulative_rounds"}, ON)["rounds"][f.id]
    assert list(known) == [2023, 2024, 2025] and known[2025] - known[2024] == Decimal(3_000_000)


def test_the_job_keeps_one_row_a_firm_and_forgets_leavers(session):
    c, rows = firms(session)
    assert service.refresh_forecasts(session, on=ON)["firms"] == 3
    assert service.refresh_forecasts(session, on=ON)["firms"] == 3  # again: nothing doubles
    g = GraduationForecast
    kept = dict(session.execute(select(g.firm_id, g.outlook)).all())
    assert kept == {rows[0].id: "unknown", rows[1].id: "later", rows[2].id: "ready"}
    from modules.tenants.models.stage import Stage

    session.execute(Stage.__table__.update().where(Stage.firm_id == rows[0].id).values(state="left"))
    assert service.refresh_forecasts(session, on=ON) == {"firms": 2, "removed": 1}
    assert session.scalar(select(func.count()).where(AuditEntry.resource == "ratings.forecast", AuditEntry.op == "refresh")) == 3
    assert dict(service.by_carrier(session)) == {c: {"later": 1, "ready": 1}}


def test_only_managers_write_it_anew(session):
    firms(session)
    with acting(session, "operations_clerk") as s, pytest.raises(NotAllowed):
        service.refresh_forecasts(s, on=ON)
