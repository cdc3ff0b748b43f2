"""What the rating report, the board pack and the article say: years, grades, targets, days of documents, one park alone."""

from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
from ratings_help import example
from sqlalchemy import event, select, text
from support_help import carrier

from modules.ratings.models.scheme import RatingScheme
from modules.ratings.reports import board_pack
from modules.ratings.services import article, rating_report, schemes, scores
from modules.tenants.models.carrier import CarrierGrade
from parkops import attachments
from parkops.clock import Period
from parkops.errors import Refused

TODAY = date(2026, 4, 6)
YEAR = Period.parse("2025")


def grade(s, c, year, letter, published, scheme="national"):
    row = CarrierGrade(
        carrier_id=c.id, park_id=c.park_id, scheme=scheme, year=year, grade=letter, published_on=date.fromisoformat(published)
    )
    s.add(row)
    s.flush()
    return row


def counts(session, park):
    return [(r.carrier_id, n) for r, n in article.grades_on_their_dates(session, park.id)]


def test_what_one_day_publishes_counts_together_and_a_correction_of_the_year_replaces_the_letter(session, park):
    a, b = carrier(session), carrier(session)
    grade(session, a, 2021, "A", "2022-12-26")
    grade(session, b, 2021, "A", "2022-12-26")
    assert counts(session, park) == [(a.id, 2), (b.id, 2)]
    grade(session, a, 2021, "B", "2023-03-01")  # a later publication about the same year
    assert counts(session, park)[-1] == (a.id, 1)
    grade(session, b, 2020, "C", "2023-04-01")  # an older year, published late, changes nothing
    assert counts(session, park)[-1] == (b.id, 1)


def test_grades_of_another_evaluation_are_not_national_ones(session, park):
    c, _firms = example(session)
    grade(session, c, 2024, "B", "2025-12-01")
    other = next(v for v in CarrierGrade.__table__.c.scheme.type.choices if v != "national")
    grade(session, c, 2024, "A", "2025-12-20", other)
    found = rating_report.gather_reports(session, park.id, YEAR, TODAY, c.id, deep=False)[0]
    assert [g.grade for g in found.official] == ["B"] and [n for _c, n in counts(session, park)] == [0]


def test_the_article_counts_one_park_though_the_reader_sees_two(session, park, monkeypatch):
    seen = []

    class Figure:
        code, title, published, at_least = "F99", "t", 1, False

        def count(self, s, park_id, on):
            seen.append((s.info["scope"].parks, s.info["scope"].park_id))
            return 1, "q"

        def agrees(self, value):
            return True

    monkeypatch.setattr(article, "figures", lambda: [Figure()])
    before = session.info["scope"]
    article.counted(session, park.id)
    assert seen == [(frozenset({park.id}), park.id)] and session.info["scope"] is before


@pytest.mark.parametrize(
    ("value", "target", "better", "share"),
    [
        ("0", "5", "lower", "1"),  # nothing overdue: reached, not unreported
        ("10", "5", "lower", "0.5"),
        (None, "5", "lower", None),
        ("5", "10", "higher", "0.5"),
        ("0", "10", "higher", "0"),
        ("3", "0", "higher", "1"),
        (None, "0", None, None),
    ],
)
def test_how_much_of_a_target_is_reached(value, target, better, share):
    found = board_pack.share_reached(None if value is None else Decimal(value), Decimal(target), better)
    assert found == (None if share is None else Decimal(share))


def test_years_are_named_by_the_period_asked_for_and_parts_of_years_are_refused(session, park):
    c, _firms = example(session)
    for today, key in ((date(2026, 2, 1), "2025"), (TODAY, "2025"), (date(2027, 1, 5), "2026"), (date(2026, 11, 1), "2026")):
        found = rating_report.gather_reports(session, park.id, Period.parse(key), today, c.id)[0]
        assert [y for y, _r in found.years] == [int(key) - n for n in (3, 2, 1, 0)], (today, key)
    for key in ("2025Q4", "2025-12"):
        with pytest.raises(Refused):
            rating_report.gather_reports(session, park.id, Period.parse(key), TODAY, c.id)


def test_documents_that_came_after_the_day_of_the_report_are_not_in_it(session, park):
    c, _firms = example(session)
    file = attachments.attach(session, c, BytesIO(b"later"), "later.txt")
    marks = lambda today: [p.mark for p in rating_report.gather_reports(session, park.id, YEAR, today, c.id)[0].papers]  # noqa: E731
    session.execute(text("UPDATE core_attachment SET created_at = '2026-03-01' WHERE id = :i"), {"i": file.id})
    session.expire_all()
    assert file.sha256 in marks(TODAY)
    session.execute(text("UPDATE core_attachment SET created_at = '2026-04-02' WHERE id = :i"), {"i": file.id})
    session.expire_all()
    assert file.sha256 not in marks(TODAY)


def scored(s, park, n):
    schemes.ensure_schemes(s, park.id)
    scheme = s.scalars(select(RatingScheme).where(RatingScheme.key == "EVAL-GX-2023", RatingScheme.park_id == park.id)).one()
    for _i in range(n):
        c, _firms = example(s, firms=2, sme=0, invested=0, financed=0, growing=0, entered=0, graduates=0, mentors=0, staff=1)
        scores.create_score(s, carrier_id=c.id, scheme_id=scheme.id, year=2025, on_date=date(2026, 3, 1))


def statements(s, park):
    seen = []
    bind, hear = s.connection(), lambda *a: seen.append(a[2])
    s.flush()
    s.expunge_all()
    event.listen(bind, "before_cursor_execute", hear)
    try:
        found = rating_report.gather_reports(s, park.id, YEAR, TODAY, deep=False)
        assert [x.indicator.label for r in found if r.scored for x in r.scored.lines]
        assert all(r.scored.sheet.scheme.full_mark and r.scored.dimensions for r in found if r.scored)
    finally:
        event.remove(bind, "before_cursor_execute", hear)
    own = [x for x in seen if "tenants_mentor_agreement" not in x]  # that fact is counted for each carrier apart
    return len([r for r in found if r.scored]), len(own)


def test_six_carriers_take_no_more_statements_than_two(session, park):
    scored(session, park, 2)
    few, first = statements(session, park)
    scored(session, park, 4)
    many, then = statements(session, park)
    assert (few, many) == (2, 6) and then <= first


def test_the_board_pack_of_all_parks_gathers_the_carriers_once(session, park, monkeypatch):
    from datetime import UTC, datetime

    from parkops.reports.registry import Request

    asked, real = [], rating_report.gather_reports
    monkeypatch.setattr(rating_report, "gather_reports", lambda s, *a, **k: asked.append(a[0]) or real(s, *a, **k))
    c, _firms = example(session)
    request = Request(None, Period.parse("2026Q1"), TODAY, datetime(2026, 4, 6, tzinfo=UTC))
    section = board_pack._carriers(session, request, request.period)
    assert asked == [None] and c.name in [row[0] for row in section.table.rows]
