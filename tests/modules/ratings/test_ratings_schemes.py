"""Editions, score sheets, experts, what-if and indices in the database."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from core_help import entry
from ratings_help import ON, acting, example, refused
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from support_help import carrier

from modules.ratings.models.index import CompositeIndex, IndexIndicator
from modules.ratings.models.scheme import RatingBand, RatingIndicator, RatingScheme
from modules.ratings.models.score import ExpertSheet, RatingScore, ScoreLine
from modules.ratings.services import experts, indices, schemes, scores, whatif
from modules.ratings.states import SCHEME
from modules.tenants.services import carriers
from parkops.errors import NotAllowed, RuleError

AT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def scheme(s, key):
    return s.scalars(select(RatingScheme).where(RatingScheme.key == key).order_by(RatingScheme.edition.desc())).first()


@pytest.fixture
def shipped(session, park):
    schemes.ensure_schemes(session, park.id)
    return session


def test_a_park_gets_the_shipped_schemes_once(shipped, park):
    states = dict(shipped.execute(select(RatingScheme.key, RatingScheme.state)).all())
    assert states == {
        "EVAL-GX-2023": "active",
        "EVAL-HUZHOU-MS": "active",
        "GRADE-FUYANG": "active",
        "MS-SHEET": "active",
        "GRADE-EQUIPMENT": "active",
        "EVAL-239-TEMPLATE": "draft",
    }
    assert schemes.ensure_schemes(shipped, park.id) == []
    assert all(
        not schemes.weight_problems(shipped, s).found for s in shipped.scalars(select(RatingScheme).where(RatingScheme.state == "active"))
    )


def test_the_template_is_not_put_into_use(shipped):
    with pytest.raises(RuleError) as refused:
        schemes.activate_scheme(shipped, scheme(shipped, "EVAL-239-TEMPLATE"), on=ON)
    assert {p.code for p in refused.value.problems} == {"ratings.R-23", "ratings.R-25"}


def test_an_edit_is_a_new_edition_and_weights_must_sum(shipped):
    old = scheme(shipped, "EVAL-GX-2023")
    first = schemes.indicators_of(shipped, old)[0]
    with refused("ratings.R-21"):
        schemes.change_indicator(shipped, first, most=Decimal(25))
    with pytest.raises(DBAPIError), shipped.begin_nested():
        shipped.execute(text("UPDATE ratings_indicator SET most = 1 WHERE id = :i"), {"i": first.id})
    new = schemes.new_edition(shipped, old)
    assert (new.edition, new.state, old.state) == (2, "draft", "active")
    copy = schemes.indicators_of(shipped, new)[0]
    schemes.change_indicator(shipped, copy, most=Decimal(25))
    with refused("ratings.R-23", "25"):
        schemes.activate_scheme(shipped, new, on=ON)
    dims = schemes.dimensions_of(shipped, new)
    schemes.change_dimension(shipped, dims[0], weight=Decimal(25))
    with refused("ratings.R-23", "105"):
        schemes.activate_scheme(shipped, new, on=ON)
    schemes.change_dimension(shipped, dims[1], weight=Decimal(15))
    schemes.change_indicator(shipped, schemes.indicators_of(shipped, new)[1], most=Decimal(15))
    schemes.activate_scheme(shipped, new, on=ON)
    assert (new.state, old.state, old.retired_on) == ("active", "retired", ON)
    assert SCHEME.history(shipped, new)


def sheet(s, key="EVAL-GX-2023", **values):
    c = values.pop("carrier", None) or example(s, **{k: values.pop(k) for k in ("sme",) if k in values})[0]
    with acting(s, "operations_clerk"):
        return scores.create_score(s, carrier_id=c.id, scheme_id=scheme(s, key).id, year=2025, on_date=ON, **values)


def judge(s, row, role, *points):
    with acting(s, role):
        return experts.give_points(
            s, row, points={x.code: Decimal(p) for x, p in zip(experts.asked_of(s, row), points, strict=True)}, at=AT
        )


def test_experts_judge_outliers_are_named_and_another_person_signs(shipped):
    row = sheet(shipped)
    assert (row.state, row.open_lines, row.grade) == ("draft", 4, None)
    with refused("ratings.R-34"):
        scores.finish_score(shipped, row)
    with acting(shipped, "operations_manager"):
        experts.open_round(shipped, row, needed=3, outlier="median", tolerance=Decimal(5))
    with acting(shipped, "operations_clerk"), pytest.raises(NotAllowed):
        experts.give_points(shipped, row, points={}, at=AT)
    judge(shipped, row, "operations_manager", "16", "16", "34", "14")
    with refused("ratings.R-41"):
        judge(shipped, row, "operations_manager", "16", "16", "34", "14")
    with refused("ratings.R-41", "20"):
        judge(shipped, row, "finance", "21", "16", "34", "14")
    judge(shipped, row, "finance", "18", "16", "35", "15")
    with acting(shipped, "operations_manager"), refused("ratings.R-43"):
        experts.close_round(shipped, row)
    odd = judge(shipped, row, "leadership", "2", "16", "36", "15")
    with acting(shipped, "operations_manager"):
        experts.close_round(shipped, row)
    assert (row.state, row.open_lines) == ("scored", 0)
    assert (
        Decimal(row.exact).quantize(Decimal("0.0001")) == row.total == (Decimal(17) + 16 + 35 + Decimal(44) / 3).quantize(Decimal("0.0001"))
    )
    assert odd.left_out == [experts.asked_of(shipped, row)[0].code]
    for judge_of_it in ("operations_manager", "leadership"):  # one mean stands on the points of each, also of the outlier
        with acting(shipped, judge_of_it), refused("ratings.R-36"):
            scores.sign_score(shipped, row, on=ON)
    with acting(shipped, "leadership", "leadership_west"):
        scores.sign_score(shipped, row, on=ON)
    assert row.seal == scores.seal_of(shipped, row)
    line = shipped.scalars(select(ScoreLine.id).where(ScoreLine.score_id == row.id)).first()
    for statement in (
        "UPDATE ratings_score SET total = 0 WHERE id = :i",
        "DELETE FROM ratings_score_line WHERE id = :j",
        "INSERT INTO ratings_score_line (park_id, score_id, indicator_id, most, records) SELECT l.park_id, l.score_id, n.id, 0, '[]'"
        " FROM ratings_score_line l, ratings_indicator n WHERE l.id = :j AND n.id <> l.indicator_id AND n.scheme_id <> "
        "(SELECT scheme_id FROM ratings_score WHERE id = :i) LIMIT 1",
    ):
        with pytest.raises(DBAPIError), shipped.begin_nested():
            shipped.execute(text(statement), {"i": row.id, "j": line})


def test_who_prepared_a_sheet_neither_judges_nor_signs_it(shipped):
    c, _firms = example(shipped)
    with acting(shipped, "operations_manager"):
        row = scores.create_score(shipped, carrier_id=c.id, scheme_id=scheme(shipped, "EVAL-GX-2023").id, year=2025, on_date=ON)
        experts.open_round(shipped, row, needed=1, outlier="none")
    with refused("ratings.R-42"):
        judge(shipped, row, "operations_manager", "1", "1", "1", "1")
    judge(shipped, row, "finance", "1", "1", "1", "1")
    with acting(shipped, "operations_manager"):
        experts.close_round(shipped, row)
        with refused("ratings.R-36"):
            scores.sign_score(shipped, row, on=ON)
    assert shipped.scalar(select(func.count(ExpertSheet.id))) == 1


def test_a_sheet_needs_its_kind_of_carrier_and_rank_decides_the_grade(shipped):
    with refused("ratings.R-31"):
        sheet(shipped, "MS-SHEET")
    row = sheet(shipped, "GRADE-FUYANG", place=1, peers=10)
    with acting(shipped, "operations_manager"):
        experts.open_round(shipped, row, needed=1, outlier="none")
    judge(shipped, row, "finance", "85")
    with acting(shipped, "operations_manager"):
        experts.close_round(shipped, row)
    assert row.grade == "优良"  # nobody knows of an accident: the person's statement says lawful
    assert shipped.scalar(select(func.count(RatingBand.id)).where(RatingBand.scheme_id == row.scheme_id)) == 3


def test_figures_of_a_makerspace_are_counted(shipped):
    c = carrier(shipped, kind="makerspace", workstations=80, founded_on=date(2020, 1, 1))
    row = sheet(shipped, "MS-SHEET", carrier=c)
    points = dict(
        shipped.execute(
            select(RatingIndicator.code, ScoreLine.points)
            .join(ScoreLine, ScoreLine.indicator_id == RatingIndicator.id)
            .where(ScoreLine.score_id == row.id)
        ).all()
    )
    assert Decimal(points["MS-C1"]) == 8 and points["MS-C3"] is None and Decimal(points["MS-C5"]) == 0


def test_a_what_if_without_changes_is_the_real_answer(shipped):
    c, firms = example(shipped)
    before, after = whatif.simulate(shipped, "INC-2025-STD", c, ON, whatif.Changes())
    assert [(a.line.verdict, a.line.value) for a in before.gates] == [(b.line.verdict, b.line.value) for b in after.gates]
    named = whatif.Changes(qualify={"sme_share": [firms[20].id, firms[0].id]})  # firms[0] counts already
    assert whatif.simulate(shipped, "INC-2025-STD", c, ON, named)[1].verdict == "pass"
    smallest = whatif.smallest(before)
    assert smallest.numerators == {"sme_share": Decimal(12)}
    assert whatif.simulate(shipped, "INC-2025-STD", c, ON, smallest)[1].verdict == "pass"
    gone = whatif.Changes(remove=[f.id for f in firms[36:40]])  # four firms that count for nothing
    by = {g.line.code: g.measured.count for g in whatif.simulate(shipped, "INC-2025-STD", c, ON, gone)[1].gates if g.measured}
    assert (by["STD-04c"].numerator, by["STD-04c"].denominator, by["STD-04a"].numerator) == (11, 36, 36)
    new = entry(shipped)
    by = {
        g.line.code: g.measured.count
        for g in whatif.simulate(shipped, "INC-2025-STD", c, ON, whatif.Changes(add=[new.id]))[1].gates
        if g.measured
    }
    assert [(by[k].numerator, by[k].denominator) for k in ("STD-04a", "STD-04b", "STD-04c")] == [(41, None), (9, 41), (11, 41)]
    with refused("ratings.R-50"):
        whatif.simulate(shipped, "INC-2025-STD", c, ON, whatif.Changes(numerators={"sme_share": Decimal(-1)}))


def test_actuals_reproduce_the_score_to_the_last_digit_and_weights_change_it(shipped):
    row = sheet(shipped)
    with acting(shipped, "operations_manager"):
        experts.open_round(shipped, row, needed=3, outlier="none")
    for role, first in (("operations_manager", "16"), ("finance", "17"), ("leadership", "17")):
        judge(shipped, row, role, first, "10", "30.1", "9")
    with acting(shipped, "operations_manager"):
        experts.close_round(shipped, row)
    now, then = whatif.simulate_score(shipped, row.scheme, row.carrier, ON, real=row)
    assert format(now.total.total, "f") == format(then.total.total, "f") == row.exact
    code = now.rows[2].indicator.code
    _now, then = whatif.simulate_score(shipped, row.scheme, row.carrier, ON, real=row, weights={code: Decimal(21)})
    assert then.rows[2].points == Decimal(21)  # capped by the smaller weight
    _now, then = whatif.simulate_score(shipped, row.scheme, row.carrier, ON, real=row, points={code: Decimal(42)})
    assert then.total.total - now.total.total == Decimal("11.9")


def test_published_grades_stand_beside_own_scores(shipped):
    row = sheet(shipped)
    carriers.create_grade(shipped, carrier_id=row.carrier_id, scheme="national", year=2024, grade="A", published_on=date(2025, 12, 1))
    assert [g.grade for g in scores.official_of(shipped, row.carrier)] == ["A"] and row.grade is None
    assert shipped.scalar(select(func.count(RatingScore.id))) == 1


def test_the_shipped_index_is_133(session, park):
    indices.ensure_indices(session, park.id)
    index = session.scalars(select(CompositeIndex)).one()
    assert indices.ensure_indices(session, park.id) == []
    _dims, inds = indices.parts_of(session, index)
    for i, ratio in zip(inds, ("1.50", "1.20", "1.35", "1.30", "1.30"), strict=True):
        for year, value in ((2018, Decimal(80)), (2020, Decimal(80) * Decimal(ratio))):
            indices.create_index_value(session, indicator_id=i.id, year=year, value=value, source="测试")
    found = {a.year: a.index for a in indices.answer(session, index).years}
    assert found == {2018: Decimal(100), 2020: Decimal(133)}
    dims, _inds = indices.parts_of(session, index)
    indices.change_index_dimension(session, dims[0], weight=Decimal("0.5"))
    found = indices.answer(session, index)
    assert found.problem is not None and found.years == ()
    assert session.scalar(select(func.count(IndexIndicator.id))) == 5
