"""The month of an operator on paper."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select, type_coerce

from parkops.clock import Period
from parkops.db.types import Money
from parkops.errors import NotFound
from parkops.i18n import _l
from parkops.models import Park
from parkops.reports.document import Column, Document, Section, Table
from parkops.reports.registry import Report, Request

from ..models.meals import MealUse, Outlet
from ..models.operator import AmenityOperatorFinding, AmenityOperatorStatement


def _outlets(session: Any, row: AmenityOperatorStatement) -> Section:
    """Sums by outlet."""
    u, period = MealUse, Period.month(row.month)
    found = session.execute(
        select(
            Outlet.name,
            func.count(u.id),
            type_coerce(func.sum(u.own), Money),
            type_coerce(func.sum(u.subsidy), Money),
            type_coerce(func.sum(u.price), Money),
        )
        .join(Outlet, Outlet.id == u.outlet_id)
        .where(Outlet.contract_id == row.contract_id, u.on_date >= period.start, u.on_date < period.end)
        .group_by(Outlet.id)
        .order_by(Outlet.code)
    ).all()
    columns = (
        Column(_l("Outlet"), width=2),
        Column(_l("Meals"), "int", 1),
        Column(_l("Paid from cards"), "money", 1.2),
        Column(_l("Paid by firms"), "money", 1.2),
        Column(_l("Turnover"), "money", 1.2),
    )
    totals = [None, row.meals, row.own, row.subsidy, row.turnover]
    return Section(_l("Outlets"), table=Table(columns, [list(r) for r in found], totals))


def _performance(session: Any, row: AmenityOperatorStatement) -> tuple[Section, ...]:
    """Clauses with what was reached."""
    kpis = session.scalars(
        select(AmenityOperatorFinding).where(AmenityOperatorFinding.statement_id == row.id).order_by(AmenityOperatorFinding.id)
    )
    clauses = [[str(k.kpi), k.kpi.target, k.actual, k.points] for k in kpis]
    return (
        (
            Section(
                _l("Performance"),
                table=Table(
                    (
                        Column(_l("Clause"), width=2),
                        Column(_l("Target a month"), "decimal", 1),
                        Column(_l("Reached"), "decimal", 1),
                        Column(_l("Points scored"), "decimal", 1),
                    ),
                    clauses,
                    [None, None, None, row.score],
                ),
            ),
        )
        if clauses
        else ()
    )


def statement_sheet(session: Any, request: Request) -> Document:
    """Sums by outlet, the park's share, what is paid out, performance."""
    row = session.scalars(select(AmenityOperatorStatement).where(AmenityOperatorStatement.id == request.record_id)).first()
    if row is None:
        raise NotFound(_l("There is no such record in your parks."))
    park = session.get(Park, row.park_id)
    facts = (
        (_l("Operator firm"), str(row.contract.operator), "text"),
        (_l("Operator contract"), row.contract.number, "text"),
        (_l("Month"), row.month, "month"),
        (_l("Turnover"), row.turnover, "money"),
        (_l("Park's share"), row.share, "money"),
        (_l("To be paid out"), row.turnover - row.share, "money"),
        (_l("How it was worked out"), row.explain or "", "text"),
        (_l("State"), str(AmenityOperatorStatement.__table__.c.state.type.choices.label(row.state)), "text"),
    )
    more, outlets = _performance(session, row), _outlets(session, row)
    return Document(
        _l("Statement of an operator"),
        f"{row.number} · {park.company or park.name}",
        (
            Section(_l("Statement of an operator"), facts=facts),
            outlets,
            *more,
        ),
        request.at,
        request.made_by,
    )


REPORTS = [
    Report(
        "amenity-statement",
        _l("Statement of an operator"),
        statement_sheet,
        resource="amenities.operator_statement",
        word="read",
        needs=("record",),
        explain=_l("What an operator's tills sold in a month, the park's share and what is paid out."),
    ),
]
