"""`annual-rating`: verdict and score first, then gates, score, trend, published grades, nearest firms, what-if and documents of each
carrier; the annex says what every figure means. The page `/ratings/report/` shows the same document."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from modules.tenants.models.carrier import CARRIER_TYPES, GRADES
from parkops.i18n import _, _l
from parkops.models import Park
from parkops.reports import charts
from parkops.reports.document import Cell, Column, Document, Section, Table
from parkops.reports.registry import Report, Request
from parkops.rules import facts, logic
from parkops.rules.units import unit_text

from ..services import rating_report, schemes
from ..services.measures import MEASURES
from ..services.rating_report import CarrierReport
from . import _parts


def annual_rating(session: Any, request: Request) -> Document:
    """Every carrier of the park in a year, or the one whose record is named."""
    period, park = request.period, session.get(Park, request.park_id)
    assert period is not None and park is not None
    return document(session, request, rating_report.gather_reports(session, park.id, period, request.today, request.record_id))


def document(session: Any, request: Request, found: list[CarrierReport]) -> Document:
    """The report of carriers that were gathered already."""
    period, park = request.period, session.get(Park, request.park_id)
    assert period is not None and park is not None
    on = rating_report.day_of(period, request.today)
    sections = [_overview(found)] if len(found) != 1 else []
    for r in found:
        sections += carrier_sections(r, alone=len(found) == 1)
    sections += [distribution(), _parts.book(session, _codes(found))]
    name = found[0].carrier.name if len(found) == 1 else str(park)
    context = _("%(name)s · %(period)s · as of %(day)s", name=name, period=period.key, day=on.isoformat())
    return Document(_l("Annual rating report"), context, tuple(sections), request.at, request.made_by, outline=len(found) > 1)


def _codes(found: list[CarrierReport]) -> list[str]:
    sets = {r.rule_set.key: r for r in found}
    gates = [f"gate:{key}/{g.line.code}" for key, r in sets.items() for g in r.result.gates]
    lines = {
        f"indicator:{r.scored.sheet.scheme.key}/{x.indicator.code}": None for r in found if r.scored is not None for x in r.scored.lines
    }
    return [*gates, *lines]


def _verdict(r: CarrierReport) -> str:
    return str(_parts.VERDICTS[r.result.verdict])


def _met(r: CarrierReport) -> tuple[int, int]:
    counts = [r.result.count(v) for v in (logic.PASS, logic.FAIL, logic.CANNOT_SAY)]
    return counts[0], sum(counts)


def _overview(found: list[CarrierReport]) -> Section:
    rows = []
    for r in found:
        met, every = _met(r)
        score = r.scored.sheet if r.scored is not None else None
        rows.append(
            [r.carrier.name, str(CARRIER_TYPES.label(r.carrier.carrier_type)), r.rule_set.key, _verdict(r), met, every,
             score.total if score is not None else None, (score.grade or "—") if score is not None else "—",
             r.grade.grade if r.grade is not None else "—"]
        )  # fmt: skip
    columns = (
        Column(_l("Carrier"), width=2.2),
        Column(_l("Type"), width=0.9),
        Column(_l("Rule set"), width=1.3),
        Column(_l("Verdict"), width=0.9),
        Column(_l("Conditions met"), "int"),
        Column(_l("Conditions in all"), "int"),
        Column(_l("Own score"), "decimal"),
        Column(_l("Own grade"), width=0.7),
        Column(_l("Published grade"), width=0.8),
    )
    svg = charts.bars(
        [r.carrier.name for r in found],
        [_parts.percent(*_met(r)) for r in found],
        "percent",
        title=_("Conditions met"),
        tones=[_parts.TONES[r.result.verdict] for r in found],
        limit=1,
    )
    return Section(_l("All carriers"), table=Table(columns, rows), svg=svg)


def carrier_sections(r: CarrierReport, *, alone: bool) -> list[Section]:
    """The parts of one carrier in reading order; in a report of many each carrier is a part of its own."""
    level = 2 if alone else 3
    first = Section(r.carrier.name if not alone else _l("Verdict and score"), facts=_facts(r), level=2 if alone else 1)
    parts = (
        gates(r, level),
        _score(r, level),
        trend(r, level),
        _grades(r, level),
        nearest(r, level),
        _what_if(r, level),
        _papers(r, level),
    )
    return [first, *(p for p in parts if p is not None)]


def _facts(r: CarrierReport) -> tuple[tuple[Any, Any, str], ...]:
    met, every = _met(r)
    score = r.scored.sheet if r.scored is not None else None
    words = (
        _("%(grade)s (%(year)s)", grade=str(GRADES.label(r.grade.grade)), year=r.grade.year) if r.grade is not None else _("none published")
    )
    return (
        (_l("Verdict"), _verdict(r), "text"),
        (_l("Own score"), score.total if score is not None else _("no score sheet"), "decimal" if score is not None else "text"),
        (_l("Conditions met"), _("%(n)s of %(all)s", n=met, all=every), "text"),
        (_l("Own grade"), (score.grade or "—") if score is not None else "—", "text"),
        (_l("What is missing"), r.result.missing or "—", "text"),
        (_l("Published grade"), words, "text"),
        (_l("Rule set"), str(r.rule_set), "text"),
        (_l("Rating scheme"), str(score.scheme) if score is not None else "—", "text"),
        (_l("Document number"), r.rule_set.doc_no or "—", "text"),
        (_l("As of"), r.on, "date"),
        (_l("Operating company"), r.carrier.operator or "—", "text"),
        (_l("Type"), str(CARRIER_TYPES.label(r.carrier.carrier_type)), "text"),
    )


def gates(r: CarrierReport, level: int = 2) -> Section:
    """Pass, fail, cannot say, with what is missing in units; the picture shows how far each threshold is reached."""
    rows = []
    for g in r.result.gates:
        x = g.line
        need = (
            f"{_parts.SIGNS.get(x.op, '')} {_text(x.fact, x.threshold)} {unit_text(x.unit) if x.unit else ''}".strip()
            if x.threshold is not None
            else "—"
        )
        counts = (
            f"{g.measured.count.numerator} / {g.measured.count.denominator}"
            if g.measured is not None and g.measured.count.denominator
            else ""
        )
        note = (
            g.words
            or (x.collect if x.verdict == logic.CANNOT_SAY else "")
            or (_("another condition of its group is met") if g.alternative else "")
        )
        rows.append([x.article or x.code, x.sentence, _parts.figure(x.fact, x.value), counts, need, str(_parts.VERDICTS[x.verdict]), note])
    columns = (
        Column(_l("Clause"), width=1),
        Column(_l("Condition"), width=3),
        Column(_l("Value"), right=True),
        Column(_l("Counts"), width=0.9),
        Column(_l("Threshold"), width=1.1),
        Column(_l("Verdict"), width=0.9),
        Column(_l("What is missing"), width=1.7),
    )
    return Section(_l("Gates"), table=Table(columns, rows), svg=_reach(r), level=level)


def _text(fact: str, value: Any) -> str:
    from parkops.reports.document import shown

    cell = _parts.figure(fact, value)
    return shown(cell.value, cell.fmt)


def _reach(r: CarrierReport) -> str | None:
    """How much of each numeric threshold is reached, 100 % is the line."""
    labels, values, tones, texts = [], [], [], []
    for g in r.result.gates:
        known, need = MEASURES.get(g.line.fact), facts.number(facts.as_json(g.line.threshold)) if g.line.threshold is not None else None
        if g.line.op not in ("gte", "gt") or known is None or not need:
            continue
        value = facts.number(facts.as_json(g.line.value)) if g.line.value is not facts.UNKNOWN else None
        labels.append(str(known.title))
        values.append(None if value is None else min(value / need, Decimal(3)))
        tones.append(_parts.TONES[g.line.verdict])
        texts.append(
            _("not reported") if value is None else f"{_text(g.line.fact, value)} {_parts.SIGNS[g.line.op]} {_text(g.line.fact, need)}"
        )
    return (
        charts.bars(labels, values, "percent", title=_("How far each gate is reached"), tones=tones, limit=1, texts=texts)
        if labels
        else None
    )


def _score(r: CarrierReport, level: int) -> Section:
    if r.scored is None:
        return Section(_l("Own score"), text=(_l("No score sheet has been made for this carrier."),), level=level)
    s = r.scored
    rows = [
        [x.indicator.code, x.indicator.label, _parts.figure(x.indicator.fact, x.value) if x.indicator.fact else Cell("—", "text"), x.most,
         Decimal(x.points).quantize(Decimal("0.01")) if x.points is not None else None]
        for x in s.lines
    ]  # fmt: skip
    columns = (Column(_l("Code"), width=0.7), Column(_l("Indicator"), width=3), Column(_l("Value"), right=True),
               Column(_l("Most points"), "decimal"), Column(_l("Points given"), "decimal"))  # fmt: skip
    svg = None
    if len(s.dimensions) >= 3:
        shares = [_parts.percent(p, d.weight) if complete else None for d, p, complete in s.dimensions]
        svg = charts.radar(
            [d.label for d, _p, _c in s.dimensions], [charts.Series("", shares)], "percent", title=_("Points by dimension"), top=1
        )
    note = _("%(number)s · %(scheme)s · %(state)s · exact total %(exact)s", number=s.sheet.number, scheme=str(s.sheet.scheme),
             state=str(s.sheet.__table__.c.state.type.choices.label(s.sheet.state)), exact=s.sheet.exact)  # fmt: skip
    totals = [_("Total"), None, None, s.sheet.scheme.full_mark, s.sheet.total.quantize(Decimal("0.01"))]
    return Section(_l("Own score"), table=Table(columns, rows, totals), svg=svg, note=note, level=level)


def trend(r: CarrierReport, level: int = 2) -> Section:
    """The same gates on the same day of the years before, under the rules used here."""
    years = [y for y, _found in r.years]
    by = {y: {g.line.code: g for g in found.gates} for y, found in r.years}
    rows, series = [], []
    for g in r.result.gates:
        known = MEASURES.get(g.line.fact)
        if known is None or g.line.op not in logic.NUMERIC:
            continue
        values = [by[y][g.line.code].line.value if g.line.code in by[y] else facts.UNKNOWN for y in years]
        rows.append([str(known.title), *(_parts.figure(g.line.fact, v) for v in values)])
        if known.fmt == "percent":
            series.append(charts.Series(str(known.title), [None if v is facts.UNKNOWN else v for v in values]))
    rows.append([_("Conditions met"), *(found.count(logic.PASS) for _y, found in r.years)])
    columns = (Column(_l("Indicator"), width=2.4), *(Column(str(y), right=True) for y in years))
    known_ones = [s for s in series if any(v is not None for v in s.values)][:6]
    svg = charts.lines([str(y) for y in years], known_ones, "percent", title=_("Trend by year")) if known_ones else None
    return Section(_l("Trend by year"), table=Table(columns, rows), svg=svg, level=level)


def _grades(r: CarrierReport, level: int) -> Section | None:
    if not r.official:
        return Section(_l("Published grades"), text=(_l("No grade has been published for this carrier."),), level=level)
    shares = {x["year"]: x["shares"] for x in schemes.distribution()}
    rows = [
        [
            x.year,
            str(GRADES.label(x.grade)),
            x.published_on,
            x.doc_no or "—",
            shares[x.year][x.grade] if x.year in shares else Cell("—", "text"),
        ]
        for x in r.official
    ]
    columns = (Column(_l("Evaluation year"), width=0.9), Column(_l("Grade")), Column(_l("Published on"), "date"),
               Column(_l("Document number"), width=1.8), Column(_l("Share of this grade nationwide"), "percent"))  # fmt: skip
    note = _l("Published grades are facts with their day; the own score does not compute them.")
    return Section(_l("Published grades"), table=Table(columns, rows), note=note, level=level)


def nearest(r: CarrierReport, level: int = 2) -> Section | None:
    """Which firms would close an open gate, and why each is near."""
    rows = [[g.line.article or g.line.code, g.words, n.name, n.why] for g in r.result.gates if g.open for n in g.nearest]
    columns = (
        Column(_l("Clause"), width=0.9),
        Column(_l("What is missing"), width=1.5),
        Column(_l("Firm"), width=2.2),
        Column(_l("Why near"), width=1.6),
    )
    return Section(_l("Nearest firms"), table=Table(columns, rows), level=level) if rows else None


def _what_if(r: CarrierReport, level: int) -> Section:
    rows = []
    for g in r.result.gates:
        if g.line.fact in r.smallest.numerators and g.measured is not None:
            counts = (g.measured.count.numerator, r.smallest.numerators[g.line.fact])
            others = (Cell("—", "text") if n is None else n for n in (g.newcomers, g.leavers))
            rows.append([str(MEASURES[g.line.fact].title), *counts, g.words, *others])
    if not rows:
        said = (
            _l("Every condition is met.")
            if r.result.verdict == logic.PASS
            else _l("No change of counts is needed; what is open is judged by a person.")
        )
        return Section(_l("Smallest change that passes"), text=(said,), level=level)
    columns = (
        Column(_l("Indicator"), width=2),
        Column(_l("Now"), "decimal"),
        Column(_l("Needed"), "decimal"),
        Column(_l("What is missing"), width=1.6),
        Column(_l("Or newcomers that count"), "int"),
        Column(_l("Or leavers that do not"), "int"),
    )
    then = _("With these counts: %(verdict)s.", verdict=str(_parts.VERDICTS[r.after.verdict]))
    return Section(_l("Smallest change that passes"), text=(then,), table=Table(columns, rows), level=level)


def _papers(r: CarrierReport, level: int) -> Section:
    if not r.papers:
        return Section(_l("Documents"), text=(_l("None."),), level=level)
    rows = [[p.kind, p.title, p.on, p.mark[:16]] for p in r.papers]
    columns = (
        Column(_l("Kind"), width=1),
        Column(_l("Number or name"), width=2.6),
        Column(_l("Date"), "date"),
        Column(_l("Hash begins with"), width=1.2),
    )
    return Section(_l("Documents"), table=Table(columns, rows), level=level)


def distribution() -> Section:
    """The national distribution, for context only."""
    found = schemes.distribution()
    rows = [[x["year"], x["total"], *(v for g in "ABCD" for v in (x[g], x["shares"][g]))] for x in found]
    columns = (Column(_l("Evaluation year"), width=0.9), Column(_l("Rated"), "int"),
               *(c for g in "ABCD" for c in (Column(g, "int"), Column(f"{g} %", "percent"))))  # fmt: skip
    svg = charts.columns([str(x["year"]) for x in found], [charts.Series(g, [x["shares"][g] for x in found]) for g in "ABCD"], "percent",
                         title=_("National distribution of grades"))  # fmt: skip
    return Section(_l("National distribution of grades"), table=Table(columns, rows), svg=svg,
                   note=_l("From published results (secondary source); context, not a yardstick."))  # fmt: skip


REPORTS = [
    Report(
        "annual-rating",
        _l("Annual rating report"),
        annual_rating,
        resource="ratings.assessment",
        needs=("period", "park"),
        explain=_l("Verdict, score, gates, trend, grades, nearest firms, what-if and documents of every carrier for a year."),
    )
]
