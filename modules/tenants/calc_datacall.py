"""Arithmetic of data calls, pure: reading answers, units without loss, cross-checks and jumps.

Answers are decimal text in the call's unit; a field that is not there is unreported and is never taken for zero."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from parkops.errors import Problem
from parkops.i18n import _l

from .calc_datacall_forms import FormField

UNIT_EXPONENT = {"yuan": 0, "thousand": 3, "wan": 4}  # 1 thousand yuan = 10^3 yuan, 1 wan = 10^4 yuan
MAX_YUAN = Decimal(10) ** 14
MAX_COUNT = 10_000_000
_PLAIN = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?")


def to_yuan(text: str | Decimal, unit: str) -> Decimal:
    """An amount in `unit` as yuan, exactly: only the point moves. ValueError when it is finer than a fen."""
    yuan = Decimal(text).scaleb(UNIT_EXPONENT[unit])
    if yuan != yuan.quantize(Decimal("0.01")):
        raise ValueError(f"{text} {unit} is finer than a fen")
    return yuan.quantize(Decimal("0.01"))


def in_unit(yuan: Decimal, unit: str) -> Decimal:
    """Yuan in `unit`, exactly, without trailing zeros."""
    return _tidy(yuan.scaleb(-UNIT_EXPONENT[unit]))


def places(kind: str, unit: str) -> int:
    """Decimals that a field of this kind may have in this unit."""
    return {"money": 2 + UNIT_EXPONENT[unit], "area": 2, "count": 0}[kind]


def _tidy(number: Decimal) -> Decimal:
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()


def read_answer(item: FormField, text: Any, unit: str) -> tuple[str | None, Problem | None]:
    """What was typed as canonical text, or the reason it cannot be used. Empty means unreported."""
    raw = unicodedata.normalize("NFKC", str(text if text is not None else "")).strip()
    if not raw:
        return None, None
    if not _PLAIN.fullmatch(raw):
        return None, Problem("tenants.answer_not_a_number",
                             _l("%(field)s: enter a plain number, or leave it empty when it is unknown.", field=item.title),
                             item.code)
    number, decimals = Decimal(raw.replace(",", "")), places(item.kind, unit)
    if number != number.quantize(Decimal(1).scaleb(-decimals)):
        sentence = _l("%(field)s: enter a whole number.", field=item.title) if item.kind == "count" else _l(
            "%(field)s: use at most %(n)s decimals in this unit.", field=item.title, n=decimals)
        return None, Problem("tenants.answer_too_fine", sentence, item.code)
    if number < 0 and not item.signed:
        return None, Problem("tenants.answer_negative", _l("%(field)s: this cannot be negative.", field=item.title), item.code)
    limit = {"money": MAX_YUAN.scaleb(-UNIT_EXPONENT[unit]), "area": Decimal(10) ** 8, "count": Decimal(MAX_COUNT)}[item.kind]
    if abs(number) > limit:
        return None, Problem("tenants.answer_too_large",
                             _l("%(field)s: this is too large. Check the unit.", field=item.title), item.code)
    return format(_tidy(number), "f"), None


def read_answers(fields: Iterable[FormField], given: Mapping[str, Any], unit: str) -> tuple[dict[str, str], list[Problem]]:
    """All answers given; unknown field codes are a problem of their own."""
    known, out, problems = {f.code: f for f in fields}, {}, []
    for code, text in given.items():
        if code not in known:
            problems.append(Problem("tenants.answer_unknown", _l("This call does not ask for %(code)s.", code=code), code))
            continue
        value, problem = read_answer(known[code], text, unit)
        if problem:
            problems.append(problem)
        elif value is not None:
            out[code] = value
    return out, problems


def cross_checks(fields: Iterable[FormField], answers: Mapping[str, str]) -> list[Problem]:
    """What must hold inside one answer: required items, parts within their total, kinds of IP within all IP, contracts
    and their amount together."""
    fields = tuple(fields)
    titles, problems = {f.code: f.title for f in fields}, []
    for f in fields:
        if f.required and f.code not in answers:
            problems.append(Problem("tenants.answer_missing", _l(
                "%(field)s is required. Enter 0 only when it really is zero.", field=f.title), f.code))
        if f.part_of and f.code in answers:
            problems.extend(_part(f, answers, titles))
    kinds = [f for f in fields if f.part_of == "ip_valid" and f.code in answers]
    if "ip_valid" in answers and sum(Decimal(answers[f.code]) for f in kinds) > Decimal(answers["ip_valid"]):
        problems.append(Problem("tenants.ip_kinds_over_total", _l(
            "The kinds of IP add up to more than the valid IP held. Correct the kinds or the total."), "ip_valid"))
    if answers.get("tech_contracts") == "0" and Decimal(answers.get("tech_contract_amount", "0")) > 0:
        problems.append(Problem("tenants.contracts_without_number", _l(
            "An amount of technology contracts needs at least one contract."), "tech_contracts"))
    return problems


def _part(f: FormField, answers: Mapping[str, str], titles: Mapping[str, Any]) -> list[Problem]:
    total = titles.get(f.part_of, f.part_of)
    if f.part_of not in answers:
        if Decimal(answers[f.code]) > 0:
            return [Problem("tenants.part_without_total", _l(
                "%(part)s is given without %(total)s. Enter the total too.", part=f.title, total=total), f.part_of)]
    elif Decimal(answers[f.code]) > Decimal(answers[f.part_of]):
        return [Problem("tenants.part_over_total", _l(
            "%(part)s cannot be more than %(total)s. Correct one of them.", part=f.title, total=total), f.code)]
    return []


@dataclass(frozen=True)
class Jump:
    """A figure that moved by more than allowed. `percent` is None when it came from zero (infinite, never printed)."""

    code: str
    title: Any
    old: Decimal
    new: Decimal
    percent: Decimal | None


def jumps(fields: Iterable[FormField], answers: Mapping[str, str], previous: Mapping[str, str], percent: int) -> list[Jump]:
    """Figures that changed by more than `percent` % against the period before. Unreported on either side is no jump."""
    found = []
    for f in fields:
        if f.code not in answers or f.code not in previous:
            continue
        old, new = Decimal(previous[f.code]), Decimal(answers[f.code])
        if old == new:
            continue
        change = None if old == 0 else abs(new - old) / abs(old) * 100
        if change is None or change > percent:
            shown = None if change is None else ((new - old) / abs(old) * 100).quantize(Decimal("0.1"))
            found.append(Jump(f.code, f.title, old, new, shown))
    return found


def unexplained(found: Iterable[Jump], reasons: Mapping[str, str]) -> list[Problem]:
    """One problem for each jump without a reason of at least two characters."""
    return [Problem("tenants.jump_needs_reason", _l(
        "%(field)s went from %(old)s to %(new)s. Write why, or correct it.",
        field=j.title, old=f"{j.old:f}", new=f"{j.new:f}"), j.code)
        for j in found if len((reasons.get(j.code) or "").strip()) < 2]


def figures(fields: Iterable[FormField], answers: Mapping[str, str], unit: str) -> dict[str, Decimal | int | None]:
    """The statement's columns: money in yuan, areas in ㎡, counts. A field asked and unanswered is None."""
    out: dict[str, Decimal | int | None] = {}
    for f in fields:
        text = answers.get(f.code)
        if text is None:
            out[f.code] = None
        elif f.kind == "money":
            out[f.code] = to_yuan(text, unit)
        else:
            out[f.code] = int(text) if f.kind == "count" else Decimal(text)
    return out


def as_answers(fields: Iterable[FormField], values: Mapping[str, Any], unit: str) -> dict[str, str]:
    """A statement's figures as answer text in `unit` (the other direction of `figures`)."""
    out: dict[str, str] = {}
    for f in fields:
        value = values.get(f.code)
        if value is not None:
            number = in_unit(value, unit) if f.kind == "money" else _tidy(Decimal(value))
            out[f.code] = format(number, "f")
    return out


def entry_order(registered_on: Any, entered_on: Any) -> list[Problem]:
    """Item 4 may not lie before item 3 (entered the carrier after being founded)."""
    if registered_on and entered_on and entered_on < registered_on:
        return [Problem("tenants.entered_before_founded", _l(
            "The firm entered before it was founded. Correct the dates on the firm first."), "entered_on")]
    return []
