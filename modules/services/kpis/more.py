"""Indicators of permits, projects, policies, financing, desks, outreach, repairs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, cast, func, select, type_coerce

from parkops.i18n import _l
from parkops.kpi.registry import LAST, RATIO, SUM, Home, Kpi, Window

from ..models.desk import LabourMediation, LegalConsultation
from ..models.financing import FinanceIntroduction
from ..models.machine import MachineSession
from ..models.outreach import AidProblem, HallActivity
from ..models.policy import PolicyPayment
from ..models.project import ProjectAgreement, ProjectMilestone
from ..models.repair import ServiceRepair
from ..models.wallet import FirmPermit


def _counted(model: Any, day: Any, *where: Any) -> tuple[Any, Any]:
    """Records of the period: (measure, drill)."""

    def found(w: Window) -> tuple[Any, ...]:
        return (day >= w.start, day < w.end, *where)

    def measure(w: Window) -> Any:
        return select(model.park_id, func.count(model.id).label("numerator")).where(*found(w)).group_by(model.park_id)

    def drill(w: Window) -> Any:
        return select(model.id.label("id")).where(*found(w))

    return measure, drill


def _money(model: Any, amount: Any, day: Any, *where: Any) -> tuple[Any, Any]:
    """Money of the period in fen."""
    fen = type_coerce(amount, BigInteger)

    def found(w: Window) -> tuple[Any, ...]:
        return (day >= w.start, day < w.end, *where)

    def measure(w: Window) -> Any:
        return select(model.park_id, cast(func.sum(fen), BigInteger).label("numerator")).where(*found(w)).group_by(model.park_id)

    def drill(w: Window) -> Any:
        return select(model.id.label("id"), fen.label("amount")).where(*found(w))

    return measure, drill


def _share(model: Any, day: Any, good: Any, *where: Any) -> tuple[Any, Any, Any]:
    """Share of the records of the period that are good: (measure, drill, drill of all)."""

    def found(w: Window) -> tuple[Any, ...]:
        return (day >= w.start, day < w.end, *where)

    def measure(w: Window) -> Any:
        return (
            select(model.park_id, func.count(model.id).filter(good).label("numerator"), func.count(model.id).label("denominator"))
            .where(*found(w))
            .group_by(model.park_id)
        )

    def drill(w: Window) -> Any:
        return select(model.id.label("id")).where(*found(w), good)

    def everything(w: Window) -> Any:
        return select(model.id.label("id")).where(*found(w))

    return measure, drill, everything


def _valid(w: Window) -> tuple[Any, ...]:
    p = FirmPermit
    return (p.state == "valid", p.valid_from <= w.on, (p.valid_to.is_(None)) | (p.valid_to >= w.on))


def measure_permits(w: Window) -> Any:
    """Permits in force on the day."""
    return select(FirmPermit.park_id, func.count(FirmPermit.id).label("numerator")).where(*_valid(w)).group_by(FirmPermit.park_id)


def list_permits(w: Window) -> Any:
    """The permits."""
    return select(FirmPermit.id.label("id")).where(*_valid(w))


def _count(code: str, title: Any, model: Any, day: Any, explain: Any, *where: Any, order: int = 60) -> Kpi:
    measure, drill = _counted(model, day, *where)
    return Kpi(
        f"services.{code}", title, "count", SUM, measure, explain, resource=model.__resource__, drill=drill, order=order, better="none"
    )


_paid, _paid_list = _money(PolicyPayment, PolicyPayment.amount, PolicyPayment.paid_on)
_got, _got_list = _money(
    FinanceIntroduction, FinanceIntroduction.amount, FinanceIntroduction.ended_on, FinanceIntroduction.state == "granted"
)
M, R = ProjectMilestone, ServiceRepair
_mile, _mile_good, _mile_all = _share(M, M.ended_on, M.ended_on <= M.due_on, M.state == "done")
_fix, _fix_good, _fix_all = _share(R, R.done_on, R.done_on <= R.first_promised_on, R.done_on.is_not(None))

HOME = [Home("operations_manager", "services.repairs_in_time")]
KPIS = [
    Kpi(
        "services.permits",
        _l("Permits in force"),
        "count",
        LAST,
        measure_permits,
        _l("Licences and permits in force on the last day."),
        resource="services.permit",
        drill=list_permits,
        order=60,
        better="none",
    ),
    _count(
        "agreements",
        _l("Two-sided agreements signed"),
        ProjectAgreement,
        ProjectAgreement.signed_on,
        _l("双容双承诺 agreements signed in the period."),
        order=61,
    ),
    Kpi(
        "services.milestones_in_time",
        _l("Project permits within the promise"),
        "percent",
        RATIO,
        _mile,
        _l("Permits obtained by the promised day ÷ permits obtained."),
        resource="services.milestone",
        drill=_mile_good,
        drill_denominator=_mile_all,
        empty="zero",
        order=62,
    ),
    Kpi(
        "services.policy_money",
        _l("Money from policies"),
        "money",
        SUM,
        _paid,
        _l("Payments to firms through policies in the period."),
        resource="services.policy_payment",
        drill=_paid_list,
        order=63,
    ),
    Kpi(
        "services.financing_granted",
        _l("Financing brought about"),
        "money",
        SUM,
        _got,
        _l("Granted to firms that the desk introduced."),
        resource="services.introduction",
        drill=_got_list,
        order=64,
    ),
    _count(
        "machine_sessions",
        _l("Uses of self-service machines"),
        MachineSession,
        MachineSession.day,
        _l("Sessions at registration and tax machines."),
        order=65,
    ),
    _count(
        "consultations",
        _l("Legal consultations"),
        LegalConsultation,
        LegalConsultation.asked_on,
        _l("Questions of firms in the period."),
        order=66,
    ),
    _count(
        "mediations",
        _l("Labour disputes received"),
        LabourMediation,
        LabourMediation.received_on,
        _l("Disputes registered in the period."),
        order=67,
    ),
    _count("activities", _l("Activities at the hall"), HallActivity, HallActivity.held_on, _l("Activities held in the period."), order=68),
    _count(
        "problems_solved",
        _l("Problems of firms solved"),
        AidProblem,
        AidProblem.closed_on,
        _l("Problems closed by the firm's feedback."),
        order=69,
    ),
    Kpi(
        "services.repairs_in_time",
        _l("Repairs within the promise"),
        "percent",
        RATIO,
        _fix,
        _l("Repairs done by the day first promised ÷ repairs done; one that was reopened counts when it is done at last."),
        resource="services.repair",
        drill=_fix_good,
        drill_denominator=_fix_all,
        empty="zero",
        order=70,
    ),
]
