"""Financing rounds, exits and awards of firms."""

from __future__ import annotations

import re
from typing import Any

from parkops import records
from parkops.errors import Problems
from parkops.i18n import _l

from ..models.financing import EQUITY_KINDS, Award, ExitEvent, FinancingEvent
from ..models.firm import Firm


def create_financing(session: Any, **values: Any) -> FinancingEvent:
    """Record money a firm obtained. In renminbi the yuan amount follows by itself; another currency needs it converted."""
    return records.create(session, FinancingEvent, _in_yuan(values, "CNY"), _check_financing)


def change_financing(session: Any, event: FinancingEvent, **values: Any) -> FinancingEvent:
    """Correct a financing record."""
    full = {"amount": event.amount, "amount_cny": event.amount_cny, "currency": event.currency, **values}
    derived = _in_yuan(full, event.currency)
    if derived["currency"] == "CNY":
        values["amount_cny"] = derived["amount_cny"]
    elif event.currency == "CNY" and "amount_cny" not in values:
        values["amount_cny"] = None  # the yuan amount of before was the amount itself
    values["currency"] = derived["currency"]
    return records.change(session, event, values, _check_financing)


def remove_financing(session: Any, event: FinancingEvent) -> None:
    """Delete a financing record entered by mistake."""
    records.remove(session, event)


def _in_yuan(values: dict[str, Any], default: str) -> dict[str, Any]:
    currency = (values.get("currency") or default).strip().upper()
    out = {**values, "currency": currency}
    if currency == "CNY":
        out["amount_cny"] = values.get("amount")
    return out


def _check_financing(session: Any, values: dict[str, Any], problems: Problems) -> None:
    if not re.fullmatch(r"[A-Z]{3}", values["currency"]):
        problems.add("tenants.currency", _l("Enter the currency with three letters, for example CNY or USD."), "currency")
    for name in ("amount", "amount_cny"):
        if values.get(name) is not None and values[name] <= 0:
            problems.add("tenants.amount_positive", _l("Enter an amount above zero, or leave it empty when it was not disclosed."), name)
    if values["round"] != "none" and values["kind"] not in EQUITY_KINDS:
        problems.add("tenants.round_of_debt", _l("Only equity has rounds. Choose another kind, or no round."), "round")
    records.not_future(values, problems, ["on_date"])
    _after_founding(session, values, problems)


def _after_founding(session: Any, values: dict[str, Any], problems: Problems) -> None:
    firm = session.get(Firm, values["firm_id"])
    if firm.registered_on and not firm.was_team and values["on_date"] < firm.registered_on:
        problems.add("tenants.before_firm", _l("The firm was not registered on that day. Correct the day or the firm."), "on_date")


def create_exit(session: Any, **values: Any) -> ExitEvent:
    """Record that a firm was acquired, listed or quoted."""
    return records.create(session, ExitEvent, values, _check_exit)


def change_exit(session: Any, event: ExitEvent, **values: Any) -> ExitEvent:
    """Correct an exit record."""
    return records.change(session, event, values, _check_exit)


def remove_exit(session: Any, event: ExitEvent) -> None:
    """Delete an exit record entered by mistake."""
    records.remove(session, event)


def _check_exit(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.not_future(values, problems, ["on_date"])
    _after_founding(session, values, problems)


def create_award(session: Any, **values: Any) -> Award:
    """Record a prize of a firm."""
    return records.create(session, Award, values, _check_award)


def change_award(session: Any, award: Award, **values: Any) -> Award:
    """Correct a prize."""
    return records.change(session, award, values, _check_award)


def remove_award(session: Any, award: Award) -> None:
    """Delete a prize entered by mistake."""
    records.remove(session, award)


def _check_award(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.not_future(values, problems, ["on_date"])
    if values.get("amount") is not None and values["amount"] < 0:
        problems.add("tenants.negative", _l("This cannot be negative."), "amount")
