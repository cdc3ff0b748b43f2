"""Recognition under 131号: the worked example, its readings, gaps, nearest firms, kept assessments, replay."""

from datetime import date
from decimal import Decimal

import pytest
from ratings_help import ON, example, refused
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from modules.ratings.models.filing import CarrierIncident
from modules.ratings.services import recognition
from modules.tenants.models.qualification import Qualification
from parkops import settings
from parkops.errors import NotAllowed
from parkops.i18n import force_locale
from parkops.rules import engine
from parkops.rules.models import Decision

STD = "INC-2025-STD"


def judged(session, carrier, key=STD, on=ON, **values):
    return recognition.evaluate(session, key, [carrier], on, **values)[carrier.id]


def gates(result):
    return {g.line.code: g for g in result.gates}


def test_the_worked_example(session):
    """domain.md 17.1, line by line: not met, 1 more qualified SME."""
    c, _firms = example(session)
    result = judged(session, c)
    by = gates(result)
    expected = {
        "STD-02": ("pass", "6200"),
        "STD-03a": ("pass", "0.8"),
        "STD-03b": ("pass", "1"),
        "STD-04a": ("pass", "40"),
        "STD-04b": ("pass", "0.2"),
        "STD-04c": ("fail", "0.275"),
        "STD-05a": ("fail", "0.075"),
        "STD-05b": ("pass", "0.2"),
        "STD-06": ("pass", "0.325"),
        "STD-07": ("pass", "0.32"),
        "STD-08": ("pass", "0.1"),
    }
    assert {k: (by[k].line.verdict, by[k].line.value) for k in expected} == {k: (v, Decimal(x)) for k, (v, x) in expected.items()}
    assert result.verdict == "fail"
    assert [(g.line.code, g.missing) for g in result.gates if g.open] == [("STD-04c", 1)]
    assert result.count("fail") == 1 and result.count("unknown") == 0


def test_one_more_qualified_firm_closes_the_gap(session):
    c, firms = example(session)
    near = gates(judged(session, c, near=3))["STD-04c"].nearest
    assert [n.firm_id for n in near] == [f.id for f in firms[11:14]]  # none is nearer than another: in order
    session.add(Qualification(firm_id=near[0].firm_id, park_id=c.park_id, kind="tech_sme", obtained_on=date(2025, 6, 1)))
    session.flush()
    assert judged(session, c).verdict == "pass"


def test_a_firm_whose_qualification_ran_out_is_the_nearest(session):
    c, firms = example(session)
    session.add(
        Qualification(firm_id=firms[30].id, park_id=c.park_id, kind="tech_sme", obtained_on=date(2024, 6, 1), valid_to=date(2025, 5, 31))
    )
    session.flush()
    gate = gates(judged(session, c, near=1))["STD-04c"]
    assert gate.nearest[0].firm_id == firms[30].id and gate.measured.count.numerator == 11


def test_missing_never_passes(session):
    c, _firms = example(session, assessed=False)
    result = judged(session, c)
    assert {g.line.code for g in result.gates if g.line.verdict == "unknown"} == {"STD-01", "STD-03c", "STD-10"}
    assert all(g.line.collect for g in result.gates if g.line.verdict == "unknown")


def test_growth_is_strict_and_a_missing_year_stays_in_the_denominator(session):
    c, firms = example(session, growing=12)
    session.execute(text("DELETE FROM tenants_statement WHERE firm_id = :f AND period_start = '2024-01-01'"), {"f": firms[0].id})
    assert gates(judged(session, c))["STD-06"].measured.count.numerator == 11  # the other 28 grew by exactly 20 %
    assert gates(judged(session, c))["STD-06"].measured.count.denominator == 40
    settings.put(session, "ratings.missing_growth", "exclude", park_id=c.park_id)
    assert gates(judged(session, c))["STD-06"].measured.count.denominator == 39


@pytest.mark.parametrize(("how", "size"), [("year_end", 40), ("opening", 36), ("average", 38), ("current", 40)])
def test_the_denominator_is_a_reading_of_the_park(session, how, size):
    c, _firms = example(session)  # opening: 32 firms and 4 later graduates
    settings.put(session, "ratings.denominator", how, park_id=c.park_id)
    assert gates(judged(session, c))["STD-08"].measured.count.denominator == size


def test_hardship_lowers_counts_and_shares_only_when_the_park_reads_it_so(session):
    c, _firms = example(session, firms=40, area="4300", hardship_region=True)
    by = gates(judged(session, c))
    assert by["STD-02"].line.verdict == "pass" and by["STD-02"].line.threshold == Decimal("4250")
    assert by["STD-04c"].line.verdict == "fail"
    settings.put(session, "ratings.relax_shares", True, park_id=c.park_id)
    assert gates(judged(session, c))["STD-04c"].line.verdict == "pass"  # 27.5 % against 25.5 %
    assert gates(judged(session, c, "INC-2025-EXC"))["EXC-04"].line.threshold == 1  # standard level only


def test_an_accident_within_three_years_outweighs_the_statement(session):
    c, _firms = example(session)
    session.add(CarrierIncident(carrier_id=c.id, park_id=c.park_id, kind="safety", on_date=date(2024, 5, 1), detail="火灾"))
    session.flush()
    assert gates(judged(session, c))["STD-10"].line.verdict == "fail"
    assert gates(judged(session, c, on=date(2027, 5, 2)))["STD-10"].line.verdict == "pass"


def test_money_is_missing_in_yuan(session):
    c, _firms = example(session, rent="3600000")
    gate = gates(judged(session, c))["STD-07"]
    assert gate.missing == Decimal("100000.00") and "100,000" in gate.words


def test_a_kept_assessment_never_changes(session):
    c, firms = example(session)
    row = recognition.keep_assessment(session, c, rule_set=STD, on=ON)
    assert (row.verdict, row.failed, row.passed) == ("fail", 1, 14)
    assert row.measures["sme_share"]["numerator"] == "11" and row.options["denominator"] == "year_end"
    session.add(Qualification(firm_id=firms[20].id, park_id=c.park_id, kind="tech_sme", obtained_on=date(2025, 6, 1)))
    session.flush()
    assert judged(session, c).verdict == "pass"
    session.refresh(row)
    assert row.verdict == "fail" and row.measures["sme_share"]["numerator"] == "11"
    for statement in ("UPDATE ratings_assessment SET verdict = 'pass'", "DELETE FROM ratings_assessment"):
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(text(statement))


def test_an_assessment_needs_a_set_in_force_and_the_right(session, as_role):
    c, _firms = example(session)
    with refused("ratings.R-01"):
        recognition.keep_assessment(session, c, rule_set="INC-2018-GEN", on=ON)
    with as_role("finance") as s, pytest.raises(NotAllowed):
        recognition.keep_assessment(s, c, rule_set=STD, on=ON)


def test_replay_names_who_flips_and_kept_facts_are_used(session):
    c, firms = example(session)
    sound, _firms = example(session, sme=13)
    rows = recognition.replay(session, STD, "INC-HLJ-STD", [sound, c], ON)
    assert [(a.carrier.id, a.verdict, b.verdict) for a, b in rows] == [(c.id, "fail", "pass"), (sound.id, "pass", "pass")]
    row = recognition.keep_assessment(session, c, rule_set=STD, on=ON)
    session.add(Qualification(firm_id=firms[20].id, park_id=c.park_id, kind="tech_sme", obtained_on=date(2025, 6, 1)))
    session.flush()
    same = engine.replay(session, [session.get(Decision, row.decision_id)])[0]
    assert same.before == same.after == "fail"  # the facts known then, not today's
    kept, flip = recognition.replay_kept(session, "INC-2018-GEN")[-1]
    assert kept.id == row.id and flip.after == "fail"
    again = recognition.keep_assessment(session, c, rule_set=STD, on=ON)
    assert [a.id for a, _flip in recognition.replay_kept(session, "INC-2018-GEN")] == [again.id]  # the latest of a carrier and set


def test_what_is_missing_is_read_in_the_language_of_the_reader(session):
    c, _firms = example(session, area="4900")
    row = recognition.keep_assessment(session, c, rule_set=STD, on=ON)
    texts = {}
    for code in ("zh", "en"):
        with force_locale(code):
            session.expire(row)
            texts[code] = row.missing
            assert row.missing == recognition.evaluate(session, STD, [c], ON)[c.id].missing
    assert "；" in texts["zh"] and "; " in texts["en"] and "more" in texts["en"] and "more" not in texts["zh"]


def test_the_2018_regime_asks_other_things(session):
    c, _firms = example(session)
    by = gates(judged(session, c, "INC-2018-GEN", date(2025, 7, 1)))
    assert by["N18-03"].line.verdict == "fail" and by["N18-03"].missing == Decimal("3800")
    assert by["N18-05"].line.value == 10_000_000  # size of the own fund, from the funds module
    special, _firms = example(session, specialised=True)
    keys = [s.key for s in recognition.fitting(recognition.rule_sets(session), special)]
    assert "INC-2018-SPE" in keys and "INC-2018-GEN" not in keys and "MS-FILING" not in keys
