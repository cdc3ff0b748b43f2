"""Papers of the hall: the guide of an item (办事指南), the one-time notice (一次性告知书), the month of the hall."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from parkops.errors import NotFound
from parkops.i18n import _, _l
from parkops.reports.document import Column, Document, Section, Table
from parkops.reports.registry import Report, Request

from ..models.case import CaseNotice, ServiceCase
from ..models.item import LABELS, MATERIAL_FORMS, HallItem
from ..services import board, catalogue, tolerance

MISSING = _l("There is no such record in your parks.")


def _limits(item: HallItem) -> tuple[Any, ...]:
    """The same facts on the guide and the notice."""
    promised = _("on the spot") if item.on_the_spot else _("%(n)s working days", n=item.promised_days)
    statutory = _("%(n)s working days", n=item.statutory_days) if item.statutory_days is not None else _("none, the hall assists")
    hall = item.hall
    return (
        (_l("Who decides"), str(LABELS.label(item.label)), "text"),
        (_l("Authority"), item.authority or "", "text"),
        (_l("Promised limit"), promised, "text"),
        (_l("Statutory limit of the authority"), statutory, "text"),
        (_l("Service fee"), _("free of charge") if not item.fee else f"{item.fee:,.2f} ({item.fee_basis})", "text"),
        (_l("Enquiry telephone"), item.phone or (hall.phone if hall is not None else None) or "", "text"),
    )


def _texts(item: HallItem) -> tuple[Section, ...]:
    return tuple(
        Section(title, text=value or _("None stated."))
        for title, value in ((_l("Legal basis"), item.basis), (_l("Conditions"), item.conditions), (_l("How it is handled"), item.process))
    )


def guide(session: Any, request: Request) -> Document:
    """Basis, conditions, materials, process, limits, fee, tolerance (山东省优化营商环境条例, article 28)."""
    item = session.scalars(select(HallItem).where(HallItem.id == request.record_id)).first()
    if item is None:
        raise NotFound(MISSING)
    columns = (
        Column(_l("Line no."), "int", 0.4),
        Column(_l("Material"), width=3),
        Column(_l("Form of the paper"), width=1.2),
        Column(_l("Copies"), "int", 0.6),
        Column(_l("Comes from"), width=1.4),
        Column(_l("May follow later"), width=0.9),
    )
    rows = [
        [m.position, m.name, str(MATERIAL_FORMS.label(m.form)), m.copies, m.issuer or "", _("yes") if m.tolerable else _("no")]
        for m in catalogue.materials_of(session, item)
    ]
    more = (
        (_l("Tolerance allowed"), _("yes") if item.tolerance else _("no"), "text"),
        (_l("Online possible"), _("yes") if item.online else _("no"), "text"),
        (_l("Cross-district"), _("yes") if item.shared else _("no"), "text"),
        (_l("Paper of the result"), item.result_name or "", "text"),
        (
            _l("Where"),
            f"{item.hall.name} {item.hall.address or ''} {item.hall.hours or ''}".strip() if item.hall is not None else "",
            "text",
        ),
    )
    return Document(
        _l("Service guide"),
        f"{item.code} {item.name}",
        (Section(_l("Service guide"), facts=(*_limits(item), *more)), *_texts(item), Section(_l("Materials"), table=Table(columns, rows))),
        request.at,
        request.made_by,
    )


def notice(session: Any, request: Request) -> Document:
    """Basis, process, conditions, materials, fee, limit, telephone; what is missing, and that supplying restarts the clock."""
    case = session.scalars(select(ServiceCase).where(ServiceCase.id == request.record_id)).first()
    row = session.scalars(select(CaseNotice).where(CaseNotice.case_id == request.record_id)).first()
    if case is None or row is None:
        raise NotFound(_l("No one-time notice was given on this case."))
    promise = tolerance.of_case(session, case)
    facts = (
        (_l("Case no."), case.number, "text"),
        (_l("Applicant of the case"), case.applicant, "text"),
        (_l("Service item"), case.item.name, "text"),
        (_l("Received on"), case.received_on, "date"),
        (_l("Told on"), row.given_on, "date"),
        (_l("Told by"), row.given_by, "text"),
        *_limits(case.item),
    )
    lines = [[n, name, _("needed now")] for n, name in enumerate(row.fatal, 1)]
    lines += [
        [n, name, _("may follow by %(day)s", day=promise.due_on) if promise is not None else _("may follow against a commitment")]
        for n, name in enumerate(row.later, len(lines) + 1)
    ]
    text = _("Everything missing is named here, once and completely. When it is supplied the limit is counted anew from that day.")
    if promise is not None:
        text += " " + _(
            "%(who)s has promised the materials by %(day)s; otherwise the case is not approved.", who=promise.signed_by, day=promise.due_on
        )
    columns = (Column(_l("Line no."), "int", 0.4), Column(_l("Material"), width=3), Column(_l("When to supply"), width=1.6))
    return Document(
        _l("One-time notice"),
        f"{row.number} · {case.number}",
        (
            Section(_l("One-time notice"), facts=facts, text=text),
            Section(_l("Missing materials"), table=Table(columns, lines)),
            *_texts(case.item),
        ),
        request.at,
        request.made_by,
    )


def month(session: Any, request: Request) -> Document:
    """The board of the period on paper."""
    found = board.show_board(session, start=request.period.start, end=request.period.end)
    facts = (
        (_l("Visitors"), found.visitors, "int"),
        (_l("Visitors a day"), found.visitors_a_day, "int"),
        (_l("Cases"), found.cases, "int"),
        (_l("Done in time"), f"{found.on_time.percent} ({found.on_time.part}/{found.on_time.whole})", "text"),
        (_l("Done on the spot"), f"{found.spot.percent} ({found.spot.part}/{found.spot.whole})", "text"),
        (_l("Average wait in minutes"), found.minutes, "text"),
        (_l("Bad reviews"), f"{found.bad.percent} ({found.bad.part}/{found.bad.whole})", "text"),
        (_l("Cases with tolerance"), found.tolerance, "int"),
        (_l("of these overdue"), found.tolerance_overdue, "int"),
        (_l("Called back"), f"{found.called_back.percent} ({found.called_back.part}/{found.called_back.whole})", "text"),
    )
    table = Table((Column(_l("Class of item"), width=3), Column(_l("Cases"), "int")), [[str(k), n] for k, n in found.by_class])
    return Document(
        _l("Month of the service hall"),
        request.period.key,
        (Section(_l("Month of the service hall"), facts=facts), Section(_l("By class of item"), table=table)),
        request.at,
        request.made_by,
    )


REPORTS = [
    Report(
        "service-guide",
        _l("Service guide"),
        guide,
        resource="services.item",
        word="read",
        needs=("record",),
        explain=_l("What an item asks for, how long it takes, what it costs."),
    ),
    Report(
        "service-notice",
        _l("One-time notice"),
        notice,
        resource="services.case",
        word="read",
        needs=("record",),
        explain=_l("Everything that is missing in a case, told once."),
    ),
    Report(
        "service-month",
        _l("Month of the service hall"),
        month,
        resource="services.case",
        word="read",
        needs=("period",),
        explain=_l("Visitors, cases, limits and ratings of the period."),
    ),
]
