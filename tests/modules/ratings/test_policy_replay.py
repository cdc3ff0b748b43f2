"""Policy replay: thresholds and rule sets before they are published, kept decisions with their money, schemes and weights."""

from datetime import date
from decimal import Decimal

import pytest
import relief_help
from ratings_help import ON, acting, example, refused
from sqlalchemy import select
from support_help import firm, statement

from modules.ratings import calc_scoring
from modules.ratings.models.scheme import RatingScheme
from modules.ratings.services import policy_replay, recognition, schemes, scores, whatif
from modules.tenants.models.qualification import Qualification
from parkops.errors import NotAllowed
from parkops.rules import engine
from parkops.rules.models import Decision

STD = "INC-2025-STD"


def one(found, record_id):
    return next(r for r in found.rows if r.record_id == record_id)


def test_a_lower_threshold_makes_the_carrier_pass_and_names_the_condition(session):
    c, _firms = example(session)
    same = policy_replay.replay(session, STD, STD, ON)
    assert (same.flips, one(same, c.id).before, one(same, c.id).lines) == (0, "fail", ())
    found = policy_replay.replay(session, STD, STD, ON, {"STD-04c": Decimal("0.275")})
    assert (found.flips, one(found, c.id).after, one(found, c.id).lines) == (1, "pass", ("STD-04c",))
    assert found.rows[0].record_id == c.id and found.effect is None  # no amount hangs on it
    tighter = policy_replay.replay(session, STD, STD, ON, {"STD-04a": Decimal(41)})
    assert one(tighter, c.id).lines == ("STD-04a",)


def test_the_replay_of_carriers_agrees_with_the_page_of_recognition(session):
    c, _firms = example(session, hardship_region=True)
    found = one(policy_replay.replay(session, STD, "INC-HLJ-STD", ON), c.id)
    for key, verdict in ((STD, found.before), ("INC-HLJ-STD", found.after)):
        assert recognition.evaluate(session, key, [c], ON)[c.id].verdict == verdict


def test_only_numeric_conditions_take_another_threshold(session):
    example(session)
    with refused("ratings.R-140"):
        policy_replay.replay(session, STD, STD, ON, {"STD-01": Decimal(1)})
    with refused("ratings.R-140"):
        policy_replay.replay(session, STD, STD, ON, {"STD-04a": Decimal(-1)})


def test_firms_in_incubation_under_the_graduation_rules_of_two_documents(session):
    on = date(2026, 3, 1)
    c, _firms = example(session, firms=2, sme=0, invested=0, financed=0, growing=0, graduates=0, mentors=0)
    rich = firm(session, ("incubating", c, "2023-03-01"))
    for year in ("2024", "2025"):
        statement(session, rich, year, revenue="7000000")
    certified = firm(session, ("incubating", c, "2023-03-01"))
    session.add(Qualification(firm_id=certified.id, park_id=certified.park_id, kind="hitech", obtained_on=date(2024, 6, 1)))
    gone = firm(session, ("incubating", c, "2020-03-01"), ("left", c, "2024-01-01"))
    session.flush()
    found = policy_replay.replay(session, "GRAD-2018", "GRAD-2025", on)
    assert {r.record_id for r in found.rows} >= {rich.id, certified.id} and gone.id not in {r.record_id for r in found.rows}
    for r in (one(found, rich.id), one(found, certified.id)):
        for key, verdict in (("GRAD-2018", r.before), ("GRAD-2025", r.after)):
            subject = rich if r.record_id == rich.id else certified
            assert engine.evaluate(session, key, subject, on).verdict == verdict
    assert one(found, rich.id).before == "pass"
    raised = policy_replay.replay(session, "GRAD-2018", "GRAD-2018", on, {"G18-C": Decimal(15_000_000)})
    assert one(raised, rich.id).lines == ("G18-C",)


def test_kept_decisions_are_replayed_from_the_facts_known_then_with_the_money(session):
    """Two applications for relief that passed: under a condition of three open months one of them fails, and its yuan are the effect."""
    of = relief_help.scheme(session)
    apps = [relief_help.checked(session, of, relief_help.tenant(session)) for _n in range(2)]
    kept = session.scalars(select(Decision).where(Decision.resource == "leasing.relief_application").order_by(Decision.id.desc())).all()
    months = {d.record_id: Decimal(str(d.facts["months_open"]["value"])) for d in reversed(kept)}
    same = policy_replay.replay(session, of.rule_set, of.rule_set, relief_help.DAY)
    assert same.kept and [(r.record_id, r.before, r.flips) for r in same.rows] == [(a.id, "pass", False) for a in apps]
    limit = max(months.values()) + 1
    found = policy_replay.replay(session, of.rule_set, of.rule_set, relief_help.DAY, {"RR-E": limit})
    assert [(r.after, r.lines, r.amount) for r in found.rows] == [("fail", ("RR-E",), a.amount) for a in apps]
    assert found.effect == -sum(a.amount for a in apps) < 0
    assert [a.amount for a in apps] == [session.get(type(a), a.id).amount for a in apps]  # nothing was written


@pytest.mark.parametrize(
    ("before", "after", "amount", "effect"),
    [
        ("pass", "fail", "5", "-5"),
        ("fail", "pass", "5", "5"),
        ("pass", "unknown", "5", "-5"),
        ("fail", "unknown", "5", None),
        ("pass", "fail", None, None),
    ],
)
def test_the_effect_of_a_flip(before, after, amount, effect):
    row = policy_replay.Judged("x", 1, "", before, after, amount=amount and Decimal(amount))
    assert row.effect == (effect and Decimal(effect))


def test_equal_scores_share_a_place():
    assert calc_scoring.places([Decimal(80), Decimal(90), Decimal(80), Decimal(70)]) == [2, 1, 2, 4]


def scheme(s, key):
    return s.scalars(select(RatingScheme).where(RatingScheme.key == key).order_by(RatingScheme.edition.desc())).first()


def test_an_edition_not_yet_in_use_is_replayed_and_names_who_flips(session, park):
    """A draft of the municipal sheet with other weights: score and place change as the sheets themselves say, nothing is stored."""
    schemes.ensure_schemes(session, park.id)
    old = scheme(session, "EVAL-GX-2023")
    good, _f = example(session)
    poor, _f = example(session, sme=0, mentors=0, growing=0)
    given = {x.code: x.most for x in schemes.indicators_of(session, old) if x.kind == "expert"}
    sheets = {}
    for c, part in ((good, Decimal("0.9")), (poor, Decimal("0.5"))):
        with acting(session, "operations_clerk"):
            row = scores.create_score(session, carrier_id=c.id, scheme_id=old.id, year=2025, on_date=ON)
        sheets[c.id] = scores.count_sheet(session, row, {k: v * part for k, v in given.items()})
    same = {f.carrier.id: f for f in policy_replay.replay_scores(session, old, old, ON)}
    assert not any(f.flips for f in same.values())
    for carrier_id, sheet in sheets.items():  # actuals reproduce the score to the last digit
        assert str(same[carrier_id].before.total.total) == str(sheet.total.total)
    first = next(iter(given))
    found = policy_replay.replay_scores(session, old, old, ON, {first: Decimal(0)})
    after = {f.carrier.id: f for f in found}
    assert after[good.id].after.total.total == sheets[good.id].total.total - given[first] * Decimal("0.9")
    new = schemes.new_edition(session, old)
    drafted = {f.carrier.id: f for f in policy_replay.replay_scores(session, old, new, ON)}
    assert drafted[good.id].after.total.total == sheets[good.id].total.total and new.state == "draft"


def test_who_may_not_read_the_records_replays_nothing(session):
    example(session)
    with acting(session, "system_administrator"), pytest.raises(NotAllowed):
        policy_replay.replay(session, STD, STD, ON)


@pytest.mark.parametrize("sme", [0, 5, 11, 12])
def test_the_smallest_change_passes_every_open_count_and_one_less_does_not(session, sme):
    """R-53: applied to the result at hand and counted anew agree; one step less leaves the gate open."""
    c, _firms = example(session, sme=sme, entered=5)
    result = recognition.evaluate(session, STD, [c], ON)[c.id]
    small = whatif.smallest(result)
    applied, counted = whatif.applied(session, result, small), whatif.simulate(session, STD, c, ON, small)[1]
    assert [(g.line.code, g.line.verdict) for g in applied.gates] == [(g.line.code, g.line.verdict) for g in counted.gates]
    assert not [g.line.code for g in applied.gates if g.open and g.missing]
    for fact, n in small.numerators.items():
        less = whatif.applied(session, result, whatif.Changes({**small.numerators, fact: n - 1}))
        assert fact in {g.line.fact for g in less.gates if g.open}


def test_named_firms_change_a_score_sheet_as_they_change_the_gates(session, park):
    """Two firms that would have financing, one that would leave: 10 of 39; without a change every figure is the real one."""
    schemes.ensure_schemes(session, park.id)
    of = scheme(session, "EVAL-239-TEMPLATE")
    c, firms = example(session)
    changes = whatif.Changes(qualify={"financed_firm_share": [firms[20].id, firms[21].id]}, remove=[firms[39].id])
    now, then = whatif.simulate_score(session, of, c, ON, firms=changes)
    before, after = ({r.indicator.fact: r.value for r in sheet.rows} for sheet in (now, then))
    assert (before["financed_firm_share"], after["financed_firm_share"]) == (Decimal("0.2"), Decimal(10) / Decimal(39))
    gate = {g.line.fact: g for g in whatif.simulate(session, STD, c, ON, changes)[1].gates}["financed_firm_share"]
    assert gate.measured.count.value == after["financed_firm_share"]
    real, same = whatif.simulate_score(session, of, c, ON, firms=whatif.Changes())
    assert [(r.value, r.points) for r in real.rows] == [(r.value, r.points) for r in same.rows]
    assert str(real.total.total) == str(same.total.total)
