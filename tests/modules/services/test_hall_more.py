"""Catalogue lists, import with ratings, board, papers, indicators, tie-outs, the rating link without a log-in."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from hall_help import MON, at, case, done, english, hall, have, item  # noqa: F401
from sqlalchemy import func, select

from modules.services.checks.hall import CHECKS
from modules.services.kpis.hall import KPIS
from modules.services.models.case import ServiceCase
from modules.services.models.item import HallItem, ItemMaterial
from modules.services.models.quality import ReviewTask, ServiceRating
from modules.services.reports import hall as papers
from modules.services.services import board, cases, catalogue, halls, ratings, tolerance
from parkops.clock import Period
from parkops.db.session import system_scope
from parkops.importing import kind_of
from parkops.reports.registry import Request, make
from parkops.testing.kpi_checks import check_all

DAY = timedelta(days=1)


def test_shared_list_has_66_items_in_five_classes(session):
    assert sum(catalogue.shared_counts().values()) == 66 and len(catalogue.shared_counts()) == 5
    assert catalogue.load_list(session, "shared_items.yaml") == 66
    assert catalogue.load_list(session, "shared_items.yaml") == 0
    rows = session.execute(select(HallItem.item_class, func.count(HallItem.id)).where(HallItem.shared).group_by(HallItem.item_class)).all()
    assert {c for c, _n in rows} == {"startup", "food", "labour_social", "culture", "health"} and sum(n for _c, n in rows) == 66
    assert session.scalar(select(func.count(ItemMaterial.id))) > 200


def test_own_list_names_the_services_and_assists_only(session):
    assert catalogue.load_list(session, "catalogue.yaml") == 18
    names = "".join(session.scalars(select(HallItem.name)))
    assert all(word in names for word in ("商事注册", "自助办税", "法律", "融驿站", "劳动关系调解", "红色物业"))
    assert session.scalar(select(func.count(HallItem.id)).where(HallItem.label != "assist")) == 0


@pytest.fixture
def imported(session, tmp_path):
    from parkops.web.importer import mapping
    from parkops.web.importer.engine import run_import
    from parkops.web.importer.reader import open_table

    hall(session, code="KM")
    item(session, (), code="B-1", promised_days=1, label="assist", statutory_days=None)
    lines = ["办件编号,事项编码,申请人,受理日期,等候分钟,办结日期,评价星级"]
    lines += [f"K-{n},B-1,企业{n},2026-03-02,{n % 5},2026-03-0{2 + n % 3},{5 if n else 2}" for n in range(20)]
    lines += [
        "K-20,B-9,企业,2026-03-02,,,",
        "K-21,B-1,企业,2026-03-03,,2026-03-02,",
        "K-22,B-1,企业,2026-03-02,,,5",
        "K-23,B-1,企业,2026-03-02,,,",
    ]
    path = tmp_path / "cases.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    kind = kind_of("services.cases")

    def go():
        table = open_table(path)
        header = mapping.find_header(kind, table)
        return run_import(session, kind, table, header=header, columns=mapping.guess(kind, header), on=date(2026, 4, 1))

    return go


def test_import_makes_limits_ratings_and_tasks_and_changes_nothing_twice(session, imported):
    out = imported()
    assert (out.inserted, [r.row for r in out.rejected]) == (21, [22, 23, 24])
    rows = session.scalars(select(ServiceCase).where(ServiceCase.batch == "import").order_by(ServiceCase.id)).all()
    assert [c.in_time for c in rows[:3]] == [True, True, False] and rows[0].spot and rows[20].state == "accepted"
    assert session.scalar(select(func.count(ServiceRating.id))) == 20 and session.scalar(select(func.count(ReviewTask.id))) == 1
    again = imported()
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, 21)
    found = board.show_board(session, start=MON, end=date(2026, 4, 1))
    assert (found.cases, found.open, found.on_time.part, found.on_time.whole, found.bad.part, found.bad.whole) == (21, 1, 14, 20, 1, 20)
    assert (found.spot.percent, found.minutes, found.visitors, found.visitors_a_day) == ("35.0 %", "2.0", None, None)
    assert [c.run(session) for c in CHECKS] == [[], [], [], []]


def test_tie_outs_say_what_is_wrong(session):
    row = done(session)
    row.in_time, row.stars = False, 4
    session.flush()
    assert [len(c.run(session)) for c in CHECKS] == [1, 1, 0, 0]


def test_board_counts_halls_apart(session):
    one, two = hall(session), hall(session)
    done(session, case(session, item(session, ()), where=one))
    halls.create_visitors(session, hall_id=two.id, day=MON, visitors=200)
    halls.create_visitors(session, hall_id=two.id, day=MON + DAY, visitors=211)
    both, first = (board.show_board(session, start=MON, end=MON + 7 * DAY, hall_id=h) for h in (None, one.id))
    assert (both.cases, both.visitors_a_day, first.cases, first.visitors) == (1, 206, 1, None)


def test_rated_share_counts_ratings_of_the_same_cases(session):
    rated, _bare = done(session), done(session)
    old = done(session, case(session, item(session, ()), day=MON - 7 * DAY), on=MON - 7 * DAY)
    for row in (rated, old):
        ratings.rate_case(session, row, stars=5, at=at())
    found = board.show_board(session, start=MON, end=MON + DAY)
    assert (found.rated.part, found.rated.whole, sum(found.by_stars.values())) == (1, 2, 2)


def test_indicators_tile_list_and_export_agree(session):
    row, late = done(session), case(session, item(session, ()))
    ratings.rate_case(session, row, stars=2, at=at())
    halls.create_visitors(session, hall_id=row.hall_id, day=MON, visitors=200)
    promised = case(session)
    have(session, promised, "申请书")
    tolerance.sign_commitment(session, promised, signed_by="张三", on=MON)
    late.waited = 7
    session.flush()
    assert check_all(session, KPIS, Period.parse("2026-03"), today=date(2026, 4, 1)) == []


def request_for(record_id=None):
    return Request(None, Period.parse("2026-03"), date(2026, 4, 1), at(), record_id, "test")


def words(doc):
    return repr(
        [(str(s.title), str(s.text), [(str(f[0]), str(f[1])) for f in s.facts], s.table.rows if s.table else None) for s in doc.sections]
    )


def test_guide_and_notice_hold_what_the_law_asks(session):
    place = hall(session)
    row = case(
        session, item(session, hall_id=place.id, basis="市场主体登记管理条例", conditions="依法设立", process="受理→决定"), where=place
    )
    have(session, row)
    cases.give_notice(session, row, on=MON)
    for doc in (papers.guide(session, request_for(row.item_id)), papers.notice(session, request_for(row.id))):
        assert all(w in words(doc) for w in ("市场主体登记管理条例", "依法设立", "受理→决定", "申请书", "住所证明", "0537-1234567"))
    assert papers.month(session, request_for()).sections[0].facts[2][1] == 1
    assert make(session, "service-notice", request_for(row.id), "pdf").startswith(b"%PDF")


def test_client_rates_by_link_without_a_login(client, db):
    with system_scope("test") as s:
        from sqlalchemy import text

        s.info["scope"] = s.info["scope"].__class__(
            parks=None, system=True, park_id=s.execute(text("select id from core_park where code='east'")).scalar_one()
        )
        row = done(s)
        token, number = ratings.token_of(row), row.number
        s.commit()
    page = client.get(f"/services/rate/{token}")
    assert page.status_code == 200 and number in page.get_data(as_text=True)
    mark = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.get_data(as_text=True))[1]
    assert client.post(f"/services/rate/{token}", data={"csrf_token": mark, "stars": "9"}).status_code == 422
    assert client.post(f"/services/rate/{token}", data={"csrf_token": mark, "stars": "4", "attitude": "5"}).status_code == 200
    assert client.post(f"/services/rate/{token}", data={"csrf_token": mark, "stars": "1"}).status_code == 422
    assert client.get(f"/services/rate/{token[:-3]}abc").status_code == 404
    with system_scope("test") as s:
        found = s.scalars(select(ServiceRating)).one()
        assert (found.stars, found.attitude, found.rated_by) == (4, 5, "link")
