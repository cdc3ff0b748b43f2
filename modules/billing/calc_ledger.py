"""Pure arithmetic and layouts of the ledger: input-tax apportionment, and vouchers as rows for Kingdee, Yonyou and beancount.

The column sets are data/vouchers.yaml, explained in docs/guide/vouchers.md. No session, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

ZERO = Decimal("0.00")


@dataclass(frozen=True)
class Apportionment:
    """Sales without VAT in yuan; `ratio` = exempt ÷ all (None without sales)."""

    exempt: Decimal
    taxed: Decimal

    @property
    def total(self) -> Decimal:
        return self.exempt + self.taxed

    @property
    def ratio(self) -> Decimal | None:
        return (self.exempt / self.total).quantize(Decimal("0.000001"), ROUND_HALF_UP) if self.total > 0 else None

    def not_creditable(self, input_vat: Decimal) -> Decimal | None:
        """Input VAT of mixed use that must be transferred out; computed from the sums, rounded once to the fen."""
        return (input_vat * self.exempt / self.total).quantize(ZERO, ROUND_HALF_UP) if self.total > 0 else None


def apportionment(lines: Iterable[tuple[str, Decimal]]) -> Apportionment:
    """Sums of (treatment, net); lines outside VAT count nowhere."""
    sums = {"exempt": ZERO, "taxed": ZERO}
    for treatment, net in lines:
        if treatment in sums:
            sums[treatment] += net
    return Apportionment(sums["exempt"], sums["taxed"])


@dataclass(frozen=True)
class VoucherLine:
    """One line of a posted entry as the bookkeeping systems need it; amounts in yuan."""

    number: str
    sequence: int
    entry_date: date
    memo: str
    line: int
    code: str
    name: str
    kind: str
    debit: Decimal
    credit: Decimal
    posted_by: str
    firm: str | None = None
    credit_code: str | None = None
    kingdee: str | None = None
    yonyou: str | None = None
    source: str | None = None

    @property
    def serial(self) -> int:
        """The running number at the end of `V-2026-0000012`."""
        return int("".join(ch for ch in self.number.rsplit("-", 1)[-1] if ch.isdigit()) or 0)


def fields_of(v: VoucherLine) -> dict[str, Any]:
    """What a column of a layout may show."""
    return {
        "date": v.entry_date, "year": v.entry_date.year, "month": v.entry_date.month, "serial": v.serial, "number": v.number,
        "sequence": v.sequence, "line": v.line, "line0": v.line - 1, "memo": v.memo, "code": v.code, "name": v.name,
        "kingdee": v.kingdee or v.code, "yonyou": v.yonyou or v.code, "debit": v.debit, "credit": v.credit, "amount": v.debit or v.credit,
        "posted_by": v.posted_by, "firm": v.firm or "", "credit_code": v.credit_code or ""}


def layout_row(layout: Sequence[dict[str, Any]], v: VoucherLine) -> list[Any]:
    """One line by a layout of data/vouchers.yaml: `field`, `const`, or `text` with {fields} (only `when` a field is filled)."""
    values, row = fields_of(v), []
    for column in layout:
        if "field" in column:
            value = values[column["field"]]
            row.append(value[:column["max"]] if "max" in column else value)
        elif "text" in column:
            row.append(column["text"].format(**values) if not column.get("when") or values[column["when"]] else "")
        else:
            row.append(column.get("const", ""))
    return row


ROOTS = {"asset": "Assets", "liability": "Liabilities", "equity": "Equity", "income": "Income", "expense": "Expenses"}


def beancount_account(kind: str, code: str) -> str:
    """`Assets:1122`; the name stands in the account's metadata."""
    return f"{ROOTS[kind]}:{code}"


def _quoted(text: str) -> str:
    clean = " ".join(text.split())
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'


def beancount(lines: Sequence[VoucherLine], title: str) -> str:
    """The journal as beancount text, one transaction per entry, in order of the chain."""
    out = [f"option \"title\" {_quoted(title)}", 'option "operating_currency" "CNY"', ""]
    first = min((v.entry_date for v in lines), default=date(1970, 1, 1))
    for kind, code, name in sorted({(v.kind, v.code, v.name) for v in lines}, key=lambda a: a[1]):
        out += [f"{first} open {beancount_account(kind, code)} CNY", f"  name: {_quoted(name)}"]
    number = None
    for v in lines:
        if v.number != number:
            number = v.number
            out += ["", f"{v.entry_date} * {_quoted(v.memo)}", f"  number: {_quoted(v.number)}"]
        out.append(f"  {beancount_account(v.kind, v.code)}  {v.debit - v.credit} CNY")
        if v.firm:
            out.append(f"    firm: {_quoted(v.firm)}")
    return "\n".join(out) + "\n"
