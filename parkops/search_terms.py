"""Pure: from a text to the terms it is found by. Chinese by any two (or more) characters, by full pinyin and by initials;
other words by their beginning; digits as they stand. No database here.

A term's kind: HEAD the whole text from its beginning, TAIL from any later character or word, PERSONAL a personal value
(found only when typed completely, unless the reader may see it)."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

HEAD, TAIL, PERSONAL = 0, 1, 2
UNITS, TERM = 40, 16  # units of a text that are indexed; longest stored term (a longer query also asks the tokens)
LEGAL_FORM = re.compile(r"(?:股份)?有限(?:责任)?公司$|(?:合伙企业|分公司|个体工商户|研究院|事务所)$")
CJK = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
UNIT = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]|[^\W_]+?(?=[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]|\b|_)")


def units(text: str) -> list[str]:
    """Lower-case, width-normalised: one unit per Chinese character or word; punctuation separates."""
    return UNIT.findall(unicodedata.normalize("NFKC", text).lower())


def normal(text: str) -> str:
    """The text as it is compared: units joined without spaces."""
    return "".join(units(text))


@lru_cache(maxsize=1)
def _readings() -> tuple[dict[int, str], frozenset[str]]:
    """Toneless reading per character, and the characters that are read differently in some phrase."""
    from pypinyin import Style
    from pypinyin.constants import PHRASES_DICT, PINYIN_DICT
    from pypinyin.style import convert

    @lru_cache(maxsize=4096)
    def toneless(reading: str) -> str:
        return convert(reading, Style.NORMAL, strict=True)

    single = {code: toneless(readings.split(",")[0]) for code, readings in PINYIN_DICT.items()}
    several: set[str] = set()
    for phrase, readings in PHRASES_DICT.items():
        if len(phrase) == len(readings):
            several.update(c for c, r in zip(phrase, readings, strict=True) if toneless(r[0]) != single.get(ord(c)))
    return single, frozenset(several)


def pinyin(parts: list[str]) -> list[str]:
    """One reading per unit; words that are not Chinese stay as they are. Phrases decide characters of several readings."""
    return list(_pinyin(tuple(parts)))


@lru_cache(maxsize=256)
def _pinyin(parts: tuple[str, ...]) -> list[str]:
    """Remembered briefly: a record's terms and its tokens ask for the same texts."""
    single, several = _readings()
    if not any(u in several for u in parts):
        return [single.get(ord(u), u) if len(u) == 1 else u for u in parts]
    from pypinyin import lazy_pinyin

    out: list[str] = []
    run: list[str] = []
    for unit in [*parts, ""]:
        if unit and CJK.fullmatch(unit):
            run.append(unit)
            continue
        if run:
            read = lazy_pinyin("".join(run))
            out += read if len(read) == len(run) else [single.get(ord(c), c) for c in run]
            run = []
        if unit:
            out.append(unit)
    return out


def terms_of(text: str) -> set[tuple[int, str]]:
    """(kind, term) of one text."""
    parts = units(text)[:UNITS]
    found: set[tuple[int, str]] = set()
    if not parts:
        return found
    whole = "".join(parts)
    forms = [(parts, len(parts))]
    if any(CJK.fullmatch(u) for u in parts):
        read, legal = pinyin(parts), LEGAL_FORM.search(whole)
        ends = len(parts) - len(legal[0]) if legal else len(parts)  # nobody looks a firm up by the sound of "Ltd."
        forms += [(read, ends), ([r[0] for r in read], ends)]
    for form, ends in forms:
        joined, at = "".join(form), 0
        found.add((HEAD, joined[:TERM]))
        for unit in form[:ends - 1]:
            at += len(unit)
            term = joined[at:at + TERM]
            if len(term) > 1:
                found.add((TAIL, term))
    if (whole.isdigit() and len(whole) >= 6) or re.fullmatch(r"[0-9a-z]{15,18}", whole):
        found.add((TAIL, whole[-4:]))
        found.add((TAIL, whole[-6:]))
    return found


def personal_term(text: str) -> tuple[int, str] | None:
    """The one term of a personal value: the whole value."""
    whole = normal(text)[:64]
    return (PERSONAL, whole) if whole else None


def tokens_of(texts: list[str]) -> str:
    """Everything the further words of a query are looked up in: text, full pinyin and initials of each field."""
    out: list[str] = []
    for text in texts:
        parts = units(text)[:UNITS]
        out.append("".join(parts))
        if any(CJK.fullmatch(u) for u in parts):
            read = pinyin(parts)
            out += ["".join(read), "".join(r[0] for r in read)]
    return " ".join(dict.fromkeys(t for t in out if t))
