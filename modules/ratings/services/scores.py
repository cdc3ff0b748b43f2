"""Score sheets: figures read from the system, points by the edition's functions, finishing, signing. Rules R-30 to R-37."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from modules.tenants.models.carrier import Carrier, CarrierGrade
from parkops import records, sequences
from parkops.db.session import scope_of
from parkops.errors import NotFound, Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.rules import facts
from parkops.security import access

from .. import calc_scoring as calc
from ..models.scheme import RatingIndicator, RatingScheme
from ..models.score import ExpertRound, ExpertSheet, RatingScore, ScoreLine
from ..states import SCORE
from ..words import packed
from .measures import Measured, gather_both
from .schemes import bands_of, dimensions_of, indicators_of

RESOURCE = "ratings.score"


@dataclass(frozen=True)
class Row:
    """One indicator with its figure and points."""

    indicator: RatingIndicator
    most: Decimal
    value: Any
    points: Decimal | None
    source: Any = ""  # words; lazy where the reader's language decides
    records: tuple[tuple[str, int], ...] = ()
    measured: Measured | None = None


@dataclass(frozen=True)
class Sheet:
    """A computed sheet; nothing is stored."""

    carrier: Carrier
    scheme: RatingScheme
    on: date
    rows: tuple[Row, ...]
    total: calc.Total
    dimensions: tuple[tuple[Any, Decimal, bool], ...]  # dimension, points, complete
    next_grade: tuple[str, Decimal] | None


@dataclass(frozen=True)
class Supposed:
    """What a what-if changes: values by fact, points by indicator code, most points by indicator code, rank."""

    values: Mapping[str, Decimal]
    weights: Mapping[str, Decimal]
    points: Mapping[str, Decimal]


NOTHING = Supposed({}, {}, {})


def is_expert(x: RatingIndicator) -> bool:
    """Whether experts give its points: judged by experts, a bonus, or a base indicator whose function is their judgement."""
    return x.kind in ("expert", "bonus") or x.rule.get("kind") == "expert"


def asked_of(session: Any, row: RatingScore) -> list[RatingIndicator]:
    """The indicators of a sheet experts judge."""
    return [x for x in indicators_of(session, row.scheme or session.get(RatingScheme, row.scheme_id)) if is_expert(x)]


def facts_needed(indicators: Sequence[RatingIndicator]) -> list[str]:
    """Every figure the indicators read."""
    names = {x.fact for x in indicators if x.fact} | {n for x in indicators if x.rule.get("kind") == "sum" for n in x.rule["parts"]}
    return sorted(names)


def compute(
    session: Any,
    scheme: RatingScheme,
    carrier: Carrier,
    on: date,
    *,
    given: Mapping[str, Decimal] | None = None,
    rank: calc.Rank | None = None,
    automatic: bool = False,
    supposed: Supposed = NOTHING,
) -> Sheet:
    """R-30: the sheet from what the system knows on the day. `given`: points of experts by indicator code."""
    inds = indicators_of(session, scheme)
    names = facts_needed(inds)
    found, counted = gather_both(session, [carrier], names, on)
    known, measured = found[carrier.id], counted[carrier.id]
    values = {n: _number(f.value) for n, f in known.items()} | dict(supposed.values)
    rows = tuple(_row(x, known, measured, values, given or {}, rank, supposed) for x in inds)
    bands = [calc.Band(b.grade, b.least, b.rank_share) for b in bands_of(session, scheme)]
    lines = [
        calc.Line(r.indicator.code, "", r.most, r.points, r.indicator.kind if r.indicator.kind in ("bonus", "veto") else "base")
        for r in rows
    ]
    total = calc.total(lines, bands, bonus_most=scheme.bonus_most, rank=rank, automatic=automatic)
    dims = []
    for dim in dimensions_of(session, scheme):
        mine = [r for r in rows if r.indicator.dimension_id == dim.id]
        dims.append((dim, sum((r.points for r in mine if r.points is not None), Decimal(0)), all(r.points is not None for r in mine)))
    return Sheet(carrier, scheme, on, rows, total, tuple(dims), calc.to_next(total.total, bands))


def _number(value: Any) -> Any:
    return None if value is facts.UNKNOWN else value if isinstance(value, bool) else facts.number(facts.as_json(value))


def _row(
    x: RatingIndicator,
    known: Mapping[str, Any],
    measured: Mapping[str, Measured],
    values: Mapping[str, Any],
    given: Mapping[str, Decimal],
    rank: calc.Rank | None,
    supposed: Supposed,
) -> Row:
    most = supposed.weights.get(x.code, x.most if x.most is not None else Decimal(0))
    fact = known.get(x.fact or "")
    source, records = (fact.source or fact.collect, tuple(fact.records)) if fact is not None else ("", ())
    value = values.get(x.fact) if x.fact else None
    if x.kind == "veto":
        bites = None if value is None else bool(value) == (x.rule.get("veto_when", "true") == "true")
        return Row(x, most, value, None if bites is None else Decimal(bites), source, records)
    if calc.problems_of(x.rule):
        points = None
    elif is_expert(x):
        points = supposed.points.get(x.code, given.get(x.code))
        points = None if points is None else calc.points({"kind": "direct"}, most, points)
    else:
        points = calc.points(x.rule, most, value, parts=values if x.rule["kind"] == "sum" else None, rank=rank)
        if x.code in supposed.weights and x.most and points is not None:
            points = calc.points(x.rule, x.most, value, parts=values, rank=rank) * most / x.most
    return Row(x, most, value, points, source, records, measured.get(x.fact or ""))


def _may_score(carrier: Carrier, scheme: RatingScheme, place: int | None, peers: int | None) -> None:
    problems = []
    if scheme.state != "active":
        problems.append(Problem("ratings.R-31", _l("This edition is not in use; put it into use or choose another."), "scheme_id"))
    if scheme.subject != carrier.carrier_type:
        problems.append(Problem("ratings.R-31", _l("This scheme does not rate this type of carrier."), "scheme_id"))
    if (place is None) != (peers is None) or (place is not None and not 1 <= place <= (peers or 0)):
        problems.append(Problem("ratings.R-31", _l("Enter the place and the number of peers together."), "place"))
    if problems:
        raise RuleError(problems)


def create_score(
    session: Any,
    *,
    carrier_id: int,
    scheme_id: int,
    year: int,
    on_date: date,
    place: int | None = None,
    peers: int | None = None,
    automatic: bool = False,
    note: str | None = None,
) -> RatingScore:
    """R-31: a sheet of a carrier under an edition in use, counted at once."""
    access.require(session, RESOURCE, "add")
    carrier, scheme = session.get(Carrier, carrier_id), session.get(RatingScheme, scheme_id)
    if carrier is None or scheme is None:
        raise NotFound(_l("There is no such record in your parks."))
    _may_score(carrier, scheme, place, peers)
    row = RatingScore(
        park_id=carrier.park_id,
        number=sequences.next_number(session, RESOURCE, carrier.park_id, on_date),
        carrier_id=carrier.id,
        scheme_id=scheme.id,
        year=year,
        on_date=on_date,
        place=place,
        peers=peers,
        automatic=automatic,
        note=note,
        prepared_by_id=scope_of(session).user_id,
    )
    session.add(row)
    session.flush()
    count_sheet(session, row)
    return row


def rank_of(row: RatingScore) -> calc.Rank | None:
    """The place among the peers, where somebody entered it."""
    return calc.Rank(row.place, row.peers) if row.place and row.peers else None


def given_points(session: Any, row: RatingScore) -> dict[str, Decimal]:
    """What the experts agreed on, by indicator code."""
    lines = session.execute(
        select(RatingIndicator, ScoreLine.points)
        .join(ScoreLine, ScoreLine.indicator_id == RatingIndicator.id)
        .where(ScoreLine.score_id == row.id, ScoreLine.points.is_not(None))
    )
    return {x.code: Decimal(points) for x, points in lines if is_expert(x)}


def count_sheet(session: Any, row: RatingScore, given: Mapping[str, Decimal] | None = None) -> Sheet:
    """R-32: write the lines anew from the figures of the sheet's day; every digit is kept."""
    sheet = compute(
        session,
        row.scheme or session.get(RatingScheme, row.scheme_id),
        row.carrier or session.get(Carrier, row.carrier_id),
        row.on_date,
        given=given_points(session, row) if given is None else given,
        rank=rank_of(row),
        automatic=row.automatic,
    )
    have = {x.indicator_id: x for x in session.scalars(select(ScoreLine).where(ScoreLine.score_id == row.id))}
    for r in sheet.rows:
        line = have.get(r.indicator.id)
        if line is None:
            line = ScoreLine(park_id=row.park_id, score_id=row.id, indicator_id=r.indicator.id, most=r.most, records=[])
            session.add(line)
            have[r.indicator.id] = line
        count = r.measured.count if r.measured is not None else None
        line.value, line.points = text(r.value), text(r.points)
        line.numerator, line.denominator = (text(count.numerator), text(count.denominator)) if count is not None else (None, None)
        line.most, line.source, line.records = r.most, packed(r.source), [list(x) for x in r.records]
    row.exact, row.total, row.bonus = str(text(sheet.total.total)), _four(sheet.total.total), _four(sheet.total.bonus)
    row.open_lines, row.grade = len(sheet.total.unknown), sheet.total.grade
    session.flush()
    for line in have.values():
        session.expire(line, ["source"])  # read in the reader's language
    return sheet


def text(value: Any) -> str | None:
    """Every digit, without an exponent."""
    return None if value is None else str(value) if isinstance(value, bool) else format(value, "f")[:60]


def _four(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.0001"))


def change_score(
    session: Any,
    row: RatingScore,
    *,
    year: int,
    on_date: date,
    place: int | None = None,
    peers: int | None = None,
    automatic: bool = False,
    note: str | None = None,
) -> RatingScore:
    """R-33: only a counted sheet; it is counted anew."""
    access.require(session, RESOURCE, "change")
    if row.state != "draft":
        raise RuleError([Problem("ratings.R-33", _l("This sheet is with the experts or done; open it again first."))])
    if (place is None) != (peers is None) or (place is not None and not 1 <= place <= (peers or 0)):
        raise RuleError([Problem("ratings.R-31", _l("Enter the place and the number of peers together."), "place")])
    row.year, row.on_date, row.place, row.peers, row.automatic, row.note = year, on_date, place, peers, automatic, note
    row.changed_by_id = scope_of(session).user_id
    session.flush()
    count_sheet(session, row)
    return row


def why_not_recount(session: Any, row: RatingScore) -> str | None:
    """Why the button is not offered."""
    return None if row.state == "draft" else _("This sheet is with the experts or done; open it again first.")


def recount_score(session: Any, row: RatingScore) -> None:
    """The figures may have been corrected since."""
    access.require(session, RESOURCE, "change")
    if row.state != "draft":
        raise RuleError([Problem("ratings.R-33", _l("This sheet is with the experts or done; open it again first."))])
    count_sheet(session, row)


def finish_score(session: Any, row: RatingScore) -> None:
    """R-34: without experts only where no indicator asks for them and none is open."""
    access.require(session, RESOURCE, "act")
    if asked := asked_of(session, row):
        codes = "、".join(x.code for x in asked)
        raise RuleError([Problem("ratings.R-34", _l("Experts judge these indicators: %(codes)s. Ask the experts.", codes=codes))])
    sheet = count_sheet(session, row)
    if sheet.total.unknown:
        raise RuleError(
            [Problem("ratings.R-34", _l("These indicators cannot be judged yet: %(codes)s.", codes="、".join(sheet.total.unknown)))]
        )
    SCORE.move(session, row, "finish", on=row.on_date)


def reopen_score(session: Any, row: RatingScore, *, reason: str | None = None) -> None:
    """R-35: with a reason; the rounds so far stay on record, their points no longer count."""
    access.require(session, RESOURCE, "act")
    SCORE.move(session, row, "reopen", on=row.on_date, reason=reason)
    count_sheet(session, row, {})


def sign_score(session: Any, row: RatingScore, *, on: date) -> None:
    """R-36: a person signs who neither prepared nor last changed the sheet nor gave points that count, not before its day and not ahead;
    the sheet is sealed with its hash and stays as it is."""
    access.require(session, RESOURCE, "act")
    user, problems = scope_of(session).user_id, Problems()
    if user is None:
        problems.add("ratings.R-36", _l("A sheet is signed by a person who is logged in."))
    elif user == row.prepared_by_id:
        problems.add("ratings.R-36", _l("You prepared this sheet; another person signs it."))
    elif user == row.changed_by_id:
        problems.add("ratings.R-36", _l("You changed this sheet last; another person signs it."))
    elif user in _judges(session, row):
        problems.add("ratings.R-36", _l("You gave points for this sheet; another person signs it."))
    records.not_future({"on": on}, problems, ["on"])
    if on < row.on_date:
        problems.add("ratings.R-36", _l("A sheet is signed on or after its day, %(day)s.", day=row.on_date.isoformat()), "on")
    problems.stop()
    row.signed_by_id, row.signed_on, row.seal = user, on, seal_of(session, row)
    session.flush()
    SCORE.move(session, row, "sign", on=on)


def _judges(session: Any, row: RatingScore) -> set[int]:
    """Who gave points in the round that counts, the latest closed one; an expert left out as outlier took part as well."""
    r = ExpertRound
    latest = select(r.id).where(r.score_id == row.id, r.state == "closed").order_by(r.position.desc()).limit(1).scalar_subquery()
    return set(session.scalars(select(ExpertSheet.user_id).where(ExpertSheet.round_id == latest)))


def seal_of(session: Any, row: RatingScore) -> str:
    """SHA-256 of what is signed: scheme, carrier, day, every line, total, grade."""
    lines = session.execute(
        select(RatingIndicator.code, ScoreLine.value, ScoreLine.points, ScoreLine.most)
        .join(ScoreLine, ScoreLine.indicator_id == RatingIndicator.id)
        .where(ScoreLine.score_id == row.id)
        .order_by(RatingIndicator.position, RatingIndicator.id)
    ).all()
    content = [
        row.number,
        row.scheme.key,
        row.scheme.edition,
        row.carrier_id,
        row.year,
        row.on_date.isoformat(),
        row.exact,
        row.grade,
        [[c, v, p, format(m, "f")] for c, v, p, m in lines],
    ]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def official_of(session: Any, carrier: Carrier) -> list[CarrierGrade]:
    """R-37: published grades are facts beside own scores, never computed."""
    return list(
        session.scalars(
            select(CarrierGrade)
            .where(CarrierGrade.carrier_id == carrier.id)
            .order_by(CarrierGrade.year.desc(), CarrierGrade.published_on.desc())
        )
    )
