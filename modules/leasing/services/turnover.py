"""Turnover reports of merchants: entered or imported by month; a month without a report is missing, not zero. Rules C-70, C-71."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops import records
from parkops.clock import add_months
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l

from .. import calc_schedule
from ..models.lease import Lease, LeaseDue, LeaseLine
from ..models.lease_terms import LeaseTurnover
from . import schedule
from .law import OCCUPYING


def enter_turnover(session: Any, *, line_id: int, month: date, amount: Decimal, reported_on: date | None = None) -> LeaseTurnover:
    """The turnover of one month; the instalment it completes is worked out and can be charged."""
    month = month.replace(day=1) if month is not None else month
    values = {"line_id": line_id, "month": month, "amount": amount, "reported_on": reported_on}
    row = records.create(session, LeaseTurnover, values, _check)
    _renew(session, [row])
    return row


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    line = session.get(LeaseLine, values["line_id"])
    lease = session.get(Lease, line.lease_id)
    if line.basis != "turnover":
        problems.add("leasing.C-70", _l("This line is no share of turnover."), "line_id")
    if values["month"] < lease.starts_on.replace(day=1) or (lease.ended_on is not None and values["month"] > lease.ended_on):
        problems.add("leasing.C-70", _l("The lease did not run in this month."), "month")
    if values["amount"] is not None and values["amount"] < 0:
        problems.add("leasing.C-70", _l("A turnover is not negative."), "amount")


def change_turnover(session: Any, row: LeaseTurnover, *, amount: Decimal, reported_on: date | None = None) -> LeaseTurnover:
    """C-71: a report may be corrected until it was charged; afterwards it is settled by an adjustment."""
    _not_charged(session, row)
    records.change(session, row, {"amount": amount, "reported_on": reported_on})
    _renew(session, [row])
    return row


def remove_turnover(session: Any, row: LeaseTurnover) -> None:
    """It was reported for the wrong month; the month is missing again."""
    _not_charged(session, row)
    line = session.get(LeaseLine, row.line_id)
    records.remove(session, row)
    schedule.renew_line_dues(session, session.get(Lease, line.lease_id), [line.id])


def _not_charged(session: Any, row: LeaseTurnover) -> None:
    due_ids = list(
        session.scalars(
            select(LeaseDue.id).where(
                LeaseDue.line_id == row.line_id,
                LeaseDue.kind == "charge",
                LeaseDue.period_from < add_months(row.month, 1),
                LeaseDue.period_to >= row.month,
            )
        )
    )
    if schedule.charged_ids(session, due_ids):
        raise RuleError([Problem("leasing.C-71", _l("The share of this month is charged. Correct it by an adjustment of the bill."))])


def _renew(session: Any, rows: Sequence[LeaseTurnover]) -> int:
    """Work out the instalments the reports complete."""
    lines: dict[int, set[int]] = defaultdict(set)
    for line in session.scalars(select(LeaseLine).where(LeaseLine.id.in_({r.line_id for r in rows}))):
        lines[line.lease_id].add(line.id)
    made = 0
    for lease_id, ids in lines.items():
        lease = session.get(Lease, lease_id)
        if lease.signed_on is not None:
            made += schedule.renew_line_dues(session, lease, list(ids))
    return made


def after_import(session: Any, inserted: list[int], updated: list[int], on: date) -> None:
    """Work out what an import completed."""
    _renew(session, list(session.scalars(select(LeaseTurnover).where(LeaseTurnover.id.in_([*inserted, *updated])))))


def prepare_import(session: Any, rows: list[Any], on: date) -> None:
    """Find the line by the lease's number: its one line with a share of turnover."""
    numbers = {r.values.get("lease_number") for r in rows}
    found: dict[str, list[int]] = defaultdict(list)
    query = (
        select(Lease.number, LeaseLine.id)
        .join(LeaseLine, LeaseLine.lease_id == Lease.id)
        .where(Lease.number.in_(numbers), LeaseLine.basis == "turnover", Lease.state.in_((*OCCUPYING, "ended", "terminated")))
    )
    for number, line_id in session.execute(query):
        found[number].append(line_id)
    for row in rows:
        ids = found.get(row.values.get("lease_number"), [])
        if len(ids) != 1:
            row.refuse("leasing.C-70", _l("No lease of this number has exactly one line with a share of turnover."), "lease_number")
        else:
            row.values["line_id"] = ids[0]
        if (row.values.get("amount") or 0) < 0:
            row.refuse("leasing.C-70", _l("A turnover is not negative."), "amount")


def missing(session: Any, on: date, park_id: int | None = None) -> list[dict[str, Any]]:
    """Instalments that wait for a report or an index value and are over: exceptions of the monthly run."""
    query = select(Lease).where(Lease.state.in_(OCCUPYING), Lease.id.in_(select(LeaseLine.lease_id).where(LeaseLine.basis == "turnover")))
    leases = list(session.scalars(query if park_id is None else query.where(Lease.park_id == park_id)))
    lines = schedule.lines_of(session, [lease.id for lease in leases]) if leases else {}
    out = []
    for lease in leases:
        found: calc_schedule.Schedule = schedule.whole(lease, lines[lease.id], on)
        out += [
            {
                "lease": lease,
                "line_id": u.line,
                "period_from": u.period_from,
                "period_to": u.period_to,
                "message": _("%(lease)s: turnover of %(months)s was not reported", lease=str(lease), months=u.missing),
            }
            for u in found.unknown
            if u.reason == "turnover" and u.period_to < on
        ]
    return out


def correct_form(
    session: Any,
    row: LeaseTurnover,
    *,
    amount: Decimal,
    reported_on: date | None = None,
    line_id: int | None = None,
    month: date | None = None,
) -> LeaseTurnover:
    """The form shows line and month too; only the amount is corrected."""
    return change_turnover(session, row, amount=amount, reported_on=reported_on)
