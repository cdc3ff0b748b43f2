"""VAT of charge lines: the worked numbers of domain.md 9.2, the dated table, the exemption test day by day, and the set-based twin."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import count

import pytest
from bills_help import demand, english, qualified  # noqa: F401 - `english` holds for the whole file
from core_help import entry, incubatee, team
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import Range
from support_help import carrier

from modules.billing.calc_vat import NoRate, Window, merged, minus, pieces, split_vat, timeline
from modules.billing.models.catalogue import CarrierExemption, VatRate
from modules.billing.models.charge import Charge
from modules.billing.services import catalogue, charges, vat
from modules.tenants.services import stages
from parkops.errors import RuleError

D = Decimal
JAN, FEB, YEAR = date(2026, 1, 1), date(2026, 2, 1), date(2026, 12, 31)
_n = count(1)


@pytest.mark.parametrize(
    "rate,net,tax",
    [
        ("0.09", "100000.00", "9000.00"),
        ("0.06", "102830.19", "6169.81"),
        ("0.05", "103809.52", "5190.48"),
        ("0.03", "105825.24", "3174.76"),
        ("0.015", "107389.16", "1610.84"),
        ("0.13", "96460.18", "12539.82"),
    ],
)
def test_worked_numbers_of_109000(rate, net, tax):
    assert split_vat(D("109000.00"), D(rate), True) == (D(net), D(tax), D("109000.00"))
    assert split_vat(D("-109000.00"), D(rate), True) == (-D(net), -D(tax), D("-109000.00"))


@pytest.mark.parametrize(
    "supply,taxpayer,method,day,rate",
    [
        ("real_estate_lease", "general", "normal", JAN, "0.09"),
        ("real_estate_lease", "general", "simplified", JAN, "0.05"),
        ("real_estate_lease", "small", "normal", JAN, "0.03"),
        ("real_estate_lease", "small", "normal", date(2025, 12, 31), "0.05"),
        ("real_estate_lease", "general", "normal", date(2025, 12, 31), "0.09"),
        ("housing_lease", "small", "normal", JAN, "0.015"),
        ("property_service", "general", "normal", JAN, "0.06"),
        ("property_service", "small", "normal", JAN, "0.01"),
        ("movable_lease", "general", "normal", JAN, "0.13"),
        ("movable_lease", "small", "normal", JAN, "0.01"),
        ("water", "general", "normal", JAN, "0.03"),
        ("technology", "general", "normal", JAN, None),
    ],
)
def test_table_of_rates_by_day(session, supply, taxpayer, method, day, rate):
    row = session.scalars(
        select(VatRate).where(
            VatRate.supply == supply, VatRate.taxpayer == taxpayer, VatRate.method == method, VatRate.during.op("@>")(day)
        )
    ).one()
    assert (None if row.exempt else row.rate) == (None if rate is None else D(rate)) and row.doc_no and row.provenance


def test_the_database_refuses_a_second_rate_on_a_day(session):
    from sqlalchemy.exc import IntegrityError

    session.add(
        VatRate(
            supply="water",
            taxpayer="general",
            method="normal",
            rate=D("0.05"),
            starts_on=date(2027, 1, 1),
            during=Range(date(2027, 1, 1), None, bounds="[)"),
            doc_no="x",
            provenance="D",
        )
    )
    with pytest.raises(IntegrityError, match="ex_billing_vat_rate_during"):
        session.flush()


def test_without_the_constraint_two_rates_stand(fresh_db):
    """Control: the overlap is held by the constraint and nothing else."""
    from parkops.db.session import engine

    with engine(owner=True).begin() as c:
        c.execute(text("alter table billing_vat_rate drop constraint ex_billing_vat_rate_during"))
        c.execute(
            text(
                "insert into billing_vat_rate (supply, taxpayer, method, rate, starts_on, during, doc_no, provenance, exempt) values"
                " ('water','general','normal',5000000,'2027-01-01','[2027-01-01,)','x','D',false)"
            )
        )
        assert (
            c.execute(
                text("select count(*) from billing_vat_rate where supply='water' and taxpayer='general' and during @> '2027-06-01'::date")
            ).scalar()
            == 2
        )


def test_a_rate_ends_and_the_next_begins(session):
    old = session.scalars(select(VatRate).where(VatRate.supply == "water", VatRate.taxpayer == "general", VatRate.starts_on == JAN)).one()
    with pytest.raises(RuleError, match="2026-01-01"):
        catalogue.create_rate(
            session, supply="water", taxpayer="general", rate=D("0.04"), starts_on=date(2027, 1, 1), doc_no="x", provenance="D"
        )
    catalogue.end_rate(session, old, last_day=YEAR)
    catalogue.create_rate(
        session, supply="water", taxpayer="general", rate=D("0.04"), starts_on=date(2027, 1, 1), doc_no="x", provenance="D"
    )


def lines(session, *demands):
    park = session.info["scope"].park_id
    charges.add_charges(session, park, list(demands))
    return session.scalars(
        select(Charge)
        .where(Charge.source == "test", Charge.source_id.in_([d["source_id"] for d in demands]))
        .order_by(Charge.source_id, Charge.period_from)
    ).all()


def told(rows):
    return [(r.period_from.day, r.period_to.day, r.treatment, r.net, r.vat, r.gross) for r in rows]


def test_exempt_needs_carrier_firm_and_class(session):
    good, bad = qualified(session), carrier(session)
    inside, outside = incubatee(session, date(2025, 6, 1), good), entry(session)
    elsewhere = incubatee(session, date(2025, 6, 1), bad)
    rows = lines(
        session,
        demand(session, inside),
        demand(session, inside, item="property_fee"),
        demand(session, outside, carrier_id=good.id),
        demand(session, elsewhere),
        demand(session, inside, carrier_id=None),
        demand(session, inside, item="late_fee"),
    )
    assert [r.treatment for r in rows] == ["exempt", "taxed", "taxed", "taxed", "taxed", "outside"]
    assert rows[0].vat == 0 and rows[0].gross == D("1090.00") == rows[0].net


def test_a_team_is_in_incubation_too(session):
    from support_help import carrier as any_carrier

    place = any_carrier(session, kind="makerspace")
    catalogue.create_exemption(session, carrier_id=place.id, starts_on=JAN, basis="x")
    assert lines(session, demand(session, team(session, date(2025, 6, 1), place)))[0].treatment == "exempt"


def test_graduation_in_mid_month_splits_the_line(session):
    place = qualified(session)
    firm = incubatee(session, date(2025, 6, 1), place)
    stage = stages.current_stage(session, firm)
    stages._begin(session, firm, "graduated", place.id, date(2026, 1, 21), "graduate", None)
    assert stage.ends_on == date(2026, 1, 21)
    rows = lines(session, demand(session, firm, "1000.00"))
    assert told(rows) == [(1, 20, "exempt", D("645.16"), D("0.00"), D("645.16")), (21, 31, "taxed", D("325.54"), D("29.30"), D("354.84"))]
    assert [r.key.endswith("#2") for r in rows] == [False, True] and sum(r.gross for r in rows) == D("1000.00")
    assert lines(session, demand(session, firm, "1000.00", key=rows[0].key, source_id=rows[0].source_id)) == rows  # charged once


def test_a_carrier_that_qualifies_later_and_a_waiver(session):
    place = carrier(session)
    firm = incubatee(session, date(2025, 6, 1), place)
    row = catalogue.create_exemption(session, carrier_id=place.id, starts_on=FEB, basis="x", last_day=date(2026, 2, 28))
    assert [r.treatment for r in lines(session, demand(session, firm))] == ["taxed"]
    with pytest.raises(RuleError, match="36 months"):
        catalogue.create_exemption(
            session, carrier_id=place.id, starts_on=date(2026, 3, 1), last_day=date(2027, 3, 1), waived=True, basis="x"
        )
    catalogue.create_exemption(session, carrier_id=place.id, starts_on=date(2026, 3, 1), waived=True, basis="x")
    march = {"period_from": date(2026, 3, 1), "period_to": date(2026, 3, 31)}
    assert [r.treatment for r in lines(session, demand(session, firm, **march))] == ["taxed"]
    with pytest.raises(RuleError, match="ends after 36 months"):
        catalogue.change_exemption(session, session.scalars(select(CarrierExemption).where(CarrierExemption.waived)).one(), waived=False)
    assert row.last_day == date(2026, 2, 28)


def test_small_scale_lease_across_the_new_year(session, park):
    catalogue.create_tax_status(session, taxpayer="small", starts_on=date(2020, 1, 1), basis="x")
    rows = lines(session, demand(session, entry(session), "6200.00", period_from=date(2025, 12, 1), period_to=date(2026, 1, 31)))
    assert [(r.vat_rate, r.gross) for r in rows] == [(D("0.05"), D("3100.00")), (D("0.03"), D("3100.00"))]


def test_the_operator_becomes_a_general_taxpayer(session):
    catalogue.create_tax_status(session, taxpayer="small", starts_on=date(2020, 1, 1), last_day=date(2026, 1, 15), basis="x")
    assert [r.vat_rate for r in lines(session, demand(session, entry(session)))] == [D("0.03"), D("0.09")]


def test_simplified_method_of_old_real_estate(session):
    place = carrier(session)
    with pytest.raises(RuleError, match="2016"):
        catalogue.create_election(session, carrier_id=place.id, acquired_on=date(2016, 5, 1), starts_on=JAN, basis="x")
    with pytest.raises(RuleError, match="2028-12-31"):
        catalogue.create_election(session, carrier_id=place.id, acquired_on=date(2015, 5, 1), starts_on=JAN, last_day=YEAR, basis="x")
    catalogue.create_election(session, carrier_id=place.id, acquired_on=date(2015, 5, 1), starts_on=JAN, basis="x")
    firm = entry(session)
    rows = lines(
        session,
        demand(session, firm, carrier_id=place.id),
        demand(session, firm, carrier_id=place.id, item="property_fee"),
        demand(session, firm),
    )
    assert [r.vat_rate for r in rows] == [D("0.05"), D("0.06"), D("0.09")]


def test_a_day_without_a_rate_is_refused_by_name(session):
    with pytest.raises(RuleError, match="房租"):
        lines(session, demand(session, entry(session), period_from=date(2015, 1, 1), period_to=date(2016, 6, 30)))
    assert session.scalars(select(Charge)).all() == []


@pytest.mark.parametrize(
    "rows,expected",
    [
        ([], [(date.min, date.max, "general")]),
        ([(JAN, FEB, "small")], [(date.min, JAN, "general"), (JAN, FEB, "small"), (FEB, date.max, "general")]),
        ([(JAN, None, "small")], [(date.min, JAN, "general"), (JAN, date.max, "small")]),
    ],
)
def test_timeline(rows, expected):
    assert timeline(rows, "general") == expected


def test_spans_and_merging():
    assert minus([(JAN, YEAR)], [(FEB, date(2026, 3, 1))]) == [(JAN, FEB), (date(2026, 3, 1), YEAR)]
    a, b = Window("s", "normal", 0, JAN, FEB, D("0.09")), Window("s", "normal", 0, FEB, YEAR, D("0.09"))
    assert merged([b, a]) == [Window("s", "normal", 0, JAN, YEAR, D("0.09"))]
    with pytest.raises(NoRate):
        pieces(D(1), JAN, YEAR, included=True, windows=[a])


days = st.integers(0, 60)
# fen; from 100 million yuan on the statement counts with numbers of any size
amounts = st.one_of(st.integers(-5_000_000, 50_000_000), st.integers(vat.SMALL - 50, vat.SMALL + 50), st.integers(10**14, 10**14 + 99),
                    st.integers(-vat.SMALL - 50, -vat.SMALL + 50))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_python_and_sql_say_the_same(session, data):
    """The pure calculation and the set-based twin agree to the fen, and the parts sum exactly."""
    if not hasattr(test_python_and_sql_say_the_same, "place") or test_python_and_sql_say_the_same.session is not session:
        place = carrier(session)
        catalogue.create_exemption(session, carrier_id=place.id, starts_on=date(2025, 12, 20), last_day=date(2026, 1, 12), basis="x")
        catalogue.create_exemption(session, carrier_id=place.id, starts_on=date(2026, 1, 25), basis="x")
        catalogue.create_tax_status(session, taxpayer="small", starts_on=date(2020, 1, 1), last_day=date(2026, 1, 18), basis="x")
        firm = incubatee(session, date(2025, 12, 28), place)
        stages._begin(session, firm, "graduated", place.id, date(2026, 2, 6), "graduate", None)
        test_python_and_sql_say_the_same.place, test_python_and_sql_say_the_same.session, test_python_and_sql_say_the_same.firm = (
            place,
            session,
            firm,
        )
    firm, place, cases = test_python_and_sql_say_the_same.firm, test_python_and_sql_say_the_same.place, []
    for _i in range(8):
        first = date(2025, 12, 1) + timedelta(days=data.draw(days))
        cases.append(
            demand(
                session,
                firm,
                str(D(data.draw(amounts)) / 100),
                item=data.draw(st.sampled_from(("rent", "property_fee", "water"))),
                period_from=first,
                period_to=first + timedelta(days=data.draw(days)),
                tax_included=data.draw(st.booleans()),
                carrier_id=data.draw(st.sampled_from((place.id, None))),
            )
        )
    found = vat.windows(session, firm.park_id)
    exempt = [(date(2025, 12, 28), date(2026, 1, 13)), (date(2026, 1, 25), date(2026, 2, 6))]
    rows = lines(session, *cases)
    for d in cases:
        item = session.get(catalogue.ChargeItem, d["item_id"])
        mine = [w for w in found if (w.supply, w.method, w.carrier) == (item.supply, "normal", 0)]
        free = exempt if d["carrier_id"] and item.service_class == "lease" else []
        expected = pieces(d["amount"], d["period_from"], d["period_to"], included=d["tax_included"], windows=mine, exempt=free)
        got = [(r.period_from, r.period_to, r.treatment, r.vat_rate, r.net, r.vat, r.gross) for r in rows if r.source_id == d["source_id"]]
        assert got == [(p.first, p.last, p.treatment, p.rate, p.net, p.vat, p.gross) for p in expected]
        if d["tax_included"]:
            assert sum(r[6] for r in got) == d["amount"]
