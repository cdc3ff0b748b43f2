"""Handing vouchers to Kingdee, Yonyou or beancount. Every file is recorded with its vouchers and its SHA-256 (rules G-16, G-17)."""

from __future__ import annotations

import hashlib
import io
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import func, insert, literal, select

from modules.tenants.models.firm import Firm
from parkops import attachments, clock
from parkops.db import audit
from parkops.db.session import scope_of
from parkops.errors import Problems
from parkops.i18n import _, _l
from parkops.models import Park
from parkops.reports.document import Column, Document, Section, Table
from parkops.reports.xlsx import write
from parkops.security import access

from .. import calc_ledger as calc
from ..models.catalogue import Account
from ..models.ledger import LedgerEntry, LedgerLine
from ..models.ledger_export import TARGETS, ExportedVoucher, VoucherExport

RESOURCE = "billing.voucher_export"
LAYOUTS = Path(__file__).resolve().parents[1] / "data" / "vouchers.yaml"


@cache
def layouts() -> dict[str, list[dict[str, Any]]]:
    """The column sets by target."""
    return yaml.safe_load(LAYOUTS.read_text(encoding="utf-8"))


def _known(target: str, park_id: int) -> Any:
    """Entries that stand in an earlier file for the same system."""
    return select(ExportedVoucher.entry_id).join(VoucherExport, VoucherExport.id == ExportedVoucher.export_id).where(
        VoucherExport.target == target, VoucherExport.park_id == park_id)


def _range(park_id: int, start: date, last: date) -> list[Any]:
    return [LedgerEntry.park_id == park_id, LedgerEntry.entry_date >= start, LedgerEntry.entry_date <= last]


def count(session: Any, *, target: str, park_id: int, start: date, last: date) -> tuple[int, int]:
    """Vouchers dated in the range: all, and those exported before."""
    where = _range(park_id, start, last)
    return (session.scalar(select(func.count(LedgerEntry.id)).where(*where)),
            session.scalar(select(func.count(LedgerEntry.id)).where(*where, LedgerEntry.id.in_(_known(target, park_id)))))


def voucher_lines(session: Any, where: list[Any]) -> list[calc.VoucherLine]:
    """The lines of entries, in order of the chain."""
    query = select(
        LedgerEntry.number, LedgerEntry.sequence, LedgerEntry.entry_date, func.coalesce(LedgerLine.memo, LedgerEntry.memo),
        LedgerLine.line, Account.code, Account.name, Account.kind, LedgerLine.debit, LedgerLine.credit, LedgerEntry.posted_by,
        Firm.name, Firm.credit_code, Account.kingdee_code, Account.yonyou_code, LedgerEntry.source,
    ).select_from(LedgerLine).join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id).join(
        Account, Account.id == LedgerLine.account_id).outerjoin(Firm, Firm.id == LedgerLine.firm_id).where(
        *where).order_by(LedgerEntry.sequence, LedgerLine.line)
    return [calc.VoucherLine(*row) for row in session.execute(query)]


def _check(session: Any, target: str, park_id: int, start: date, last: date, again: bool, reason: str | None) -> None:
    problems = Problems()
    if target not in TARGETS:
        problems.add("record.not_a_choice", _l("Choose one of the values offered."), "target")
    elif last < start:
        problems.add("record.date_order", _l("The last day lies before the first. Check both."), "last_day")
    else:
        total, before = count(session, target=target, park_id=park_id, start=start, last=last)
        if not total:
            problems.add("billing.G-16", _l("No vouchers are dated in these days."))
        elif total == before and not again:
            problems.add("billing.G-16", _l("All %(n)s vouchers were exported before. Choose other days, or export again with a reason.",
                                            n=total))
    if again and not (reason or "").strip():
        problems.add("billing.G-16", _l("Write why vouchers are exported a second time."), "reason")
    problems.stop()


def export_vouchers(session: Any, *, target: str, starts_on: date, last_day: date, again: bool = False, reason: str | None = None,
                    park_id: int | None = None) -> VoucherExport:
    """Make a file of the vouchers dated from `starts_on` to `last_day` that no earlier file for `target` holds; with `again` and a
    reason, all of them. The file is attached to the returned record; `load_file` hands the very same bytes out again."""
    access.require(session, RESOURCE, "add")
    park = park_id or scope_of(session).park_id
    _check(session, target, park, starts_on, last_day, again, reason)
    where = _range(park, starts_on, last_day)
    if not again:
        where.append(LedgerEntry.id.not_in(_known(target, park)))
    lines = voucher_lines(session, where)
    row = VoucherExport(
        park_id=park, target=target, starts_on=starts_on, last_day=last_day, vouchers=len({v.number for v in lines}), lines=len(lines),
        total=sum((v.debit for v in lines), calc.ZERO), again=again, reason=(reason or "").strip() or None, made_at=clock.now(),
        made_by=scope_of(session).user_name)
    session.add(row)
    session.flush()
    session.execute(insert(ExportedVoucher).from_select(
        ["park_id", "export_id", "entry_id"],
        select(LedgerEntry.park_id, literal(row.id), LedgerEntry.id).where(*where, LedgerEntry.id.not_in(
            select(ExportedVoucher.entry_id).where(ExportedVoucher.export_id == row.id))), include_defaults=False))
    content, name = file_of(session, row, lines)
    row.sha256 = hashlib.sha256(content).hexdigest()
    attachments.attach(session, row, io.BytesIO(content), name)
    audit.event(session, "export", {"target": target, "from": starts_on.isoformat(), "to": last_day.isoformat(), "vouchers": row.vouchers,
                                    "again": again}, resource=RESOURCE, record_id=row.id, label=name, park_id=park)
    session.flush()
    return row


def file_of(session: Any, row: VoucherExport, lines: list[calc.VoucherLine]) -> tuple[bytes, str]:
    """The file's bytes and name."""
    park = session.get(Park, row.park_id)
    name = f"vouchers-{row.target}-{park.code}-{row.starts_on:%Y%m%d}-{row.last_day:%Y%m%d}"
    if row.target == "beancount":
        return calc.beancount(lines, f"{park.name} {row.starts_on} – {row.last_day}").encode(), f"{name}.txt"
    layout = layouts()[row.target]
    table = Table(tuple(Column(c["name"], c["fmt"]) for c in layout), [calc.layout_row(layout, v) for v in lines])
    facts = ((_l("Vouchers"), row.vouchers, "int"), (_l("Entry lines"), row.lines, "int"), (_l("Total"), row.total, "money"))
    sections = (Section(_l("Content"), facts=facts), Section(_l("Vouchers"), table=table))
    title = _("Vouchers for %(target)s", target=TARGETS.label(row.target))
    document = Document(title, f"{park.name} · {row.starts_on} – {row.last_day}", sections, row.made_at, row.made_by, landscape=True)
    return write(document), f"{name}.xlsx"
