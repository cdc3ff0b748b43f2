"""What can be imported: the contract between modules and the import engine. Nothing here imports Flask.

A module's `exports.py` holds `IMPORTS = [ImportKind(...)]`; the engine (`parkops.web.importer`) does the rest: safe
reading, column mapping, dry run, set-based writing, error workbook, undo. A complete example::

    from parkops.importing import BadValue, ImportField, ImportKind, ImportRow

    def level(text: str) -> str:
        if text not in ("国家级", "省级"):
            raise BadValue(_l("Write the level as 国家级 or 省级."))
        return {"国家级": "national", "省级": "provincial"}[text]

    def money(text: str) -> dict[str, object]:          # one cell may fill several columns
        amount, currency = parse_capital(text)
        return {"capital_amount": amount, "capital_currency": currency, "capital_text": text}

    def prepare(session, rows: list[ImportRow], on: date) -> None:     # set-based, called per chunk of rows
        for row in rows:
            if row.values.get("founded_on") and row.values["founded_on"] > on:
                row.refuse("x.future", _l("The date lies in the future; correct it."), "founded_on")

    def after(session, inserted: list[int], updated: list[int], on: date) -> None:
        ...                                             # same transaction; set-based; ids of the records written

    IMPORTS = [ImportKind(
        code="tenants.carriers", title=_l("Carriers"), resource="tenants.carrier",
        model="modules.tenants.models.carrier:Carrier", key=("code",),
        fields=(
            ImportField("code", _l("Code"), required=True, aliases=("载体编号", "编号", "Carrier code")),
            ImportField("name", _l("Name"), required=True, aliases=("载体名称",)),
            ImportField("founded_on", _l("Founded on"), kind="date", aliases=("成立日期",)),
            ImportField("level", _l("Level"), parse=level, aliases=("级别",), empty=("N/A", "无")),
            ImportField("capital", _l("Registered capital"), parse=money, fills=("capital_amount", "capital_currency",
                        "capital_text"), aliases=("注册资本", "注册资金")),
        ),
        defaults={"state": "open"}, prepare=prepare, after=after)]

Rules of the engine: the key finds the record inside the chosen park; an empty cell never clears a stored value; a
heading that is not mapped is ignored; a row with any problem is rejected as a whole and named once."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from .errors import Problem, Refused
from .i18n import _l

KINDS = ("text", "date", "month", "int", "decimal", "money", "bool", "choice")
MODES = ("upsert", "insert", "update")
ERROR_CELLS = frozenset(("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"))
_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[T ]00:00(?::00(?:\.0+)?)?)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_NUMBER = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?")
GUARDED = "=+-@\t\r\n＝＋－＠'"  # what the CSV export puts an apostrophe before
_YES = frozenset(("是", "有", "y", "yes", "true", "1", "√"))
_NO = frozenset(("否", "无", "n", "no", "false", "0", "×"))


class BadValue(ValueError):
    """A cell that cannot be used; `message` is the sentence for the clerk."""

    def __init__(self, message: Any):
        super().__init__(str(message))
        self.message = message


@dataclass
class ImportRow:
    """One row on its way: `number` as the spreadsheet shows it, `values` by column (absent = not in the file)."""

    number: int
    values: dict[str, Any]
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, code: str, message: Any, field: str | None = None) -> None:
        """Reject this row; the first problem is the one reported."""
        self.problems.append(Problem(code, message, field))


@dataclass(frozen=True)
class ImportField:
    """A column of the file.

    name: the model's column (or a name of its own with `fills`). kind: how the text is read when `parse` is not given.
    aliases: headings that mean this field; a lazy text counts in every language. empty: words that mean "not stated"
    besides an empty cell.
    parse: `(text) -> value | {column: value}`, raises BadValue. fills: columns a dict-returning `parse` fills.
    choices: `Choices`; codes and labels of every language are understood. extra: accepted word -> code."""

    name: str
    title: Any
    kind: str = "text"
    required: bool = False
    aliases: tuple[Any, ...] = ()
    parse: Callable[[str], Any] | None = None
    fills: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    choices: Any = None
    extra: dict[str, str] = field(default_factory=dict)
    max_length: int | None = None
    help: Any = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.name}: kind {self.kind!r} is unknown; known are {', '.join(KINDS)}")

    @property
    def columns(self) -> tuple[str, ...]:
        """The model's columns this field fills."""
        return self.fills or (self.name,)

    def read(self, text: str) -> dict[str, Any]:
        """The columns one cell gives; raises BadValue. Empty cells give None in every column."""
        text = clean(text)
        if not text or text in self.empty:
            if self.required:
                raise BadValue(_l("%(field)s is missing; fill it in.", field=self.title))
            return dict.fromkeys(self.columns)
        if text in ERROR_CELLS:
            raise BadValue(_l("%(field)s holds the spreadsheet error %(text)s; correct the formula.",
                              field=self.title, text=text))
        if self.max_length and len(text) > self.max_length:
            raise BadValue(_l("%(field)s is longer than %(n)s characters; shorten it.",
                              field=self.title, n=self.max_length))
        value = self.parse(text) if self.parse else PARSERS[self.kind](self, text)
        return value if isinstance(value, dict) else {self.name: value}


@dataclass(frozen=True)
class ImportKind:
    """Something that can be imported. `model` is `package.module:Class`; `key` columns find the record in the park.

    defaults: columns of new records only. prepare: `(session, rows, on)` checks and derives, set-based, per chunk.
    after: `(session, inserted_ids, updated_ids, on)` in the same transaction. children: tables (by name) whose rows
    `after` made for a new record and that an undo removes with it."""

    code: str
    title: Any
    resource: str
    model: str
    key: tuple[str, ...]
    fields: tuple[ImportField, ...]
    defaults: dict[str, Any] = field(default_factory=dict)
    prepare: Callable[..., None] | None = None
    after: Callable[..., None] | None = None
    children: tuple[str, ...] = ()
    help: Any = None

    def field(self, name: str) -> ImportField:
        return next(f for f in self.fields if f.name == name)

    def model_class(self) -> Any:
        """Import and return the model."""
        import importlib

        module, _sep, name = self.model.partition(":")
        return getattr(importlib.import_module(module), name)


def kinds() -> dict[str, ImportKind]:
    """Every kind the loaded modules declare, by code."""
    from .registry import registry

    return {kind.code: kind for kind in registry().collect("exports", "IMPORTS")}


def kind_of(code: str) -> ImportKind:
    """The kind, or one sentence naming the known ones."""
    known = kinds()
    if code not in known:
        raise Refused(_l("There is no import kind %(code)s; known are %(known)s.",
                         code=code, known=", ".join(sorted(known)) or "-"))
    return known[code]


def clean(text: str) -> str:
    """Outer white space (ideographic too) taken off; the inside stays as it is."""
    return text.strip().strip("\ufeff\u3000\u200b").strip()


def unguarded(text: str) -> str:
    """A CSV cell without the apostrophe that our export puts before what looks like a formula (workbooks need none)."""
    return text[1:] if text[:1] == "'" and text[1:2] and text[1] in GUARDED else text


def read_text(f: ImportField, text: str) -> str:
    if "\x00" in text:
        raise BadValue(_l("%(field)s holds an unreadable character; type it again.", field=f.title))
    return text


def read_date(f: ImportField, text: str) -> date:
    """`1996-01-02`, `1996/1/2`, `1996.1.2`, `1996年1月2日`, `19960102`; never day-first forms, which are ambiguous."""
    found = _DATE.fullmatch(text) or _COMPACT.fullmatch(text)
    try:
        if found:
            return date(*(int(x) for x in found.groups()))
    except ValueError:
        pass
    raise BadValue(_l("%(field)s is not a date; write it as 2026-11-22.", field=f.title))


def read_month(f: ImportField, text: str) -> date:
    found = re.fullmatch(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*月?(?:-01)?", text)
    if not found or not 1 <= int(found[2]) <= 12 or int(found[1]) < 1:
        raise BadValue(_l("%(field)s is not a month; write it as 2026-11.", field=f.title))
    return date(int(found[1]), int(found[2]), 1)


def _number(f: ImportField, text: str) -> Decimal:
    text = text.replace("，", ",")
    if not _NUMBER.fullmatch(text):
        raise BadValue(_l("%(field)s is not a number; write digits only.", field=f.title))
    try:
        return Decimal(text.replace(",", ""))
    except InvalidOperation:  # pragma: no cover - the pattern above admits numbers only
        raise BadValue(_l("%(field)s is not a number; write digits only.", field=f.title)) from None


def read_int(f: ImportField, text: str) -> int:
    value = _number(f, text)
    if value != value.to_integral_value() or abs(value) >= 10**15:
        raise BadValue(_l("%(field)s must be a whole number.", field=f.title))
    return int(value)


def read_money(f: ImportField, text: str) -> Decimal:
    value = _number(f, text)
    if value.as_tuple().exponent < -2 and value != round(value, 2):
        raise BadValue(_l("%(field)s is finer than a fen; give at most two decimals.", field=f.title))
    if abs(value) >= 10**15:
        raise BadValue(_l("%(field)s is too large; check the amount.", field=f.title))
    return value


def read_bool(f: ImportField, text: str) -> bool:
    word = text.lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise BadValue(_l("%(field)s must be yes or no.", field=f.title))


def read_choice(f: ImportField, text: str) -> str:
    """A code, or its label in any language, or one of `extra`."""
    from .i18n import LANGUAGES, catalogue

    if text in f.extra:
        return f.extra[text]
    for code, label in f.choices.items():
        msgid = getattr(label, "msgid", str(label))
        if text in (code, msgid) or any(text == catalogue(lang).gettext(msgid) for lang in LANGUAGES):
            return code
    known = ", ".join(str(label) for label in f.choices.labels.values())
    raise BadValue(_l("%(field)s: %(text)s is not known; use one of %(known)s.",
                      field=f.title, text=text[:40], known=known))


PARSERS: dict[str, Callable[[ImportField, str], Any]] = {
    "text": read_text, "date": read_date, "month": read_month, "int": read_int, "decimal": _number, "money": read_money,
    "bool": read_bool, "choice": read_choice,
}
