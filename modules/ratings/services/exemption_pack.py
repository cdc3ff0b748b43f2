"""The evidence pack as workbook and zip: tie-out, firms by month, billed lines, documents kept, gaps, the rule; index and hashes beside."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from modules.tenants.models.firm import Firm
from parkops import attachments
from parkops.db import audit
from parkops.errors import NotFound
from parkops.i18n import _, _l
from parkops.reports.bundle import bundle
from parkops.reports.document import Column, Document, Section, Table
from parkops.reports.xlsx import write
from parkops.security import access

from ..models.exemption import PAPER_KINDS, ExemptionLine, ExemptionPack, ExemptionPaper
from .exemption import GAPS, RESOURCE, lines_of
from .measures import installed

DOC, KEPT_BY = "财政部 税务总局 科技部 教育部公告2023年第42号", "财政部 税务总局公告2026年第10号"
RULE = (
    _l("%(doc)s; kept for 2026 and 2027 by %(next)s, art. 2(2)26(11).", doc=DOC, next=KEPT_BY),
    _l(
        "Exempt: income from incubation services (brokerage, operating lease, research and technology, information technology, "
        "attestation) to firms, teams and individuals in incubation, accounted for separately, while the carrier qualifies by the tax "
        "officer's dated statement."
    ),
    _l(
        "A bill line is spread over the days of its period and cut where the firm or the carrier changes its status; amounts are "
        "without VAT."
    ),
    _l(
        "Taxpayers judge for themselves, declare and keep these documents for inspection: title, original value, leases, incubation "
        "agreements."
    ),
)


def document(session: Any, pack: ExemptionPack) -> Document:
    """The tables of the pack."""
    access.require(session, RESOURCE, "read")
    lines = lines_of(session, pack)
    ids = {x.firm_id for x in lines} | {g["firm_id"] for g in pack.gap_list if g.get("firm_id")}
    names = {f.id: f.name for f in session.scalars(select(Firm).where(Firm.id.in_(ids)))}
    facts = (
        (_l("Exempt income"), pack.exempt, "money"),
        (_l("Taxable income"), pack.taxable, "money"),
        (_l("Outside VAT"), pack.outside, "money"),
        (_l("Sum of the three"), pack.exempt + pack.taxable + pack.outside, "money"),
        (_l("Billed without VAT"), pack.billed, "money"),
        (_l("Difference"), pack.billed - pack.exempt - pack.taxable - pack.outside, "money"),
        (_l("Firms"), pack.firms, "int"),
        (_l("Gaps"), pack.gaps, "int"),
        (_l("Seal"), pack.seal, "text"),
    )
    sections = (
        Section(_l("Sums compared"), facts=facts),
        Section(_l("Rule"), text=RULE),
        _firms(lines, names),
        _charges(session, lines, names),
        _papers(session, pack),
        _gaps(pack, names),
    )
    context = f"{pack.carrier} · {pack.first_day} – {pack.last_day} · {pack.number}"
    return Document(_l("Evidence of tax exemption"), context, sections, pack.made_at, pack.made_by, landscape=True)


def _section(title: Any, columns: tuple[Column, ...], rows: list[list[Any]], totals: list[Any] | None = None) -> Section:
    return Section(title, table=Table(columns, rows, totals)) if rows else Section(title, text=(_l("None."),))


def _firms(lines: list[ExemptionLine], names: dict[int, str]) -> Section:
    columns = (
        Column(_l("Firm"), width=1.8),
        Column(_l("Month"), "month", 0.7),
        Column(_l("From"), "date", 0.8),
        Column(_l("Until"), "date", 0.8),
        Column(_l("In incubation on these days"), "bool", 0.7),
        Column(_l("Carrier qualifies on these days"), "bool", 0.7),
        Column(_l("Area let"), "area", 0.7),
        Column(_l("of which rent"), "money"),
        Column(_l("Exempt income"), "money"),
        Column(_l("Taxable income"), "money"),
        Column(_l("Outside VAT"), "money"),
        Column(_l("Billed without VAT"), "money"),
    )
    rows = [
        [
            names[x.firm_id],
            x.month,
            x.first_day,
            x.last_day,
            x.incubated,
            x.qualified,
            x.area,
            x.rent,
            x.exempt,
            x.taxable,
            x.outside,
            x.billed,
        ]
        for x in lines
    ]
    sums = [sum((r[n] for r in rows), Decimal("0.00")) for n in range(7, 12)]
    return _section(_l("Firms by month"), columns, rows, [_("Total"), *[None] * 6, *sums])


CHARGE_COLUMNS = (
    Column(_l("Firm"), width=1.8),
    Column(_l("Bill or credit note"), width=1.2),
    Column(_l("Bill date"), "date", 0.8),
    Column(_l("Charged for")),
    Column(_l("Period from"), "date", 0.8),
    Column(_l("Period to"), "date", 0.8),
    Column(_l("VAT treatment"), width=0.8),
    Column(_l("Net"), "money"),
    Column(_l("VAT"), "money"),
    Column(_l("Gross"), "money"),
)


def _charges(session: Any, lines: list[ExemptionLine], names: dict[int, str]) -> Section:
    """Every billed line with its bill."""
    from modules.billing.models.bill import Bill
    from modules.billing.models.catalogue import ChargeItem
    from modules.billing.models.charge import TREATMENTS, Charge

    ids = {i for x in lines for i in x.charges}
    query = (
        select(Charge, Bill.number, Bill.issued_on, ChargeItem)
        .join(Bill, Bill.id == Charge.bill_id)
        .join(ChargeItem, ChargeItem.id == Charge.item_id)
        .where(Charge.id.in_(ids))
        .order_by(Charge.firm_id, Charge.period_from, Charge.id)
    )
    rows = [
        [
            names.get(c.firm_id, ""),
            number,
            issued,
            item.name,
            c.period_from,
            c.period_to,
            str(TREATMENTS.label(c.treatment)),
            c.net,
            c.vat,
            c.gross,
        ]
        for c, number, issued, item in session.execute(query)
    ]
    sums = [sum((r[n] for r in rows), Decimal("0.00")) for n in (7, 8, 9)]
    return _section(_l("Billed lines"), CHARGE_COLUMNS, rows, [_("Total"), *[None] * 6, *sums])


def papers_of(session: Any, pack: ExemptionPack) -> list[ExemptionPaper]:
    """Documents of the carrier that hold on a day of the period."""
    p = ExemptionPaper
    query = select(p).where(p.carrier_id == pack.carrier_id, p.valid_from <= pack.last_day).order_by(p.kind, p.firm_id, p.valid_from)
    return [x for x in session.scalars(query) if x.valid_to is None or x.valid_to >= pack.first_day]


def _papers(session: Any, pack: ExemptionPack) -> Section:
    papers = papers_of(session, pack)
    names = {f.id: f.name for f in session.scalars(select(Firm).where(Firm.id.in_({p.firm_id for p in papers if p.firm_id})))}
    rows = [
        [
            str(PAPER_KINDS.label(p.kind)),
            names.get(p.firm_id, "—"),
            p.reference,
            "—" if p.amount is None else f"{p.amount:,.2f}",
            p.valid_from,
            p.valid_to or "—",
        ]
        for p in papers
    ]
    rows += [[str(PAPER_KINDS.label("title")), b.name, b.certificate_no, "—", b.acquired_on or "—", "—"] for b in _buildings(session, pack)]
    columns = (
        Column(_l("Document kept"), width=1.2),
        Column(_l("Firm"), width=1.6),
        Column(_l("Number of the document"), width=1.4),
        Column(_l("Original value")),
        Column(_l("From"), "date", 0.8),
        Column(_l("Until"), "text", 0.8),
    )
    return _section(_l("Documents kept"), columns, rows)


def _buildings(session: Any, pack: ExemptionPack) -> list[Any]:
    """Certificates of the space ledger count as title."""
    if not installed("leasing"):
        return []
    from modules.leasing.models.space import Building

    b = Building
    return list(session.scalars(select(b).where(b.carrier_id == pack.carrier_id, b.certificate_no.is_not(None)).order_by(b.id)))


def _gaps(pack: ExemptionPack, names: dict[int, str]) -> Section:
    rows = [
        [
            str(GAPS.label(g["kind"])),
            names.get(g.get("firm_id"), "—"),
            g.get("first") or "—",
            g.get("last") or "—",
            g.get("charge_id") or "—",
        ]
        for g in pack.gap_list
    ]
    columns = (
        Column(_l("What lacks"), width=2),
        Column(_l("Firm"), width=1.6),
        Column(_l("From")),
        Column(_l("Until")),
        Column(_l("Charge line")),
    )
    return _section(_l("What is not kept"), columns, rows)


def workbook(session: Any, pack: ExemptionPack) -> bytes:
    """The tables as XLSX."""
    return write(document(session, pack))


def archive(session: Any, pack: ExemptionPack, book: bytes) -> bytes:
    """The zip: workbook, scans of the documents, MANIFEST.json with hashes."""
    files = {f"{pack.number}.xlsx": book}
    for paper in papers_of(session, pack):
        for file in attachments.of(session, paper):
            with attachments.open_file(session, file) as stream:
                files[f"documents/{paper.kind}-{paper.id}-{file.id}-{file.filename}"] = stream.read()
    return bundle(files)


def stored(session: Any, pack: ExemptionPack, ending: str) -> attachments.Attachment | None:
    """The file kept with the pack."""
    name = f"{pack.number}.{ending}"
    return next((f for f in attachments.of(session, pack, kind="evidence") if f.filename == name), None)


def store(session: Any, pack: ExemptionPack) -> None:
    """Keep workbook and zip beside the pack, as they were made: once, from the records of that day."""
    if stored(session, pack, "zip") is not None:
        return
    book = workbook(session, pack)
    attachments.attach(session, pack, io.BytesIO(book), f"{pack.number}.xlsx", kind="evidence")
    attachments.attach(session, pack, io.BytesIO(archive(session, pack, book)), f"{pack.number}.zip", kind="evidence")


def hand_out(session: Any, pack: ExemptionPack, ending: str) -> bytes:
    """R-84: the file as it was kept, `xlsx` or `zip`, never made anew; the download is in the audit trail."""
    access.require(session, RESOURCE, "export")
    file = stored(session, pack, ending)
    if file is None:
        raise NotFound(_l("There is no such file."))
    with attachments.open_file(session, file) as stream:
        raw = stream.read()
    detail = {"pack": pack.number, "file": file.filename}
    audit.event(session, "export", detail, resource=RESOURCE, record_id=pack.id, label=pack.number, park_id=pack.park_id)
    return raw
