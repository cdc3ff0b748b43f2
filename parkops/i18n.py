"""Languages: English msgids, Chinese catalogue. Works inside and outside requests (jobs, CLI, mails).

`_l` at import time, `_` inside functions, `_n` for counts. Catalogues: `parkops/translations` and one per module,
joined when the app or a command starts."""

from __future__ import annotations

import contextvars
import gettext as _gettext
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

LANGUAGES = {"zh": "简体中文", "en": "English"}
DEFAULT = "zh"
_forced: contextvars.ContextVar[str | None] = contextvars.ContextVar("parkops_locale", default=None)
ROOT = Path(__file__).resolve().parent.parent


class Lazy:
    """A string that is translated when shown. Compares and hashes by its msgid so that it may be a dict key."""

    __slots__ = ("msgid", "values")

    def __init__(self, msgid: str, **values: Any):
        self.msgid, self.values = msgid, values

    def __str__(self) -> str:
        return _(self.msgid, **self.values)

    def __html__(self) -> str:
        from markupsafe import escape

        return str(escape(str(self)))

    def __repr__(self) -> str:
        return f"_l({self.msgid!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lazy) and (other.msgid, other.values) == (self.msgid, self.values)

    def __hash__(self) -> int:
        return hash(self.msgid)

    def __add__(self, other: Any) -> str:
        return str(self) + str(other)

    def __radd__(self, other: Any) -> str:
        return str(other) + str(self)

    def __len__(self) -> int:
        return len(str(self))

    def __contains__(self, part: str) -> bool:
        return part in str(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(str(self), name)


def folders() -> list[Path]:
    """Every translations folder: kernel first, then modules by name."""
    return [ROOT / "parkops" / "translations", *sorted((ROOT / "modules").glob("*/translations"))]


@lru_cache(maxsize=8)
def catalogue(locale: str) -> _gettext.NullTranslations:
    """All catalogues of a language merged into one."""
    merged: _gettext.NullTranslations | None = None
    for folder in folders():
        for domain in ("messages",):
            found = _gettext.translation(domain, str(folder), languages=[locale], fallback=True)
            if isinstance(found, _gettext.GNUTranslations):
                if merged is None:
                    merged = found
                else:
                    merged._catalog.update(found._catalog)  # type: ignore[attr-defined]
    return merged or _gettext.NullTranslations()


def locale() -> str:
    """The language now: forced, else the request's, else Chinese."""
    forced = _forced.get()
    if forced:
        return forced
    from flask import has_request_context

    if has_request_context():
        from flask_babel import get_locale

        found = get_locale()
        return found.language if found is not None and found.language in LANGUAGES else DEFAULT
    return DEFAULT


@contextmanager
def force_locale(code: str) -> Iterator[None]:
    token = _forced.set(code)
    try:
        yield
    finally:
        _forced.reset(token)


def _(msgid: str, **values: Any) -> str:
    """Translate now. `%(name)s` placeholders are filled from `values`."""
    text = catalogue(locale()).gettext(msgid) if msgid else ""
    return text % values if values else text


def _n(singular: str, plural: str, n: int, **values: Any) -> str:
    return catalogue(locale()).ngettext(singular, plural, n) % {"n": n, **values}


def _l(msgid: str, **values: Any) -> Lazy:
    return Lazy(msgid, **values)


def i18n_text(obj: Any, name: str) -> str:
    """A text kept in two columns, `name` (Chinese) and `name_en`, in the reader's language; Chinese when there is no other."""
    english = getattr(obj, f"{name}_en", None)
    return (english if locale() == "en" and english else getattr(obj, name, None)) or ""
