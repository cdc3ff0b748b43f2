"""The price of an instrument's hour built up from its value and the pools (U-117; the worked tariff of peers.md 3.9)."""

import re
from datetime import date
from decimal import Decimal

import pytest
import recovery_help as h

from modules.platforms import calc_tariff as calc
from modules.platforms.models.cost import CostEntry
from modules.platforms.services import costs, tariff
from parkops.clock import Period

D = Decimal
CONSUMABLES = (20, 30, 200, 50)


def test_the_worked_tariff_is_200_and_300_yuan_an_hour():
    found = calc.build_up(D(800_000), 5, 800, [calc.Part("materials", str(n), D(n), D(1)) for n in CONSUMABLES])
    assert (found.machine, found.cost_price, found.consumables) == (200, 200, 300)


@pytest.mark.parametrize(("value", "life", "rated", "expected"), [
    ("800000", 5, 800, "200"), ("60000", 5, 1400, "8.5714"), ("0", 5, 800, "0")])
def test_machine_price(value, life, rated, expected):
    assert calc.machine_price(D(value), life, rated) == D(expected)


@pytest.mark.parametrize(("life", "rated"), [(0, 800), (5, 0)])
def test_a_life_or_hours_of_nothing_have_no_price(life, rated):
    with pytest.raises(ValueError, match="positive"):
        calc.machine_price(D(1), life, rated)


def test_what_is_not_known_leaves_no_cost_price():
    wages = calc.Part("staff", "工资", D(5_000), D(100))
    assert calc.build_up(D(800_000), 5, 800, [wages]).cost_price == 250
    assert calc.build_up(None, 5, 800, [wages]).cost_price is None
    unused = calc.build_up(D(800_000), 5, 800, [calc.Part("staff", "工资", D(5_000), D(0))])
    assert (unused.machine, unused.cost_price, unused.of("staff"), unused.of("energy"), unused.consumables) == (200, None, None, 0, 0)


@pytest.fixture
def plat(session):
    """Two instruments of 100 and 300 hours; wages of the platform, energy and consumables of the first."""
    p = h.platform(session)
    one = h.instrument(session, p, value="800000", rated_hours=800)
    two = h.instrument(session, p, value="60000", rated_hours=1200)
    who = h.project(session)
    for i, days in ((one, 10), (two, 30)):
        for n in range(days):
            h.event(session, i, who, date(2021, 3, 1 + n), 10)
    pool = costs.open_pool(session, platform_id=p.id, month=date(2021, 3, 1))
    rows = [("staff", "工资", 20_000, None), ("energy", "电费", 1_000, one), ("grant", "补助", 900, None),
            *[("materials", f"耗材{n}", n * 100, one) for n in CONSUMABLES]]
    for kind, title, amount, owner in rows:
        session.add(CostEntry(park_id=p.park_id, pool_id=pool.id, kind=kind, title=title, amount=D(amount), document="x",
                              funder="区财政" if kind == "grant" else None, instrument_id=owner.id if owner else None))
    session.flush()
    return p


def test_the_build_up_of_a_platform(session, plat):
    found = {i.rated_hours: b for i, b in tariff.of_platform(session, plat, Period.parse("2021-03"))}
    one, two = found[800], found[1200]
    assert (one.machine, one.of("staff"), one.of("energy"), one.cost_price, one.consumables) == (200, 50, 10, 260, 300)
    assert (two.machine, two.of("staff"), two.of("energy"), two.cost_price, two.consumables) == (10, 50, 0, 60, 0)


def test_the_page_shows_the_build_up_and_why(session, plat, client, login_as):
    session.commit()
    login_as(client, "finance")
    body = client.get(f"/platforms/recovery/{plat.id}?period=2021-03").get_data(as_text=True)
    table = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", re.search(r'id="rc-tariff".*?</section>', body, re.S)[0]))
    for text in ("800,000.00 ÷ (5年 × 每年800机时)", "20,000.00 ÷ 400.0 h", "1,000.00 ÷ 100.0 h", "260.00", "300.00", "60.00"):
        assert text in table, (text, table)


def test_who_may_not_read_costs_gets_no_build_up(session, plat, app, login_as):
    session.commit()
    client = app.test_client()
    login_as(client, "system_administrator")
    assert client.get(f"/platforms/recovery/{plat.id}?period=2021-03").status_code == 403
