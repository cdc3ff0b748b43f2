"""Yearly benefit evaluation of instruments (domain.md 11.1) and sharing metrics (11.2). Rules U-133 and U-134."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from parkops import records
from parkops.clock import Period
from parkops.errors import Problems
from parkops.i18n import _, _l
from parkops.money import ZERO
from parkops.rules import parameters
from parkops.security import access

from .. import calc_evaluation as calc
from ..models.event import UsageEvent
from ..models.result import GRADES, InstrumentYear
from . import recovery

P = "platforms.eq"
STEPS = (
    ("step_100", Decimal(1)),
    ("step_80", Decimal("0.8")),
    ("step_60", Decimal("0.6")),
    ("step_40", Decimal("0.4")),
    ("step_20", Decimal("0.2")),
)
REPORTED = InstrumentYear.__reported__
SHARING = ("share_step", "share_points", "income_outside", "income_step", "income_points", "hours_step", "hours_points")
WEIGHTS = ("operation", "sharing", "management")
NATIONAL = ("hours", "outside_hours", "share_rate", "big_value", "big_hours", "big_share_rate")
BENCHMARK = ("units", "instruments", "least_value", "income")


@dataclass(frozen=True)
class Counted:
    """What the events say about an instrument's year."""

    hours: Decimal
    outside_hours: Decimal
    income: Decimal
    outside_income: Decimal


def create_year(session: Any, *, instrument_id: int, year: int, **values: int | None) -> InstrumentYear:
    """Report a year of an instrument; what is left empty is not reported."""
    return records.create(session, InstrumentYear, {"instrument_id": instrument_id, "year": year, **_given(values)}, _check)


def change_year(session: Any, row: InstrumentYear, **values: int | None) -> InstrumentYear:
    """Correct what was reported; the score is worked out anew with the next evaluation."""
    records.change(session, row, _given(values), _check)
    row.score = row.grade = row.evaluated_on = None
    session.flush()
    return row


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {n: v for n, v in values.items() if not (n == "functions_new" and v is None)}


def remove_year(session: Any, row: InstrumentYear) -> None:
    """Delete a year entered by mistake."""
    records.remove(session, row)


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    for name in (*REPORTED, "functions_new"):
        if values.get(name) is not None and values[name] < 0:
            problems.add("platforms.U-133", _l("This cannot be negative."), name)
    if values.get("functions") is not None and (values.get("functions_used") or 0) > values["functions"]:
        problems.add("platforms.U-133", _l("More functions are used than the instrument has; check both."), "functions_used")
    if values.get("functions") == 0:
        problems.add("platforms.U-133", _l("An instrument has at least one function."), "functions")


def settings_on(session: Any, on: date) -> dict[str, Any]:
    """The weights, points and grades in force on a day, from the dated parameters."""

    def value(code: str) -> Decimal:
        return parameters.decimal(session, f"{P}_{code}", on)

    return {
        "weights": {f"EQ-{n}": value(f"weight_{n}") for n in range(1, 6)},
        "EQ-2": {"operator": value("operator"), "guided": value("guided"), "shown_per": value("shown_per")},
        "EQ-3": {n: value(n) for n in calc.NEEDS["EQ-3"]} | {"cap": value("results_cap")},
        "EQ-4": {"per_thousand": value("per_thousand")},
        "EQ-5": {"steps": [(share, value(code)) for code, share in STEPS], "new": value("function_new")},
        "grades": [(value(f"grade_{code}") if code != "failed" else Decimal(0), code) for code in GRADES],
    }


def counted(session: Any, instrument_id: int, year: int) -> Counted:
    """Hours and income of the year from the events."""
    period, e = Period.year(date(year, 1, 1)), UsageEvent
    outside = e.customer_class.in_(recovery.OUTSIDE)
    machine = func.coalesce(func.sum(e.minutes).filter(e.kind == "usage"), 0)
    row = session.execute(
        select(
            machine,
            func.coalesce(func.sum(e.minutes).filter(e.kind == "usage", outside), 0),
            func.sum(e.net),
            func.sum(e.net).filter(outside),
        ).where(recovery.within(period.start, period.end), e.instrument_id == instrument_id)
    ).one()
    return Counted(Decimal(int(row[0])) / 60, Decimal(int(row[1])) / 60, row[2] or ZERO, row[3] or ZERO)


def verdict(session: Any, row: InstrumentYear) -> tuple[calc.Verdict, Counted]:
    """The evaluation by the rules of the year's last day."""
    found = counted(session, row.instrument_id, row.year)
    facts = calc.Facts(
        found.hours,
        Decimal(row.instrument.rated_hours),
        outside_income=found.outside_income,
        functions_new=row.functions_new,
        **{n: getattr(row, n) for n in REPORTED},
    )
    return calc.evaluate(facts, settings_on(session, date(row.year, 12, 31))), found


def evaluate_year(session: Any, row: InstrumentYear, *, on: date) -> str:
    """The button: score and grade (U-134: none while a dimension lacks a fact)."""
    access.require(session, "platforms.instrument_year", "change")
    made, _found = verdict(session, row)
    row.score, row.grade, row.evaluated_on = made.total, made.grade, on
    session.flush()
    if made.total is None:
        missing = ", ".join(str(InstrumentYear.__table__.c[n].info["label"]) for line in made.lines for n in line.missing)
        return _("It cannot be said yet; not reported: %(names)s.", names=missing)
    return _("Score %(score)s: %(grade)s.", score=made.total, grade=GRADES.label(made.grade))


def sharing(session: Any, row: InstrumentYear) -> dict[str, Any]:
    """The sharing metrics of the year, by the parameters of its last day (U-133)."""
    found, value = counted(session, row.instrument_id, row.year), row.instrument.value or ZERO
    p = {n: parameters.decimal(session, f"platforms.sharing_{n}", date(row.year, 12, 31)) for n in SHARING}
    return {
        "share": calc.external_share_score(found.outside_hours, found.hours, p),
        "income": calc.income_share_score(found.income - found.outside_income, found.outside_income, value, p),
        "hours": calc.hours_points(found.hours, p),
    }


def weights(session: Any, on: date) -> dict[str, Decimal]:
    """Published weights of operation, sharing and management (HIT)."""
    return {n: parameters.decimal(session, f"platforms.sharing_weight_{n}", on) for n in WEIGHTS}


def beside_national(session: Any, row: InstrumentYear) -> tuple[calc.Compared, ...]:
    """The year beside the newest national average published for it or a year before; nothing before the first one."""
    found = counted(session, row.instrument_id, row.year)
    p = {n: national(session, n, date(row.year, 12, 31)) for n in NATIONAL}
    return calc.compared(found.hours, found.outside_hours, row.instrument.value, p)


def national(session: Any, name: str, on: date) -> Decimal | None:
    """A figure of the national benchmark in force on a day."""
    found = parameters.find(session, f"platforms.national_{name}", on)
    return Decimal(str(found.value)) if found is not None else None


def benchmark(session: Any, on: date) -> dict[str, Any]:
    """What the benchmark in force covered, with its year; empty when there is none or a figure of it is missing."""
    found = {n: parameters.find(session, f"platforms.national_{n}", on) for n in BENCHMARK}
    known = {n: v for n, v in found.items() if v is not None}
    return {"year": known["units"].effective_from.year, **{n: v.value for n, v in known.items()}} if len(known) == len(found) else {}
