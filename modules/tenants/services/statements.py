"""Figures of a firm entered by staff or an import. A figure left empty is unreported; it is never stored as zero."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from parkops import records
from parkops.clock import Period
from parkops.errors import Problems
from parkops.i18n import _l

from ..models.datacall import DataCall, DataCallResponse
from ..models.statement import FIGURES, IP_PARTS, NOT_NEGATIVE, STAFF_PARTS, FirmStatement


def create_statement(session: Any, **values: Any) -> FirmStatement:
    """Record a firm's figures of a year or month. The period may be given by any day in it."""
    return records.create(session, FirmStatement, _on_first_day(values), _check_statement)


def change_statement(session: Any, statement: FirmStatement, **values: Any) -> FirmStatement:
    """Correct figures. Those from a data call are corrected there, so that answer and statement stay equal."""
    def check(s: Any, full: dict[str, Any], problems: Problems) -> None:
        _check_statement(s, full, problems)
        if _accepted_response(s, statement) is not None and any(
                k in FIGURES and getattr(statement, k) != v for k, v in values.items()):
            problems.add("tenants.from_data_call", _l(
                "These figures came from a data call. Return the firm's answer there and correct it."), "source")

    grain = values.get("grain", statement.grain)
    return records.change(session, statement, _on_first_day({**values, "grain": grain}), check)


def remove_statement(session: Any, statement: FirmStatement) -> None:
    """Delete figures that no accepted answer stands behind."""
    problems = Problems()
    if _accepted_response(session, statement) is not None:
        problems.add("tenants.from_data_call", _l(
            "These figures came from a data call. Return the firm's answer there and correct it."))
    problems.stop()
    records.remove(session, statement)


def _accepted_response(session: Any, statement: FirmStatement) -> int | None:
    return session.scalar(select(DataCallResponse.id).join(DataCall, DataCall.id == DataCallResponse.call_id).where(
        DataCallResponse.firm_id == statement.firm_id, DataCallResponse.state == "accepted",
        DataCall.grain == statement.grain, DataCall.period_start == statement.period_start))


def _on_first_day(values: dict[str, Any]) -> dict[str, Any]:
    start, grain = values.get("period_start"), values.get("grain")
    if isinstance(start, date) and grain in ("year", "month"):
        return {**values, "period_start": Period.of(grain, start).start}
    return values


def _check_statement(session: Any, values: dict[str, Any], problems: Problems) -> None:
    for name in NOT_NEGATIVE:
        if values.get(name) is not None and values[name] < 0:
            problems.add("tenants.negative", _l("This cannot be negative."), name)
    if all(values.get(name) is None for name in FIGURES):
        problems.add("tenants.nothing_reported", _l("Enter at least one figure."), "revenue")
    total = values.get("staff_total")
    for name in STAFF_PARTS:
        if total is not None and values.get(name) is not None and values[name] > total:
            problems.add("tenants.part_over_total", _l("A part of the staff cannot be more than the staff."), name)
    if values.get("ip_valid") is not None and sum(values.get(n) or 0 for n in IP_PARTS) > values["ip_valid"]:
        problems.add("tenants.ip_kinds_over_total", _l(
            "The kinds of IP add up to more than the valid IP held. Correct the kinds or the total."), "ip_valid")
    records.not_future(values, problems, ["reported_on", "period_start"])
