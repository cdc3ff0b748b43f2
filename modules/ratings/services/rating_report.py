"""What the annual rating report of a carrier holds: one gathering for page, PDF and workbook. Rule R-139.

The report of a year speaks of the day `day_of` names: the end of March after it, when the year's statistics are filed, or today."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import contains_eager, selectinload

from modules.tenants.models.carrier import Carrier, CarrierGrade, CarrierRecognition
from parkops.attachments import Attachment
from parkops.clock import Period, add_months, local
from parkops.errors import NotFound, Refused
from parkops.i18n import _, _l
from parkops.rules.models import RuleSet
from parkops.security import access

from ..models.assessment import RecognitionAssessment
from ..models.filing import StatisticsFiling
from ..models.scheme import RatingDimension, RatingIndicator
from ..models.score import RatingScore, ScoreLine
from . import recognition, whatif

YEARS = 4


@dataclass(frozen=True)
class Paper:
    """A document behind the report: what it is, its number or name, its day, its hash where one is kept."""

    kind: str
    title: str
    on: date | None
    mark: str = ""


@dataclass(frozen=True)
class Scored:
    """A score sheet with its lines and the points of its dimensions."""

    sheet: RatingScore
    lines: tuple[ScoreLine, ...]
    dimensions: tuple[tuple[Any, Decimal, bool], ...]  # dimension, points, complete


@dataclass(frozen=True)
class CarrierReport:
    """One carrier: its verdict, its score, its years, the way to pass, its documents."""

    carrier: Carrier
    on: date
    rule_set: RuleSet
    result: recognition.Result
    years: tuple[tuple[int, recognition.Result], ...]  # the year asked about, oldest first
    scored: Scored | None
    official: tuple[CarrierGrade, ...]
    smallest: whatif.Changes
    after: recognition.Result
    papers: tuple[Paper, ...]

    @property
    def grade(self) -> CarrierGrade | None:
        """The latest grade published by then."""
        return self.official[0] if self.official else None


def day_of(period: Period, today: date) -> date:
    """31 March after the period, when its statistics are filed; never after today."""
    filed = date(period.end.year, 3, 31) if period.grain == "year" else period.last_day
    return min(today, filed)


def gather_reports(
    session: Any, park_id: int | None, period: Period, today: date, carrier_id: int | None = None, *, deep: bool = True
) -> list[CarrierReport]:
    """The carriers of the park (None: of every park seen) that operate on the day, or the one named. The statements do not grow with
    the carriers, but with the gates that are open. `deep`: with nearest firms, the years before and documents (lists do without)."""
    access.require(session, "ratings.assessment", "read")
    if period.grain != "year":
        raise Refused(_l("A rating speaks of a year. Choose a year, such as %(year)s.", year=period.start.year))
    on = day_of(period, today)
    carriers = [c for c in recognition.carriers_on(session, on) if park_id in (None, c.park_id) and carrier_id in (None, c.id)]
    if carrier_id is not None and not carriers:
        raise (
            NotFound(_l("There is no such record in your parks."))
            if session.get(Carrier, carrier_id) is None
            else Refused(_l("This carrier did not operate on %(day)s. Choose another year.", day=on.isoformat()))
        )
    chosen = _chosen(session, carriers, on)
    year = period.start.year
    sheets, grades = _scores(session, carriers, year), _grades(session, carriers, on)
    papers, out = _papers(session, carriers, year, on) if deep else {}, []
    for rule_set, group in chosen:
        now = recognition.evaluate(session, rule_set.key, group, on, near=5 if deep else 0)
        years = [(year - n, recognition.evaluate(session, rule_set.key, group, d)) for n, d in (_days_before(on) if deep else ())]
        for c in group:
            mine = (*((y, found[c.id]) for y, found in years), (year, now[c.id]))
            small = whatif.smallest(now[c.id])
            after = whatif.applied(session, now[c.id], small, rule_set) if small.numerators else now[c.id]
            out.append(
                CarrierReport(
                    c, on, rule_set, now[c.id], mine, sheets.get(c.id), tuple(grades[c.id]), small, after, tuple(papers.get(c.id, ()))
                )
            )
    return sorted(out, key=lambda r: (r.carrier.carrier_type, r.carrier.id))


def _days_before(on: date) -> list[tuple[int, date]]:
    """How many years before, and the same day then; oldest first."""
    return [(n, add_months(on, -12 * n)) for n in range(YEARS - 1, 0, -1)]


def _chosen(session: Any, carriers: Sequence[Carrier], on: date) -> list[tuple[RuleSet, list[Carrier]]]:
    """Each carrier under the first rule set in force that speaks of its type."""
    sets, groups = recognition.rule_sets(session, on), defaultdict(list)
    for c in carriers:
        found = [s for s in recognition.fitting(sets, c) if s.provenance != "R"]
        if found:
            groups[found[0].id].append(c)
    return [(s, groups[s.id]) for s in sets if s.id in groups]


def _scores(session: Any, carriers: Sequence[Carrier], year: int) -> dict[int, Scored]:
    """The latest sheet of each carrier for the year asked about or one before."""
    rows = session.scalars(
        select(RatingScore)
        .where(RatingScore.carrier_id.in_([c.id for c in carriers]), RatingScore.year <= year)
        .order_by(RatingScore.carrier_id, RatingScore.year, RatingScore.id)
        .options(selectinload(RatingScore.scheme))
    )
    latest = {row.carrier_id: row for row in rows}
    dimensions = _dimensions(session, {row.scheme_id for row in latest.values()})
    lines: dict[int, list[ScoreLine]] = defaultdict(list)
    for line in session.scalars(
        select(ScoreLine)
        .join(RatingIndicator, RatingIndicator.id == ScoreLine.indicator_id)
        .where(ScoreLine.score_id.in_([r.id for r in latest.values()]))
        .order_by(RatingIndicator.position, RatingIndicator.id)
        .options(contains_eager(ScoreLine.indicator))
    ):
        lines[line.score_id].append(line)
    return {k: Scored(row, tuple(lines[row.id]), _points(dimensions[row.scheme_id], lines[row.id])) for k, row in latest.items()}


def _dimensions(session: Any, scheme_ids: Iterable[int]) -> dict[int, list[RatingDimension]]:
    """Of each scheme in the order of its sheet."""
    out: dict[int, list[RatingDimension]] = defaultdict(list)
    query = select(RatingDimension).where(RatingDimension.scheme_id.in_(sorted(scheme_ids)))
    for d in session.scalars(query.order_by(RatingDimension.position, RatingDimension.id)):
        out[d.scheme_id].append(d)
    return out


def _points(dimensions: Iterable[RatingDimension], lines: Sequence[ScoreLine]) -> tuple[tuple[Any, Decimal, bool], ...]:
    out = []
    for d in dimensions:
        mine = [x for x in lines if x.indicator.dimension_id == d.id]
        out.append((d, sum((Decimal(x.points) for x in mine if x.points is not None), Decimal(0)), all(x.points is not None for x in mine)))
    return tuple(out)


def _grades(session: Any, carriers: Sequence[Carrier], on: date) -> dict[int, list[CarrierGrade]]:
    """National grades published by the day, the latest first (R-37: facts, never computed)."""
    out: dict[int, list[CarrierGrade]] = defaultdict(list)
    g = CarrierGrade
    query = select(g).where(g.carrier_id.in_([c.id for c in carriers]), g.published_on <= on, g.scheme == "national")
    for row in session.scalars(query.order_by(g.year.desc(), g.published_on.desc(), g.id)):
        out[row.carrier_id].append(row)
    return out


def _papers(session: Any, carriers: Sequence[Carrier], year: int, on: date) -> dict[int, list[Paper]]:
    """Recognitions, filings, kept assessments, signed sheets and files as they were on the day, in this order."""
    ids, out = [c.id for c in carriers], defaultdict(list)
    r, f, a, s = CarrierRecognition, StatisticsFiling, RecognitionAssessment, RatingScore
    for x in session.scalars(select(r).where(r.carrier_id.in_(ids), r.recognised_on <= on).order_by(r.recognised_on)):
        out[x.carrier_id].append(Paper(_("Recognition"), " ".join(filter(None, (x.doc_no, x.number))) or str(x), x.recognised_on))
    for x in session.scalars(select(f).where(f.carrier_id.in_(ids), f.filed_on <= on).order_by(f.year)):
        out[x.carrier_id].append(Paper(_("Filing of statistics"), f"{x.year} {x.receipt or ''}".strip(), x.filed_on))
    for x in session.scalars(select(a).where(a.carrier_id.in_(ids), a.on_date <= on).order_by(a.on_date, a.id)):
        out[x.carrier_id].append(Paper(_("Kept assessment"), x.rule_set, x.on_date))
    for x in session.scalars(select(s).where(s.carrier_id.in_(ids), s.signed_on <= on, s.year <= year).order_by(s.id)):
        out[x.carrier_id].append(Paper(_("Signed score sheet"), x.number, x.signed_on, x.seal or ""))
    query = select(Attachment).where(Attachment.resource == "tenants.carrier", Attachment.record_id.in_(ids), ~Attachment.is_removed)
    for x in session.scalars(query.order_by(Attachment.id)):
        if (day := local(x.created_at).date()) <= on:
            out[x.record_id].append(Paper(_("File"), x.filename, day, x.sha256))
    return out
