"""What a contract says: the fields of a lease, the built-in Word file, and the text of a finished one."""

from __future__ import annotations

import io
from collections import defaultdict
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from modules.billing.calc_words import capitals
from modules.billing.models.catalogue import ChargeItem
from parkops.models import Park

from .. import calc_schedule
from ..models.lease import Lease, LeaseLine, LeaseUnit
from ..models.space import Building, Unit
from . import schedule

FOLDER = Path(__file__).resolve().parent.parent / "data" / "contracts"


@lru_cache(maxsize=1)
def words() -> dict[str, Any]:
    """The words of the fields; a contract is Chinese in every language of the screens."""
    return yaml.safe_load((FOLDER / "words.yaml").read_text(encoding="utf-8"))


@lru_cache(maxsize=8)
def clauses(kind: str) -> tuple[str, tuple[str, ...]]:
    """(heading, paragraphs) of the built-in text."""
    raw = yaml.safe_load((FOLDER / f"{kind}.yaml").read_text(encoding="utf-8"))
    return raw["title"], tuple(str(c) for c in raw["clauses"])


def built_in(kind: str) -> bytes:
    """The built-in template as a Word file: paragraphs with fields, a table of lines, a table of years."""
    from docx import Document
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml.ns import qn
    from docx.shared import Pt

    title, paragraphs = clauses(kind)
    doc = Document()
    style = doc.styles["Normal"]
    style.font.size, style.font.name = Pt(11), "SimSun"
    style.element.rPr.rFonts.set(qn("w:eastAsia"), "宋体")
    head = doc.add_paragraph()
    head.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = head.add_run(title)
    run.bold, run.font.size = True, Pt(18)
    for text in paragraphs:
        if text.startswith("@"):
            _table(doc, text[1:])
        else:
            doc.add_paragraph(text)
    out = io.BytesIO()
    doc.save(out)
    return out.getvalue()


def _table(doc: Any, name: str) -> None:
    """A table whose middle row repeats (docxtpl's `{%tr %}` rows)."""
    columns = [(title, key) for key, title in words()["tables"][name].items()]
    table = doc.add_table(rows=4, cols=len(columns))
    table.style = "Table Grid"
    for i, (title, _key) in enumerate(columns):
        table.cell(0, i).text = title
    table.cell(1, 0).text = "{%tr for row in " + name + " %}"
    for i, (_title, key) in enumerate(columns):
        table.cell(2, i).text = "{{ row." + key + " }}"
    table.cell(3, 0).text = "{%tr endfor %}"


def fields(session: Any, lease: Lease, *, number: str, on: date) -> dict[str, Any]:
    """Everything a template may name. Texts only, so that a template can do nothing but place them."""
    firm, park, w = lease.firm, session.get(Park, lease.park_id), words()
    found = schedule.preview(session, lease, on)
    before = session.get(Lease, lease.previous_id) if lease.previous_id else None
    term = w["term"] if lease.ends_on else w["indefinite"]
    return {
        "number": number,
        "revision": lease.revision,
        "landlord": park.name,
        "firm_name": firm.name,
        "credit_code": firm.credit_code or w["none"],
        "legal_representative": firm.legal_representative or w["none"],
        **_rooms(session, lease),
        "purpose": lease.purpose or w["none"],
        "starts_on": _day(lease.starts_on),
        "ends_on": _day(lease.ends_on),
        "term_text": term.format(a=_day(lease.starts_on), b=_day(lease.ends_on)),
        "ended_on": _day(lease.ended_on),
        "made_on": _day(on),
        "proration": w["proration"][lease.proration],
        "tax_included": lease.tax_included,
        "due_day": lease.due_day,
        "late_fee": _percent(lease.late_fee_rate),
        "lines": _lines(session, lease),
        "years": _years(found),
        "total": f"{found.total:,.2f}",
        "total_capitals": capitals(found.total),
        "deposits_text": _deposits(lease),
        "sublet_text": w["sublet_yes"] if lease.sublet_allowed else w["sublet_no"],
        "previous_number": str(before) if before else w["none"],
        "previous_firm": before.firm.name if before else w["none"],
        "remedy_text": _remedy(lease),
    }


def _rooms(session: Any, lease: Lease) -> dict[str, Any]:
    """Units, area, address and certificate."""
    w = words()
    units = session.execute(
        select(LeaseUnit, Unit, Building)
        .join(Unit, Unit.id == LeaseUnit.unit_id)
        .join(Building, Building.id == Unit.building_id)
        .where(LeaseUnit.lease_id == lease.id)
        .order_by(Unit.code)
    ).all()
    return {
        "units": [u.code for _r, u, _b in units],
        "units_text": w["comma"].join(w["unit"].format(building=b.name, code=u.code, area=f"{r.area:,.2f}") for r, u, b in units),
        "area": f"{sum((r.area for r, _u, _b in units), Decimal(0)):,.2f}",
        "address": w["separator"].join(sorted({f"{b.region or ''}{b.address or ''}" or w["none"] for _r, _u, b in units})),
        "certificate_no": w["separator"].join(sorted({u.certificate_no or b.certificate_no or w["no_certificate"] for _r, u, b in units})),
    }


def _remedy(lease: Lease) -> str:
    w = words()
    text = w["remedy"].get(lease.remedy, w["none"])
    if lease.penalty_amount:
        text += w["amount"].format(amount=f"{lease.penalty_amount:,.2f}", capitals=capitals(lease.penalty_amount))
    return text


def _day(day: date | None) -> str:
    return words()["day"].format(y=day.year, m=day.month, d=day.day) if day else words()["none"]


def _percent(rate: Decimal | None) -> str:
    return f"{calc_schedule.short(rate * 100)}%" if rate else ""


def _lines(session: Any, lease: Lease) -> list[dict[str, str]]:
    out, w = [], words()
    for line, item in session.execute(
        select(LeaseLine, ChargeItem.name)
        .join(ChargeItem, ChargeItem.id == LeaseLine.item_id)
        .where(LeaseLine.lease_id == lease.id)
        .order_by(LeaseLine.id)
    ):
        price = f"{calc_schedule.short(line.turnover_rate * 100)}%" if line.basis == "turnover" else calc_schedule.short(line.price)
        out.append(
            {
                "text": line.memo or item,
                "price": f"{price} {w['basis'][line.basis]}",
                "period": f"{_day(line.starts_on or lease.starts_on)}—{_day(line.ends_on or lease.ends_on)}",
                "cycle": w["cycle"][line.timing].format(n=line.cycle_months),
            }
        )
    return out


def _years(found: calc_schedule.Schedule) -> list[dict[str, str]]:
    rows: dict[int, dict[str, str]] = defaultdict(dict)
    for year, y in found.years().items():
        rows[year] = {
            "year": str(year),
            "charge": f"{y['charge']:,.2f}",
            "less": f"{y['discount'] + y['subsidy']:,.2f}",
            "total": f"{y['total']:,.2f}",
        }
    return list(rows.values())


def _deposits(lease: Lease) -> str:
    w = words()
    parts = [
        w["deposit"].format(name=title, amount=f"{getattr(lease, name):,.2f}", capitals=capitals(getattr(lease, name)))
        for name, title in w["deposits"].items()
        if getattr(lease, name)
    ]
    return w["separator"].join(parts) or w["no_deposit"]


def render(template: bytes, values: dict[str, Any]) -> bytes:
    """The filled-in Word file. Templates come from people: they run in Jinja's sandbox and see texts only.

    Raises ValueError with the mistake in the template."""
    from docxtpl import DocxTemplate
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    doc = DocxTemplate(io.BytesIO(template))
    try:
        doc.render(values, ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=True))
    except TemplateError as e:
        raise ValueError(str(e).splitlines()[0][:200]) from e
    out = io.BytesIO()
    doc.save(out)
    return out.getvalue()


def blocks(content: bytes) -> list[Any]:
    """Paragraphs (text) and tables (rows of texts) of a Word file, in order; the PDF is made of them."""
    from docx import Document
    from docx.table import Table
    from docx.text.paragraph import Paragraph

    doc = Document(io.BytesIO(content))
    out: list[Any] = []
    for child in doc.element.body.iterchildren():
        if child.tag.endswith("}p"):
            if text := Paragraph(child, doc).text.strip():
                out.append(text)
        elif child.tag.endswith("}tbl"):
            out.append([[cell.text for cell in row.cells] for row in Table(child, doc).rows])
    return out
