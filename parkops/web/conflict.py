"""Two people changed one record: what each wrote, what it was before, and the choice per field."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from ..db.audit import AuditEntry
from . import show, values
from .compile import ResolvedField
from .forms import RecordForm, TypedField

PICK = "_pick."


@dataclass(frozen=True)
class Row:
    """One field of the conflict page, in words. pick: which side is preselected (None = the person must choose)."""

    field: ResolvedField
    raw: list[str]
    yours: str
    theirs: str
    before: str
    pick: str | None
    errors: tuple[Any, ...] = ()

    @property
    def differs(self) -> bool:
        return self.yours != self.theirs


def was(form: Any) -> dict[str, Any]:
    """What stood in the form when it was opened; sent along as JSON, used for display only."""
    try:
        found = json.loads(form.get("_was", "{}"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def merged(form: Any, theirs: dict[str, Any]) -> Any:
    """The posted form with the fields for which the person chose the other version."""
    picks = [k.removeprefix(PICK) for k in form if k.startswith(PICK) and form[k] == "theirs"]
    if not picks:
        return form
    out = MultiDict(form)
    for name in picks:
        if name in theirs:
            out.setlist(name, theirs[name] if isinstance(theirs[name], list) else [theirs[name]])
    return out


def in_words(spec: ResolvedField, raw: Any, session: Any) -> str:
    """A form text as people read it; what cannot be read is shown as typed."""
    if spec.personal:
        return show.masked_text(spec, raw) if raw else show.EMPTY
    try:
        return show.field_text(spec, values.parse(spec, raw, session), session)
    except values.BadValue:
        return str(raw or show.EMPTY)


def rows(session: Any, yours: RecordForm, theirs: RecordForm, before: dict[str, Any]) -> list[Row]:
    """Every field; those that differ first in the form's order."""
    out = []
    for name, spec in yours.specs.items():
        if spec.kind in ("file", "password"):
            continue
        mine, other = yours[name], theirs[name]
        if spec.personal:
            out.append(_personal(spec, mine, other))
            continue
        texts = [_text(mine), _text(other), before.get(name)]
        words = [in_words(spec, t, session) for t in texts]
        out.append(Row(spec, _raw(mine), words[0], words[1], words[2] if name in before else show.EMPTY,
                       _preselect(texts, name in before), tuple(mine.errors)))
    return out


def _personal(spec: ResolvedField, mine: TypedField, other: TypedField) -> Row:
    theirs = other.masked or show.EMPTY
    if mine.kept:
        return Row(spec, [""], theirs, theirs, theirs, "theirs")
    return Row(spec, _raw(mine), show.masked_text(spec, mine.text), theirs, show.EMPTY, "yours", tuple(mine.errors))


def _text(field: TypedField) -> Any:
    return field.chosen if field.spec.kind in ("multichoice", "refs") else field.text


def _raw(field: TypedField) -> list[str]:
    return field.chosen if isinstance(field.raw, list) else [field.text]


def _preselect(texts: list[Any], known: bool) -> str | None:
    """Only one side changed: take it. Both changed: the person decides."""
    mine, other, old = texts
    if not known:
        return None
    if mine == old:
        return "theirs"
    return "yours" if other == old else None


def last_change(session: Any, resource: str, pk: int) -> Any:
    """The latest audit row of the record: who and when."""
    return session.execute(select(AuditEntry.user_name, AuditEntry.at).where(
        AuditEntry.resource == resource, AuditEntry.record_id == pk).order_by(AuditEntry.id.desc()).limit(1)).first()
