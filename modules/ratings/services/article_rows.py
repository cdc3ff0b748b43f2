"""The very records behind each published figure of the article, so that its number opens a list of the same length or sum."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import func, select

from modules.tenants.models.batch import SigningBatch, SigningProject
from modules.tenants.models.capital_project import CapitalMilestone, CapitalProject
from modules.tenants.models.carrier import Carrier, CarrierGrade, CarrierRecognition
from modules.tenants.models.credential import PRACTITIONER, Credential, Recruitment, StaffMember
from modules.tenants.models.firm import Firm
from modules.tenants.models.honour import Honour
from modules.tenants.models.stage import Stage
from modules.tenants.services import carriers, credentials, honours

from .measures import installed

MOST = 400  # ids in one address; more are named by a condition
SIX = ("DJ-01", "SW-01", "FL-01", "JR-01", "LD-01", "WY-01")  # registration machine, tax terminal, law, finance, mediation, red property
Rows = tuple[str, Any]  # resource and a select of ids, or a list of filters


def _recognised(kind: str, level: str, specialised: bool | None = None) -> Callable[[Any, int, date], Rows]:
    def rows(session: Any, park_id: int, on: date) -> Rows:
        query = (
            select(Carrier.id)
            .join(CarrierRecognition, CarrierRecognition.carrier_id == Carrier.id)
            .where(Carrier.carrier_type == kind, carriers.operating(on), carriers.recognised(on, (level,)))
            .distinct()
        )
        return "tenants.carrier", query if specialised is None else query.where(Carrier.specialised == specialised)

    return rows


def _graded(session: Any, park_id: int, on: date) -> Rows:
    held = [row.id for row in carriers.grades_known_on(session, on).values() if row.grade == "A"]
    query = select(CarrierGrade.id).join(Carrier, Carrier.id == CarrierGrade.carrier_id)
    return "tenants.carrier_grade", query.where(CarrierGrade.id.in_(held), carriers.operating(on), Carrier.carrier_type == "incubator")


def _honour(kind: str, level: str) -> Callable[[Any, int, date], Rows]:
    return lambda session, park_id, on: (
        "tenants.honour",
        select(Honour.id).where(honours.held(on), Honour.firm_id.is_(None), Honour.kind == kind, Honour.level == level),
    )


def _project(session: Any, park_id: int, on: date) -> Rows:
    return "tenants.capital_project", select(CapitalProject.id).where(CapitalProject.name.contains("麒麟岛"))


def _milestone(kind: str) -> Callable[[Any, int, date], Rows]:
    m = CapitalMilestone
    return lambda session, park_id, on: ("tenants.capital_milestone", select(m.id).where(m.kind == kind, m.on_date <= on))


def _hired(until: date | None, *specialties: str) -> Callable[[Any, int, date], Rows]:
    r = Recruitment
    return lambda session, park_id, on: (
        "tenants.recruitment",
        select(r.id).where(r.hired_on >= date(2021, 1, 1), r.hired_on < (until or on), r.specialty.in_(specialties)),
    )


def _certified(*kinds: str) -> Callable[[Any, int, date], Rows]:
    return lambda session, park_id, on: (
        "tenants.staff",
        select(StaffMember.id)
        .join(Credential, Credential.staff_id == StaffMember.id)
        .where(credentials.employed(on), credentials.credential_valid(on), Credential.kind.in_(kinds))
        .distinct(),
    )


def _tracks(session: Any, park_id: int, on: date) -> Rows:
    """One firm for each track, the first: four rows for four tracks."""
    return "tenants.firm", (
        select(func.min(Firm.id))
        .select_from(Stage)
        .join(Firm, Firm.id == Stage.firm_id)
        .where(Stage.during.contains(on), Stage.state.in_(("team", "incubating")), Firm.track.is_not(None))
        .group_by(Firm.track)
    )


def _batches(session: Any, park_id: int, on: date) -> Rows:
    return "tenants.signing_batch", select(SigningBatch.id).where(SigningBatch.signed_on >= date(2022, 1, 1), SigningBatch.signed_on <= on)


def _signed(session: Any, park_id: int, on: date) -> Rows:
    return "tenants.signing_project", (
        select(SigningProject.id)
        .join(SigningBatch, SigningBatch.id == SigningProject.batch_id)
        .where(SigningBatch.signed_on >= date(2022, 1, 1), SigningBatch.signed_on <= on)
    )


def _platforms(session: Any, park_id: int, on: date) -> Rows:
    from modules.platforms.models.registry import Platform

    return "platforms.platform", select(Platform.id).where(Platform.park_id == park_id, Platform.opened_on <= on)


def _results(kind: str) -> Callable[[Any, int, date], Rows]:
    def rows(session: Any, park_id: int, on: date) -> Rows:
        from modules.platforms.models.result import PlatformResult as R

        return "platforms.result", select(R.id).where(R.park_id == park_id, R.kind == kind, R.state == "confirmed", R.on_date <= on)

    return rows


def _served(session: Any, park_id: int, on: date) -> Rows:
    from modules.platforms.models.event import UsageEvent as E
    from modules.platforms.services.recovery import COUNTED

    return "tenants.firm", select(E.firm_id).where(
        E.park_id == park_id, E.ended_on <= on, E.state.in_(COUNTED), E.firm_id.is_not(None)
    ).distinct()


def _fund(session: Any, park_id: int, on: date) -> Rows:
    from modules.funds.models.fund import Fund, FundCommitment

    return "funds.commitment", (
        select(FundCommitment.id)
        .join(Fund, Fund.id == FundCommitment.fund_id)
        .where(Fund.park_id == park_id, Fund.established_on <= on, FundCommitment.signed_on <= on, Fund.kind == "joint")
    )


def _tranches(session: Any, park_id: int, on: date) -> Rows:
    from modules.loans.models.money import LoanTranche as T

    return "loans.tranche", select(T.id).where(T.park_id == park_id, T.state == "confirmed", T.paid_on <= on)


def _channel(session: Any, park_id: int, on: date) -> Rows:
    from modules.loans.models.case import LoanCase as C

    return "loans.organisation", select(C.channel_id).where(
        C.park_id == park_id, C.disbursed > 0, C.first_paid_on <= on, C.channel_id.is_not(None)
    ).distinct()


def _relief(session: Any, park_id: int, on: date) -> Rows:
    from modules.leasing.models.relief_case import ReliefApplication as A

    return "leasing.relief_application", select(A.id).where(A.state == "posted", A.posted_on <= on)


def _merchants(session: Any, park_id: int, on: date) -> Rows:
    from modules.leasing.models.lease import Lease, LeaseUnit
    from modules.leasing.models.space import Building, Unit

    return "tenants.firm", (
        select(Lease.firm_id)
        .join(LeaseUnit, LeaseUnit.lease_id == Lease.id)
        .join(Unit, Unit.id == LeaseUnit.unit_id)
        .join(Building, Building.id == Unit.building_id)
        .where(Building.code == "YLW", LeaseUnit.during.contains(on))
        .distinct()
    )


def _items(session: Any, park_id: int, on: date) -> Rows:
    from modules.services.models.item import HallItem

    return "services.item", select(HallItem.id).where(HallItem.park_id == park_id, HallItem.code.in_(SIX), HallItem.active.is_(True))


def _facility(**wanted: Any) -> Callable[[Any, int, date], Rows]:
    def rows(session: Any, park_id: int, on: date) -> Rows:
        from modules.amenities.models.facility import AmenityFacility as F

        query = select(F.id).where(F.park_id == park_id, F.opened_on <= on)
        for name, value in wanted.items():
            query = query.where(getattr(F, name).in_(value))
        return "amenities.facility", query

    return rows


def _visits(session: Any, park_id: int, on: date) -> Rows:
    first = date(on.year - 1, on.month, on.day)
    return "amenities.visit", [
        ["state", "eq", "attended"],
        ["attended_on", "gt", first.isoformat()],
        ["attended_on", "lte", on.isoformat()],
    ]


def _titles(session: Any, park_id: int, on: date) -> Rows:
    from modules.amenities.models.facility import AmenityFacility, AmenityTitle

    t = AmenityTitle
    query = select(t.id).join(AmenityFacility, AmenityFacility.id == t.facility_id)
    return "amenities.title", query.where(t.park_id == park_id, AmenityFacility.code == "JZX", t.awarded_on <= on, t.revoked_on.is_(None))


SPECIALTIES = ("tech_finance", "mentoring", "legal_finance", "hitech_cultivation", "project_application")
ROWS: dict[str, tuple[str, Callable[[Any, int, date], Rows]]] = {
    "F01": ("tenants", _recognised("incubator", "national", True)),
    "F02": ("tenants", _recognised("makerspace", "national_filed")),
    "F03": ("tenants", _graded),
    "F04": ("tenants", _honour("sme_platform", "national")),
    "F05": ("tenants", _honour("innovation_base", "provincial")),
    "F06": ("tenants", _project),
    "F07": ("tenants", _project),
    "F08": ("tenants", _milestone("topped_out")),
    "F09": ("tenants", _milestone("signed")),
    "F10": ("platforms", _platforms),
    "F11": ("platforms", _results("patent")),
    "F12": ("platforms", _results("transfer")),
    "F13": ("platforms", _served),
    "F15": ("tenants", _hired(date(2022, 1, 1), "management")),
    "F16": ("tenants", _hired(None, *SPECIALTIES)),
    "F17": ("tenants", _certified(*PRACTITIONER)),
    "F18": ("tenants", _certified("practitioner_senior")),
    "F19": ("tenants", _certified("counsellor")),
    "F21": ("tenants", _tracks),
    "F22": ("tenants", _batches),
    "F22P": ("tenants", _signed),
    "F23": ("funds", _fund),
    "F24": ("loans", _tranches),
    "F24C": ("loans", _channel),
    "F25": ("leasing", _relief),
    "F26": ("services", _items),
    "F27": ("amenities", _facility(code=("XKY",))),
    "F28": ("leasing", _merchants),
    "F29": ("amenities", _facility(kind=("education",))),
    "F30": ("amenities", _visits),
    "F31": ("amenities", _facility(kind=("hotel", "talent_housing", "youth_housing"))),
    "F32": ("amenities", _titles),
}


def rows_of(session: Any, park_id: int, on: date, code: str) -> tuple[str, list[int] | None, list[Any]]:
    """Resource, ids (None where a condition names them) and the filters of their list."""
    if code not in ROWS or not installed(ROWS[code][0]):
        return "", None, []
    resource, query = ROWS[code][1](session, park_id, on)
    if isinstance(query, list):
        return resource, None, query
    ids = sorted(set(session.scalars(query)))
    return resource, ids, [["id", "in", ids]]


def url_of(resource: str, filters: list[Any]) -> str:
    """The list of exactly these records; '' without one."""
    if not resource or (filters and filters[0][0] == "id" and len(filters[0][2]) > MOST):
        return ""
    return f"/{resource.replace('.', '/', 1)}/?{urlencode({'filters': json.dumps(filters)})}"
