"""Duplicates: finding pairs that may be one firm, and merging two records with lineage. Rule T-08."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from itertools import combinations
from typing import Any

from sqlalchemy import UniqueConstraint, and_, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from parkops.comments import Comment
from parkops.db import audit
from parkops.db.audit import AuditEntry, plain
from parkops.db.base import Model
from parkops.db.session import scope_of
from parkops.errors import Problems
from parkops.i18n import _, _l
from parkops.refs import successor
from parkops.rules.models import Assessment, Decision
from parkops.search import SearchEntry
from parkops.security import access
from parkops.workflow import Transition

from .. import calc, errors, signals
from ..models.firm import DuplicatePair, Firm, FirmMerge, FirmName
from ..models.person import FirmPerson
from ..models.stage import Stage
from .firms import RESOURCE, referrers

GROUP = 8  # a phone or sound shared by more firms than this is an agent's number or a common name, not a duplicate
PAIRS = "tenants.duplicate_pair"


@successor(RESOURCE)
def resolve(session: Any, firm_id: int) -> int:
    """The id a firm lives under now: a merged record answers with the one it went into."""
    kept = session.scalar(select(FirmMerge.firm_id).where(FirmMerge.dropped_id == firm_id))
    return kept if kept is not None else firm_id


Pairs = dict[tuple[int, int], tuple[int, str]]  # (firm, other) -> (park, reason)


def _pairs(groups: Iterable[tuple[int, Sequence[int]]], reason: str) -> Pairs:
    """Every pair within each (park, ids) group; groups too large to mean anything are left out."""
    return {pair: (park, reason) for park, ids in groups if len(ids) <= GROUP for pair in combinations(sorted(set(ids)), 2)}


def _counted(park_id: int | None) -> list[Any]:
    """Conditions: firms that still exist, of one park when given."""
    return [Firm.state != "dissolved", *([Firm.park_id == park_id] if park_id is not None else [])]


def _grouped(session: Any, column: Any, park_id: int | None) -> list[tuple[int, list[int]]]:
    """(park, ids) of firms that share a value of a column, largest groups left out."""
    query = (select(Firm.park_id, func.array_agg(Firm.id)).where(column.is_not(None), column != "", *_counted(park_id))
             .group_by(Firm.park_id, column).having(func.count().between(2, GROUP)))
    return [(park, ids) for park, ids in session.execute(query)]


@lru_cache(maxsize=30000)
def _sound(sign: str) -> str:
    """Pinyin of one character: the same reading everywhere is all a comparison needs, and a hundred times quicker."""
    from pypinyin import lazy_pinyin  # its dictionaries cost half a second, which the start of a worker need not pay

    return lazy_pinyin(sign)[0] if sign else ""


def _by_sound(session: Any, park_id: int | None) -> list[tuple[int, list[int]]]:
    """(park, ids) of firms whose names sound alike, however they are written."""
    groups: dict[tuple[int, str], list[int]] = {}
    query = select(Firm.park_id, Firm.id, Firm.name_key).where(*_counted(park_id))
    for park_id, firm_id, key in session.execute(query.execution_options(yield_per=5000)):
        groups.setdefault((park_id, "".join(map(_sound, key))), []).append(firm_id)
    return [(park, ids) for (park, _sound), ids in groups.items() if len(ids) > 1]


def find_duplicates(session: Any, *, on: date, park_id: int | None = None) -> dict[str, int]:
    """Look through the firms of a park (default: of the session's parks) and note new pairs; pairs judged before are left as they are.

    Two searches at once note a pair once.

    Strongest reason wins: same name, former name, phone, pinyin. Returns {"found", "new"}. The weekly job calls this."""
    access.require(session, PAIRS, "add")
    other = aliased(Firm)
    found = _pairs(_by_sound(session, park_id), "pinyin")
    found |= _pairs(_grouped(session, func.regexp_replace(Firm.phone, r"\D", "", "g"), park_id), "phone")
    former = select(FirmName.park_id, FirmName.firm_id, other.id).join(
        other, and_(other.park_id == FirmName.park_id, other.name == FirmName.name, other.id != FirmName.firm_id))
    if park_id is not None:
        former = former.where(FirmName.park_id == park_id)
    found |= _pairs(((park, [a, b]) for park, a, b in session.execute(former)), "former_name")
    found |= _pairs(_grouped(session, Firm.name_key, park_id), "name")
    known = {(a, b) for a, b in session.execute(select(DuplicatePair.firm_id, DuplicatePair.other_id))}
    new = [pair for pair in found if pair not in known]
    if new:
        session.execute(insert(DuplicatePair).on_conflict_do_nothing(), [
            {"park_id": found[a, b][0], "firm_id": a, "other_id": b, "reason": found[a, b][1], "state": "open", "found_on": on}
            for a, b in new])
        audit.bulk(session, DuplicatePair, "insert", len(new), {"on": on.isoformat()}, park_id=park_id)
    return {"found": len(found), "new": len(new)}


def dismiss_pair(session: Any, pair: DuplicatePair, *, note: str) -> DuplicatePair:
    """The two are different firms; the pair is not reported again."""
    access.require(session, PAIRS, "change")
    problems = Problems()
    if errors.clean(note) is None:
        problems.add("tenants.T-08", _l("Write down why these are two firms."), "note")
    problems.stop()
    pair.state, pair.note = "different", errors.clean(note)
    session.flush()
    return pair


MERGE_FIELDS = tuple(c.name for c in Firm.__table__.columns if c.name not in (
    "id", "park_id", "version", "created_at", "name_key", "state", "carrier_id", "entered_on", "moved_out_on",
    "incubating_since", "term_ends_on", "graduated_on", "was_team"))
STAYS = (AuditEntry, SearchEntry, Transition, Comment, Assessment, Decision)  # as written, or rebuilt, or copied
SPECIAL = ("Stage", "FirmMerge", "DuplicatePair", "FirmPerson")


def merge_firms(session: Any, keep: Firm, *, drop: Firm | None = None, drop_id: int | None = None, on: date,
                choices: dict[str, str] | None = None, discard_conflicts: bool = False) -> Firm:
    """Merge `drop` into `keep`: every record of every module moves, the dropped row goes, its lineage stays.

    choices: field -> "keep" | "drop", whose value survives (default: the kept one's, filled from the dropped where empty).
    Rows that exist at both (same certificate, same year …) stop the merge unless `discard_conflicts`, which keeps the
    kept firm's and writes the other into the lineage. Stage history comes from the kept firm when it has one.
    Set-based: one UPDATE per table. Needs `remove` on the firm. Raises RuleError T-08."""
    access.require(session, RESOURCE, "remove")
    drop = drop or session.scalars(select(Firm).where(Firm.id == (drop_id or 0))).one_or_none()
    _check_pair(keep, drop, choices or {})
    list(session.scalars(select(Firm).where(Firm.id.in_([keep.id, drop.id])).order_by(Firm.id).with_for_update(of=Firm)))
    problems = Problems()
    problems.extend(signals.before_merge.collect(session, kept=keep, dropped=drop))
    problems.stop()
    session.flush()
    snapshot = {c.name: plain(getattr(drop, c.name)) for c in Firm.__table__.columns}
    moved: dict[str, Any] = {}
    took_stages = _move_stages(session, keep, drop, moved)
    _move_people(session, keep, drop, on, moved)
    _move_children(session, keep, drop, discard_conflicts, moved)
    _move_references(session, keep, drop, moved)
    session.execute(update(FirmMerge).where(FirmMerge.firm_id == drop.id).values(firm_id=keep.id))
    dropped_id, former = drop.id, (drop.name, drop.registered_on) if calc.name_key(drop.name) != keep.name_key else None
    values = _chosen(keep, drop, choices or {}, took_stages)
    session.expire_all()
    session.delete(drop)
    session.flush()
    for name, value in values.items():
        setattr(keep, name, value)
    if former:
        since = former[1] if former[1] is not None and former[1] < on else None
        session.add(FirmName(firm=keep, park_id=keep.park_id, name=former[0], since=since, until=on))
    session.add(FirmMerge(firm=keep, park_id=keep.park_id, dropped_id=dropped_id, dropped_name=snapshot["name"],
                          dropped_code=snapshot["credit_code"], merged_on=on, user_name=scope_of(session).user_name,
                          snapshot=snapshot, moved=moved))
    session.flush()
    signals.firms_merged.send(session, kept=keep, dropped_id=dropped_id)
    return keep


def _check_pair(keep: Firm, drop: Firm | None, choices: dict[str, str]) -> None:
    problems = Problems()
    if drop is None or drop.id == keep.id:
        problems.add("tenants.T-08", _l("Choose another firm of this park to merge."), "drop_id")
    elif drop.park_id != keep.park_id:
        problems.add("tenants.T-08", _l("Both firms must belong to the same park."), "drop_id")
    elif drop.state in ("team", "incubating", "graduated", "accelerating") and keep.state != "prospect" and (
            drop.state != keep.state):
        problems.add("tenants.T-08", _l("Both firms are tenants in different stages; take the wrong step of one back first."),
                     "drop_id")
    for name, side in choices.items():
        if name not in MERGE_FIELDS or side not in ("keep", "drop"):
            problems.add("tenants.T-08", _l("Choose for each field which of the two values survives."), name)
    problems.stop()


def _chosen(keep: Firm, drop: Firm, choices: dict[str, str], took_stages: bool) -> dict[str, Any]:
    """What the kept firm looks like afterwards."""
    out = {}
    for name in MERGE_FIELDS:
        mine, theirs = getattr(keep, name), getattr(drop, name)
        out[name] = theirs if choices.get(name) == "drop" or (mine is None and choices.get(name) != "keep") else mine
    if out["capital_amount"] != keep.capital_amount and "capital_currency" not in choices:
        out["capital_currency"] = drop.capital_currency
    if took_stages:
        for name in ("state", "carrier_id", "entered_on", "moved_out_on", "incubating_since", "term_ends_on",
                     "graduated_on", "was_team"):
            out[name] = getattr(drop, name)
    return out


def _move_stages(session: Any, keep: Firm, drop: Firm, moved: dict[str, Any]) -> bool:
    """A firm has one history: the kept firm's, or the dropped one's when the kept has none. True when it was taken over."""
    if session.scalar(select(func.count()).select_from(Stage).where(Stage.firm_id == keep.id)):
        gone = session.execute(select(Stage.state, Stage.step, Stage.starts_on, Stage.ends_on, Stage.carrier_id).where(
            Stage.firm_id == drop.id).order_by(Stage.starts_on)).all()
        if gone:
            moved["tenants.stage discarded"] = [[plain(v) for v in row] for row in gone]
            session.execute(delete(Stage).where(Stage.firm_id == drop.id))
        return False
    count = session.execute(update(Stage).where(Stage.firm_id == drop.id).values(firm_id=keep.id)).rowcount
    if count:
        moved["tenants.stage"] = count
        _copy(session, Transition, keep, drop)
    return bool(count)


def _copy(session: Any, model: Any, keep: Firm, drop: Firm) -> int:
    """Append-only rows beside the dropped firm are written again beside the kept one; the originals stay."""
    names = [c.key for c in model.__mapper__.column_attrs if c.key not in ("id", "record_id", "version", "created_at")]
    rows = session.execute(select(*(getattr(model, n) for n in names)).where(
        model.resource == RESOURCE, model.record_id == drop.id).order_by(model.id)).all()
    if rows:
        session.execute(insert(model), [{**dict(zip(names, row, strict=True)), "record_id": keep.id} for row in rows])
    return len(rows)


def _move_people(session: Any, keep: Firm, drop: Firm, on: date, moved: dict[str, Any]) -> None:
    """People follow; who already has the part at the kept firm is not doubled, a second representative is ended."""
    mine = {(p, part) for p, part in session.execute(select(FirmPerson.person_id, FirmPerson.part).where(
        FirmPerson.firm_id == keep.id, FirmPerson.until.is_(None)))}
    has_representative = any(part == "legal_representative" for _p, part in mine)
    rows = list(session.scalars(select(FirmPerson).where(FirmPerson.firm_id == drop.id)))
    for row in rows:
        if row.until is None and (row.person_id, row.part) in mine:
            session.delete(row)
            continue
        if row.until is None and row.part == "legal_representative" and has_representative:
            row.until = max(on, row.since or on)
        row.firm = keep
    session.flush()
    if rows:
        moved["tenants.firm_person"] = len(rows)


def _move_children(session: Any, keep: Firm, drop: Firm, discard: bool, moved: dict[str, Any]) -> None:
    """Repoint every foreign key, table by table, looking first for rows that would exist twice."""
    problems, todo = Problems(), [(m, c) for m, c in referrers() if m.__name__ not in SPECIAL]
    for model, column in todo:
        twice = _twice(session, model, column, keep, drop)
        if twice and not discard:
            problems.add("tenants.T-08", _l("Both firms have the same %(kind)s (%(n)s); remove one of each, or discard those"
                                            " of the merged firm.", kind=model.__resource__, n=len(twice)), "drop_id")
        elif twice:
            rows = list(session.scalars(select(model).where(model.id.in_(twice))))
            moved[f"{model.__resource__} discarded"] = [
                {c.key: plain(getattr(r, c.key)) for c in model.__mapper__.column_attrs} for r in rows]
            session.execute(delete(model).where(model.id.in_(twice)))
    problems.stop()
    for model, column in todo:
        count = session.execute(update(model).where(column == drop.id).values({column.key: keep.id})).rowcount
        if count:
            moved[model.__resource__] = moved.get(model.__resource__, 0) + count
            audit.bulk(session, model, "merge", count, {"from": drop.id, "to": keep.id}, park_id=keep.park_id)


def _unique_keys(model: Any, column: Any) -> list[tuple[list[str], Any]]:
    """(other columns, condition) of every unique key of the table that holds the firm's column."""
    table = model.__table__
    keys = [([c.name for c in k.columns], None) for k in table.constraints if isinstance(k, UniqueConstraint)]
    keys += [([c.name for c in i.columns], i.dialect_options["postgresql"].get("where")) for i in table.indexes if i.unique]
    return [([n for n in names if n != column.key], where) for names, where in keys if column.key in names]


def _twice(session: Any, model: Any, column: Any, keep: Firm, drop: Firm) -> list[int]:
    """Ids of the dropped firm's rows that clash with one of the kept firm's under a unique key."""
    found: set[int] = set()
    for names, where in _unique_keys(model, column):
        columns = [getattr(model, n) for n in names]
        query = select(model.id, column, *columns).where(column.in_([keep.id, drop.id]))
        if where is not None:
            query = query.where(text(str(where)))
        rows = session.execute(query).all()
        mine = {tuple(r[2:]) for r in rows if r[1] == keep.id}
        found |= {r[0] for r in rows if r[1] == drop.id and tuple(r[2:]) in mine and None not in r[2:]}
    return sorted(found)


def _move_references(session: Any, keep: Firm, drop: Firm, moved: dict[str, Any]) -> None:
    """Files, to-dos, approvals … know a firm as (resource, id) and follow; comments, assessments and stored decisions are
    append-only and are copied. The audit trail stays as written; the lineage leads to it."""
    for model in (Comment, Assessment, Decision):
        if count := _copy(session, model, keep, drop):
            moved[model.__resource__] = count
    for mapper in Model.registry.mappers:
        model, names = mapper.class_, set(mapper.column_attrs.keys())
        if model in STAYS or not {"resource", "record_id"} <= names:
            continue
        count = session.execute(update(model).where(
            model.resource == RESOURCE, model.record_id == drop.id).values(record_id=keep.id)).rowcount
        if count:
            moved[model.__resource__] = moved.get(model.__resource__, 0) + count


def start_merge(session: Any, keep: Firm, *, drop_id: int) -> tuple[str, str]:
    """The button on a firm: leads to the page that compares both."""
    problems = Problems()
    if drop_id == keep.id or session.scalar(select(Firm.id).where(Firm.id == drop_id)) is None:
        problems.add("tenants.T-08", _l("Choose another firm of this park to merge."), "drop_id")
    problems.stop()
    return _("Compare both records and choose."), f"/tenants/merge/{keep.id}/{drop_id}"


def start_merge_pair(session: Any, pair: DuplicatePair) -> tuple[str, str]:
    """The button on a pair: the tenant is kept, else the older record."""
    firms = sorted((pair.firm, pair.other), key=lambda f: (f.state == "prospect", f.credit_code is None, f.id))
    return _("Compare both records and choose."), f"/tenants/merge/{firms[0].id}/{firms[1].id}"
