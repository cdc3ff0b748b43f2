"""Contests as tables: means, bands, ties; panels apart from bidders; one pick. Rules SV-150, SV-152 to SV-154, SV-158 to SV-161, SV-164."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from wallet_help import DAY, in_park, users

from modules.services import calc_contest as calc
from modules.services.models.contest import ChallengeBid, StaffChallenge
from modules.services.models.panel import PanelScore, PanelSeat, StaffPoint
from modules.services.services import awards, challenges, panels
from parkops.errors import RuleError
from parkops.security.users import ensure_demo_user

E = calc.Entry
BANDS = [(60, 1), (70, 2), (80, 3), (88, 4), (95, 5)]


@pytest.mark.parametrize(("entries", "first", "rule"), [
    ((E(1, (80, 90), 1, 1), E(2, (86, 86), 1, 2)), 2, "mean"),
    ((E(1, (80, 90), 1, 1), E(2, (85, 85), 2, 2)), 2, "lowest"),
    ((E(1, (80, 90), 2, 1), E(2, (80, 90), 1, 2)), 2, "earlier"),
    ((E(1, (80, 90), 1, 2), E(2, (90, 80), 1, 1)), 2, "entry"),
    ((E(1, (66, 67, 67), 1, 1), E(2, (66, 67), 1, 2)), 1, "mean"),  # 66.67 beats 66.5
    ((E(7, (50,), 1, 1),), 7, "mean"),
])
def test_ties_by_rule(entries, first, rule):
    ranked = calc.rank(entries)
    assert (ranked[0].key, calc.decided_by(ranked[0], ranked[1] if len(ranked) > 1 else None)) == (first, rule)


@pytest.mark.parametrize(("score", "says"), [(Fraction(599, 10), 0), (60, 1), (Fraction(239, 3), 2), (80, 3), (Fraction(949, 10), 4), (95, 5), (100, 5)])
def test_star_bands(score, says):
    assert calc.stars(Fraction(score), BANDS) == says


def test_mean_is_exact_and_shown_half_up():
    assert calc.shown(calc.mean([85, 86, 86])) == Decimal("85.67") and calc.shown(Fraction(845, 1000)) == Decimal("0.85")
    with pytest.raises(ValueError):
        calc.mean([])


def test_arena_shares_ranks_and_leaves_out_the_next():
    assert calc.arena({1: [90, 80], 2: [80, 90], 3: [85, 85], 4: [70]}) == [(1, 1, 170, 90), (1, 2, 170, 90), (3, 3, 170, 85), (4, 4, 70, 70)]


def _challenge(s, people, scores):
    """Published, with one bid per person of `people` and their panel's scores, planted directly."""
    row = StaffChallenge(park_id=s.info["scope"].park_id or next(iter(s.info["scope"].parks)), number=f"C{id(people)}", title="难题", targets="目标", bids_until=DAY,
                         due_on=DAY + timedelta(days=30), state="published", published_on=DAY - timedelta(days=5))
    s.add(row)
    s.flush()
    bids = [ChallengeBid(park_id=row.park_id, challenge_id=row.id, bidder_id=u, plan="方案", bid_on=DAY) for u in people]
    s.add_all(bids)
    s.flush()
    for user, given in scores.items():
        seat = PanelSeat(park_id=row.park_id, challenge_id=row.id, user_id=user)
        s.add(seat)
        s.flush()
        s.add_all(PanelScore(park_id=row.park_id, seat_id=seat.id, bid_id=b.id, score=g) for b, g in zip(bids, given, strict=True))
    s.flush()
    return row


def test_no_bidder_on_the_panel_by_rule_and_by_trigger(session, park):
    people = users(session)
    row = _challenge(session, people[:1], {})
    with pytest.raises(RuleError) as refused:
        panels.create_seat(session, user_id=people[0], challenge_id=row.id)
    assert refused.value.codes == ["services.SV-150"]
    with pytest.raises(IntegrityError, match="panel of their own"), session.begin_nested():
        session.add(PanelSeat(park_id=park.id, challenge_id=row.id, user_id=people[0]))
        session.flush()


def test_pick_needs_a_full_panel_and_all_scores(session):
    people = users(session)
    row = _challenge(session, people[:2], {people[2]: (80, 70), people[3]: (80, 90)})
    with pytest.raises(RuleError, match="3"):
        challenges.pick_winner(session, row, on=DAY + timedelta(days=1))
    seat = panels.create_seat(session, user_id=people[4], challenge_id=row.id)
    with pytest.raises(RuleError):
        challenges.pick_winner(session, row, on=DAY + timedelta(days=1))
    bids = list(session.scalars(select(ChallengeBid).where(ChallengeBid.challenge_id == row.id).order_by(ChallengeBid.id)))
    session.add_all(PanelScore(park_id=row.park_id, seat_id=seat.id, bid_id=b.id, score=80) for b in bids)
    session.flush()
    with pytest.raises(RuleError):  # bids may still come today
        challenges.pick_winner(session, row, on=DAY)
    won = challenges.pick_winner(session, row, on=DAY + timedelta(days=1))
    assert (won.bidder_id, row.decided_by, won.mean) == (people[0], "lowest", Decimal("80.00"))
    challenges.accept_result(session, row, finding="达标", on=DAY + timedelta(days=20))
    made = awards.collect_points(session, on=DAY + timedelta(days=21), park_id=row.park_id)
    assert made == {"points": 1} and awards.collect_points(session, on=DAY + timedelta(days=21), park_id=row.park_id) == {"points": 0}
    assert session.execute(select(StaffPoint.user_id, StaffPoint.points, StaffPoint.source)).all() == [(people[0], 20, "challenge")]


def _race(park_id, challenge_id):
    start, out = threading.Barrier(2), []

    def one():
        with in_park(park_id) as s:
            row = s.get(StaffChallenge, challenge_id)
            start.wait(20)
            try:
                challenges.pick_winner(s, row, on=DAY + timedelta(days=1))
                out.append("picked")
            except Exception as e:
                s.rollback()
                out.append(type(e).__name__)

    threads = [threading.Thread(target=one) for _ in range(2)]
    [t.start() for t in threads]
    [t.join(60) for t in threads]
    return sorted(out)


def _ready(park_id):
    with in_park(park_id) as s:
        people = users(s)
        return _challenge(s, people[:2], {u: (80 + n, 81) for n, u in enumerate(people[2:5])}).id


def _picks(park_id):
    with in_park(park_id) as s:
        return s.scalar(text("select count(*) from core_transition where resource = 'services.challenge' and step = 'pick'"))


def test_race_one_pick(fresh_db, park):
    challenge_id = _ready(park.id)
    assert _race(park.id, challenge_id) == ["Conflict", "picked"]
    assert _picks(park.id) == 1


def test_control_without_the_lock_both_get_to_the_ranking(fresh_db, park, monkeypatch):
    """Control: with the lock away both rank the bids; only the workflow's claim or the row version stops the second, as an error nobody can read."""
    challenge_id, ranked = _ready(park.id), []
    both, real = threading.Barrier(2), challenges.calc_contest.rank

    def counted(entries):
        ranked.append(1)
        both.wait(20)
        return real(entries)

    monkeypatch.setattr(challenges.panels, "lock", lambda s, model, pk: s.get(model, pk))
    monkeypatch.setattr(challenges.calc_contest, "rank", counted)
    _race(park.id, challenge_id)
    assert len(ranked) == 2


@pytest.mark.parametrize(("points", "ranks"), [
    ({"a": 10, "b": 20, "c": 10, "d": 5}, [("b", 1), ("a", 2), ("c", 2), ("d", 4)]),
    ({"a": 7}, [("a", 1)]), ({}, []), ({"a": 3, "b": 3}, [("a", 1), ("b", 1)])])
def test_the_ranking_of_staff_shares_the_rank_of_equal_points(session, query_count, points, ranks):
    """SV-164. An event of the day after the period does not count, nor one of another park."""
    ids = {name: ensure_demo_user(session, username=name, role="operations_clerk", full_name=name, park_id=session.info["scope"].park_id,
                                  password="Ranking-password-1") for name in points}
    park = session.info["scope"].park_id
    for n, (name, total) in enumerate(points.items()):
        for source, part in (("case", total - 1), ("problem", 1)):
            session.add(StaffPoint(park_id=park, user_id=ids[name], source=source, resource="services.case", record_id=100 + n,
                                   on_date=date(2026, 3, 31), points=part))
        session.add(StaffPoint(park_id=park, user_id=ids[name], source="case", resource="services.case", record_id=900 + n,
                               on_date=date(2026, 4, 1), points=50))
    session.flush()
    with query_count() as seen:
        found = awards.standing(session, start=date(2026, 1, 1), end=date(2026, 4, 1), park_id=park)
    assert [(r.name, r.rank) for r in found] == ranks and seen.count == 1
    assert all(r.points == points[r.name] == sum(r.sources.values()) and r.events == 2 for r in found)
