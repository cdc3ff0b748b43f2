"""The definitions book: every KPI and measure has an entry with formula, unit and owner; codes are answered in their order. R-120."""

import pytest

from modules.ratings.services import definitions as book
from modules.ratings.services import schemes
from modules.ratings.services.measures import MEASURES
from parkops.kpi.catalogue import all_kpis


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("工信部科〔2025〕131号 art. 8", ("工信部科〔2025〕131号", "art. 8")),
        ("广东省优化营商环境条例 32", ("广东省优化营商环境条例", "32")),
        ("发改财金〔2022〕271号；国资厅财评〔2022〕29号", ("发改财金〔2022〕271号；国资厅财评〔2022〕29号", "")),
        ("", ("", "")),
    ],
)
def test_source_and_clause(text, parts):
    assert book.split_source(text) == parts


def test_every_indicator_has_its_entry(session, park, query_count):
    schemes.ensure_schemes(session, park.id)
    with query_count() as q:
        found = {d.code: d for d in book.definitions(session)}
    assert q.count <= 12
    assert set(all_kpis()) <= set(found)
    assert {f"measure:{name}" for name in MEASURES} <= set(found)
    lacking = [d.code for d in found.values() if not (d.title and d.formula and d.unit and d.owner and d.period) and d.kind != book.GATE]
    assert lacking == []
    gate = next(d for d in found.values() if d.code.startswith("gate:INC-2025-STD/"))
    assert gate.source == "工信部科〔2025〕131号" and gate.clause


def test_codes_in_their_order_and_absent_ones_left_out(session, park):
    asked = ["tenants.graduated", "measure:controllable_area", "absent.kpi", "tenants.incubating"]
    assert [d.code for d in book.definitions(session, asked)] == [asked[0], asked[1], asked[3]]
    only = book.definition(session, "tenants.incubating")
    assert (only.source, only.clause, only.kind) == ("工信部科〔2025〕131号", "art. 8", "kpi")


def test_measures_name_where_they_are_used(session, park):
    found = {d.code: d for d in book.definitions(session, [f"measure:{n}" for n in MEASURES])}
    assert any(u.startswith("INC-2025-STD/") for u in found["measure:controllable_area"].used)


def test_kpis_of_records_one_may_not_read_are_left_out(as_role):
    with as_role("leadership") as s:
        codes = {d.code for d in book.definitions(s)}
    assert "tenants.incubating" in codes
