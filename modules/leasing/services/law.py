"""What the Civil Code asks of a lease, as problems (refused) and warnings (shown). Rules C-01 to C-09."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from modules.tenants.models.firm import Firm
from parkops import attachments, settings
from parkops.db.session import scope_of
from parkops.errors import Problem, Problems
from parkops.i18n import _, _l

from .. import calc_dates
from ..models.lease import Lease, LeaseLine, LeaseUnit
from ..models.lease_terms import LeaseIndexation, LeaseSubsidy
from ..models.space import Building, Unit

EARNEST_SHARE = Decimal("0.2")  # Civil Code 586: what exceeds 20 % of the subject amount is no earnest money
WRITTEN_MONTHS = 6  # Civil Code 707
OCCUPYING = ("running", "holding_over")
MADE_BY_US = ("contract",)


def term_months(lease: Lease) -> int | None:
    """Months of the term, rounded up; None when indefinite."""
    return calc_dates.months_between(lease.starts_on, lease.ends_on) if lease.ends_on is not None else None


def check_term(problems: Problems, starts_on: date | None, ends_on: date | None, proration: str | None) -> None:
    """C-01: at most twenty years (705). C-02: full months only, where that is the rule for parts."""
    if starts_on is None or ends_on is None:
        return
    if ends_on < starts_on:
        problems.add("leasing.C-01", _l("The lease ends before it begins; correct the dates."), "ends_on")
    elif calc_dates.months_between(starts_on, ends_on) > calc_dates.LONGEST_MONTHS:
        problems.add("leasing.C-01", _l("A lease lasts at most 240 months (Civil Code 705); choose an earlier end."), "ends_on")
    elif proration == "full_months" and not calc_dates.whole_months(starts_on, ends_on):
        problems.add(
            "leasing.C-02",
            _l("These dates are no whole months; choose the last day of a full month of the lease, or another rule for part months."),
            "ends_on",
        )


def check_earnest(problems: Problems, earnest: Decimal | None, subject: Decimal | None) -> None:
    """C-03: earnest money is at most 20 % of the subject amount (586)."""
    if earnest is None:
        return
    if subject is None or earnest > subject * EARNEST_SHARE:
        most = "?" if subject is None else f"{(subject * EARNEST_SHARE).quantize(Decimal('0.01'))}"
        problems.add(
            "leasing.C-03",
            _l("Earnest money is at most 20 %% of the contract total (Civil Code 586): %(most)s yuan.", most=most),
            "earnest_amount",
        )


def why_not_submit(session: Any, lease: Lease) -> str | None:
    """The first thing that is missing before a lease can be submitted, for the button."""
    found = problems_of(session, lease)
    return str(found[0].message) if found else None


def problems_of(session: Any, lease: Lease) -> list[Problem]:
    """Everything that keeps the lease from being submitted or signed."""
    problems = Problems()
    check_term(problems, lease.starts_on, lease.ends_on, lease.proration)
    units = session.execute(
        select(LeaseUnit, Unit, Building)
        .join(Unit, Unit.id == LeaseUnit.unit_id)
        .join(Building, Building.id == Unit.building_id)
        .where(LeaseUnit.lease_id == lease.id)
        .order_by(Unit.id)
    ).all()
    lines = list(session.scalars(select(LeaseLine).where(LeaseLine.lease_id == lease.id)))
    if not units:
        problems.add("leasing.C-04", _l("Add a unit first."))
    if not lines:
        problems.add("leasing.C-04", _l("Add a line with a price first."))
    if len({b.simplified_vat for _lu, _u, b in units}) > 1:
        problems.add("leasing.C-05", _l("These units lie in buildings with different VAT methods; make one lease for each."))
    _check_lines(session, problems, lease, lines, {u.id for _lu, u, _b in units})
    last = lease.ends_on
    for _row, unit, _building in units:
        if unit.starts_on > lease.starts_on or (unit.ends_on is not None and (last is None or unit.ends_on < last)):
            problems.add("leasing.C-06", _l("%(unit)s does not exist on all days of the lease.", unit=unit.code))
    problems.extend(overlaps(session, lease))
    problems.extend(_holds(session, lease, [u.id for _r, u, _b in units]))
    return problems.found


def _holds(session: Any, lease: Lease, unit_ids: list[int]) -> list[Problem]:
    """S-20: a unit held for somebody else is not let; its own holds are used at signing."""
    from .holds import check_holds

    return check_holds(session, unit_ids, on=lease.starts_on, firm_id=lease.firm_id)


def _check_lines(session: Any, problems: Problems, lease: Lease, lines: list[LeaseLine], unit_ids: set[int]) -> None:
    for line in lines:
        if line.unit_id is not None and line.unit_id not in unit_ids:
            problems.add("leasing.C-04", _l("%(line)s names a unit that is not part of the lease.", line=str(line)))
        starts, ends = line.starts_on or lease.starts_on, line.ends_on or lease.ends_on
        if starts < lease.starts_on or (lease.ends_on is not None and (ends is None or ends > lease.ends_on)):
            problems.add("leasing.C-04", _l("%(line)s reaches beyond the lease; correct its days.", line=str(line)))
        if line.basis == "turnover" and line.timing != "arrears":
            problems.add("leasing.C-07", _l("%(line)s: a share of turnover is charged in arrears.", line=str(line)))
    ids = [line.id for line in lines]
    funders = session.execute(
        select(LeaseSubsidy.line_id, func.count(func.distinct(LeaseSubsidy.funder_id)))
        .where(LeaseSubsidy.line_id.in_(ids))
        .group_by(LeaseSubsidy.line_id)
    ).all()
    if any(n > 1 for _id, n in funders):
        problems.add("leasing.C-08", _l("A line is subsidised by one funder; split the line for a second one."))


def overlaps(session: Any, lease: Lease) -> list[Problem]:
    """C-10: which units are let to others on days of the lease (the lease it replaces not counted). The database refuses it too."""
    mine = select(LeaseUnit.unit_id).where(LeaseUnit.lease_id == lease.id)
    days = func.daterange(lease.starts_on, lease.ends_on, "[]")
    found = session.execute(
        select(Unit.code, Lease.number, Firm.name, func.lower(LeaseUnit.during))
        .join(Lease, Lease.id == LeaseUnit.lease_id)
        .join(Unit, Unit.id == LeaseUnit.unit_id)
        .join(Firm, Firm.id == Lease.firm_id)
        .where(LeaseUnit.unit_id.in_(mine), LeaseUnit.during.op("&&")(days), LeaseUnit.lease_id.not_in([lease.id, lease.previous_id or 0]))
        .order_by(Unit.code)
    ).all()
    out = [
        Problem(
            "leasing.C-10",
            _l(
                "%(unit)s is let to %(firm)s by lease %(number)s on days of this lease; choose other days or units.",
                unit=code,
                firm=firm,
                number=number,
            ),
        )
        for code, number, firm, _since in found
    ]
    if lease.previous_id is not None and lease.origin == "renewal" and not out:
        out += _previous_overlap(session, lease)
    return out


def _previous_overlap(session: Any, lease: Lease) -> list[Problem]:
    last = session.scalar(select(Lease.ends_on).where(Lease.id == lease.previous_id))
    if last is not None and last < lease.starts_on:
        return []
    return [
        Problem("leasing.C-10", _l("The lease that is renewed lasts until %(day)s; a renewal begins the day after.", day=str(last or "∞")))
    ]


def signed_documents(session: Any, lease: Lease) -> list[Any]:
    """Files beside the lease that people attached (what the system printed itself is no signed document)."""
    return [a for a in attachments.of(session, lease) if a.kind not in MADE_BY_US]


def check_signature(session: Any, problems: Problems, lease: Lease, note: str | None) -> None:
    """C-11: six months and more in writing (707): a signed document is attached. Shorter ones: a document or a note."""
    if signed_documents(session, lease):
        return
    months = term_months(lease)
    if months is None or months >= WRITTEN_MONTHS:
        problems.add(
            "leasing.C-11", _l("Attach the signed document: a lease of six months or more is made in writing (Civil Code 707)."), "document"
        )
    elif not (note or "").strip():
        problems.add("leasing.C-11", _l("Attach the signed document, or write why there is none."), "note")


def warnings(session: Any, lease: Lease, on: date) -> list[str]:
    """What people should know before they approve: late fee, indefinite term, filing, sub-letting, first refusal."""
    out = []
    cap = settings.get(session, "leasing.late_fee_warn", park_id=lease.park_id)
    if lease.late_fee_rate is not None and cap is not None and lease.late_fee_rate > cap:
        out.append(
            _(
                "The late fee is %(rate)s %% a day; a court may reduce what is far above the loss (Civil Code 585).",
                rate=f"{(lease.late_fee_rate * 100).normalize():f}",
            )
        )
    if lease.ends_on is None:
        out.append(_("Indefinite: both sides may end it at any time with reasonable notice (Civil Code 730)."))
    if lease.sublet and not lease.sublet_allowed:
        out.append(_("Sub-let without agreement: object within six months, or it counts as agreed (Civil Code 718)."))
    unknown = session.scalar(
        select(func.count())
        .select_from(LeaseIndexation)
        .join(LeaseLine, LeaseLine.id == LeaseIndexation.line_id)
        .where(LeaseLine.lease_id == lease.id, LeaseIndexation.index_code.is_not(None))
    )
    if unknown:
        out.append(_("Prices follow an index: what is not published yet is not in the total."))
    if lease.deposit_amount and lease.earnest_amount:
        out.append(
            _("Deposit and earnest money are different things and are kept apart (Interpretation of the contract book, article 67).")
        )
    return out


def sublet_answer(known_on: date, answer: str, on: date) -> str:
    """C-09: agreed | refused | open | silent (six months without objection count as consent, 718)."""
    from parkops.clock import add_months

    return answer if answer != "open" else "silent" if on >= add_months(known_on, 6) else "open"


def notice_answer(notified_on: date, answer: str, on: date) -> str:
    """buys | waived | open | silent (fifteen days without answer waive the right to buy first, 726)."""
    return answer if answer != "open" else "silent" if on > notified_on + timedelta(days=15) else "open"


def who(session: Any) -> str:
    """The actor's name for a row."""
    return scope_of(session).user_name or "?"
