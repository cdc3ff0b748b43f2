"""Cells and findings of a filing: what the form shows, cross-checks, jumps, corrections and explanations. Rules R-76 to R-78."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import select

from parkops.db.session import scope_of
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import Lazy, _, _l
from parkops.security import access

from .. import calc_forms as calc
from ..models.form import MONEY_UNITS, FormField
from ..models.form_run import FormCell, FormFinding, FormRun
from . import forms

RESOURCE = "ratings.form_run"
NOT_DRAFT = _l("This form is on its way of signatures or frozen; have it returned first.")
TEXTS = ("text", "date", "yesno")


def lock(session: Any, *rows: FormRun) -> None:
    """Read them anew and hold them until the transaction ends: a correction and a signature never pass each other."""
    query = select(FormRun).where(FormRun.id.in_([r.id for r in rows])).order_by(FormRun.id).with_for_update()
    session.flush()
    session.scalars(query.execution_options(populate_existing=True)).all()


def makers_of(session: Any, row: FormRun) -> set[int]:
    """Users who corrected a cell or explained a finding as they stand: they do not review or sign the form (R-79)."""
    c, f = FormCell, FormFinding
    corrected = select(c.corrected_by_id).where(c.run_id == row.id, c.corrected_by_id.is_not(None))
    explained = select(f.explained_by_id).where(f.run_id == row.id, f.explained_by_id.is_not(None))
    return set(session.scalars(corrected.union(explained)))


def require_draft(session: Any, *rows: FormRun) -> None:
    """R-77: cells change only while the form is being prepared. The forms are read anew and held, in the order of their numbers."""
    lock(session, *rows)
    if any(r.state != "draft" for r in rows):
        raise RuleError([Problem("ratings.R-77", NOT_DRAFT)])


def text_of(value: Any) -> str | None:
    """The exact value as it is stored; None stays unreported."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal | int):
        exact = Decimal(value)
        return format(exact.normalize() if exact == exact.to_integral_value() else exact, "f") if exact else "0"
    return str(value)[:300]


def number_of(unit: str, text: str | None) -> Decimal | None:
    """What cross-checks and jumps compare: numbers, days as ordinals, yes as 1."""
    if text is None or unit == "text":
        return None
    if unit == "yesno":
        return Decimal(text == "yes")
    try:
        return Decimal(date.fromisoformat(text).toordinal()) if unit == "date" else Decimal(text)
    except (ValueError, InvalidOperation):
        return None


def kept_words(words: Any) -> dict[str, Any] | None:
    """Words as a cell keeps them: a message with its values, so that each reader sees it in their language, or a plain text."""
    if isinstance(words, Lazy):
        return {"msgid": words.msgid, "values": {k: v if isinstance(v, int) else str(v) for k, v in words.values.items()}}
    return {"text": str(words)} if words else None


def told(kept: dict[str, Any] | None) -> str:
    """The words kept, in the reader's language."""
    if not kept:
        return ""
    return str(Lazy(kept["msgid"], **kept["values"])) if "msgid" in kept else kept["text"]


def cells_of(session: Any, rows: Sequence[FormRun]) -> dict[int, dict[int, FormCell]]:
    """run id → field id → cell."""
    out: dict[int, dict[int, FormCell]] = {}
    for c in session.scalars(select(FormCell).where(FormCell.run_id.in_([r.id for r in rows]))):
        out.setdefault(c.run_id, {})[c.field_id] = c
    return out


def judge_again(session: Any, row: FormRun) -> None:
    """One form whose cells changed."""
    cells, checks = cells_of(session, [row])[row.id], forms.checks_of(session, row.form)
    judge(session, row, forms.fields_of(session, row.form), cells, checks, findings_of(session, row))
    session.flush()


def judge(
    session: Any,
    row: FormRun,
    items: Sequence[FormField],
    cells: Mapping[int, FormCell],
    checks: Sequence[Any],
    findings: Sequence[FormFinding],
) -> None:
    """What the form shows in its unit, and its findings (R-78); explanations of findings that remain stay. It asks the database nothing."""
    numbers = {x.code: number_of(x.unit, cells[x.id].final) for x in items}
    units = {x.code: MONEY_UNITS[x.unit] for x in items if x.unit in MONEY_UNITS}
    places = {c: 2 for c, u in units.items() if u == 1}
    money = calc.shown_values(numbers, {c: u for c, u in units.items() if c not in places}, [forms.parsed(c) for c in checks])
    for x in items:
        cells[x.id].shown = _shown(x, cells[x.id].final, numbers[x.code], money)
    wanted = _findings(row, items, cells, numbers, checks)
    have = {(f.kind, f.code): f for f in findings}
    for key, f in have.items():
        if key not in wanted:
            session.delete(f)
    for key, values in wanted.items():
        f = have.get(key)
        if f is None:
            session.add(FormFinding(park_id=row.park_id, run_id=row.id, kind=key[0], code=key[1], **values))
            continue
        if (f.left_value, f.right_value) != (values.get("left_value"), values.get("right_value")):
            f.explanation = f.explained_by = f.explained_by_id = None  # the figures moved: the explanation was of other ones
        f.left_value, f.right_value = values.get("left_value"), values.get("right_value")
    row.open_cells = sum(1 for x in items if cells[x.id].final is None)
    row.open_findings = sum(1 for key in wanted if key not in have or have[key].explanation is None)


def _shown(item: FormField, final: str | None, number: Decimal | None, money: Mapping[str, Decimal | None]) -> str | None:
    if final is None:
        return None
    if item.code in money:
        return None if money[item.code] is None else format(money[item.code], "f")  # type: ignore[arg-type]
    if number is None or item.unit in TEXTS:
        return final
    if item.unit == "percent":
        return format(calc.rounded(number * 100, 1, 2), "f")
    whole = item.unit in ("persons", "count") and number == number.to_integral_value()
    return format(calc.rounded(number, 1, 0 if whole else 2), "f")


def _findings(
    row: FormRun, items: Sequence[FormField], cells: Mapping[int, FormCell], numbers: Mapping[str, Decimal | None], checks: Sequence[Any]
) -> dict[tuple[str, str], dict[str, Any]]:
    out: dict[tuple[str, str], dict[str, Any]] = {}
    for c in checks:
        check = forms.parsed(c)
        if calc.holds(check, numbers) is False:
            left, right = text_of(calc.side(check.left, numbers)), text_of(calc.side(check.right, numbers))
            out["check", c.code] = {"check_id": c.id, "left_value": left, "right_value": right}
    for x in items:
        cell = cells[x.id]
        if x.required and cell.final is None:
            out["open", x.code] = {"field_id": x.id}
        if x.watched and calc.jumped(number_of(x.unit, cell.previous), numbers[x.code], row.form.jump_percent):
            out["jump", x.code] = {"field_id": x.id, "left_value": cell.previous, "right_value": cell.final}
    return out


def findings_by_run(session: Any, rows: Sequence[FormRun]) -> dict[int, list[FormFinding]]:
    """run id → its findings."""
    out: dict[int, list[FormFinding]] = {r.id: [] for r in rows}
    for f in session.scalars(select(FormFinding).where(FormFinding.run_id.in_(list(out))).order_by(FormFinding.id)):
        out[f.run_id].append(f)
    return out


def findings_of(session: Any, row: FormRun) -> list[FormFinding]:
    """All of them."""
    return list(session.scalars(select(FormFinding).where(FormFinding.run_id == row.id).order_by(FormFinding.id)))


def open_findings(session: Any, row: FormRun) -> list[FormFinding]:
    """Findings nobody explained yet."""
    query = select(FormFinding).where(FormFinding.run_id == row.id, FormFinding.explanation.is_(None)).order_by(FormFinding.id)
    return list(session.scalars(query))


def correct_cell(session: Any, cell: FormCell, *, corrected: str | None = None, reason: str | None = None) -> FormCell:
    """R-77: another value with its reason and person, in the exact unit (yuan, not thousand yuan); empty takes it back."""
    access.require(session, RESOURCE, "change")
    row, text, why = cell.run, (corrected or "").strip(), (reason or "").strip()
    require_draft(session, row)
    if text:
        problems = Problems()
        final = _typed(cell.item.unit, text, problems)
        if not why:
            problems.add("ratings.R-77", _l("Say why the value differs from the records."), "reason")
        problems.stop()
        cell.corrected, cell.reason = final, why[:500]
        cell.corrected_by_id, cell.corrected_by = scope_of(session).user_id, scope_of(session).user_name
    else:
        cell.corrected = cell.reason = cell.corrected_by_id = cell.corrected_by = None
    judge_again(session, row)
    return cell


def _typed(unit: str, text: str, problems: Problems) -> str | None:
    """A value typed for a unit as exact text."""
    if unit == "text":
        return text[:300]
    if unit == "yesno":
        if text not in ("yes", "no"):
            problems.add("ratings.R-77", _l("Write yes or no."), "corrected")
        return text
    try:
        if unit == "date":
            return date.fromisoformat(text).isoformat()
        number = Decimal(text.replace(",", ""))
    except (ValueError, InvalidOperation):
        problems.add("ratings.R-77", _l("Write a number (money in yuan), or a day such as 2021-12-31."), "corrected")
        return None
    if not number.is_finite() or abs(number) >= 10**15 or number != round(number, 2 if unit != "percent" else 6):
        problems.add("ratings.R-77", _l("Write money and areas with at most two decimals."), "corrected")
    return text_of(number)


def why_not_correct(session: Any, cell: FormCell) -> str | None:
    """Why the button is not offered."""
    return None if cell.run.state == "draft" else _(NOT_DRAFT.msgid)


def why_not_explain(session: Any, finding: FormFinding) -> str | None:
    """Why the button is not offered."""
    return None if finding.run.state == "draft" else _(NOT_DRAFT.msgid)


def explain_finding(session: Any, finding: FormFinding, *, explanation: str) -> FormFinding:
    """R-78: every finding is explained before the form goes on."""
    access.require(session, RESOURCE, "change")
    require_draft(session, finding.run)
    if not (explanation or "").strip():
        raise RuleError([Problem("ratings.R-78", _l("Write the explanation."), "explanation")])
    scope = scope_of(session)
    finding.explanation, finding.explained_by_id, finding.explained_by = explanation.strip()[:500], scope.user_id, scope.user_name
    session.flush()
    finding.run.open_findings = len(open_findings(session, finding.run))
    session.flush()
    return finding


def explain_open(session: Any, row: FormRun, *, explanation: str) -> int:
    """One explanation for every required item that is unreported. Number explained."""
    access.require(session, RESOURCE, "change")
    require_draft(session, row)
    found = [f for f in open_findings(session, row) if f.kind == "open"]
    for f in found:
        explain_finding(session, f, explanation=explanation)
    return len(found)
