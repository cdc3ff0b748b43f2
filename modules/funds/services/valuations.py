"""Marks: what a holding is worth, on what basis and evidence; confirmed by a second person, never overwritten. Rules V-50 to V-52."""

from __future__ import annotations

from typing import Any

from parkops import records
from parkops.errors import Problem, Problems
from parkops.i18n import _, _l

from ..models.investment import BASES, Investment, Valuation
from ..states import VALUATION
from . import second, standings

RESOURCE = "funds.valuation"


def create_valuation(session: Any, **values: Any) -> Valuation:
    """Propose a mark (V-50: with basis and evidence, of a day the holding existed)."""
    return records.create(session, Valuation, values, _check)


def change_valuation(session: Any, row: Valuation, **values: Any) -> Valuation:
    """Change a proposal that was not submitted."""
    second.drafts_only(row)
    return records.change(session, row, values, _check)


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.not_future(values, problems, ["on_date"])
    found = session.get(Investment, values["investment_id"])
    if values["value"] < 0:
        problems.add("funds.V-50", _l("This cannot be negative."), "value")
    if values["basis"] == "write_off" and values["value"]:
        problems.add("funds.V-50", _l("What is written off entirely is worth nothing."), "value")
    if found is not None and found.state not in ("held", "partly_sold"):
        problems.add("funds.V-50", _l("Only holdings are valued: pay for it first."), "investment_id")
    if found is not None and values["on_date"] < found.closed_on:
        problems.add("funds.V-50", _l("The deal was closed on %(day)s.", day=found.closed_on.isoformat()), "on_date")


def ready(session: Any, row: Valuation) -> list[Problem]:
    """V-51: evidence is said, and the holding is still there."""
    if len(row.evidence.strip()) < 4:
        return [Problem("funds.V-51", _("Say what the value rests on."), "evidence")]
    if row.investment.state not in ("held", "partly_sold"):
        return [Problem("funds.V-50", _("Only holdings are valued: pay for it first."), "investment_id")]
    return []


def _after(session: Any, row: Valuation) -> None:
    standings.touch(session, row.investment.fund_id, row.on_date)


second.register(
    VALUATION, _l("Valuation of a holding"), ready=ready, done=lambda session, row: None, after=_after, amount=lambda r: r.value,
    title=lambda r: _("Valuation of %(what)s as of %(day)s: %(amount)s yuan", what=r.investment.label, day=r.on_date.isoformat(),
                      amount=f"{r.value:,.2f}"),
    payload=lambda r: {"basis": str(BASES.label(r.basis)), "evidence": r.evidence, "value": r.value})
