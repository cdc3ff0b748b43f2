"""Screens of tax-exemption evidence: packs kept, their lines, documents for inspection."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from modules.tenants.models.firm import Firm
from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Col, Filter, Related, Resource, Section, Tab, Tile, Titles, View

from ..models.exemption import ExemptionLine, ExemptionPack, ExemptionPaper
from ..services import exemption

P = "modules.ratings.services.exemption_papers"


def named(session: Any, gaps: list[dict[str, Any]]) -> list[tuple[dict[str, Any], str]]:
    """Gaps with the names of their firms, one query."""
    ids = {g["firm_id"] for g in gaps if g.get("firm_id")}
    names = {f.id: f.name for f in session.scalars(select(Firm).where(Firm.id.in_(ids)))} if ids else {}
    return [(g, names.get(g.get("firm_id"), "")) for g in gaps]


def pack_data(session: Any, row: ExemptionPack) -> dict[str, Any]:
    """Tie-out, gaps, whether it still gives its seal."""
    return {
        "pack": row,
        "gaps": named(session, row.gap_list),
        "kinds": exemption.GAPS,
        "sound": exemption.sound(session, row),
    }


PACK = Resource(
    "ratings.exemption_pack",
    ExemptionPack,
    Titles(_l("Evidence packs of tax exemption"), _l("Evidence pack")),
    columns=(
        Col("number", width=140, important=True, link=True),
        Col("carrier.name", _l("Carrier"), 240, True),
        Col("first_day", width=110),
        Col("last_day", width=110, important=True),
        Col("billed"),
        Col("exempt", important=True),
        Col("taxable"),
        Col("outside"),
        Col("firms", width=80),
        Col("gaps", width=80, important=True),
        Col("made_at", width=150),
        Col("made_by", width=110),
        Col("carrier_id", hidden=True),
    ),
    sections=(
        Section(
            _l("Evidence pack"),
            ("number", "carrier_id", "first_day", "last_day", "billed", "exempt", "taxable", "outside", "firms", "gaps", "made_at"),
        ),
        Section(_l("How it is kept"), ("made_by", "seal", "note")),
    ),
    tabs=(
        Tab("tie", _l("Tie-out and gaps"), "ratings/exemption_pack.html", pack_data, order=1),
        Related("lines", _l("Firms by month"), "ratings.exemption_line", "pack_id", order=10),
    ),
    views=(View("all", _l("All"), ()), View("gaps", _l("With gaps"), (Filter("gaps", "gt", 0),), "-last_day")),
    load=("carrier",),
    search=("number", "carrier.name"),
    sort="-id",
    menu=("forms", 55),
    icon="receipt-tax",
    code_field="number",
    parent=("carrier_id", "tenants.carrier"),
)
LINE = Resource(
    "ratings.exemption_line",
    ExemptionLine,
    Titles(_l("Lines of evidence packs"), _l("Line of an evidence pack")),
    columns=(
        Col("firm.name", _l("Firm"), 240, True, link=True),
        Col("month", width=90, important=True),
        Col("first_day", width=105),
        Col("last_day", width=105),
        Col("incubated", width=110, important=True),
        Col("qualified", width=110),
        Col("area", width=100),
        Col("rent"),
        Col("exempt", important=True),
        Col("taxable"),
        Col("outside"),
        Col("billed"),
        Col("pack_id", hidden=True),
        Col("firm_id", hidden=True),
    ),
    sections=(
        Section(
            _l("Line of an evidence pack"),
            (
                *("pack_id", "firm_id", "month", "first_day", "last_day", "incubated", "qualified", "area", "rent"),
                *("exempt", "taxable", "outside", "billed"),
            ),
        ),
    ),
    load=("pack", "firm"),
    search=("firm.name",),
    sort="id",
    parent=("pack_id", "ratings.exemption_pack"),
    icon="list-details",
)
PAPER = Resource(
    "ratings.exemption_paper",
    ExemptionPaper,
    Titles(_l("Documents kept for inspection"), _l("Document kept for inspection"), _l("New document kept")),
    columns=(
        Col("reference", width=180, important=True, link=True),
        Col("kind", width=180, important=True),
        Col("carrier.name", _l("Carrier"), 220),
        Col("firm.name", _l("Firm"), 220, True),
        Col("amount"),
        Col("valid_from", width=110),
        Col("valid_to", width=110),
        Col("note", width=200),
        Col("carrier_id", hidden=True),
        Col("firm_id", hidden=True),
    ),
    sections=(
        Section(
            _l("Document kept for inspection"),
            ("carrier_id", "kind", "firm_id", "reference", "amount", "valid_from", "valid_to", "note"),
        ),
    ),
    create=f"{P}:create_paper",
    change=f"{P}:change_paper",
    remove=f"{P}:remove_paper",
    load=("carrier", "firm"),
    search=("reference", "firm.name"),
    sort="-id",
    menu=("forms", 60),
    icon="folder",
    parent=("carrier_id", "tenants.carrier"),
)
RESOURCES = [PACK, LINE, PAPER]

slots.tab("tenants.carrier", Related("evidence", _l("Evidence packs of tax exemption"), "ratings.exemption_pack", "carrier_id", order=36))
slots.tile(
    Tile(
        "ratings.evidence_gaps",
        _l("Evidence packs with gaps"),
        "ratings.exemption_pack",
        "gaps",
        ("finance",),
        ("number", "carrier.name"),
        66,
    )
)
