"""The carrier itself: premises, staff, mentors, income, statistics, record, funds and events."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select

from modules.tenants.models.credential import StaffMember
from modules.tenants.models.mentor import Mentor, MentorAgreement
from parkops import settings
from parkops.i18n import _l
from parkops.rules.facts import Fact, provider

from ..models.filing import ACCIDENTS, INCIDENT_KINDS, CarrierIncident, StaffBasis, StatisticsFiling
from ..services import space
from ..services.measures import CARRIER, absolute, installed, measure, part
from ..services.stock import bases, plain

TEN = Decimal(10)
for _name, _title in (
    ("legal_person", _l("Independent legal person with sound management")),
    ("team_lead", _l("Head of the team has experience in industry, venture capital, technology or management")),
    ("leading_talent", _l("Team led by influential talent")),
    ("acceleration", _l("Capability of acceleration")),
):
    provider(CARRIER, _name, title=_title)(lambda session, subjects, on: {})  # assessed by a person; the title is for the screens


@measure(
    "controllable_area",
    _l("Controllable area"),
    unit="m²",
    lack=_l("%(n)s m² more"),
    formula=_l("areas of the units of the carrier's buildings on the day, or the area entered with the carrier"),
)
def controllable_area(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """From the space ledger where it knows the carrier's buildings (setting `ratings.area_source`)."""
    ledger = space.areas(session, carriers, on) if installed("leasing") else {}
    out = {}
    for c in carriers:
        found = ledger.get(c.id) if settings.get(session, "ratings.area_source", c.park_id) == "ledger" else None
        if found:
            out[c.id] = absolute(
                found.total,
                _l(
                    "%(n)s units of the space ledger; entered with the carrier: %(area)s",
                    n=len(found.units),
                    area=c.area if c.area is not None else "—",
                ),
                [("leasing.unit", u) for u in found.units],
            )
        else:
            out[c.id] = absolute(
                c.area, _l("Entered with the carrier"), [(CARRIER, c.id)], collect=_l("Controllable area with title, lease or agreement")
            )
    return out


@measure(
    "incubation_area_share",
    _l("Area for firms and public services"),
    fmt="percent",
    formula=_l("area for incubated firms including public services ÷ controllable area"),
    moves=False,
)
def incubation_area_share(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """As entered with the carrier."""
    return {
        c.id: part(
            c.incubation_area, c.area or None, _l("Entered with the carrier"), [(CARRIER, c.id)], collect=_l("Area for incubated firms")
        )
        for c in carriers
    }


@measure(
    "public_area_share",
    _l("Workstations and public area"),
    fmt="percent",
    formula=_l("area of workstations and public services ÷ controllable area"),
    moves=False,
)
def public_area_share(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """The same entry: a makerspace's area for its residents."""
    return incubation_area_share(session, carriers, on)


@measure("workstations", _l("Workstations"), lack=_l("%(n)s more workstations"), formula=_l("entered with the carrier"))
def workstations(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """Of the register."""
    return {
        c.id: absolute(c.workstations, _l("Entered with the carrier"), [(CARRIER, c.id)], collect=_l("Number of workstations"))
        for c in carriers
    }


def staff_of(session: Any, carriers: Any, on: date) -> dict[int, tuple[list[int], list[int]]]:
    """Carrier → (staff, of them full-time incubation staff). People dispatched or part-time count as the park's setting says."""
    s, b = StaffMember, StaffBasis
    other = select(b.staff_id).where(b.starts_on <= on, or_(b.ends_on.is_(None), b.ends_on >= on))
    rows = session.execute(
        select(s.id, s.carrier_id, s.incubation_full_time, s.id.in_(other).label("other"))
        .where(s.carrier_id.in_([c.id for c in carriers]), s.joined_on <= on, or_(s.left_on.is_(None), s.left_on >= on))
        .order_by(s.id)
    ).all()
    out: dict[int, tuple[list[int], list[int]]] = {c.id: ([], []) for c in carriers}
    counted = {c.id: settings.get(session, "ratings.dispatched_staff", c.park_id) for c in carriers}
    for r in rows:
        if r.other and not counted[r.carrier_id]:
            continue
        out[r.carrier_id][0].append(r.id)
        if r.incubation_full_time:
            out[r.carrier_id][1].append(r.id)
    return out


STAFF = _l("Staff of the carrier")


@measure(
    "fulltime_staff_share",
    _l("Full-time incubation staff"),
    fmt="percent",
    lack=_l("%(n)s more full-time incubation staff"),
    formula=_l("full-time incubation staff ÷ all staff of the carrier"),
)
def fulltime_staff_share(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """On the day."""
    return {
        k: part(
            len(full),
            len(every) or None,
            _l("%(n)s of %(all)s people", n=len(full), all=len(every)),
            [("tenants.staff", i) for i in full],
            collect=_l(STAFF.msgid),
        )
        for k, (every, full) in staff_of(session, carriers, on).items()
    }


@measure(
    "fulltime_staff",
    _l("Number of full-time incubation staff"),
    lack=_l("%(n)s more full-time incubation staff"),
    formula=_l("full-time incubation staff on the day"),
)
def fulltime_staff(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """On the day; a carrier without any staff on record is unknown."""
    return {
        k: absolute(
            len(full) if every else None,
            _l("%(n)s of %(all)s people", n=len(full), all=len(every)),
            [("tenants.staff", i) for i in full],
            collect=_l(STAFF.msgid),
        )
        for k, (every, full) in staff_of(session, carriers, on).items()
    }


@measure(
    "staff_per_10",
    _l("Full-time incubation staff per ten firms"),
    lack=_l("%(n)s more full-time incubation staff"),
    formula=_l("full-time incubation staff ÷ firms in incubation × 10"),
)
def staff_per_10(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """Over the base."""
    base = bases(session, carriers, on)
    return {
        k: part(
            len(full) if every else None,
            base[k].size,
            _l("%(n)s people for %(all)s firms", n=len(full), all=plain(base[k].size)),
            [("tenants.staff", i) for i in full],
            per=TEN,
            collect=_l(STAFF.msgid),
        )
        for k, (every, full) in staff_of(session, carriers, on).items()
    }


def mentors_of(session: Any, carriers: Any, on: date) -> dict[int, list[int]]:
    """Carrier → mentors active on the base's day who have a running agreement with one of its firms."""
    base, out = bases(session, carriers, on), {}
    a, m = MentorAgreement, Mentor
    for c in carriers:
        day = base[c.id].day
        out[c.id] = sorted(
            set(
                session.scalars(
                    select(a.mentor_id)
                    .join(m, m.id == a.mentor_id)
                    .where(
                        a.firm_id.in_(list(base[c.id].firms)),
                        a.from_on <= day,
                        or_(a.to_on.is_(None), a.to_on >= day),
                        m.appointed_on <= day,
                        or_(m.left_on.is_(None), m.left_on >= day),
                    )
                )
            )
        )
    return out


@measure(
    "mentors_per_10",
    _l("Mentors per ten firms"),
    lack=_l("%(n)s more mentors"),
    formula=_l("mentors with a running agreement ÷ firms in incubation × 10"),
)
def mentors_per_10(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """Over the base."""
    base = bases(session, carriers, on)
    return {
        k: part(
            len(v),
            base[k].size,
            _l("%(n)s mentors for %(all)s firms", n=len(v), all=plain(base[k].size)),
            [("tenants.mentor", i) for i in v],
            per=TEN,
            base=base[k].firms,
            collect=_l("Firms in incubation"),
        )
        for k, v in mentors_of(session, carriers, on).items()
    }


@measure("mentor_count", _l("Mentors"), lack=_l("%(n)s more mentors"), formula=_l("mentors with a running agreement"))
def mentor_count(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """With an agreement that runs."""
    return {
        k: absolute(len(v), _l("%(n)s mentors with an agreement", n=len(v)), [("tenants.mentor", i) for i in v])
        for k, v in mentors_of(session, carriers, on).items()
    }


@measure(
    "firms_per_1000",
    _l("Firms per 1,000 m²"),
    lack=_l("%(n)s more firms in incubation"),
    formula=_l("firms in incubation ÷ controllable area × 1,000"),
)
def firms_per_1000(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """Over the controllable area."""
    area = controllable_area(session, carriers, on)
    return {
        k: part(
            b.size,
            area[k].count.value or None,
            _l("%(n)s firms on %(area)s m²", n=plain(b.size), area=area[k].count.value or "—"),
            per=Decimal(1000),
            hits=b.firms,
            collect=_l("Controllable area"),
        )
        for k, b in bases(session, carriers, on).items()
    }


@measure(
    "operating_years",
    _l("Years of operation"),
    unit="年",
    lack=_l("%(n)s more years"),
    formula=_l("full years since the founding day"),
    moves=False,
)
def operating_years(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """Full years."""
    return {
        c.id: absolute(
            _months(c.founded_on, on) // 12 if c.founded_on else None,
            _l("Founded on %(day)s", day=c.founded_on or "—"),
            [(CARRIER, c.id)],
            collect=_l("Day of founding"),
        )
        for c in carriers
    }


@measure(
    "operating_months",
    _l("Months of operation"),
    unit="月",
    lack=_l("%(n)s more months"),
    formula=_l("full months since the founding day"),
    moves=False,
)
def operating_months(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """Full months."""
    return {
        c.id: absolute(
            _months(c.founded_on, on) if c.founded_on else None,
            _l("Founded on %(day)s", day=c.founded_on or "—"),
            [(CARRIER, c.id)],
            collect=_l("Day of founding"),
        )
        for c in carriers
    }


def _months(start: date, on: date) -> int:
    return max(0, (on.year - start.year) * 12 + on.month - start.month - (on.day < start.day))


@measure(
    "statistics_years",
    _l("Years of statistics filed"),
    unit="年",
    lack=_l("%(n)s more years of statistics"),
    formula=_l("years whose statistics were filed by the day"),
)
def statistics_years(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """Distinct years filed by the day."""
    f, out = StatisticsFiling, {c.id: [] for c in carriers}
    for carrier_id, record_id, _year in session.execute(
        select(f.carrier_id, f.id, f.year).where(f.carrier_id.in_(list(out)), f.filed_on <= on).order_by(f.year)
    ):
        out[carrier_id].append(record_id)
    return {k: absolute(len(v), _l("%(n)s years filed", n=len(v)), [("ratings.filing", i) for i in v]) for k, v in out.items()}


@provider(CARRIER, "lawful", title=_l("Lawful, without major accident in three years, not seriously dishonest"))
def lawful(session: Any, subjects: Any, on: date) -> dict[int, Fact]:
    """False from what is on record; that nothing happened is assessed by a person, since an empty list proves nothing."""
    i, since = CarrierIncident, date(on.year - 3, on.month, min(on.day, 28) if on.month == 2 else on.day)
    rows = session.scalars(select(i).where(i.carrier_id.in_([s.id for s in subjects]), i.major, i.on_date <= on).order_by(i.id)).all()
    out = {}
    for s in subjects:
        against = [
            r
            for r in rows
            if r.carrier_id == s.id and (r.on_date > since if r.kind in ACCIDENTS else r.cleared_on is None or r.cleared_on > on)
        ]
        out[s.id] = (
            Fact(
                False,
                "、".join(f"{INCIDENT_KINDS.label(r.kind)} {r.on_date}" for r in against),
                [("ratings.incident", r.id) for r in against],
            )
            if against
            else Fact(collect=_l("Credit report and the statement that no accident or violation occurred"))
        )
    return out
