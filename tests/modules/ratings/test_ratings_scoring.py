"""Scoring functions, experts and indices as tables: the worked numbers of the domain notes."""

from decimal import Decimal as D
from pathlib import Path

import pytest
import yaml

from modules.platforms.calc_evaluation import grade as instrument_grade
from modules.platforms.calc_evaluation import weighted
from modules.ratings import calc_draw
from modules.ratings.calc_experts import agree
from modules.ratings.calc_index import Dimension, Indicator, compute
from modules.ratings.calc_scoring import Band, Line, Rank, grade, points, problems_of, to_next, total
from modules.ratings.services.schemes import distribution, shipped

SHEET = {i["code"]: i for s in shipped("schemes.yaml") if s["key"] == "MS-SHEET" for i in s["indicators"]}


def scored(code, value=None, **parts):
    i = SHEET[code]
    return points(i["rule"], D(i["most"]), None if value is None else D(value), parts={k: D(v) for k, v in parts.items()})


def test_the_municipal_sheet():
    """domain.md 4.4: 8; 5; 6.5; 7.5; 8; 6; 8; 8."""
    got = [
        scored("MS-C1", "80"),
        scored("MS-C2", "7"),
        scored("MS-C5", "8"),
        scored("MS-I1", "0.75"),
        scored("MS-I2", new_firms="3", new_sole="2"),
        scored("MS-I4", "200"),
        scored("MS-I5", "40"),
        scored("MS-I6", talent_college="0", talent_bachelor="3", talent_master="1", talent_doctor="2"),
    ]
    assert got == [D("8"), D("5"), D("6.5"), D("7.5"), D("8"), D("6"), D("8"), D("8")]


def test_financing_by_whole_steps_is_a_parameter():
    rule = {**SHEET["MS-I4"]["rule"], "whole": False}
    assert points(rule, D(8), D(200)) == D(200) / D(30)


@pytest.mark.parametrize(
    ("code", "value", "expected"),
    [
        ("MS-C1", "49", "0"),
        ("MS-C1", "50", "5"),
        ("MS-C1", "500", "10"),
        ("MS-C5", "4", "0"),
        ("MS-I1", "0.599", "0"),
        ("MS-I1", "0.6", "6"),
    ],
)
def test_edges(code, value, expected):
    assert scored(code, value) == D(expected)


@pytest.mark.parametrize(
    ("rule", "value", "expected"),
    [
        ({"kind": "linear", "low": "0", "high": "0.5"}, "0.25", "5"),
        ({"kind": "linear", "low": "0.5", "high": "0"}, "0.1", "8"),
        ({"kind": "linear", "low": "0", "high": "1"}, "-3", "0"),
        ({"kind": "steps", "steps": [["0.2", "4"], ["0.5", "9"]]}, "0.5", "9"),
        ({"kind": "steps", "steps": [["0.2", "4"], ["0.5", "9"]]}, "0.1", "0"),
        ({"kind": "bands", "bands": [["0", "10", "3"], ["10", None, "7"]]}, "10", "7"),
        ({"kind": "direct"}, "99", "10"),
        ({"kind": "linear", "low": "0", "high": "1"}, None, None),
        ({"kind": "sum", "parts": {"a": "1"}}, None, None),
    ],
)
def test_functions(rule, value, expected):
    assert points(rule, D(10), None if value is None else D(value)) == (None if expected is None else D(expected))


def test_rank_quota():
    rule = {"kind": "rank", "shares": [["0.2", "10"], ["0.6", "6"]], "else": "2"}
    assert [points(rule, D(10), None, rank=Rank(p, 10)) for p in (2, 3, 6, 7)] == [D(10), D(6), D(6), D(2)]
    assert points(rule, D(10), None) is None
    assert problems_of({"kind": "linear"}) == ["low", "high"] and problems_of({"kind": "magic"}) == ["kind"]


FUYANG = [Band("优良", D(80), D("0.2")), Band("合格", D(60)), Band("不合格", D(0))]


@pytest.mark.parametrize(
    ("score", "rank", "more", "expected"),
    [
        (80, Rank(2, 10), {}, "优良"),
        (80, Rank(3, 10), {}, "合格"),
        (95, None, {}, "合格"),
        (60, None, {}, "合格"),
        (59, Rank(1, 10), {}, "不合格"),
        (95, Rank(1, 10), {"vetoed": True}, "合格"),
        (61, None, {"automatic": True}, "优良"),
        (61, None, {"automatic": True, "vetoed": True}, "合格"),
    ],
)
def test_fuyang(score, rank, more, expected):
    assert grade(D(score), FUYANG, rank=rank, **more) == expected


def test_instruments_score_64_15():
    """domain.md 11.1, with the same answer as the platforms module."""
    scheme = next(s for s in shipped("schemes.yaml") if s["key"] == "GRADE-EQUIPMENT")
    lines = [
        Line(i["code"], "", D(i["most"]), points(i["rule"], D(i["most"]), D(v)))
        for i, v in zip(scheme["indicators"], (80, 60, 40, 75, 58), strict=True)
    ]
    bands = [Band(b["grade"], D(b["least"])) for b in scheme["bands"]]
    found = total(lines, bands)
    assert (found.total, found.grade) == (D("64.15"), "合格")
    weights = [D(d["weight"]) / 100 for d in scheme["dimensions"]]
    assert weighted([D(v) for v in (80, 60, 40, 75, 58)], weights) == found.total
    assert instrument_grade(found.total, [(b.least, b.grade) for b in bands]) == found.grade


def test_an_unknown_indicator_leaves_no_grade_and_bonus_is_capped():
    found = total([Line("A", "", D(10), D(8)), Line("B", "", D(10), None), Line("X", "", D(9), D(9), "bonus")], FUYANG, bonus_most=D(5))
    assert (found.total, found.bonus, found.unknown, found.grade) == (D(13), D(5), ("B",), None)
    assert to_next(D(61), FUYANG) == ("优良", D(19)) and to_next(D(90), FUYANG) is None


def test_shipped_weights_sum_and_the_template_has_none():
    for s in shipped("schemes.yaml"):
        weights = [d["weight"] for d in s["dimensions"]]
        if s["provenance"] == "R":
            assert set(weights) == {None} and {i["most"] for i in s["indicators"]} == {None} and s["active_from"] is None
        else:
            assert sum(map(D, weights)) == D(s["full_mark"])
    counts = next(s for s in shipped("schemes.yaml") if s["key"] == "EVAL-239-TEMPLATE")
    by = [sum(i["dimension"] == d for i in counts["indicators"]) for d in ("SA", "PE", "SU", None)]
    assert by == [7, 9, 5, 2]


def test_national_distribution_reproduces_the_shares():
    shares = {d["year"]: [f"{d['shares'][g] * 100:.2f}" for g in "ABCD"] for d in distribution()}
    assert shares == {
        2019: ["20.03", "40.41", "36.49", "3.07"],
        2020: ["20.05", "40.02", "36.99", "2.95"],
        2021: ["30.23", "48.32", "20.52", "0.94"],
    }


@pytest.mark.parametrize(
    ("rule", "given", "expected", "out"),
    [
        ("none", [6, 7, 20], "11", ()),
        ("extremes", [6, 7, 20], "7", (0, 2)),
        ("extremes", [6, 8], "7", ()),
        ("median", [6, 7, 20], "6.5", (2,)),
        ("median", [1, 20], "10.5", ()),
        ("none", [], None, ()),
    ],
)
def test_experts(rule, given, expected, out):
    found = agree({i: D(p) for i, p in enumerate(given)}, rule, D(5))
    assert (found.points, found.left_out) == (None if expected is None else D(expected), out)


DIMS = [Dimension(f"D{i}") for i in range(5)]
INDS = [Indicator(f"I{i}", f"D{i}") for i in range(5)]
RATIOS = ("1.50", "1.20", "1.35", "1.30", "1.30")


def test_the_internationalisation_index():
    """domain.md 12: 133.0 (+33 %); the base year is 100."""
    values = {f"I{i}": {2018: D(200), 2020: D(200) * D(r)} for i, r in enumerate(RATIOS)}
    assert compute(DIMS, INDS, values, 2020, base_year=2018).index == D("133.0")
    assert compute(DIMS, INDS, values, 2018, base_year=2018).index == D(100)


def test_zero_base_missing_values_and_direction():
    values = {f"I{i}": {2018: D(1), 2020: D(2)} for i in range(5)}
    values["I0"][2018] = D(0)
    found = compute(DIMS, INDS, values, 2020, base_year=2018)
    assert found.index is None and found.indicators[0].why == "zero_base"
    assert compute(DIMS, INDS, values, 2020, base_year=2018, missing="reweight").index == D(200)
    del values["I1"][2020]
    values["I0"][2018] = D(1)
    assert compute(DIMS, INDS, values, 2020, base_year=2018).index is None
    assert compute(DIMS, INDS, values, 2020, base_year=2018, missing="carry").index == D(180)  # 2018 stands in for one of five
    cost = [Indicator("I0", "D0", positive=False)]
    assert compute([Dimension("D0")], cost, {"I0": {2018: D(4), 2020: D(2)}}, 2020, base_year=2018).index == D(200)


def test_min_max_and_weights():
    values = {"A": {2018: D(10), 2019: D(20), 2020: D(15)}}
    one = ([Dimension("D")], [Indicator("A", "D")], values, 2020)
    assert compute(*one, base_year=2018, method="min_max").index == D(50)
    flat = {"A": {2018: D(10), 2020: D(10)}}
    assert compute([Dimension("D")], [Indicator("A", "D")], flat, 2020, base_year=2018, method="min_max").index is None
    with pytest.raises(ValueError, match="sum"):
        compute([Dimension("D", D("0.9"))], [Indicator("A", "D")], values, 2020, base_year=2018)
    third = D(1) / D(3)
    dims = [Dimension(x, third) for x in "XYZ"]  # sums to 1 within the tolerance
    inds = [Indicator(x, x) for x in "XYZ"]
    assert compute(dims, inds, {x: {2018: D(1), 2020: D(3)} for x in "XYZ"}, 2020, base_year=2018).index.quantize(D("0.001")) == D(300)


def test_drawings_say_what_is_unknown():
    svg = calc_draw.radar(["甲", "乙<", "丙"], [D(120), None, D(90)], D(100), title="t")
    assert svg.count("<polygon") == 6 and "—" in svg and "乙&lt;" in svg
    assert calc_draw.trend([(2018, D(100)), (2019, None), (2020, D(133))], D(100)).count("<circle") == 2


def test_rules_name_their_source():
    for path in sorted((Path(calc_draw.__file__).parent / "data" / "rules").glob("*.yaml")):
        for s in yaml.safe_load(path.read_text(encoding="utf-8"))["rule_sets"]:
            assert s["doc_no"] and s["provenance"] in ("S", "S2") and all(r["article"] for r in s["rules"]), s["key"]
