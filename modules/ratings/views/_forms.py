"""What the tabs and pages of statutory forms show."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import select

from modules.tenants.models.firm import Firm
from parkops.refs import labels, model_of, url
from parkops.rules.models import PROVENANCE

from ..models.form import CHECK_OPS, FORM_UNITS, MONEY_UNITS, StatForm
from ..models.form_run import FINDINGS, SIGNERS, FormCell, FormRun
from ..services import form_cells, form_layout, form_runs, form_signing, form_sources, forms
from ._recognition import list_url

ROWS_SHOWN = 300


def title_of(item: Any, subject: str) -> Any:
    """The figure an item names."""
    found = form_sources.known(item.source, subject) if item.source else None
    return found


def map_data(session: Any, row: StatForm) -> dict[str, Any]:
    """The items by part of the form, the cross-checks, what is still wrong, the figures that may be named."""
    items = forms.fields_of(session, row)
    return {
        "form": row,
        "items": [(x, title_of(x, row.subject)) for x in items],
        "checks": forms.checks_of(session, row),
        "ops": CHECK_OPS,
        "units": FORM_UNITS,
        "provenance": PROVENANCE,
        "problems": forms.map_problems(session, row).found if row.state == "draft" else [],
        "figures": form_sources.names(row.subject),
    }


def sheet_data(session: Any, row: FormRun) -> dict[str, Any]:
    """The form as it stands: parts with items and cells, findings, signatures."""
    items, cells = forms.fields_of(session, row.form), form_cells.cells_of(session, [row]).get(row.id, {})
    parts: list[tuple[str, list[Any]]] = []
    for x in items:
        if not parts or parts[-1][0] != x.part:
            parts.append((x.part, []))
        parts[-1][1].append((x, cells.get(x.id)))
    findings = form_cells.findings_of(session, row)
    checks = {c.id: c for c in forms.checks_of(session, row.form)}
    return {
        "run": row,
        "parts": parts,
        "units": FORM_UNITS,
        "kinds": FINDINGS,
        "findings": sorted(findings, key=lambda f: (f.explanation is not None, f.kind, f.id)),
        "named": {x.id: x for x in items},
        "checks": checks,
        "ops": CHECK_OPS,
        "words": lambda item, text: form_layout.words_of(item, text, row.form.subject),
        "exact": exact,
        "told": form_cells.told,
        "number": number,
        "flagged": {f.field_id for f in findings if f.field_id},
        "signatures": form_signing.signatures_of(session, row, turn=0),
        "signers": SIGNERS,
        "sound": row.state not in ("signed", "filed") or form_signing.seal_of(session, row) == row.seal,
    }


def number(text: str | None) -> str:
    """A plain number with separators; other texts as they are."""
    try:
        return f"{Decimal(text or ''):,f}"
    except ArithmeticError:
        return text or "—"


def exact(item: Any, text: str | None) -> str:
    """The exact value beside the shown one, where they differ."""
    return f"{Decimal(text):,.2f}" if text is not None and item.unit in MONEY_UNITS else ""


def since_data(session: Any, row: FormRun) -> dict[str, Any]:
    """What the sources say today, beside what was counted."""
    return {"run": row, "rows": form_runs.changes_since(session, row), "number": number}


def named(session: Any, pairs: list[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """Labels of records, with the firm's name before those that belong to a firm; a few statements whatever their number."""
    out, owners = labels(session, pairs), {}
    for resource in {r for r, _i in pairs}:
        model = model_of(resource)
        if hasattr(model, "firm_id"):
            ids = [i for r, i in pairs if r == resource]
            query = select(model.id, Firm.name).join(Firm, Firm.id == model.firm_id).where(model.id.in_(ids))
            owners |= {(resource, i): name for i, name in session.execute(query)}
    return {key: f"{owners[key]} · {text}" if key in owners else text for key, text in out.items()}


def cell_data(session: Any, cell: FormCell) -> dict[str, Any]:
    """Formula, value, and every record behind it with its amount."""
    item, row = cell.item, cell.run
    records = [(r, i, None if a is None else Decimal(a)) for r, i, a in cell.records]
    seen = records[:ROWS_SHOWN]
    names = named(session, [(r, i) for r, i, _a in seen])
    amounts = [a for _r, _i, a in records if a is not None]
    kinds: dict[str, list[int]] = {}
    for r, i, _a in records:
        kinds.setdefault(r, []).append(i)
    return {
        "cell": cell,
        "item": item,
        "run": row,
        "figure": title_of(item, row.form.subject),
        "unit": FORM_UNITS.label(item.unit),
        "rows": [(names.get((r, i)), url(r, i), a) for r, i, a in seen],
        "more": len(records) - len(seen),
        "lists": [(n, list_url(r, n)) for r, n in kinds.items()],
        "sum": sum(amounts, Decimal(0)) if amounts and len(amounts) == len(records) else None,
        "words": lambda text: form_layout.words_of(item, text, row.form.subject),
        "exact": exact,
        "told": form_cells.told,
        "number": number,
    }
