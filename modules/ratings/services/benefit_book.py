"""The benefit ledger as a workbook: all firms of a period, with totals, and the rule of counting."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from parkops import clock, money
from parkops.db import audit
from parkops.db.session import scope_of
from parkops.i18n import _, _l
from parkops.reports.document import Column, Document, Section, Table
from parkops.reports.xlsx import write
from parkops.security import access

from . import benefits
from .benefit_lines import COUNT, MINUTES, MONEY, PEOPLE

RULE = (
    _l(
        "A benefit is counted once, where it was given. Machine hours: the reduction only, without what a voucher pays of the same event. "
        "Relief: claw-backs taken off. Equity: once, in money or in kind."
    ),
    _l("Given: relief, machine hours, vouchers, interest subsidy, equity, and free hours where the park values an hour."),
    _l(
        "Came back: bills paid, taxes reported, equity returned. Jobs, financing by others, rights and loan repayments stand beside and "
        "are not added."
    ),
)
FORMATS = {MONEY: "money", MINUTES: "decimal", PEOPLE: "int", COUNT: "int"}


def shown(kind: str, amount: int | None) -> Decimal | int | None:
    """Yuan, hours with two places, or the number; an absent line is none."""
    if amount is None:
        return None
    if kind == MONEY:
        return money.yuan(amount)
    return (Decimal(amount) / 60).quantize(Decimal("0.01")) if kind == MINUTES else amount


def document(session: Any, first: date, last: date, key: str) -> Document:
    """Every firm with its lines."""
    rows, lines = benefits.of_all(session, first, last), benefits.readable(session)
    total = benefits.together(rows)
    columns = (
        Column(_l("Firm"), width=2),
        *(Column(x.title, FORMATS[x.kind]) for x in lines),
        Column(_l("Given"), "money"),
        Column(_l("Came back in total"), "money"),
    )
    table = [
        [f.name, *(shown(x.kind, ledger.amounts.get(x.code, 0)) for x in lines), money.yuan(ledger.given), money.yuan(ledger.back)]
        for f, ledger in rows
    ]
    sums = [_("Total"), *(shown(x.kind, total[x.code]) for x in lines), money.yuan(total["given"]), money.yuan(total["back"])]
    sections = (
        Section(_l("Rule of counting"), text=RULE),
        Section(_l("Firms"), table=Table(columns, table, sums)) if table else Section(_l("Firms"), text=(_l("None."),)),
    )
    return Document(_l("Benefit ledger"), key or _("All time"), sections, clock.now(), scope_of(session).user_name, landscape=True)


def workbook(session: Any, first: date, last: date, key: str) -> bytes:
    """XLSX of all firms; the export is on record."""
    access.require(session, "tenants.firm", "export")
    raw = write(document(session, first, last, key))
    audit.event(session, "export", {"benefits": key or "all"}, resource="tenants.firm")
    return raw
