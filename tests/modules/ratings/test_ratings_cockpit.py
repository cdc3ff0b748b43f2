"""The cockpit: a tile is its list, its sheet and its API; Σ÷Σ over parks; few statements; what is absent is left out; alerts are lists.
Rules R-102 to R-109."""

import json
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from ratings_help import ON, acting, example
from support_help import carrier, firm

from modules.ratings.calc_board import Series, chart
from modules.ratings.calc_target import against, due_now, spread
from modules.ratings.models.target import RatingTeam, TeamTarget
from modules.ratings.services import cockpit, reaching, targets
from parkops import clock
from parkops.clock import Period
from parkops.db.session import system_scope
from parkops.errors import Conflict, NotAllowed, RuleError
from parkops.kpi import engine, store
from parkops.kpi.models import KpiFreeze, KpiSnapshot, KpiValue
from parkops.kpi.registry import Window

TODAY = date(2026, 3, 20)
MARCH = Period.month(TODAY)
Q = "period=2026-03&park=all"
CODES = ["tenants.incubating", *cockpit.FLOW, "leasing.occupancy"]  # the other tiles have no figure, which is a case of its own


def D(x):
    return None if x is None else Decimal(x)


@pytest.mark.parametrize(
    ("actual", "target", "better", "due", "light"),
    [
        ("10", "10", "higher", None, "green"),
        ("9", "10", "higher", None, "amber"),
        ("8.99", "10", "higher", None, "red"),
        ("10", "10", "lower", None, "green"),
        ("11", "10", "lower", None, "amber"),
        ("11.01", "10", "lower", None, "red"),
        (None, "10", "higher", None, "grey"),
        ("5", None, "higher", None, "grey"),
        ("5", "10", "higher", "5", "green"),
        ("0", "0", "higher", None, "green"),
        ("-1", "0", "higher", None, "red"),
    ],
)
def test_traffic_lights(actual, target, better, due, light):
    assert against(D(actual), D(target), better=better, due=D(due)).light == light


@pytest.mark.parametrize(
    ("adds_up", "on", "due"),
    [
        ("sum", date(2026, 12, 31), "365"),
        ("sum", date(2026, 1, 1), "1"),
        ("sum", date(2026, 1, 31), "31"),
        ("last", date(2026, 1, 1), "365"),
        ("ratio", date(2026, 1, 1), "365"),
    ],
)
def test_what_is_due_today(adds_up, on, due):
    assert due_now(Decimal(365), adds_up, date(2026, 1, 1), date(2027, 1, 1), on) == Decimal(due)


@pytest.mark.parametrize(
    ("target", "adds_up", "parts", "places", "first", "last"),
    [
        ("100", "sum", 12, 0, "9", "8"),
        ("100", "sum", 4, 0, "25", "25"),
        ("100.05", "sum", 4, 2, "25.02", "25.01"),
        ("0.9", "ratio", 12, 4, "0.9", "0.9"),
    ],
)
def test_spreading_a_target(target, adds_up, parts, places, first, last):
    found = spread(Decimal(target), adds_up, parts, places)
    assert (found[0], found[-1], len(found)) == (Decimal(first), Decimal(last), parts)
    assert adds_up != "sum" or sum(found) == Decimal(target)


def test_a_missing_figure_is_a_gap_not_a_zero():
    drawing = chart(["1", "2", "3"], [Series("x", [Decimal(1), None, Decimal(3)], "bar")])
    assert drawing.count("<rect") == 2
    assert chart(["1"], [Series("x", [None])]) == ""


def built(s, park, park2):
    for where, n in ((park, 3), (park2, 2)):
        c = carrier(s, park_id=where.id)
        for i in range(n):
            firm(s, ("incubating", c, "2025-05-01" if i else "2026-03-02"))
        firm(s, ("incubating", c, "2024-03-01"), ("graduated", c, "2026-03-10"))
    s.flush()
    for period in (MARCH.previous(), MARCH):
        engine.compute(s, period, CODES, today=TODAY)


def test_few_statements_whatever_the_parks_and_periods(session, park, park2, query_count):
    built(session, park, park2)
    cockpit.board(session, MARCH, TODAY, park_id=park.id, query=Q)
    counts = {}
    for park_id in (park.id, None):
        with query_count() as q:
            cockpit.board(session, MARCH, TODAY, park_id=park_id, query=Q)
        counts[park_id] = q.count
    assert max(counts.values()) <= 12, counts
    for i in range(30):  # thirty more months of stored figures: not one more statement
        session.add(
            KpiValue(
                park_id=park.id,
                code="tenants.incubating",
                kpi_version=1,
                grain="month",
                period_start=date(2020 + i // 12, i % 12 + 1, 1),
                period_key="x",
                key="",
                numerator=i,
                run_id="x",
                computed_at=clock.now(),
            )
        )
    session.flush()
    with query_count() as q:
        cockpit.board(session, MARCH, TODAY, park_id=park.id, query=Q)
    assert q.count == counts[park.id]


def test_the_movement_closes(session, park, park2):
    built(session, park, park2)
    board = cockpit.board(session, MARCH, TODAY, park_id=None, query=Q)
    tile = next(t for t in board.tiles if t.code == "flow")
    moved = {i.kpi.code: i.value for i in tile.more}
    assert tile.extra["flow"] == {"opening": 5, "closing": 5, "off": 0}
    assert (moved["tenants.admitted"], moved["tenants.graduated"]) == (2, 2)


def test_all_parks_are_sums_over_sums(session, park, park2):
    built(session, park, park2)
    for park_id, top, bottom in ((park.id, 1, 2), (park2.id, 9, 10), (None, 10, 12)):
        session.query(KpiValue).filter_by(
            code="leasing.occupancy", grain="month", period_start=MARCH.start, key="", park_id=park_id
        ).update({"numerator": top * 100, "denominator": bottom * 100})
    session.flush()
    session.expire_all()
    every = cockpit.board(session, MARCH, TODAY, park_id=None, query=Q)
    assert next(t for t in every.tiles if t.code == "occupancy").lead.value == Decimal("0.833333")  # 10 ÷ 12, not the mean of 50 % and 90 %
    # somebody who sees the two parks, but not the company, gets the same from the parks' own rows
    scope = session.info["scope"]
    session.info["scope"] = replace(scope, parks=frozenset({park.id, park2.id}))
    mine = cockpit.board(session, MARCH, TODAY, park_id=None, query=Q)
    session.info["scope"] = scope
    assert next(t for t in mine.tiles if t.code == "occupancy").lead.value == Decimal("0.833333")


def test_a_tile_without_its_module_or_right_is_left_out(session, park, park2, monkeypatch):
    built(session, park, park2)
    known = dict(cockpit.readable(session))
    assert {"loans", "funds"} <= {t.code for t in cockpit.board(session, MARCH, TODAY, park_id=None, query=Q).tiles}
    monkeypatch.setattr(cockpit, "readable", lambda s: {c: k for c, k in known.items() if k.module not in ("loans", "funds")})
    left = {t.code for t in cockpit.board(session, MARCH, TODAY, park_id=None, query=Q).tiles}
    assert not {"loans", "funds"} & left and "occupancy" in left
    with acting(session, "operations_clerk") as s, pytest.raises(NotAllowed):
        cockpit.board(s, MARCH, TODAY, park_id=None, query=Q)


def test_targets_many_at_a_time(session, park, park2):
    built(session, park, park2)
    year = Period.year(TODAY)
    values = {"tenants.admitted": Decimal(100), "leasing.occupancy": Decimal("0.9")}
    assert targets.save_park(session, park.id, year, values, into="month") == 26  # two of the year, twelve months each
    assert targets.save_park(session, park.id, year, values, into="month") == 0
    march = {s.kpi.code: s.target for s in store.figures(session, list(values), [MARCH], park_id=park.id)}
    assert march == {"tenants.admitted": Decimal(9), "leasing.occupancy": Decimal("0.9")}
    assert targets.save_park(session, park.id, year, {"tenants.admitted": None}) == 1
    with pytest.raises(RuleError):
        targets.save_park(session, park.id, MARCH, {"tenants.rd_expense": Decimal(1)})  # of years only
    with acting(session, "leadership") as s, pytest.raises(NotAllowed):
        targets.save_park(s, park.id, year, values)


ADMITTED, LEFT = "tenants.admitted", "tenants.left"


def kept_targets(s, park, grain):
    rows = s.scalars(targets.select(targets.KpiTarget).where(targets.KpiTarget.park_id == park.id, targets.KpiTarget.grain == grain))
    return {(r.code, r.period_start.month): r.target for r in rows}


def test_spreading_deletes_no_target_nobody_touched(session, park):
    """R-104: an empty field of the year says nothing of the months somebody set."""
    year = Period.year(TODAY)
    targets.save_park(session, park.id, MARCH, {ADMITTED: Decimal(7)})
    targets.save_park(session, park.id, year, {LEFT: Decimal(12)}, into="month")
    untouched = {ADMITTED: None, LEFT: Decimal(12)}
    assert targets.save_park(session, park.id, year, untouched, into="month") == 0
    assert kept_targets(session, park, "month")[ADMITTED, 3] == 7
    targets.save_park(session, park.id, MARCH, {LEFT: Decimal(5)})  # a month by hand
    assert targets.save_park(session, park.id, year, untouched, into="month", before=untouched) == 0
    assert kept_targets(session, park, "month")[LEFT, 3] == 5
    assert targets.save_park(session, park.id, year, {LEFT: None}, into="month", before={LEFT: Decimal(12)}) == 13  # cleared on purpose
    assert kept_targets(session, park, "month") == {(ADMITTED, 3): Decimal(7)}
    targets.save_park(session, park.id, year, {LEFT: Decimal(12)})
    assert targets.save_park(session, park.id, year, {LEFT: Decimal(12)}, into="month", before={LEFT: Decimal(12)}) == 12  # spread later


def test_a_page_loaded_earlier_writes_only_what_was_changed_on_it(session, park):
    """R-104: two people with the same page; who saves second neither undoes the first nor is silently lost."""
    year, seen = Period.year(TODAY), {ADMITTED: Decimal(10), LEFT: None}
    targets.save_park(session, park.id, year, {ADMITTED: Decimal(10)})
    targets.save_park(session, park.id, year, {**seen, ADMITTED: Decimal(20)}, before=seen)
    assert targets.save_park(session, park.id, year, {**seen, LEFT: Decimal(3)}, before=seen) == 1
    assert kept_targets(session, park, "year") == {(ADMITTED, 1): Decimal(20), (LEFT, 1): Decimal(3)}
    with pytest.raises(Conflict):
        targets.save_park(session, park.id, year, {ADMITTED: Decimal(30)}, before=seen)
    with pytest.raises(Conflict):
        targets.save_park(session, park.id, year, {LEFT: Decimal(4)}, before=seen)
    team = targets.create_team(session, name="招商部", active=True)
    targets.save_team(session, team, year, {ADMITTED: Decimal(1)})
    with pytest.raises(Conflict):
        targets.save_team(session, team, year, {ADMITTED: Decimal(2)}, before={ADMITTED: None})
    assert kept_targets(session, park, "year")[ADMITTED, 1] == 20


def test_rows_of_a_team_are_made_and_dropped_with_these_rights_only(session, park):
    year, team = Period.year(TODAY), targets.create_team(session, name="物业部", active=True)
    targets.save_team(session, team, year, {ADMITTED: Decimal(1)})
    with acting(session, "operations_manager") as s:
        scope = s.info["scope"]
        for word, values in (("add", {LEFT: Decimal(2)}), ("remove", {ADMITTED: None})):
            s.info["scope"] = replace(scope, rights=scope.rights - {(targets.RESOURCE, word)})
            assert targets.save_team(s, team, year, {ADMITTED: Decimal(1)}) == 0
            with pytest.raises(NotAllowed):
                targets.save_team(s, team, year, values)
        s.info["scope"] = scope
        assert targets.save_team(s, team, year, {LEFT: Decimal(2), ADMITTED: None}) == 2


def test_a_frozen_figure_stands_whole_where_parks_are_counted(session, park, park2):
    """R-106: frozen as not reported stays so, whatever is known today."""
    built(session, park, park2)
    when = {"grain": "month", "period_start": MARCH.start, "period_key": MARCH.key, "frozen_at": clock.now(), "frozen_by": "test"}
    f = KpiFreeze(park_id=park.id, reason="上报", hash="0" * 64, **when)
    session.add(f)
    session.flush()
    session.add(KpiSnapshot(freeze_id=f.id, park_id=park.id, code="tenants.incubating", kpi_version=1, key="", numerator=None))
    for where in (park, park2):
        targets.save_park(session, where.id, MARCH, {"tenants.incubating": Decimal(1)})
    lights = [x.against.light for x in targets.lines(session, MARCH, TODAY)]
    assert sorted(lights) == ["green", "grey"]
    assert reaching.parks_reaching(session, MARCH, TODAY, ["tenants.incubating"]) == {"tenants.incubating": (1, 2)}


def test_a_sheet_still_being_counted_is_nobodys_score(session, park):
    from modules.ratings.models.scheme import RatingScheme
    from modules.ratings.services import recognition, schemes, scores

    schemes.ensure_schemes(session, park.id)
    c, _firms = example(session)
    recognition.keep_assessment(session, c, rule_set="INC-2025-STD", on=ON)
    scheme = session.scalars(targets.select(RatingScheme).where(RatingScheme.key == "EVAL-GX-2023")).one()
    row = scores.create_score(session, carrier_id=c.id, scheme_id=scheme.id, year=2025, on_date=ON)
    for state, known in (("draft", None), ("experts", None), ("scored", row.id)):
        row.state = state
        session.flush()
        found, _count = cockpit.verdicts(session, Window(MARCH, TODAY), park.id)
        assert next(v for v in found if v.carrier_id == c.id).score_id == known, state


def test_park_and_team_targets_against_figures(session, park, park2):
    built(session, park, park2)
    engine.compute(session, Period.year(TODAY), ["tenants.admitted", "tenants.incubating"], today=TODAY)
    year, team = Period.year(TODAY), targets.create_team(session, name="孵化服务部", active=True)
    c = session.scalars(targets.select(targets.Carrier).where(targets.Carrier.park_id == park.id)).first()
    targets.save_park(session, park.id, year, {"tenants.admitted": Decimal(5)})
    targets.save_park(session, park2.id, year, {"tenants.admitted": Decimal(50)})
    targets.save_team(session, team, year, {"tenants.incubating": Decimal(4)}, carrier_id=c.id)
    targets.save_team(session, team, year, {"tenants.incubating": Decimal(2)})
    found = {(x.park_id, x.team and x.team.name, x.key): (x.value, x.against.light) for x in targets.lines(session, year, TODAY)}
    # one admitted; 5 × 79/365 = 1.08 due: 1 is amber; 50 → 10.8 due: red
    assert found[park.id, None, ""] == (1, "amber") and found[park2.id, None, ""] == (1, "red")
    assert found[park.id, "孵化服务部", str(c.id)] == (3, "red") and found[park.id, "孵化服务部", ""] == (3, "green")
    assert reaching.parks_reaching(session, year, TODAY, ["tenants.admitted"]) == {"tenants.admitted": (0, 2)}
    some = {
        "tenants.admitted": Decimal("4.62"),
        "tenants.incubating": Decimal(3),
        "leasing.occupancy": Decimal("0.5"),
        "tenants.left": Decimal(0),
    }
    for where, codes in ((park.id, some), (park2.id, some)):
        targets.save_park(session, where, MARCH, codes)
    session.query(KpiValue).filter_by(code="leasing.occupancy", grain="month", period_start=MARCH.start, key="", park_id=park.id).update(
        {"numerator": 5000, "denominator": 10001}
    )  # 49.995 % is short of 50 %
    session.flush()
    by_line = {}
    for x in targets.lines(session, MARCH, TODAY):
        good, n = by_line.get(x.kpi.code, (0, 0))
        by_line[x.kpi.code] = (good + (x.against.light == "green"), n + 1)
    assert reaching.parks_reaching(session, MARCH, TODAY, list(some)) == by_line  # counted in SQL as line by line
    assert by_line["leasing.occupancy"] == (0, 2) and by_line["tenants.left"] == (2, 2) and by_line["tenants.incubating"][0] == 1
    with pytest.raises(RuleError) as no:
        targets.save_team(session, team, year, {"leasing.occupancy": Decimal(1)}, carrier_id=c.id)
    assert [p.code for p in no.value.problems] == ["ratings.R-101"]
    row = session.scalars(targets.select(TeamTarget)).first()
    with pytest.raises(RuleError):
        targets.remove_team(session, session.get(RatingTeam, row.team_id))


def test_target_statements_do_not_grow(session, park, park2, query_count):
    built(session, park, park2)
    year, counts = Period.year(TODAY), []
    targets.lines(session, year, TODAY)  # settings and rights are looked up once
    for n in (1, 12):
        for i in range(n):
            team = targets.create_team(session, name=f"团队{n}-{i}", active=True)
            targets.save_team(session, team, year, {"tenants.admitted": Decimal(5), "tenants.graduated": Decimal(3)})
        session.flush()
        with query_count() as q:
            targets.lines(session, year, TODAY)
        counts.append(q.count)
    assert counts[1] <= counts[0] <= 8


# --- pages -------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def figures(app, park, park2):
    month = Period.month(clock.today()).previous()
    with system_scope("test") as s:
        s.info["scope"] = replace(s.info["scope"], park_id=park.id)
        for where, n in ((park, 3), (park2, 2)):
            c = carrier(s, park_id=where.id)
            for _i in range(n):
                firm(s, ("incubating", c, "2025-05-01"))
            firm(s, ("incubating", c, "2024-03-01"), ("graduated", c, month.last_day.isoformat()))
        s.flush()
        for period in (month.previous(), month):
            engine.compute(s, period, CODES, today=clock.today())
    return month.key


def page(client, url, status=200):
    answer = client.get(url)
    assert answer.status_code == status, (url, answer.status_code, answer.get_data(as_text=True)[:300])
    return answer


def drilled(client, code, query):
    """How many records the page behind a figure says."""
    html = page(client, f"/core/kpi/{code}/list?{query}").get_data(as_text=True)
    ids = re.search(r"data-ids=['\"](\[[^\]]*\])", html)
    return len(json.loads(ids[1])) if ids else None


def test_tile_is_list_is_sheet_is_api(client, login_as, figures, park):
    login_as(client, "leadership")
    for where in (park.id, "all"):
        query = f"period={figures}&park={where}"
        html = page(client, f"/ratings/cockpit/?{query}").get_data(as_text=True)
        tiles = dict(re.findall(r'data-code="([a-z_.]+)" data-value="([^"]*)"', html))
        api = page(client, f"/api/v1/ratings/cockpit/?{query}").get_json()
        sheet = page(client, f"/reports/cockpit?{query}&format=json").get_json()
        rows = json.dumps(sheet["sections"][0]["table"], ensure_ascii=False)
        assert {t["lead"]["code"] for t in api["tiles"]} == set(tiles)
        for t in api["tiles"]:
            value = tiles[t["lead"]["code"]]
            assert (None if value == "" else Decimal(value)) == (None if t["lead"]["value"] is None else Decimal(str(t["lead"]["value"])))
            assert t["lead"]["code"] in rows
        for code, n in (("tenants.incubating", 3), ("tenants.graduated", 1)):  # the reader's own park alone, never the other one's two
            assert Decimal(tiles[code]) == drilled(client, code, query) == n


def test_an_alert_is_the_list_it_opens(client, login_as, figures, park):
    from modules.tenants.models.firm import Firm

    with system_scope("test") as s:
        for row in s.query(Firm).filter(Firm.state == "incubating", Firm.park_id == park.id):
            row.term_ends_on = date(2026, 1, 1)
    login_as(client, "leadership")
    html = page(client, f"/ratings/cockpit/?period={figures}&park={park.id}").get_data(as_text=True)
    links = re.findall(r'<a class="rc-alert" href="([^"]+)"><span class="pk-tone[^>]*>(\d+)</span>', html)
    link, count = next((u, n) for u, n in links if u.startswith("/tenants/firm/"))
    filters = json.loads(parse_qs(urlsplit(link.replace("&amp;", "&")).query)["filters"][0])
    answer = client.get("/api/v1/tenants/firm/", query_string={"q": json.dumps({"filters": filters})}).get_json()
    assert answer["count"] == int(count) == 3


def test_pages_of_leadership(client, login_as, figures, park):
    login_as(client, "leadership")
    wall = page(client, "/ratings/cockpit/wall").get_data(as_text=True)
    assert wall.count("rc-slide ") >= 3 and "pk-side" not in wall
    for url in (
        "/ratings/targets/",
        "/ratings/compare/",
        "/ratings/forecast/",
        "/ratings/definitions/?q=131",
        "/ratings/definitions/entry?code=tenants.incubating",
        "/ratings/definitions/entry?code=measure:sme_share",
        "/ratings/cockpit/?period=2026Q1&park=all",
        "/ratings/cockpit/?period=2025",
    ):
        page(client, url)
    assert page(client, "/ratings/definitions/book.xlsx?q=131").data[:2] == b"PK"
    page(client, "/ratings/definitions/entry?code=no.such", 404)
    page(client, "/ratings/cockpit/?period=abc", 400)
    page(client, "/ratings/targets/edit", 403)


def test_the_wall_says_when_it_will_be_logged_out(client, login_as, park):
    from parkops.settings import Setting

    login_as(client, "leadership")
    asked = page(client, "/ratings/cockpit/wall").get_data(as_text=True)
    assert 'data-keeps="no"' in asked and "rc-wall-end" in asked and 'id="wall-lost" hidden' in asked
    with system_scope("test") as s:
        s.add(Setting(key="ratings.wall_keeps_session", value=True))
    kept = page(client, "/ratings/cockpit/wall").get_data(as_text=True)
    assert 'data-keeps="yes"' in kept and "rc-wall-end" not in kept
    script = page(client, "/static/ratings/wall.js").get_data(as_text=True)
    assert '"X-Background": "1"' in script and 'redirect: "manual"' in script  # a log-in form never replaces the figures


def test_who_may_not_see_it(client, login_as, park):
    login_as(client, "system_administrator")
    for url in ("/ratings/cockpit/", "/ratings/cockpit/wall", "/ratings/definitions/", "/ratings/compare/"):
        page(client, url, 403)


def test_a_manager_enters_targets_on_one_page(client, login_as, figures, park):
    login_as(client, "operations_manager")
    html = page(client, f"/ratings/targets/edit?period={figures}&park={park.id}").get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', html)[1]
    form = {
        "csrf_token": token,
        "_once": "key-00000001",
        "period": figures,
        "park": str(park.id),
        "team": "",
        "carrier": "",
        "t_tenants.incubating": "4",
        "t_leasing.occupancy": "92.5 %",
        "t_tenants.graduated": "",
        **dict(re.findall(r'name="(o_[a-z_.]+)" value="([^"]*)"', html)),
    }
    assert form["o_tenants.incubating"] == ""
    for _again in range(2):
        assert client.post("/ratings/targets/save", data=form).status_code == 303
    with system_scope("test") as s:
        kept = {x.kpi.code: x.target for x in targets.lines(s, Period.parse(figures), TODAY, park_id=park.id)}
        assert kept == {"tenants.incubating": Decimal(4), "leasing.occupancy": Decimal("0.925")}
    wrong = client.post("/ratings/targets/save", data={**form, "_once": "key-00000002", "t_tenants.incubating": "many"})
    assert wrong.status_code == 422
    late = client.post("/ratings/targets/save", data={**form, "_once": "key-00000003", "t_tenants.incubating": "5"})
    assert late.status_code == 409  # the page was loaded before the first save
    bare = {k: v for k, v in form.items() if not k.startswith("o_")}
    assert client.post("/ratings/targets/save", data={**bare, "_once": "key-00000004"}).status_code == 400
