"""The explained eligibility engine: three-valued logic, dated sets, evidence, decisions that can be replayed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from parkops.errors import NotFound, Refused, RuleError
from parkops.i18n import force_locale
from parkops.rules import engine, facts, loader, logic, parameters
from parkops.rules.facts import UNKNOWN, Fact
from parkops.testing.depth import depth
from tests.kernel.samples import RIGHTS, SampleThing

YAML = """
rule_sets:
  - key: SAMPLE-2018
    family: SAMPLE
    subject: sample.thing
    title: 旧办法
    title_en: Old rules
    doc_no: 文〔2018〕1号
    provenance: S2
    effective_from: 2019-01-01
    last_day: 2025-07-09
    combine: any
    rules:
      - {code: OLD-A, fact: cumulative, op: gt, value: 5000000, unit: 元, sentence: 累计融资超过500万元, sentence_en: "Rounds above 5,000,000 yuan in total"}
      - {code: OLD-B, fact: revenue, op: gt, value: {parameter: sample.revenue}, unit: 元, sentence: 连续两年营业收入累计超过1000万元}
  - key: SAMPLE-2025
    family: SAMPLE
    subject: sample.thing
    title: 新办法
    doc_no: 文〔2025〕131号
    provenance: S
    effective_from: 2025-07-10
    combine: any
    rules:
      - {code: NEW-A, article: 第九条, fact: single, op: gt, value: 5000000, unit: 元, sentence: 单笔融资超过500万元, collect: 投资协议, collect_en: The agreement}
      - {code: NEW-B, fact: revenue, op: gt, value: 10000000, unit: 元, sentence: 营业收入累计超过1000万元, requires: [years]}
  - key: SAMPLE-R
    subject: sample.thing
    title: 未核实
    provenance: R
    effective_from: 2020-01-01
    combine: all
    rules:
      - {code: R-1, fact: single, op: exists, sentence: 有融资}
parameters:
  - code: sample.revenue
    title: 营收门槛
    values:
      - {value: 10000000, unit: 元, effective_from: 2019-01-01, last_day: 2021-12-31, provenance: S2, doc_no: 文1}
      - {value: 12000000.5, unit: 元, effective_from: 2022-01-01, provenance: S2, doc_no: 文2}
"""
KNOWN: dict[str, Fact] = {}


def _provide(name):
    @facts.provider("sample.thing", name)
    def fn(session, subjects, on, name=name):
        return {s.id: KNOWN[name] for s in subjects if name in KNOWN}

    fn.__qualname__ = f"provide_{name}"


for _name in ("single", "cumulative", "revenue", "years"):
    _provide(_name)


@pytest.fixture
def rules(actor, tmp_path):
    KNOWN.clear()
    path = tmp_path / "sample.yaml"
    path.write_text(YAML, encoding="utf-8")
    with actor("operations_manager", RIGHTS, "core.rule:read change", system=True, park="east") as s:
        loader.load_file(s, path)
        s.commit()
    return path


# ---- logic ----

VERDICTS = st.sampled_from(["pass", "fail", "unknown"])


@given(st.lists(VERDICTS, max_size=6), st.integers(0, 5), st.sampled_from(["all", "any"]))
def test_forgetting_a_verdict_never_makes_a_pass(verdicts, index, how):
    """Kleene: replacing a line by `unknown` leaves the verdict or makes it unknown; nothing ever becomes pass or fail."""
    combine = logic.COMBINE[how]
    before = combine(verdicts)
    if verdicts:
        less = [*verdicts]
        less[index % len(less)] = "unknown"
        assert combine(less) in (before, "unknown")
    assert combine([]) == "unknown" and combine(["unknown"] * (len(verdicts) + 1)) == "unknown"


VALUES = st.one_of(st.integers(-10**12, 10**12), st.decimals(-10**9, 10**9, places=2, allow_nan=False), st.booleans(),
                   st.dates(), st.text(max_size=8), st.lists(st.text(max_size=4), max_size=3))


@given(st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte", "in", "contains_any", "exists", "manual"]), VALUES)
def test_an_unknown_fact_never_passes(op, threshold):
    assert logic.compare(op, UNKNOWN, threshold) == "unknown"
    assert logic.compare(op, None, threshold) == "unknown"


@given(VALUES, st.sampled_from(["gt", "gte", "lt", "lte"]), VALUES)
def test_numeric_comparison_agrees_with_exact_numbers_or_says_nothing(value, op, threshold):
    found = logic.compare(op, value, threshold)
    left, right = logic.comparable(value), logic.comparable(threshold)
    if left is None or right is None or type(left) is not type(right):
        assert found == "unknown"
    else:
        expected = {"gt": left > right, "gte": left >= right, "lt": left < right, "lte": left <= right}[op]
        assert found == ("pass" if expected else "fail")


def test_control_a_two_valued_comparison_would_pass_on_missing():
    """What a plain `value <= threshold` with missing = 0 does: exactly the mistake the engine excludes."""
    naive = {"lte": lambda v, t: (v or 0) <= t}
    assert naive["lte"](None, 24) is True and logic.compare("lte", UNKNOWN, 24) == "unknown"


@pytest.mark.parametrize(("op", "value", "threshold", "verdict"), [
    ("gt", 5000000, 5000000, "fail"), ("gte", "5000000.00", 5000000, "pass"), ("lt", date(2022, 1, 1), "2022-01-02", "pass"),
    ("eq", True, True, "pass"), ("eq", 1, True, "fail"), ("in", "bio", ["bio", "soft"], "pass"),
    ("contains_any", ["a", "b"], ["b", "c"], "pass"), ("contains_any", [], ["b"], "fail"), ("exists", [], None, "fail"),
    ("exists", 0, None, "fail"), ("manual", True, None, "pass"), ("manual", "yes", None, "unknown"),
    ("gt", "many", 3, "unknown"), ("ne", "a", "b", "pass")])
def test_operators(op, value, threshold, verdict):
    assert logic.compare(op, value, threshold) == verdict


def test_gaps_are_in_the_rules_unit():
    assert logic.gap("gte", 300, 500) == 200 and logic.gap("lte", Decimal("30.5"), 24) == Decimal("6.5")
    assert logic.gap("gt", 500, 500) == 0 and logic.gap("gte", 500, 500) is None and logic.gap("eq", 1, 2) is None
    with pytest.raises(TypeError):
        facts.number(0.1)


# ---- loading ----

def test_loading_is_idempotent_and_changes_make_a_revision(actor, rules):
    with actor("operations_manager", RIGHTS, system=True) as s:
        assert loader.load_file(s, rules) == {"sets": 3, "parameters": 1, "changed": 0}
        rules.write_text(YAML.replace("单笔融资超过500万元", "单笔天使投资超过500万元"), encoding="utf-8")
        assert loader.load_file(s, rules)["changed"] == 1
        found = engine.by_key(s, "SAMPLE-2025")
        assert (found.revision, found.rules[0].sentence, len(found.rules)) == (2, "单笔天使投资超过500万元", 2)
        assert engine.by_key(s, "SAMPLE-R").enabled is False


@pytest.mark.parametrize(("old", "new", "said"), [
    ("op: gt", "op: above", "is not one of"), ("provenance: S2", "provenance: X", "is not one of"),
    ("combine: any", "combin: any", "unknown key"), ("last_day: 2025-07-09", "last_day: 2018-01-01", "ends before"),
    ("key: SAMPLE-2018", "key: ", "missing"), ("    rules:", "    rules: [", "cannot be read")])
def test_a_mistake_in_a_file_is_one_sentence_with_its_name(actor, rules, old, new, said):
    rules.write_text(YAML.replace(old, new, 1), encoding="utf-8")
    with actor("operations_manager", system=True) as s, pytest.raises(Refused, match=said) as e:
        loader.load_file(s, rules)
    assert "sample.yaml" in str(e.value)


def test_sets_of_a_family_and_values_of_a_parameter_never_overlap(actor, rules):
    with actor("operations_manager", system=True) as s, pytest.raises(IntegrityError, match="ex_core_rule_set_family"):
        s.execute(text("update core_rule_set set effective_to = null where key = 'SAMPLE-2018'"))
    with actor("operations_manager", system=True) as s, pytest.raises(IntegrityError, match="ex_core_parameter_code"):
        s.execute(text("update core_parameter set effective_to = null"))


# ---- evaluating ----

def test_the_set_in_force_is_chosen_by_the_day(actor, rules, thing):
    with actor("operations_clerk", RIGHTS) as s:
        assert engine.in_force(s, "SAMPLE", date(2025, 7, 9)).key == "SAMPLE-2018"
        assert engine.in_force(s, "SAMPLE", date(2025, 7, 10)).key == "SAMPLE-2025"
        with pytest.raises(NotFound):
            engine.in_force(s, "SAMPLE", date(2018, 1, 1))
        assert parameters.get(s, "sample.revenue", date(2021, 12, 31)).value == 10000000
        assert parameters.get(s, "sample.revenue", date(2022, 1, 1)).value == Decimal("12000000.5")
        with pytest.raises(Refused):
            parameters.get(s, "sample.revenue", date(2000, 1, 1))


def test_lines_explain_value_threshold_source_gap_and_what_to_collect(actor, rules, thing):
    KNOWN.update(revenue=Fact(9_000_000, source="年报 2023、2024", records=[("sample.thing", thing)]), years=Fact(2))
    with actor("operations_clerk", RIGHTS) as s:
        out = engine.evaluate(s, family="SAMPLE", subject=s.get(SampleThing, thing), on=date(2025, 8, 1))
        a, b = out.lines
        assert out.verdict == "unknown" and (a.verdict, b.verdict) == ("unknown", "fail")
        assert b.gap == 1_000_000 and b.source == "年报 2023、2024" and b.records == (("sample.thing", thing),)
        assert out.to_collect == ["The agreement"]
        with force_locale("zh"):
            assert engine.evaluate(s, "SAMPLE-2025", s.get(SampleThing, thing), date(2025, 8, 1)).to_collect == ["投资协议"]


def test_a_required_fact_that_is_missing_makes_the_line_unknown(actor, rules, thing):
    KNOWN.update(revenue=Fact(99_000_000), single=Fact(0))
    with actor("operations_clerk", RIGHTS) as s:
        obj = s.get(SampleThing, thing)
        out = engine.evaluate(s, "SAMPLE-2025", obj, date(2025, 8, 1))
        assert [line.verdict for line in out.lines] == ["fail", "unknown"] and out.verdict == "unknown"
        KNOWN["years"] = Fact(2)
        assert engine.evaluate(s, "SAMPLE-2025", obj, date(2025, 8, 1)).verdict == "pass"


def test_a_threshold_may_be_a_dated_parameter(actor, rules, thing):
    KNOWN.update(revenue=Fact(11_000_000))
    with actor("operations_clerk", RIGHTS) as s:
        obj = s.get(SampleThing, thing)
        assert engine.evaluate(s, "SAMPLE-2018", obj, date(2021, 6, 1)).lines[1].verdict == "pass"
        assert engine.evaluate(s, "SAMPLE-2018", obj, date(2022, 6, 1)).lines[1].verdict == "fail"


@settings(max_examples=depth(60, 1000), deadline=None)
@given(st.fixed_dictionaries({n: st.one_of(st.none(), st.integers(0, 20_000_000)) for n in ("single", "revenue", "years")}))
def test_a_missing_fact_never_turns_a_line_or_verdict_into_pass(values):
    """For every combination of known and missing facts: less knowledge never gives a pass that was not there."""
    from parkops.rules.models import Rule, RuleSet

    rs = RuleSet(key="X", subject="sample.thing", title="x", provenance="S", effective_from=date(2020, 1, 1), combine="all", revision=1)
    rs.rules = [Rule(position=1, code="1", fact="single", op="gt", value=5, sentence="a"),
                Rule(position=2, code="2", fact="revenue", op="gte", value=7, sentence="b", requires=["years"]),
                Rule(position=3, code="3", fact="years", op="lte", value=9, sentence="c", any_of="g"),
                Rule(position=4, code="4", fact="single", op="lte", value=3, sentence="d", any_of="g")]

    class Subject:
        id, park_id = 1, 1

    def verdicts(known):
        out = engine._outcome(rs, Subject, date(2022, 1, 1), {n: Fact(UNKNOWN if v is None else v) for n, v in known.items()},
                              {r.code: r.value for r in rs.rules})
        return [out.verdict, *(line.verdict for line in out.lines)]

    full = verdicts(values)
    for missing in values:
        for before, after in zip(full, verdicts({**values, missing: None}), strict=True):
            assert after in (before, "unknown")
    assert verdicts(dict.fromkeys(values)) == ["unknown"] * 5


def test_many_subjects_cost_as_many_statements_as_one(actor, rules, thing, query_count):
    from tests.kernel.samples import make_thing

    many = [make_thing(name=f"n{i}") for i in range(5)]
    KNOWN.update(single=Fact(6_000_000))
    with actor("operations_clerk", RIGHTS) as s:
        objs = [s.get(SampleThing, i) for i in [thing, *many]]
        with query_count() as one:
            engine.evaluate_many(s, "SAMPLE-2025", objs[:1], date(2025, 8, 1))
        with query_count() as six:
            found = engine.evaluate_many(s, "SAMPLE-2025", objs, date(2025, 8, 1))
        assert six.count <= one.count and {o.verdict for o in found.values()} == {"pass"}


# ---- assessments, decisions, replay ----

def test_a_person_may_assess_what_no_record_proves(actor, rules, thing):
    with actor("operations_clerk", RIGHTS) as s:
        obj = s.get(SampleThing, thing)
        with pytest.raises(RuleError):
            facts.assess(s, obj, "single", 6_000_000, on=date(2025, 7, 20), note=" ")
        facts.assess(s, obj, "single", 6_000_000, on=date(2025, 7, 20), note="seen the bank slip")
        assert engine.evaluate(s, "SAMPLE-2025", obj, date(2025, 7, 19)).verdict == "unknown"
        line = engine.evaluate(s, "SAMPLE-2025", obj, date(2025, 7, 20)).lines[0]
        assert line.verdict == "pass" and "seen the bank slip" in line.source
        KNOWN["single"] = Fact(1)  # a record wins over an opinion
        assert engine.evaluate(s, "SAMPLE-2025", obj, date(2025, 7, 20)).lines[0].verdict == "fail"


def test_a_decision_keeps_its_text_and_replay_lists_who_flips(actor, rules, thing):
    KNOWN.update(single=Fact(3_000_000, source="轮次 1"), cumulative=Fact(Decimal("5000000.01")), revenue=Fact(1), years=Fact(2))
    with actor("operations_clerk", RIGHTS) as s:
        obj = s.get(SampleThing, thing)
        out = engine.evaluate(s, "SAMPLE-2018", obj, date(2021, 5, 1))
        kept = engine.store(s, out, obj)
        s.flush()
        KNOWN.clear()  # the world moves on; the decision does not
        loader.load_file(s, rules)
        same = engine.replay(s, [kept])[0]
        assert not same.changed and [(x.sentence, x.verdict, x.code) for x in same.lines] == [
            (x.sentence, x.verdict, x.code) for x in out.lines]
        other = engine.replay(s, [kept], "SAMPLE-2025")[0]
        assert (other.before, other.after, other.changed) == ("pass", "unknown", True)  # the single round was not asked then
        assert engine.decisions_of(s, obj) == [kept] and kept.facts["cumulative"]["value"] == "5000000.01"
        s.commit()
    with actor("operations_clerk", RIGHTS, system=True) as s, pytest.raises(DBAPIError):
        s.execute(text("update core_decision set verdict = 'fail'"))


def test_an_unverified_set_decides_nothing_unless_forced(actor, rules, thing):
    KNOWN.update(single=Fact(1))
    with actor("operations_clerk", RIGHTS) as s:
        obj = s.get(SampleThing, thing)
        out = engine.evaluate(s, "SAMPLE-R", obj, date(2022, 1, 1))
        assert out.unverified and out.passed
        with pytest.raises(RuleError) as e:
            engine.store(s, out, obj)
        assert e.value.codes == ["rules.unverified"]
        assert engine.store(s, out, obj, force=True).verdict == "pass"


def test_a_fact_has_one_provider():
    with pytest.raises(ValueError, match="two providers"):
        @facts.provider("sample.thing", "single")
        def another(session, subjects, on):
            return {}


@pytest.mark.parametrize(("unit", "zh", "en"), [("元", "元", "yuan"), ("月", "月", "months"), ("件", "件", "pieces"), ("人", "人", "people"),
                                                (None, "", ""), ("毫克", "毫克", "毫克")])
def test_units_are_read_in_the_readers_language(unit, zh, en):
    from parkops.rules.units import unit_text

    for locale, wanted in (("zh", zh), ("en", en)):
        with force_locale(locale):
            assert unit_text(unit) == wanted


def test_every_unit_of_a_rule_file_is_known():
    """A unit that `parkops.rules.units` does not name would stand in Chinese on an English page."""
    import re
    from pathlib import Path

    from parkops.rules.units import UNITS

    files = list(Path("modules").glob("*/data/rules/*.yaml"))
    used = {u for f in files for u in re.findall(r"\bunit: *([^,}\s]+)", f.read_text(encoding="utf-8"))}
    assert files and used <= set(UNITS), used - set(UNITS)
