"""Jobs and checks of recognition, carriers side by side: what a second run does, what a broken record shows. R-115, R-116, R-123 to R-125."""

from datetime import date
from decimal import Decimal

import pytest
from ratings_help import MANUAL
from sqlalchemy import func, select, text
from support_help import carrier, firm

from modules.ratings.calc_compare import compare
from modules.ratings.checks.kept import CHECKS
from modules.ratings.models.assessment import RecognitionAssessment
from modules.ratings.models.forecast import GraduationForecast
from modules.ratings.models.target import TeamTarget
from modules.ratings.services import comparison, forecast, targets, watch
from modules.tenants.models.carrier import CarrierGrade, CarrierRecognition
from parkops.clock import Period
from parkops.errors import NotFound, RuleError
from parkops.kpi import engine
from parkops.rules import facts
from parkops.todos import Todo

A = RecognitionAssessment


def again(s, row, **other):
    """The same assessment once more with something else in it: nothing kept can be changed, not even here."""
    names = ("park_id", "carrier_id", "rule_set", "passed", "failed", "unknown", "decision_id", "measures", "options")
    s.add(A(**{n: getattr(row, n) for n in names}, **other))
    s.flush()


def D(*values):
    return [None if v is None else Decimal(v) for v in values]


@pytest.mark.parametrize(
    ("values", "better", "best", "median", "to_best", "part"),
    [
        (("10", "20", "40"), "higher", "40", "20", ("-30", "-20", "0"), ("0.25", "0.5", "1")),
        (("10", "20", "40"), "lower", "10", "20", ("0", "10", "30"), ("0.25", "0.5", "1")),
        (("10", None, "40"), "higher", "40", "25", ("-30", None, "0"), ("0.25", None, "1")),
        (("10", "20"), "none", None, "15", (None, None), ("0.5", "1")),
        ((None, None), "higher", None, None, (None, None), (None, None)),
        (("0", "0"), "higher", "0", "0", ("0", "0"), ("0", "0")),
    ],
)
def test_side_by_side(values, better, best, median, to_best, part):
    found = compare(D(*values), better)
    assert (found.best, found.median) == tuple(D(best, median))
    assert list(found.to_best) == D(*to_best) and list(found.part) == D(*part)


def test_one_assessment_a_month(session):
    c = carrier(session, founded_on=date(2015, 1, 1))
    assert watch.keep_monthly(session, on=date(2026, 3, 2))["kept"] == 1
    assert watch.keep_monthly(session, on=date(2026, 3, 20)) == {"kept": 0, "left": 1}
    assert watch.keep_monthly(session, on=date(2026, 4, 2))["kept"] == 1
    rows = session.scalars(select(A).order_by(A.on_date)).all()
    assert [(r.carrier_id, r.rule_set, r.on_date) for r in rows] == [
        (c.id, "INC-2025-STD", date(2026, 3, 2)),
        (c.id, "INC-2025-STD", date(2026, 4, 2)),
    ]


def test_reminders_come_once(session):
    c, on = carrier(session), date(2026, 3, 2)
    for day in (date(2026, 8, 1), date(2026, 9, 30)):  # the second lies beyond 180 days
        session.add(CarrierRecognition(carrier_id=c.id, park_id=c.park_id, level="national", recognised_on=date(2023, 1, 1), valid_to=day))
        session.flush()
        c = carrier(session)
    watch.keep_monthly(session, on=date(2026, 2, 2))
    watch.keep_monthly(session, on=on)
    assert watch.remind(session, on=on) == {"ending": 1, "lost": 0}  # failed before too: nothing was lost
    again(session, session.scalars(select(A).where(A.on_date == on)).first(), verdict="pass", on_date=date(2026, 3, 1))
    assert watch.remind(session, on=on) == {"ending": 0, "lost": 1}
    assert watch.remind(session, on=on) == {"ending": 0, "lost": 0}
    assert session.scalar(select(func.count(Todo.id)).where(Todo.key.like("ratings.%"))) == 2


def differences(session):
    return {c.code: len(c.run(session)) for c in CHECKS}


def test_checks_find_what_was_tampered_with(session, park, park2):
    c = carrier(session)
    f = firm(session, ("incubating", c, "2024-03-01"))
    team = targets.create_team(session, name="孵化服务部", active=True)
    targets.save_team(session, team, Period.month(date(2026, 3, 1)), {"tenants.admitted": Decimal(3)})
    watch.keep_monthly(session, on=date(2026, 3, 2))
    forecast.refresh_forecasts(session, on=date(2026, 3, 2))
    assert set(differences(session).values()) == {0}
    again(session, session.scalars(select(A)).one(), verdict="pass", on_date=date(2026, 3, 2))
    session.execute(GraduationForecast.__table__.update().where(GraduationForecast.firm_id == f.id).values(on_date=date(2020, 1, 1)))
    session.execute(TeamTarget.__table__.update().values(park_id=park2.id))
    assert differences(session) == {"ratings.assessments": 1, "ratings.seals": 0, "ratings.forecasts": 1, "ratings.team_targets": 1}


def test_a_broken_seal_is_found(session, park):
    from modules.ratings.models.score import RatingScore
    from modules.ratings.services import schemes

    made = schemes.ensure_schemes(session, park.id)
    c, users = carrier(session), session.execute(text("select id from core_user order by id limit 2")).scalars().all()
    row = RatingScore(
        number="RS-1",
        carrier_id=c.id,
        park_id=c.park_id,
        scheme_id=made[0].id,
        year=2025,
        on_date=date(2026, 1, 1),
        state="signed",
        prepared_by_id=users[0],
        signed_by_id=users[1],
        seal="0" * 64,
    )
    session.add(row)
    session.flush()
    assert differences(session)["ratings.seals"] == 1


def test_carriers_side_by_side(session, park, query_count):
    month, rows = Period.month(date(2026, 3, 1)), []
    for n in (2, 4, 6):
        c = carrier(session, area=Decimal(1000 * n))
        for _i in range(n):
            firm(session, ("incubating", c, "2025-05-01"))
        for fact in MANUAL:
            facts.assess(session, c, fact, True, on=date(2026, 1, 5), note="现场核查")
        rows.append(c)
    session.add(CarrierGrade(carrier_id=rows[0].id, park_id=park.id, year=2021, grade="A", published_on=date(2022, 6, 1)))
    session.flush()
    engine.compute(session, month, ["tenants.incubating", "tenants.graduated"], today=date(2026, 3, 20))
    counts = []
    for few in (rows[:2], rows):
        with query_count() as q:
            side = comparison.side_by_side(session, few, date(2026, 3, 20), month)
        counts.append(q.count)
    assert counts[1] - counts[0] <= 4  # four measures of money, rights and mentors ask once per carrier, none per firm
    kpi = next(r for r in side.kpis if r.code == "tenants.incubating")
    assert kpi.values == (2, 4, 6) and kpi.compared.best == 6 and kpi.compared.to_best == (-4, -2, 0)
    assert kpi.urls[0] == f"/core/kpi/tenants.incubating/list?period=2026-03&park={park.id}&key={rows[0].id}"
    area = next(r for r in side.measures if r.code == "controllable_area")
    assert area.values == (2000, 4000, 6000) and len(side.grades[rows[0].id]) == 1
    for wrong in ([rows[0].id], [rows[0].id] * 3, list(range(7))):
        with pytest.raises(RuleError):
            comparison.chosen(session, wrong)
    with pytest.raises(NotFound):
        comparison.chosen(session, [rows[0].id, 987654321])
