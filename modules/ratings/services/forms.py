"""Editions of statutory forms: what a park starts with, the map editor for new years, putting into use. Rules R-70 to R-74."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import func, select

from parkops import records
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _l
from parkops.security import access

from .. import calc_forms
from ..models.form import FormCheck, FormField, StatForm
from ..models.form_run import FormRun
from ..states_forms import FORM
from . import form_carriers, form_firms, form_sources
from .schemes import shipped

SOURCES_OF = (form_carriers, form_firms)  # their figures are registered by importing them
USED = _l("This edition is in use or was; make a new edition and edit that.")
FORM_FIELDS = (
    "key",
    "version_name",
    "title",
    "title_en",
    "subject",
    "carrier_types",
    "grain",
    "due_days",
    "jump_percent",
    "counts_as_statistics",
    "doc_no",
    "provenance",
    "note",
)
ITEM = ("code", "section", "caption", "caption_en", "unit", "source", "required", "watched", "provenance")
COPIED = (*ITEM, "section_en", "cell", "position", "note")
CHECK = ("code", "left_side", "op", "right_side", "sentence", "sentence_en", "provenance")


def ensure_forms(session: Any, park_id: int) -> list[StatForm]:
    """R-70: give a park the shipped field maps it lacks; a verified one is in use at once, a template is not."""
    have = set(session.scalars(select(StatForm.key).where(StatForm.park_id == park_id)))
    made = [_make(session, park_id, raw) for raw in shipped("forms.yaml") if raw["key"] not in have]
    session.flush()
    return made


def start_park(session: Any, *, park_id: int) -> int:
    """The button above an empty list."""
    access.require(session, "ratings.form", "add")
    return len(ensure_forms(session, park_id))


def _make(session: Any, park_id: int, raw: dict[str, Any]) -> StatForm:
    given = {**raw, "version_name": raw["version"], "jump_percent": raw.get("jump_percent", 50)}
    given.setdefault("counts_as_statistics", False)
    row = StatForm(park_id=park_id, edition=1, **{n: given.get(n) for n in FORM_FIELDS})
    session.add(row)
    session.flush()
    for n, x in enumerate(raw["fields"], 1):
        values = {**dict(zip(ITEM, x, strict=True)), "required": bool(x[6]), "watched": bool(x[7])}
        values["section_en"] = raw["sections"].get(values["section"])
        session.add(FormField(park_id=park_id, form_id=row.id, position=10 * n, cell=f"D{n + 4}", **values))
    for n, x in enumerate(raw["checks"], 1):
        session.add(FormCheck(park_id=park_id, form_id=row.id, position=10 * n, **dict(zip(CHECK, x, strict=True))))
    session.flush()
    if raw.get("active_from"):
        row.state, row.active_from = "active", date.fromisoformat(str(raw["active_from"]))
        session.flush()
    return row


def fields_of(session: Any, form: StatForm) -> list[FormField]:
    """In the order of the form."""
    query = select(FormField).where(FormField.form_id == form.id).order_by(FormField.position, FormField.id)
    return list(session.scalars(query))


def checks_of(session: Any, form: StatForm) -> list[FormCheck]:
    """In the order of the form."""
    query = select(FormCheck).where(FormCheck.form_id == form.id).order_by(FormCheck.position, FormCheck.id)
    return list(session.scalars(query))


def create_form(session: Any, **values: Any) -> StatForm:
    """A form of another authority, to be filled with items and put into use."""
    return records.create(session, StatForm, values)


def change_form(session: Any, row: StatForm, **values: Any) -> StatForm:
    """R-71: only an edition being edited."""
    _draft_form(row)
    return records.change(session, row, values)


def remove_form(session: Any, row: StatForm) -> None:
    """An edition nobody used."""
    _draft_form(row)
    records.remove(session, row, (FormRun, "form_id", _l("Filings use this edition.")))


def _draft_form(row: StatForm) -> None:
    if row.state != "draft":
        raise RuleError([Problem("ratings.R-71", USED)])


def _draft(session: Any, values: dict[str, Any], problems: Problems) -> StatForm | None:
    form = session.get(StatForm, values["form_id"])
    if form is None or form.state != "draft":
        problems.add("ratings.R-71", USED, "form_id")
    return form


def _field(session: Any, values: dict[str, Any], problems: Problems) -> None:
    form = _draft(session, values, problems)
    if form is not None and values.get("source") and form_sources.known(values["source"], form.subject) is None:
        problems.add(
            "ratings.R-72", _l("There is no figure %(name)s for this form; see its list of figures.", name=values["source"]), "source"
        )


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    form = _draft(session, values, problems)
    known = {f.code for f in fields_of(session, form)} if form is not None else set()
    for name in ("left_side", "right_side"):
        try:
            missing = [c for _sign, c in calc_forms.parse(values[name]) if c not in known]
        except ValueError as e:
            problems.add("ratings.R-73", _l("This side cannot be read at “%(text)s”. Write codes with + and -.", text=str(e)), name)
            continue
        if missing:
            problems.add("ratings.R-73", _l("The form has no item %(codes)s.", codes="、".join(missing)), name)


def create_field(session: Any, **values: Any) -> FormField:
    """An item of an edition being edited."""
    return records.create(session, FormField, values, _field)


def change_field(session: Any, row: FormField, **values: Any) -> FormField:
    """Caption, figure, unit, place."""
    return records.change(session, row, values, _field)


def remove_field(session: Any, row: FormField) -> None:
    """Of an edition being edited; cross-checks that name it are said first."""
    _draft_form(row.form)
    named = [c.code for c in checks_of(session, row.form) if row.code in parsed(c).codes]
    if named:
        raise RuleError([Problem("ratings.R-73", _l("Cross-checks name this item: %(codes)s. Change them first.", codes="、".join(named)))])
    records.remove(session, row)


def create_check(session: Any, **values: Any) -> FormCheck:
    """A cross-check of an edition being edited."""
    return records.create(session, FormCheck, values, _check)


def change_check(session: Any, row: FormCheck, **values: Any) -> FormCheck:
    """Its sides and sentence."""
    return records.change(session, row, values, _check)


def remove_check(session: Any, row: FormCheck) -> None:
    """Of an edition being edited."""
    _draft_form(row.form)
    records.remove(session, row)


def parsed(row: FormCheck) -> calc_forms.Check:
    """A stored cross-check as the calculation reads it."""
    return calc_forms.Check(row.code, calc_forms.parse(row.left_side), row.op, calc_forms.parse(row.right_side))


def new_edition(session: Any, row: StatForm) -> StatForm:
    """R-74: a copy to be edited for a new year; the old one stays as it is and in use until the new one takes its place."""
    access.require(session, "ratings.form", "add")
    number = session.scalar(select(func.max(StatForm.edition)).where(StatForm.park_id == row.park_id, StatForm.key == row.key))
    new = StatForm(park_id=row.park_id, edition=number + 1, **{n: getattr(row, n) for n in FORM_FIELDS})
    session.add(new)
    session.flush()
    for x in fields_of(session, row):
        session.add(FormField(park_id=row.park_id, form_id=new.id, **{n: getattr(x, n) for n in COPIED}))
    for c in checks_of(session, row):
        session.add(FormCheck(park_id=row.park_id, form_id=new.id, position=c.position, **{n: getattr(c, n) for n in CHECK}))
    session.flush()
    return new


def map_problems(session: Any, form: StatForm) -> Problems:
    """R-72, R-73: every item has its own place and a known figure, every cross-check can be read."""
    problems, items = Problems(), fields_of(session, form)
    if not items:
        problems.add("ratings.R-72", _l("Enter the items of the form first."))
    for x in items:
        if x.source and form_sources.known(x.source, form.subject) is None:
            problems.add("ratings.R-72", _l("Item %(code)s names a figure that does not exist: %(name)s.", code=x.code, name=x.source))
    cells = [x.cell for x in items if x.cell]
    twice = sorted({c for c in cells if cells.count(c) > 1})
    if twice:
        problems.add("ratings.R-72", _l("Several items stand in the same cell: %(cells)s.", cells="、".join(twice)))
    known = {x.code for x in items}
    for c in checks_of(session, form):
        missing = [code for code in parsed(c).codes if code not in known]
        if missing:
            problems.add(
                "ratings.R-73", _l("Cross-check %(code)s names items the form has not: %(codes)s.", code=c.code, codes="、".join(missing))
            )
    return problems


def activate_form(session: Any, row: StatForm, *, on: date) -> None:
    """Only a map without problems and with a known source; the edition so far is replaced on the day."""
    access.require(session, "ratings.form", "act")
    problems = map_problems(session, row)
    if row.provenance == "R":
        problems.add("ratings.R-70", _l("This map is unverified. Check it against the form and correct its provenance first."))
    problems.stop()
    same = (StatForm.park_id == row.park_id, StatForm.key == row.key, StatForm.state == "active")
    for old in session.scalars(select(StatForm).where(*same)).all():
        retire_form(session, old, on=on)
    row.active_from = on
    session.flush()
    FORM.move(session, row, "activate", on=on)


def retire_form(session: Any, row: StatForm, *, on: date) -> None:
    """Filings already begun keep it."""
    access.require(session, "ratings.form", "act")
    row.retired_on = on
    session.flush()
    FORM.move(session, row, "retire", on=on)
