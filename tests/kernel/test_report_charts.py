"""Charts of reports: gaps for what is not reported, round axes, texts that are escaped, one picture on screen and in print."""

from decimal import Decimal as D
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from parkops.reports import annex, charts
from parkops.reports.charts import Series

SVG = "{http://www.w3.org/2000/svg}"


def parsed(svg):
    return ElementTree.fromstring(svg)


def tags(svg, name):
    return parsed(svg).findall(f"{SVG}{name}")


@pytest.mark.parametrize(
    ("top", "round_"), [("0", "1"), ("0.93", "1"), ("1", "1"), ("1.1", "2"), ("21", "25"), ("26", "50"), ("99", "1E+2"), ("0.004", "0.005")]
)
def test_axes_end_at_round_numbers(top, round_):
    assert charts.nice(D(top)) == D(round_) >= D(top)


def test_a_bar_per_figure_and_none_for_what_is_not_reported():
    svg = charts.bars(["一", "二", "三"], [D("0.5"), None, D(1)], "percent", limit=1)
    widths = [float(r.get("width")) for r in tags(svg, "rect")]
    assert len(widths) == 2 and widths[1] == pytest.approx(2 * widths[0])
    assert "50.0 %" in svg and "100.0 %" in svg and len(tags(svg, "line")) == 1
    texts = [t.text for t in tags(svg, "text")]
    assert len(texts) == 6 and texts[3] not in ("0", "0.0 %")  # the second figure has a word, not a zero


def test_a_line_stops_where_a_figure_is_missing():
    svg = charts.lines(["1", "2", "3", "4", "5"], [Series("甲", [D(1), D(2), None, D(3), D(4)])])
    assert [len(p.get("points").split()) for p in tags(svg, "polyline")] == [2, 2]
    assert len(tags(svg, "circle")) == 4


def test_last_figures_never_stand_on_each_other():
    svg = charts.lines(["1", "2"], [Series(n, [D(1), D(2)]) for n in "甲乙丙"])
    ys = sorted(float(t.get("y")) for t in tags(svg, "text") if t.text == "2" and t.get("fill") != charts.QUIET)
    assert len(ys) == 3 and all(b - a >= 11.9 for a, b in pairwise(ys))


def test_columns_below_zero_hang_from_the_line():
    svg = charts.columns(["1", "2"], [Series("", [D(10), D(-5)])])
    up, down = (r for r in tags(svg, "rect"))
    assert float(up.get("y")) + float(up.get("height")) == pytest.approx(float(down.get("y")), abs=0.2)
    assert float(up.get("height")) == pytest.approx(2 * float(down.get("height")), rel=0.02)


def test_radar_has_an_axis_per_label_and_names_are_escaped():
    svg = charts.radar(["a<b", "c", "d"], [Series("", [D("0.5"), None, D(1)])], top=1)
    shape = tags(svg, "polygon")[-1].get("points").split()
    assert len(shape) == 3 and "a&lt;b" in svg
    assert shape[1] == "310.0,150.0"  # the unknown axis is drawn at the centre


def test_the_annex_names_definition_and_source_and_leaves_out_what_nobody_declares(session):
    rows = annex.annex(["tenants.incubating", "no.such", "tenants.graduated"]).table.rows
    assert [r[4] for r in rows] == ["tenants.incubating v1", "tenants.graduated v1"]
    assert rows[0][3] == "工信部科〔2025〕131号 art. 8" and all(all(r) for r in rows)
