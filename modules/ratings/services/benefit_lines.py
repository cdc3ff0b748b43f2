"""Where each line of the benefit ledger comes from: selects of firm, record, day and amount over records of installed modules.

A select answers for `[first, last]`; amounts are fen, minutes, people or a count. Rules R-85 to R-88, calc_benefit.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, and_, case, cast, func, literal, select, type_coerce

from modules.tenants.models.financing import EQUITY_KINDS, FinancingEvent
from modules.tenants.models.intellectual import IntellectualProperty
from modules.tenants.models.mentor import MentoringSession
from modules.tenants.models.statement import FirmStatement
from parkops.i18n import _l

MONEY, MINUTES, PEOPLE, COUNT = "money", "minutes", "people", "count"


@dataclass(frozen=True)
class BenefitLine:
    """resource: the records it opens, and the right a reader needs; module: absent means the line is left out."""

    code: str
    title: Any
    kind: str
    resource: str
    query: Callable[[date, date], Any]
    rule: Any
    module: str | None = None


def _fen(column: Any) -> Any:
    return type_coerce(column, BigInteger)


def _row(firm: Any, record: Any, on: Any, amount: Any) -> tuple[Any, ...]:
    return firm.label("firm_id"), record.label("record_id"), on.label("on_date"), cast(amount, BigInteger).label("amount")


def relief(first: date, last: date) -> Any:
    """Relief lines of posted documents by their day, claw-backs taken off."""
    from modules.billing.models.bill import Bill
    from modules.billing.models.charge import Charge
    from modules.leasing.models.relief_case import ReliefMonth
    from modules.leasing.services.relief_posting import SOURCE

    return (
        select(*_row(Charge.firm_id, ReliefMonth.id, Bill.issued_on, -_fen(Charge.gross)))
        .select_from(Charge)
        .join(ReliefMonth, and_(Charge.source == SOURCE, Charge.source_id == ReliefMonth.id))
        .join(Bill, Bill.id == Charge.bill_id)
        .where(Charge.kind == "relief", Bill.state != "draft", Bill.issued_on.between(first, last))
    )


def machine(first: date, last: date) -> Any:
    """Priced events: list price less what is charged, less what vouchers pay beyond."""
    from modules.platforms.models.event import UsageEvent

    e = UsageEvent
    gross, net, used = _fen(e.gross), _fen(e.net), _vouchers_on(e.id)
    part = func.greatest(0, func.least(gross - net, gross - used))
    return (
        select(*_row(e.firm_id, e.id, e.ended_on, part))
        .select_from(e)
        .where(e.net.is_not(None), e.state != "void", e.ended_on.between(first, last), part > 0)
    )


def _vouchers_on(event_id: Any) -> Any:
    """What vouchers pay of an event."""
    from .measures import installed

    if not installed("booking"):
        return literal(0, BigInteger)
    from modules.booking.models.entitlement import VoucherUse

    u = VoucherUse
    total = select(func.coalesce(func.sum(_fen(u.amount)), 0)).select_from(u)
    return cast(
        total.where(u.source == "platforms.event", u.source_id == event_id, u.state.in_(USED)).correlate_except(u).scalar_subquery(),
        BigInteger,
    )


USED = ("used", "claimed", "redeemed")


def voucher(first: date, last: date) -> Any:
    """Approved uses."""
    from modules.booking.models.entitlement import VoucherUse

    u = VoucherUse
    return select(*_row(u.firm_id, u.id, u.used_on, _fen(u.amount))).where(u.state.in_(USED), u.used_on.between(first, last))


def subsidy(first: date, last: date) -> Any:
    """Lines of claims handed to the finance office, by that day (as the indicator loans.subsidy_claimed)."""
    from modules.loans.models.case import LoanCase
    from modules.loans.models.subsidy import SubsidyClaim, SubsidyLine

    return (
        select(*_row(LoanCase.firm_id, SubsidyClaim.id, SubsidyClaim.filed_on, _fen(SubsidyLine.subsidy)))
        .select_from(SubsidyLine)
        .join(SubsidyClaim, SubsidyClaim.id == SubsidyLine.claim_id)
        .join(LoanCase, LoanCase.id == SubsidyLine.case_id)
        .where(SubsidyClaim.state.in_(("filed", "paid")), SubsidyClaim.filed_on.between(first, last))
    )


def _flows(kinds: tuple[str, ...], sign: int) -> Callable[[date, date], Any]:
    def query(first: date, last: date) -> Any:
        from modules.funds.models.call import FundFlow
        from modules.funds.models.investment import Investment

        f = FundFlow
        return (
            select(*_row(Investment.firm_id, f.id, f.on_date, sign * _fen(f.amount)))
            .select_from(f)
            .join(Investment, Investment.id == f.investment_id)
            .where(f.kind.in_(kinds), f.on_date.between(first, last))
        )

    return query


def mentoring(first: date, last: date) -> Any:
    """Meetings whose length is known."""
    m = MentoringSession
    return select(*_row(m.firm_id, m.id, m.held_on, m.minutes)).where(m.minutes.is_not(None), m.held_on.between(first, last))


def consulting(first: date, last: date) -> Any:
    """Legal consultations answered, with their minutes."""
    from modules.services.models.desk import LegalConsultation

    c = LegalConsultation
    return select(*_row(c.firm_id, c.id, c.answered_on, c.minutes)).where(c.minutes.is_not(None), c.answered_on.between(first, last))


def mediation(first: date, last: date) -> Any:
    """Sessions of labour mediation."""
    from modules.services.models.desk import LabourMediation, MediationSession

    x = MediationSession
    return (
        select(*_row(LabourMediation.firm_id, LabourMediation.id, x.held_on, x.minutes))
        .select_from(x)
        .join(LabourMediation, LabourMediation.id == x.mediation_id)
        .where(x.minutes.is_not(None), x.held_on.between(first, last))
    )


def training(first: date, last: date) -> Any:
    """Hours of trainings somebody of the firm was at (hours are kept in hundredths)."""
    from modules.services.models.outreach import ServiceTraining, TrainingAttendee

    a, t = TrainingAttendee, ServiceTraining
    minutes = type_coerce(t.hours, BigInteger) * 60 / 100
    return (
        select(*_row(a.firm_id, a.id, t.held_on, minutes))
        .select_from(a)
        .join(t, t.id == a.training_id)
        .where(a.firm_id.is_not(None), a.attended, t.held_on.between(first, last))
    )


def paid(first: date, last: date) -> Any:
    """Receipts that settled bills, less credit notes paid back in money."""
    from modules.billing.models.bill import Bill
    from modules.billing.models.receipt import Allocation

    a = Allocation
    sign = case((a.bill_id.is_not(None), 1), else_=-1)
    return (
        select(*_row(Bill.firm_id, a.id, a.on_date, sign * _fen(a.amount)))
        .select_from(a)
        .join(Bill, Bill.id == func.coalesce(a.bill_id, a.credit_id))
        .where((a.receipt_id.is_not(None) & a.bill_id.is_not(None)) | (a.credit_id.is_not(None) & a.refund_id.is_not(None)))
        .where(a.on_date.between(first, last))
    )


def _statements(first: date, last: date) -> tuple[Any, ...]:
    """Annual statements of years that lie wholly in the days: those begun from `first` to the last January whose year is over."""
    s = FirmStatement
    newest = date(last.year if (last.month, last.day) == (12, 31) else last.year - 1, 1, 1)
    return s.grain == "year", s.period_start >= first, s.period_start <= newest


def tax(first: date, last: date) -> Any:
    """Taxes and fees of years that lie wholly in the period."""
    s = FirmStatement
    return select(*_row(s.firm_id, s.id, s.reported_on, _fen(s.tax_paid))).where(s.tax_paid.is_not(None), *_statements(first, last))


def jobs(first: date, last: date) -> Any:
    """Staff in the newest annual statement of the period."""
    s = FirmStatement
    newest = (
        select(s.id)
        .select_from(s)
        .where(s.staff_total.is_not(None), *_statements(first, last))
        .distinct(s.firm_id)
        .order_by(s.firm_id, s.period_start.desc())
    )
    return select(*_row(s.firm_id, s.id, s.reported_on, s.staff_total)).where(s.id.in_(newest))


def financing(first: date, last: date) -> Any:
    """Equity by others than the park's funds, where the amount is known."""
    e = FinancingEvent
    return select(*_row(e.firm_id, e.id, e.on_date, _fen(e.amount_cny))).where(
        e.kind.in_(EQUITY_KINDS), ~e.park_fund, e.amount_cny.is_not(None), e.on_date.between(first, last)
    )


def rights(first: date, last: date) -> Any:
    """Rights granted in the period."""
    ip = IntellectualProperty
    return select(*_row(ip.firm_id, ip.id, ip.granted_on, literal(1))).where(ip.granted_on.between(first, last))


def repaid(first: date, last: date) -> Any:
    """What borrowers themselves paid back to the bank."""
    from modules.loans.models.case import LoanCase
    from modules.loans.models.money import LoanRepayment

    r = LoanRepayment
    amount = _fen(r.principal) + _fen(r.interest) + _fen(r.penalty)
    return (
        select(*_row(LoanCase.firm_id, r.id, r.paid_on, amount))
        .select_from(r)
        .join(LoanCase, LoanCase.id == r.case_id)
        .where(r.payer == "borrower", r.paid_on.between(first, last))
    )


LINES = (
    BenefitLine(
        "relief",
        _l("Rent relief"),
        MONEY,
        "leasing.relief_month",
        relief,
        _l("relief lines of bills and credit notes issued in the period, claw-backs taken off"),
        "leasing",
    ),
    BenefitLine(
        "machine",
        _l("Subsidised machine hours"),
        MONEY,
        "platforms.event",
        machine,
        _l("list price less what is charged, less what vouchers pay of the same event"),
        "platforms",
    ),
    BenefitLine(
        "voucher", _l("Vouchers used"), MONEY, "booking.voucher_use", voucher, _l("approved uses of innovation vouchers"), "booking"
    ),
    BenefitLine(
        "subsidy",
        _l("Loan interest subsidy"),
        MONEY,
        "loans.subsidy_claim",
        subsidy,
        _l("the firm's loans in claims handed to the finance office in the period"),
        "loans",
    ),
    BenefitLine(
        "equity",
        _l("Equity invested"),
        MONEY,
        "funds.flow",
        _flows(("investment",), -1),
        _l("paid by the park's funds, in money or in kind"),
        "funds",
    ),
    BenefitLine("mentoring", _l("Mentoring"), MINUTES, "tenants.mentoring_session", mentoring, _l("meetings whose length was recorded")),
    BenefitLine(
        "consulting", _l("Legal advice given"), MINUTES, "services.consultation", consulting, _l("minutes of answers given"), "services"
    ),
    BenefitLine(
        "mediation", _l("Labour mediation"), MINUTES, "services.mediation", mediation, _l("minutes of mediation sessions"), "services"
    ),
    BenefitLine(
        "training",
        _l("Trainings attended"),
        MINUTES,
        "services.training_attendee",
        training,
        _l("hours of the training for each person"),
        "services",
    ),
    BenefitLine(
        "paid",
        _l("Rent and services paid"),
        MONEY,
        "billing.allocation",
        paid,
        _l("receipts that settled bills, less credit notes paid back"),
        "billing",
    ),
    BenefitLine("tax", _l("Taxes reported"), MONEY, "tenants.statement", tax, _l("annual statements of years that lie in the period")),
    BenefitLine(
        "returned",
        _l("Equity returned"),
        MONEY,
        "funds.flow",
        _flows(("proceeds", "income"), 1),
        _l("proceeds and income the funds received"),
        "funds",
    ),
    BenefitLine("jobs", _l("Jobs reported"), PEOPLE, "tenants.statement", jobs, _l("staff in the newest annual statement of the period")),
    BenefitLine(
        "financing", _l("Financing by others"), MONEY, "tenants.financing", financing, _l("equity rounds without the park's funds")
    ),
    BenefitLine("rights", _l("Rights granted"), COUNT, "tenants.ip", rights, _l("intellectual property granted in the period")),
    BenefitLine(
        "repaid", _l("Loans repaid"), MONEY, "loans.repayment", repaid, _l("principal, interest and penalty paid by the borrower"), "loans"
    ),
)
BY_CODE = {x.code: x for x in LINES}
