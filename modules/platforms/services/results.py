"""The results ledger: recorded by one, confirmed by another from the evidence. Rules U-130 to U-132."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from parkops import attachments, records
from parkops.db.session import scope_of
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _l
from parkops.security import access

from ..models.registry import Instrument
from ..models.result import PlatformResult

RESOURCE = "platforms.result"


def record_result(
    session: Any,
    *,
    platform_id: int,
    kind: str,
    title: str,
    reference: str,
    on_date: date,
    firm_id: int | None = None,
    instrument_id: int | None = None,
    amount: Decimal | None = None,
    note: str | None = None,
) -> PlatformResult:
    """Enter a patent, a transfer or another result; its number occurs once (U-130)."""
    values = {n: v for n, v in locals().items() if n != "session"} | {"recorded_by": scope_of(session).user_name}
    return records.create(session, PlatformResult, values, _check)


def change_result(
    session: Any,
    row: PlatformResult,
    *,
    title: str,
    reference: str,
    on_date: date,
    firm_id: int | None = None,
    instrument_id: int | None = None,
    amount: Decimal | None = None,
    note: str | None = None,
) -> PlatformResult:
    """Correct a result that is not confirmed."""
    _not_confirmed(row)
    values = {n: v for n, v in locals().items() if n not in ("session", "row")}
    return records.change(session, row, values, _check)


def remove_result(session: Any, row: PlatformResult) -> None:
    """Delete one entered by mistake."""
    _not_confirmed(row)
    records.remove(session, row)


def _not_confirmed(row: PlatformResult) -> None:
    if row.state == "confirmed":
        raise RuleError([Problem("platforms.U-131", _l("This result is confirmed; ask a manager to refuse it first."))])


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.not_future(values, problems, ("on_date",))
    if values.get("amount") is not None and values["kind"] != "transfer":
        problems.add("platforms.U-130", _l("Only a transfer has a contract value."), "amount")
    if values.get("amount") is not None and values["amount"] < 0:
        problems.add("platforms.U-130", _l("This cannot be negative."), "amount")
    instrument = session.get(Instrument, values["instrument_id"]) if values.get("instrument_id") else None
    if instrument is not None and instrument.platform_id != values["platform_id"]:
        problems.add("platforms.U-130", _l("This instrument stands on another platform."), "instrument_id")


def why_not_confirm(session: Any, row: PlatformResult) -> str | None:
    """U-131: with evidence, and not by whoever recorded it."""
    if row.state == "confirmed":
        return str(_l("It is confirmed already."))
    if row.recorded_by == scope_of(session).user_name:
        return str(_l("Whoever recorded a result does not confirm it. Ask a colleague."))
    if not attachments.of(session, row):
        return str(_l("Attach the evidence first: certificate, contract or decision."))
    return None


def confirm_result(session: Any, row: PlatformResult, *, on: date) -> PlatformResult:
    """It counts from now on, in the period of its own date."""
    access.require(session, RESOURCE, "act")
    if (why := why_not_confirm(session, row)) is not None:
        raise RuleError([Problem("platforms.U-131", why)])
    row.state, row.confirmed_by, row.confirmed_on = "confirmed", scope_of(session).user_name, on
    session.flush()
    return row


def refuse_result(session: Any, row: PlatformResult, *, reason: str) -> PlatformResult:
    """The evidence does not bear it; it counts no longer."""
    access.require(session, RESOURCE, "act")
    row.state, row.confirmed_by, row.confirmed_on = "refused", None, None
    row.note = "\n".join(filter(None, (row.note, reason)))
    session.flush()
    return row
