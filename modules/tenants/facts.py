"""Facts the rule sets ask for, set-based: one answer for many firms or applications, with source and records.

What is not on record is UNKNOWN ("cannot say") unless the record's silence is itself an answer: certificates and exits
are kept by the park from public lists, so none on record means none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from parkops.i18n import _, _l
from parkops.rules import parameters
from parkops.rules.facts import UNKNOWN, Fact, provider

from . import calc
from .models.financing import EXIT_KINDS
from .models.qualification import QUALIFICATION_KINDS
from .services import fact_queries as queries

FIRM, APPLICATION = "tenants.firm", "tenants.application"
GRADUATION_KINDS = ("hitech", "specialised_sme", "little_giant")


def _ids(subjects: list[Any]) -> list[int]:
    return [s.id for s in subjects]


@provider(FIRM, "newly_recognised", title=_l("Recognised while in incubation"), choices=QUALIFICATION_KINDS)
def newly_recognised(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
    """Kinds of qualification first obtained between the start of incubation and the day, still standing."""
    since = {s.id: s.incubating_since or s.entered_on for s in subjects}
    found = queries.newly_recognised(session, _ids(subjects), GRADUATION_KINDS, since, on)
    out = {}
    for s in subjects:
        hit = found.get(s.id)
        if hit is None:
            out[s.id] = Fact([], source=_("No such certificate on record"))
        else:
            text = "; ".join(f"{QUALIFICATION_KINDS.label(kind)} {day.isoformat()}" for kind, day in hit.value)
            out[s.id] = Fact(sorted({kind for kind, _day in hit.value}), source=text, records=hit.records)
    return out


def _money(found: Mapping[int, Any], subjects: list[Any], silent: set[int]) -> dict[int, Fact]:
    """Amounts: a round whose amount nobody knows leaves the answer open; silence counts as none only when reported."""
    collect = _("Ask the firm for its financing rounds with agreement and proof of payment")
    out = {}
    for s in subjects:
        hit = found.get(s.id)
        if hit is None:
            out[s.id] = Fact(Decimal(0), source=_("The annual statement reports no such investment")) if s.id in silent else (
                Fact(collect=collect))
        elif hit.value is None:
            out[s.id] = Fact(records=hit.records, source=_("A round is on record without its amount"), collect=collect)
        else:
            source = _("Financing events on record; the amount of one is not known") if hit.unknown else (
                _("Financing events on record"))
            out[s.id] = Fact(hit.value, source=source, records=hit.records)
    return out


def _reported_none(session: Any, subjects: list[Any], on: date) -> set[int]:
    """Firms whose newest annual statement states 0 of angel and venture capital."""
    latest = queries.latest_statement(session, _ids(subjects), on)
    return {i for i, row in latest.items() if row.angel_vc is not None and row.angel_vc == 0}


@provider(FIRM, "max_single_round", title=_l("Largest single angel or venture round"))
def max_single_round(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
    """131号 art. 9: one round, not the sum."""
    return _money(queries.max_single_round(session, _ids(subjects), on), subjects, _reported_none(session, subjects, on))


@provider(FIRM, "cumulative_rounds", title=_l("Angel and venture capital in total"))
def cumulative_rounds(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
    """300号: the sum of all rounds."""
    return _money(queries.cumulative_rounds(session, _ids(subjects), on), subjects, _reported_none(session, subjects, on))


@provider(FIRM, "two_year_revenue", title=_l("Revenue of two consecutive years"))
def two_year_revenue(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
    """The best sum of two consecutive reported years. While the newest full year is unreported and the best known sum
    does not reach the mark, nothing can be said: the missing year may reach it."""
    by_year = queries.revenue_by_year(session, _ids(subjects), on)
    mark = parameters.find(session, "tenants.graduation_revenue", on)
    threshold = Decimal(str(mark.value)) if mark is not None and mark.value is not None else None
    out = {}
    for s in subjects:
        years = by_year.get(s.id, {})
        pairs = [(years[y].value + years[y + 1].value, y) for y in years if y + 1 in years]
        best, year = max(pairs, default=(None, None))
        started = s.registered_on.year if s.registered_on is not None else min(years, default=on.year - 2)
        gaps = [y for y in range(max(started, on.year - 2), on.year) if y not in years]
        reached = best is not None and threshold is not None and best > threshold
        if best is None or (gaps and not reached):
            text = ", ".join(str(y) for y in gaps or (on.year - 2, on.year - 1))
            out[s.id] = Fact(collect=_("Annual statements of %(years)s", years=text), source=_("Not reported"))
        else:
            out[s.id] = Fact(best, source=_("Annual statements %(first)s and %(second)s", first=year, second=year + 1),
                             records=[*years[year].records, *years[year + 1].records])
    return out


@provider(FIRM, "exit_events", title=_l("Acquired, quoted or listed"), choices=EXIT_KINDS)
def exit_events(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
    """Kinds of exit on record by the day."""
    found = queries.exit_events(session, _ids(subjects), on)
    out = {}
    for s in subjects:
        hit = found.get(s.id)
        if hit is None:
            out[s.id] = Fact([], source=_("No such event on record"))
        else:
            text = "; ".join(f"{EXIT_KINDS.label(kind)} {day.isoformat()}" for kind, day in hit.value)
            out[s.id] = Fact(sorted({kind for kind, _day in hit.value}), source=text, records=hit.records)
    return out


@provider(FIRM, "small_or_micro", title=_l("Small or micro by the 2011 classification"))
def small_or_micro(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
    """工信部联企业〔2011〕300号 on the newest annual statement; what is missing is named."""
    latest, out = queries.latest_statement(session, _ids(subjects), on), {}
    for s in subjects:
        row = latest.get(s.id)
        size = calc.size_class(s.industry, staff=getattr(row, "staff_total", None), revenue=getattr(row, "revenue", None),
                               assets=getattr(row, "total_assets", None))
        names = {"sector": _("industry sector"), "staff": _("staff"), "revenue": _("revenue"), "assets": _("assets")}
        if size.small_or_micro is None:
            out[s.id] = Fact(collect=_("For the size class: %(what)s", what=", ".join(names[m] for m in size.missing)))
        else:
            records = [("tenants.statement", row.id)] if row is not None else []
            out[s.id] = Fact(size.small_or_micro, source=_("Annual statement and the table of 2011"), records=records)
    return out


def _column(subject: str, name: str, title: Any, read: Callable[[Any, date], Any], source: Any, fmt: str | None = None) -> None:
    """A fact that is simply read from the subject; None stays unknown."""

    def answer(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
        values = {s.id: read(s, on) for s in subjects}
        return {i: Fact(UNKNOWN if v is None else v, source="" if v is None else str(source)) for i, v in values.items()}

    answer.__qualname__ = f"{subject}.{name}"
    provider(subject, name, title=title, fmt=fmt)(answer)


def _age_at_entry(firm: Any, on: date) -> int | None:
    if firm.registered_on is None or firm.entered_on is None:
        return None
    return 0 if firm.registered_on >= firm.entered_on else calc.months_between(firm.registered_on, firm.entered_on)


def _incubation_months(firm: Any, on: date) -> int | None:
    since = firm.incubating_since
    return None if since is None or since > on else calc.months_between(since, min(on, firm.graduated_on or on))


def _age(application: Any, on: date) -> int | None:
    if application.kind == "team":
        return 0
    if application.registered_on is None:
        return None
    return calc.months_between(application.registered_on, application.applied_on)


def _rd_share(application: Any, on: date) -> Decimal | None:
    if not application.team_size or application.rd_people is None:
        return None
    return (Decimal(application.rd_people) / application.team_size).quantize(Decimal("0.0001"))


_MASTER, _FORM = _l("Firm master"), _l("Application form")
_column(FIRM, "registered_in_carrier", _l("Registered in the carrier"), lambda f, on: f.registered_in_carrier, _MASTER)
_column(FIRM, "age_at_entry_months", _l("Age at entry in months"), _age_at_entry, _MASTER)
_column(FIRM, "incubation_months", _l("Months in incubation"), _incubation_months, _MASTER)
_column(APPLICATION, "age_months", _l("Age in months"), _age, _FORM)
_column(APPLICATION, "rd_share", _l("Share of R&D people"), _rd_share, _FORM, fmt="percent")
for _name, _title in (("team_size", _l("People")), ("ip_count", _l("Own intellectual property")),
                      ("revenue_last_year", _l("Revenue last year")), ("funds_committed", _l("Funds committed")),
                      ("in_catalogue", _l("In the track's catalogue")), ("environment_cleared", _l("Environment cleared")),
                      ("safety_cleared", _l("Safety cleared")), ("licence_cleared", _l("Licences held or not needed"))):
    _column(APPLICATION, _name, _title, lambda a, on, _n=_name: getattr(a, _n), _FORM)
