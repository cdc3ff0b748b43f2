"""Repairs, incidents, problems of firms, awards, looks at codes: the rules as tables. Rules SV-109, SV-148 to SV-163, SV-170 to SV-177."""

from __future__ import annotations

import io
from datetime import date, datetime, timedelta
from decimal import Decimal as D

import pytest
from core_help import incubatee
from hall_help import english  # noqa: F401
from portal_help import browser, mark_of, new_firm
from sqlalchemy import select
from wallet_help import DAY, users

from modules.services.kpis.more import KPIS
from modules.services.models.contest import ChallengeBid, StaffAssignment, StaffChallenge, StarNomination
from modules.services.models.panel import ArenaScore, StaffArena, StaffAward, StaffPoint
from modules.services.models.repair import ServiceRepair
from modules.services.models.wallet import LicenceLookup
from modules.services.services import aid_visits, arenas, awards, challenges, demands, incidents, panels, repairs, stars, wallet
from modules.services.states_contest import AWARD
from modules.services.views import contests
from parkops import approval, outbox
from parkops.clock import ZONE, Period, today
from parkops.db.session import Scope, system_scope
from parkops.errors import NotFound, RuleError
from parkops.kpi.registry import Window
from parkops.todos import Notice, Todo
from parkops.web.compile import accepted

AT = datetime(2026, 3, 2, 10, tzinfo=ZONE)
KPI = next(k for k in KPIS if k.code == "services.repairs_in_time")
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082")


def repair(s, **values):
    return repairs.create_repair(s, **{"kind": "power", "place": "3 层", "text": "没电", "at": AT, **values})


def in_time(s):
    found = s.execute(KPI.measure(Window(Period.month(DAY), date(2026, 3, 31)))).all()
    return [(r.numerator, r.denominator) for r in found]


@pytest.mark.parametrize(("urgency", "days"), [("danger", 0), ("urgent", 1), ("normal", 3)])
def test_promised_by_urgency(session, urgency, days):
    row = repair(session, urgency=urgency)
    assert row.promised_on == row.first_promised_on == DAY + timedelta(days=days)


def test_a_reopened_repair_is_measured_against_the_first_promise(session):
    who, row = users(session)[0], repair(session)
    repairs.assign_repair(session, row, assignee_id=who, promised_on=DAY + timedelta(days=3), on=DAY)
    repairs.finish_repair(session, row, measure="换件", on=DAY)
    assert in_time(session) == [(1, 1)]
    repairs.reopen_repair(session, row, reason="还是没电", on=DAY + timedelta(days=7))
    assert (row.done_on, row.promised_on, row.first_promised_on, row.reopened) == (None, DAY + timedelta(days=8), DAY + timedelta(days=3), 1)
    assert in_time(session) == []
    repairs.finish_repair(session, row, measure="换线", on=DAY + timedelta(days=8))
    assert in_time(session) == [(0, 1)]


def test_a_reopened_repair_is_a_new_to_do(session):
    who, row = users(session)[0], repair(session)
    repairs.assign_repair(session, row, assignee_id=who, promised_on=DAY, on=DAY)
    repairs.finish_repair(session, row, measure="换件", on=DAY)
    repairs.reopen_repair(session, row, reason="还是没电", on=DAY)
    outbox.deliver(session)
    asked = select(Todo.due_on, Todo.assignee_id, Todo.is_done).where(Todo.resource == "services.repair").order_by(Todo.id)
    assert session.execute(asked).all() == [(DAY, who, True), (DAY + timedelta(days=1), who, False)]


def test_of_two_assigned_in_turn_only_the_second_is_asked(session):
    (first, second), row = users(session)[:2], repair(session)
    repairs.assign_repair(session, row, assignee_id=first, promised_on=DAY, on=DAY)
    repairs.assign_repair(session, row, assignee_id=second, promised_on=DAY, on=DAY)
    asked = select(Todo.assignee_id, Todo.is_done).where(Todo.resource == "services.repair").order_by(Todo.id)
    assert session.execute(asked).all() == [(first, True), (second, False)]


@pytest.mark.parametrize(("stars", "mine"), [(0, False), (6, False), (5, True)])
def test_confirmation_refused(session, stars, mine):
    people, row = users(session), repair(session)
    repairs.assign_repair(session, row, assignee_id=people[0], promised_on=DAY, on=DAY)
    repairs.finish_repair(session, row, measure="换件", on=DAY)
    session.info["scope"] = _as(session, people[0 if mine else 1])
    with pytest.raises(RuleError) as refused:
        repairs.confirm_repair(session, row, stars=stars, on=DAY)
    assert refused.value.codes == ["services.SV-173"]


def _as(s, user):
    scope = s.info["scope"]
    return Scope(user_id=user, user_name="t", system=True, parks=scope.parks, park_id=scope.park_id, reason="test")


def test_a_firm_reports_with_photos_hears_it_is_done_and_sends_it_back(app, db, park):
    firm = new_firm(park.id)
    client = browser(app, firm)
    page = client.get("/portal/repairs/new").get_data(as_text=True)
    once = page.split('name="_once" value="')[1].split('"')[0]
    given = {"csrf_token": mark_of(client, "/portal/repairs/new"), "_once": once, "kind": "power", "place": "3 层", "text": "没电", "urgency": "normal"}
    for names, status in ((["a.exe"], 422), ([f"{n}.png" for n in range(6)], 422), (["a.png", "b.png"], 303)):
        files = [(io.BytesIO(PNG), n) for n in names]
        assert client.post("/portal/repairs/new", data={**given, "photo": files}, content_type="multipart/form-data").status_code == status
    with system_scope("test") as s:
        row = s.scalars(select(ServiceRepair).where(ServiceRepair.firm_id == firm)).one()
        s.info["scope"] = Scope(user_id=None, user_name="test", system=True, parks=None, park_id=row.park_id, reason="test")
        repairs.assign_repair(s, row, assignee_id=users(s)[0], promised_on=today(), on=today())
        repairs.finish_repair(s, row, measure="换件", on=today())
        pk = row.id
        assert [n.values["number"] for n in s.scalars(select(Notice).where(Notice.resource == "services.repair", Notice.msgid.like("Repair %")))] == [row.number]
    mark = mark_of(client, f"/portal/repairs/{pk}")
    assert client.post(f"/portal/repairs/{pk}/answer", data={"csrf_token": mark, "do": "reopen", "words": "还是没电"}).status_code == 303
    with system_scope("test") as s:
        row = s.get(ServiceRepair, pk)
        assert (row.state, row.reopened, row.done_on) == ("assigned", 1, None)


def test_the_end_of_an_incident_keeps_the_promises_and_tells_each_firm_once(session, park):
    firm = incubatee(session)
    late = repair(session, firm_id=firm.id)
    given = repair(session, firm_id=firm.id)
    asked = demands.create_demand(session, kind="demand", title="何时来电", firm_id=firm.id, at=AT)
    user = _person(session, firm)
    event = incidents.create_incident(session, title="停电", script="抢修中", started_at=AT)
    repairs.assign_repair(session, given, assignee_id=users(session)[1], promised_on=DAY + timedelta(days=2), on=DAY)
    for values in ({"repair_id": late.id}, {"repair_id": given.id}, {"demand_id": asked.id}):
        incidents.link_ticket(session, incident_id=event.id, **values)
    for values in ({}, {"repair_id": late.id, "demand_id": asked.id}):
        with pytest.raises(RuleError):
            incidents.link_ticket(session, incident_id=event.id, **values)
    session.info["scope"] = _as(session, users(session)[0])
    incidents.close_incident(session, event, answer="已来电", on=DAY + timedelta(days=9))
    assert [(r.state, r.promised_on) for r in (late, given)] == [("done", DAY + timedelta(days=3)), ("done", DAY + timedelta(days=2))]
    assert in_time(session) == [(0, 2)]
    found = [n.user_id for n in session.scalars(select(Notice).where(Notice.resource == "services.incident"))]
    assert found == [user] and asked.state == "answered"
    with pytest.raises(RuleError):
        incidents.link_ticket(session, incident_id=event.id, repair_id=repair(session).id)


def _person(s, firm):
    from modules.tenants.services import portal_accounts
    from parkops import clock

    _row, token = portal_accounts.invite_person(s, firm, name="马经理", email=f"i{firm.id}@firm.example", role="owner")
    return portal_accounts.accept_invitation(s, token, password="Harbour-Lantern-4471", again="Harbour-Lantern-4471", locale="zh", at=clock.now()).user_id


@pytest.mark.parametrize(("given", "due"), [(None, DAY + timedelta(days=4)), (DAY + timedelta(days=10), DAY + timedelta(days=10)), (DAY, None)])
def test_a_reopened_problem_has_a_new_day_and_a_new_to_do(session, given, due):
    who = users(session)[0]
    row = aid_visits.create_problem(session, firm_id=incubatee(session).id, kind="power", text="扩容", raised_on=DAY)
    aid_visits.assign_problem(session, row, owner_id=who, promised_on=DAY, on=DAY)
    aid_visits.solve_problem(session, row, measure="已办", on=DAY + timedelta(days=1))
    reopen = {"reason": "没办", "on": DAY + timedelta(days=1), "promised_on": given}
    if due is None:
        with pytest.raises(RuleError):
            aid_visits.reopen_problem(session, row, **reopen)
        return
    aid_visits.reopen_problem(session, row, **reopen)
    found = list(session.scalars(select(Todo.due_on).where(Todo.resource == "services.aid_problem").order_by(Todo.id)))
    assert (row.promised_on, found) == (due, [DAY, due])


def results(s):
    """One decided result of each kind: {resource: (id, whose)}."""
    a, b, c, *_more = users(s)
    park = s.info["scope"].park_id
    star = StarNomination(park_id=park, number="S1", title="亮点", nominee_id=a, nominated_on=DAY, evidence="x", mean=D(90), stars=4, state="published", published_on=DAY)
    task = StaffAssignment(park_id=park, number="T1", topic="重点", targets="x", owner_id=b, set_on=DAY, due_on=DAY, state="passed", reviewed_on=DAY)
    hard = StaffChallenge(park_id=park, number="C1", title="难题", targets="x", bids_until=DAY, due_on=DAY + timedelta(days=9), state="accepted", picked_on=DAY, ended_on=DAY)
    ring = StaffArena(park_id=park, number="A1", title="擂台", begins_on=DAY, state="published", published_on=DAY)
    s.add_all([star, task, hard, ring])
    s.flush()
    s.add_all([ChallengeBid(park_id=park, challenge_id=hard.id, bidder_id=u, plan="x", bid_on=DAY, rank=n) for n, u in ((1, c), (2, a))])
    rounds = {a: (90, 80), b: (80, 90), c: (85, 85)}
    s.add_all([ArenaScore(park_id=park, arena_id=ring.id, round_no=n, subject="x", user_id=u, score=v) for u, vs in rounds.items() for n, v in enumerate(vs, 1)])
    s.flush()
    return {"services.star_nomination": (star.id, {a}), "services.assignment": (task.id, {b}), "services.challenge": (hard.id, {c}), "services.arena": (ring.id, {a, b, c})}


def award(s, user, resource, record_id):
    return awards.create_award(s, user_id=user, resource=resource, record_id=record_id, text="奖励", pay_month=DAY, amount=D(500))


@pytest.mark.parametrize("resource", sorted(awards.RESULTS))
def test_an_award_goes_to_whose_result_it_is(session, resource):
    record_id, whose = results(session)[resource]
    for user in users(session):
        if user in whose:
            assert award(session, user, resource, record_id).state == "draft"
        else:
            with pytest.raises(RuleError) as refused:
                award(session, user, resource, record_id)
            assert [p.field for p in refused.value.problems] == ["user_id"]


def test_every_first_of_a_ranking_gets_its_points_once(session):
    ring, _whose = results(session)["services.arena"]
    firsts = [r[1] for r in arenas.ranking(session, session.get(StaffArena, ring)) if r[0] == 1]
    for _run in range(2):
        awards.collect_points(session, on=DAY)
    found = session.execute(select(StaffPoint.user_id, StaffPoint.points).where(StaffPoint.source == "arena").order_by(StaffPoint.user_id)).all()
    assert found == [(u, 15) for u in sorted(firsts)] and len(firsts) == 2


@pytest.mark.parametrize("approve", [True, False])
def test_an_award_is_decided_by_its_approval_only(session, as_role, approve):
    from sqlalchemy import text

    nominee = session.scalar(text("select id from ab_user where username = 'operations_clerk'"))
    star, whose = results(session)["services.star_nomination"]
    session.get(StarNomination, star).nominee_id = nominee
    session.commit()
    assert whose
    with as_role("operations_manager") as s:
        pk = award(s, nominee, "services.star_nomination", star).id
        awards.submit_award(s, s.get(StaffAward, pk))
        s.commit()
    with as_role("leadership") as s:
        row = s.get(StaffAward, pk)
        assert [b.enabled for b in AWARD.buttons(s, row)] == [False, False]
        for step in ("approve", "return"):
            with pytest.raises(RuleError):
                AWARD.move(s, row, step)
        with pytest.raises(RuleError) as refused:
            awards.by_approval_only(s, row)
        assert refused.value.codes == ["services.SV-163"]
    for role in ("leadership", "finance") if approve else ("leadership",):
        with as_role(role) as s:
            approval.vote(s, approval.of(s, s.get(StaffAward, pk))[0], approve, None if approve else "金额不对")
            s.commit()
    with system_scope("test") as s:
        assert s.get(StaffAward, pk).state == ("approved" if approve else "returned")


def test_the_day_of_a_bid_and_of_a_nomination_is_the_clocks(session):
    offered = {f for r in contests.RESOURCES for section in r.sections for f in section.fields}
    for service, name in ((challenges.create_bid, "bid_on"), (stars.create_nomination, "nominated_on")):
        assert name in offered and name not in accepted(service)
    assert "on" not in offered


def test_an_unknown_bid_is_not_found(session):
    session.info["scope"] = _as(session, users(session)[0])
    with pytest.raises(NotFound):
        panels.create_score(session, bid_id=987654, score=50)


def test_old_looks_are_forgotten_also_at_codes_nobody_knows(session, park):
    keep = 400
    first = datetime.combine(DAY - timedelta(days=keep), datetime.min.time(), ZONE)
    moments = ((park.id, first - timedelta(seconds=1)), (None, first - timedelta(seconds=1)), (park.id, first), (None, first))
    session.add_all([LicenceLookup(park_id=p, at=at, result="unknown", visitor="v") for p, at in moments])
    session.flush()
    assert wallet.forget_lookups(session, on=DAY) == {"deleted": 2}
    assert list(session.scalars(select(LicenceLookup.at))) == [first, first]


def test_a_clerk_brings_a_repair_to_its_end_and_a_manager_an_incident(session, as_role):
    firm = incubatee(session)
    _person(session, firm)
    session.commit()
    with as_role("operations_clerk") as s:
        who = s.info["scope"].user_id
        row = repair(s, firm_id=firm.id)
        repairs.assign_repair(s, row, assignee_id=who, promised_on=DAY, on=DAY)
        repairs.finish_repair(s, row, measure="换件", on=DAY)
        repairs.reopen_repair(s, row, reason="还是没电", on=DAY)
        repairs.finish_repair(s, row, measure="换线", on=DAY)
        assert row.state == "done"
    with as_role("operations_manager") as s:
        first, asked = repair(s, firm_id=firm.id), demands.create_demand(s, kind="demand", title="何时来电", firm_id=firm.id, at=AT)
        event = incidents.create_incident(s, title="停电", script="抢修中", started_at=AT)
        for values in ({"repair_id": first.id}, {"demand_id": asked.id}):
            incidents.link_ticket(s, incident_id=event.id, **values)
        incidents.close_incident(s, event, answer="已来电", on=DAY)
        assert (first.state, asked.state) == ("done", "answered")
