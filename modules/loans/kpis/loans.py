"""Indicators of loans. Money counts on the day the bank paid out, by confirmed payouts; rates as of the last day of the window."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, cast, func, select, type_coerce

from parkops.i18n import _l
from parkops.kpi.registry import DISTINCT, LAST, RATIO, SUM, Home, Kpi, Window
from parkops.workflow import Transition

from ..models.case import LoanCase
from ..models.money import LoanDue, LoanRepayment, LoanTranche
from ..models.paper import LoanStage
from ..models.subsidy import SubsidyClaim

C, T = LoanCase, LoanTranche
DOC = "财金〔2023〕75号"


def _fen(column: Any) -> Any:
    return type_coerce(column, BigInteger)


def _sum(column: Any) -> Any:
    return cast(func.coalesce(func.sum(_fen(column)), 0), BigInteger)


def _paid(window: Window, *, ever: bool) -> tuple[Any, ...]:
    found = (T.state == "confirmed", T.paid_on < window.end)
    return found if ever else (*found, T.paid_on >= window.start)


def _disbursed(ever: bool) -> tuple[Any, Any]:
    def measure(window: Window) -> Any:
        """park_id, numerator in fen."""
        return select(T.park_id, _sum(T.amount).label("numerator")).where(*_paid(window, ever=ever)).group_by(T.park_id)

    def drill(window: Window) -> Any:
        """The payouts behind it."""
        return select(T.id.label("id"), _fen(T.amount).label("amount")).where(*_paid(window, ever=ever))

    return measure, drill


def measure_firms(window: Window) -> Any:
    """park_id, member: firms with a loan paid out by the end."""
    return select(T.park_id, C.firm_id.label("member")).join(C, C.id == T.case_id).where(*_paid(window, ever=True)).distinct()


def list_firms(window: Window) -> Any:
    """The firms."""
    return select(C.firm_id.label("id")).join(T, T.case_id == C.id).where(*_paid(window, ever=True)).distinct()


def _decided(window: Window, *states: str) -> tuple[Any, ...]:
    t = Transition
    return (t.resource == "loans.case", t.to_state.in_(states), t.on_date >= window.start, t.on_date < window.end)


def measure_approval(window: Window) -> Any:
    """park_id, numerator approved, denominator decided."""
    t = Transition
    approved = func.count(func.distinct(t.record_id)).filter(t.to_state == "contract")
    return (
        select(
            t.park_id,
            cast(approved, BigInteger).label("numerator"),
            cast(func.count(func.distinct(t.record_id)), BigInteger).label("denominator"),
        )
        .where(*_decided(window, "contract", "rejected"))
        .group_by(t.park_id)
    )


def list_approved(window: Window) -> Any:
    """Cases approved."""
    return select(Transition.record_id.label("id")).where(*_decided(window, "contract")).distinct()


def list_decided(window: Window) -> Any:
    """Cases approved or rejected."""
    return select(Transition.record_id.label("id")).where(*_decided(window, "contract", "rejected")).distinct()


def _days(*parties: str) -> tuple[Any, Any, Any]:
    s = LoanStage

    def where(window: Window) -> tuple[Any, ...]:
        return (s.party.in_(parties), s.to_on >= window.start, s.to_on < window.end)

    def measure(window: Window) -> Any:
        """park_id, numerator working days, denominator cases."""
        cases = cast(func.count(func.distinct(s.case_id)), BigInteger)
        return (
            select(s.park_id, cast(func.sum(s.days), BigInteger).label("numerator"), cases.label("denominator"))
            .where(*where(window))
            .group_by(s.park_id)
        )

    def spans(window: Window) -> Any:
        """The spans behind the days."""
        return select(s.id.label("id"), cast(s.days, BigInteger).label("amount")).where(*where(window))

    def cases(window: Window) -> Any:
        """The cases they belong to."""
        return select(s.case_id.label("id")).where(*where(window)).distinct()

    return measure, spans, cases


def _states(window: Window) -> Any:
    """Per loan as of the day: principal left, and principal due before it and not paid."""
    on = window.on
    out = (
        select(T.case_id, func.sum(_fen(T.amount)).label("amount"))
        .where(T.state == "confirmed", T.paid_on <= on)
        .group_by(T.case_id)
        .subquery()
    )
    r = LoanRepayment
    back = select(r.case_id, func.sum(_fen(r.principal)).label("amount")).where(r.paid_on <= on).group_by(r.case_id).subquery()
    due = (
        select(LoanDue.case_id, func.sum(_fen(LoanDue.principal)).label("amount"))
        .where(LoanDue.live, LoanDue.due_on < on)
        .group_by(LoanDue.case_id)
        .subquery()
    )
    repaid = func.coalesce(back.c.amount, 0)
    left = (out.c.amount - repaid).label("left")
    late = func.greatest(func.coalesce(due.c.amount, 0) - repaid, 0).label("late")
    return (
        select(C.park_id, C.id, left, late)
        .join(out, out.c.case_id == C.id)
        .outerjoin(back, back.c.case_id == C.id)
        .outerjoin(due, due.c.case_id == C.id)
    )


def measure_overdue(window: Window) -> Any:
    """park_id, numerator overdue principal, denominator principal left."""
    s = _states(window).subquery()
    return (
        select(
            s.c.park_id, cast(func.sum(s.c.late), BigInteger).label("numerator"), cast(func.sum(s.c.left), BigInteger).label("denominator")
        )
        .group_by(s.c.park_id)
        .having(func.sum(s.c.left) > 0)
    )


def list_overdue(window: Window) -> Any:
    """Loans with overdue principal."""
    s = _states(window).subquery()
    return select(s.c.id.label("id"), cast(s.c.late, BigInteger).label("amount")).where(s.c.late > 0)


def list_left(window: Window) -> Any:
    """Loans with principal left."""
    s = _states(window).subquery()
    return select(s.c.id.label("id"), cast(s.c.left, BigInteger).label("amount")).where(s.c.left > 0)


def measure_outstanding(window: Window) -> Any:
    """park_id, numerator in fen."""
    s = _states(window).subquery()
    return select(s.c.park_id, cast(func.sum(s.c.left), BigInteger).label("numerator")).group_by(s.c.park_id)


def _guaranteed(window: Window) -> tuple[Any, ...]:
    return LoanRepayment.payer == "guarantee", LoanRepayment.paid_on < window.end


def measure_compensation(window: Window) -> Any:
    """park_id, numerator principal the guarantee paid, denominator paid out."""
    r = LoanRepayment
    paid = select(r.park_id, func.sum(_fen(r.principal)).label("amount")).where(*_guaranteed(window)).group_by(r.park_id).subquery()
    out = select(T.park_id, func.sum(_fen(T.amount)).label("amount")).where(*_paid(window, ever=True)).group_by(T.park_id).subquery()
    return select(
        out.c.park_id,
        cast(func.coalesce(paid.c.amount, 0), BigInteger).label("numerator"),
        cast(out.c.amount, BigInteger).label("denominator"),
    ).outerjoin(paid, paid.c.park_id == out.c.park_id)


def list_compensation(window: Window) -> Any:
    """The fund's payments."""
    return select(LoanRepayment.id.label("id"), _fen(LoanRepayment.principal).label("amount")).where(*_guaranteed(window))


def _claimed(window: Window) -> tuple[Any, ...]:
    return SubsidyClaim.filed_on >= window.start, SubsidyClaim.filed_on < window.end, SubsidyClaim.state.in_(("filed", "paid"))


def measure_subsidy(window: Window) -> Any:
    """park_id, numerator in fen."""
    s = SubsidyClaim
    return select(s.park_id, _sum(s.total).label("numerator")).where(*_claimed(window)).group_by(s.park_id)


def list_subsidy(window: Window) -> Any:
    """The claims."""
    return select(SubsidyClaim.id.label("id"), _fen(SubsidyClaim.total).label("amount")).where(*_claimed(window))


def _begun(window: Window) -> tuple[Any, ...]:
    return C.first_paid_on >= window.start, C.first_paid_on < window.end


def measure_jobs(window: Window) -> Any:
    """park_id, numerator people."""
    return (
        select(C.park_id, cast(func.coalesce(func.sum(C.jobs), 0), BigInteger).label("numerator"))
        .where(*_begun(window))
        .group_by(C.park_id)
    )


def list_jobs(window: Window) -> Any:
    """The loans."""
    return select(C.id.label("id"), cast(C.jobs, BigInteger).label("amount")).where(*_begun(window), C.jobs > 0)


def measure_count(window: Window) -> Any:
    """park_id, numerator loans first paid out in the window."""
    return select(C.park_id, func.count(C.id).label("numerator")).where(*_begun(window)).group_by(C.park_id)


def list_count(window: Window) -> Any:
    """The loans."""
    return select(C.id.label("id")).where(*_begun(window))


EVER, PERIOD = _disbursed(True), _disbursed(False)
OWN, BANK, HR = _days("park"), _days("bank", "fund"), _days("hr")


def _days_kpi(code: str, title: Any, found: tuple[Any, Any, Any], order: int) -> Kpi:
    return Kpi(
        code,
        title,
        "count",
        RATIO,
        found[0],
        _l("Working days of the spans that ended in the period ÷ their cases."),
        resource="loans.stage",
        drill=found[1],
        drill_denominator=found[2],
        denominator_resource="loans.case",
        better="lower",
        order=order,
        empty="missing",
    )


HOME = [Home("leadership", "loans.disbursed_cumulative")]
KPIS = [
    Kpi(
        "loans.disbursed_cumulative",
        _l("Start-up loans, cumulative"),
        "money",
        LAST,
        EVER[0],
        _l("Confirmed payouts of loans the park has served, until the end of the period."),
        resource="loans.tranche",
        drill=EVER[1],
        source=DOC,
        order=70,
        empty="zero",
    ),
    Kpi(
        "loans.disbursed",
        _l("Start-up loans paid out"),
        "money",
        SUM,
        PERIOD[0],
        _l("Confirmed payouts of the period."),
        resource="loans.tranche",
        drill=PERIOD[1],
        source=DOC,
        order=71,
        empty="zero",
    ),
    Kpi(
        "loans.loans",
        _l("Loans begun"),
        "count",
        SUM,
        measure_count,
        _l("Loans first paid out in the period."),
        resource="loans.case",
        drill=list_count,
        order=72,
    ),
    Kpi(
        "loans.firms",
        _l("Firms with start-up loans"),
        "count",
        DISTINCT,
        measure_firms,
        _l("Different firms with a loan paid out by the end of the period."),
        resource="tenants.firm",
        drill=list_firms,
        order=73,
    ),
    Kpi(
        "loans.outstanding",
        _l("Loans outstanding"),
        "money",
        LAST,
        measure_outstanding,
        _l("Principal paid out and not paid back."),
        resource="loans.case",
        drill=list_left,
        better="none",
        order=74,
        empty="zero",
    ),
    Kpi(
        "loans.approval_rate",
        _l("Loan approval rate"),
        "percent",
        RATIO,
        measure_approval,
        _l("Cases approved ÷ cases approved or rejected."),
        resource="loans.case",
        drill=list_approved,
        drill_denominator=list_decided,
        denominator_resource="loans.case",
        order=75,
    ),
    _days_kpi("loans.days_park", _l("Loan cases: our days"), OWN, 76),
    _days_kpi("loans.days_bank", _l("Loan cases: bank and fund days"), BANK, 77),
    _days_kpi("loans.days_hr", _l("Loan cases: HR days"), HR, 78),
    Kpi(
        "loans.overdue_rate",
        _l("Loans overdue"),
        "percent",
        RATIO,
        measure_overdue,
        _l("Principal due and not paid ÷ principal left."),
        resource="loans.case",
        drill=list_overdue,
        drill_denominator=list_left,
        denominator_resource="loans.case",
        better="lower",
        order=79,
        source=DOC,
        places=2,
        denominator_places=2,
    ),
    Kpi(
        "loans.compensation_rate",
        _l("Compensation rate"),
        "percent",
        RATIO,
        measure_compensation,
        _l("Principal paid by the guarantee ÷ everything paid out, until the end of the period."),
        resource="loans.repayment",
        drill=list_compensation,
        drill_denominator=EVER[1],
        denominator_resource="loans.tranche",
        better="lower",
        order=80,
        source=DOC,
        places=2,
        denominator_places=2,
    ),
    Kpi(
        "loans.subsidy_claimed",
        _l("Interest subsidy claimed"),
        "money",
        SUM,
        measure_subsidy,
        _l("Claims handed to the finance office in the period."),
        resource="loans.subsidy_claim",
        drill=list_subsidy,
        order=81,
        empty="zero",
        source=DOC,
    ),
    Kpi(
        "loans.jobs",
        _l("Jobs tied to loans"),
        "people",
        SUM,
        measure_jobs,
        _l("Jobs of the loans first paid out in the period."),
        resource="loans.case",
        drill=list_jobs,
        order=82,
    ),
]
