"""Values as people read them on records, conflict pages and print: the same words everywhere, `—` for nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import inspect as sa_inspect

from ..clock import local
from ..i18n import _, _l, i18n_text, locale
from ..security import masking
from .compile import PERSON, ResolvedField
from .values import choice_items, plain_decimal

EMPTY = "—"
UNITS = {"money": _l("yuan"), "area": _l("m²")}


def shown(fmt: str, value: Any, *, unit: bool = True) -> str:
    """A value in its display format; codes of choices are not looked up here."""
    if value is None or value == "" or value == []:
        return EMPTY
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if fmt == "percent":
        return f"{Decimal(value) * 100:,.1f}%"
    if isinstance(value, Decimal):
        text = f"{value:,.2f}" if fmt in ("money", "area") else _grouped(value)
        return f"{text} {UNITS[fmt]}" if unit and fmt in UNITS else text
    if isinstance(value, datetime):
        return local(value).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return f"{value:%Y-%m}" if fmt == "month" else value.isoformat()
    if isinstance(value, int) and fmt in ("int", "decimal", "money"):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return listed(str(v) for v in value)
    return str(value)


def listed(words: Iterable[str]) -> str:
    """Words one after the other, with the language's comma."""
    return ("、" if locale() == "zh" else ", ").join(words)


def _grouped(value: Decimal) -> str:
    whole, _dot, places = plain_decimal(value).partition(".")
    return f"{int(whole):,}" + (f".{places}" if places else "") if whole not in ("-0", "") else plain_decimal(value)


def field_text(field: ResolvedField, value: Any, session: Any, obj: Any = None) -> str:
    """A field's value in words: choice labels, the label of the referenced record."""
    if value is None:
        return EMPTY
    if field.kind in ("choice", "multichoice"):
        labels = dict(choice_items(field, session))
        codes = value if isinstance(value, list | tuple) else [value]
        return listed(str(labels.get(str(c), c)) for c in codes) or EMPTY
    if field.kind == "ref":
        return ref_label(field, value, session, obj)
    return shown(field.fmt if field.column else field.kind, value)


def ref_label(field: ResolvedField, value: Any, session: Any, obj: Any = None) -> str:
    """The label of a referenced record; `—` when it is outside the scope."""
    from .values import find_ref

    if obj is not None and field.relation and field.relation not in sa_inspect(obj).unloaded:
        target = getattr(obj, field.relation)
    else:
        target = find_ref(session, field.ref, value) if field.ref else None
    if target is None:
        return EMPTY
    text = str(target)  # a record that calls itself by its name goes by its English one where English is read
    return i18n_text(target, "name") if text == getattr(target, "name", None) else text


PROGRAMS = (("MicroMessenger", _l("WeChat")), ("Edg", "Edge"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
SYSTEMS = (("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Mac OS", "macOS"), ("Linux", "Linux"))


def program(agent: str | None) -> str:
    """A browser's long signature in two words."""
    found = [next((str(word) for sign, word in names if agent and sign in agent), "") for names in (PROGRAMS, SYSTEMS)]
    return " · ".join(w for w in found if w) or (agent or EMPTY)[:40]


def other_record(session: Any, resolved: Any, obj: Any, field: ResolvedField, value: Any) -> tuple[str, str | None] | None:
    """(text, address) of a column that names a person (`…_by`), a kind of record (`resource`, `source`) or, with it, one of them
    (`record_id`, `source_id`)."""
    from .. import refs
    from ..comments import full_names
    from ..security import access
    from . import resources

    name = field.column or field.name
    if name.endswith(PERSON) and isinstance(value, str):
        return full_names(session, [value]).get(value, value), None
    if name in resources.NAMING and (title := resources.kind_title(str(value))):
        return title, None
    naming = "source" if name == "source_id" else name[: -len("record_id")] + "resource" if name.endswith("record_id") else ""
    kind = getattr(obj, naming, None)
    if not kind or not resources.has(kind) or not access.may(session, kind, "read"):
        return None
    label = refs.labels(session, [(kind, value)]).get((kind, value))
    return (label, refs.url(kind, value)) if label else None


def masked_text(field: ResolvedField, value: Any) -> str:
    """A personal value with its middle hidden."""
    return EMPTY if value is None or value == "" else masking.mask(field.personal, str(value))
