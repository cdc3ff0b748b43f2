"""Facts about a lease under a relief scheme, set-based. The subjects are `ReliefCase`s (lease + scheme + application, if any).

What is not on record is UNKNOWN with what to collect; an industry outside the service sector settles its line without a size."""

from __future__ import annotations

from datetime import date
from typing import Any

from modules.tenants.models.firm import INDUSTRIES
from parkops.i18n import _, _l
from parkops.rules.facts import Fact, provider

from ..models.relief_case import SIZES
from ..services import relief_queries as queries

LEASE = "leasing.lease"
# 三次产业划分规定: the service sector is everything that is not agriculture, industry or construction.
NOT_SERVICE = ("industry", "construction", "agriculture")


@provider(LEASE, "landlord_state_owned", title=_l("Landlord is state-owned"))
def landlord_state_owned(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
    """Every building the lease has units in must be state-owned."""
    found, out = queries.buildings(session, [s.id for s in subjects]), {}
    for s in subjects:
        rows = found.get(s.id, [])
        if not rows:
            out[s.id] = Fact(collect=_("The units of the lease, with their building"))
        else:
            out[s.id] = Fact(all(b.state_owned for b in rows), source=", ".join(b.name for b in rows),
                             records=[("leasing.building", b.id) for b in rows])
    return out


def _tenants(session: Any, subjects: list[Any], on: date) -> dict[int, tuple[Any, Any, Any]]:
    """Lease id -> firm, size, statement."""
    found = queries.sizes(session, {s.lease.firm for s in subjects}, on)
    return {s.id: (s.lease.firm, *found[s.lease.firm_id]) for s in subjects}


def _small(firm: Any, size: Any, statement: Any, service: bool) -> Fact:
    names = {"sector": _("industry sector"), "staff": _("staff"), "revenue": _("revenue"), "assets": _("assets")}
    if service and firm.industry is None:
        return Fact(collect=_("The industry sector of the firm"))
    if service and firm.industry in NOT_SERVICE:
        return Fact(False, source=_("%(industry)s is not a service", industry=INDUSTRIES.label(firm.industry)),
                    records=[("tenants.firm", firm.id)])
    if size.small_or_micro is None:
        return Fact(collect=_("For the size class: %(what)s", what=", ".join(names[m] for m in size.missing)))
    year = f"{statement.period_start:%Y}" if statement is not None else "—"
    source = _("%(industry)s, %(size)s by the statement of %(year)s", industry=INDUSTRIES.label(firm.industry),
               size=SIZES.label(size.size), year=year)
    return Fact(size.small_or_micro, source=source,
                records=[("tenants.statement", statement.id)] if statement is not None else [("tenants.firm", firm.id)])


@provider(LEASE, "service_small_or_micro", title=_l("Small or micro service firm"))
def service_small_or_micro(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
    """工信部联企业〔2011〕300号 on the newest annual statement, and the sector of the firm."""
    return {i: _small(*row, service=True) for i, row in _tenants(session, subjects, on).items()}


@provider(LEASE, "tenant_small_or_micro", title=_l("Small or micro firm"))
def tenant_small_or_micro(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
    """The same without the sector."""
    return {i: _small(*row, service=False) for i, row in _tenants(session, subjects, on).items()}


@provider(LEASE, "individual_business", title=_l("Individual business"))
def individual_business(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
    """The type of registration; unknown while nobody entered it."""
    out = {}
    for s in subjects:
        kind = s.lease.firm.registration_type
        out[s.id] = Fact(collect=_("Type of registration on the licence")) if kind is None else Fact(
            kind == "individual", source=_("Firm master"), records=[("tenants.firm", s.lease.firm_id)])
    return out


@provider(LEASE, "valid_contract", title=_l("Signed lease in the months"))
def valid_contract(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
    """At least one day of the scheme's months under a signed version of this firm."""
    found, out = queries.spans(session, subjects), {}
    for s in subjects:
        first, last = queries.window(s.scheme)
        hit = any(a <= last and b >= first for a, b in found[s.id])
        out[s.id] = Fact(hit, source=_("Lease %(number)s", number=s.lease), records=[("leasing.lease", s.id)])
    return out


@provider(LEASE, "rent_payable", title=_l("Rent is payable"))
def rent_payable(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
    """Rent above zero in the scheme's months; unknown while the lease has no schedule."""
    found, out = queries.rents(session, subjects), {}
    for s in subjects:
        months = found[s.id]
        if months is None:
            out[s.id] = Fact(collect=_("Rent schedule of the signed lease"))
        else:
            out[s.id] = Fact(bool(months), source=_("%(n)s months, %(rent)s yuan", n=len(months), rent=sum((m.rent for m in months), 0)),
                             records=[("leasing.lease", s.id)])
    return out


@provider(LEASE, "months_open", title=_l("Months not relieved yet"))
def months_open(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
    """Months with rent that no other application relieves."""
    months, gone, out = queries.rents(session, subjects), queries.taken(session, subjects), {}
    for s in subjects:
        if months[s.id] is None:
            out[s.id] = Fact(collect=_("Rent schedule of the signed lease"))
            continue
        used = sorted({n for m, n in gone[s.id].items() if any(r.month == m for r in months[s.id])})
        out[s.id] = Fact(sum(r.month not in gone[s.id] for r in months[s.id]),
                         source=_("Relieved already by %(numbers)s", numbers=", ".join(used)) if used else _("No other application"))
    return out


@provider(LEASE, "sublet_passed_on", title=_l("Reaches the actual operator"))
def sublet_passed_on(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
    """True when not sub-let, or when the proofs of the application's sub-tenants add up to its relief."""
    found = queries.passed_on(session, [s.application.id for s in subjects if s.application is not None])
    out = {}
    for s in subjects:
        app = s.application
        sublet = s.lease.sublet or (app is not None and app.sublet)
        if not sublet or not s.scheme.pass_through:
            out[s.id] = Fact(True, source=_("Not sub-let") if not sublet else _("The scheme does not ask for it"))
            continue
        amount, n, without = found.get(app.id, (0, 0, 0)) if app is not None else (0, 0, 0)
        if n and not without and app.amount > 0 and amount >= app.amount:
            out[s.id] = Fact(True, source=_("%(n)s operators, %(amount)s yuan proven", n=n, amount=amount))
        else:
            out[s.id] = Fact(source=_("Sub-let"), collect=_("Sub-tenants, amounts passed on and their proofs"))
    return out
