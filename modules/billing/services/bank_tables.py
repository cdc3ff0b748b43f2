"""Tables of Chinese banks (CSV, XLSX, XLS) to statement lines: headings found by name, a mapping remembered per set of headings.

Reading is the kernel's hostile-safe reader; nothing here opens a workbook itself (K-04)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from parkops.errors import Refused
from parkops.i18n import _l
from parkops.importing import PARSERS, BadValue, ImportField, ImportKind, clean
from parkops.web.importer import mapping
from parkops.web.importer.reader import Table, open_table

from ..calc_statement import Entry, Parsed, ordered

# The order of the aliases is their rank: where a bank prints two days, the day of the transaction counts.
FIELDS = (
    ImportField("date", _l("Date"), aliases=("交易日期", "交易日", "交易时间", "记账日期", "入账日期", "入账时间", "记账日", "日期")),
    ImportField(
        "credit",
        _l("Money in"),
        aliases=(
            "贷方发生额",
            "贷方发生额/元(收入)",
            "收入金额",
            "贷方金额",
            "转入金额",
            "收入",
            "存入金额",
            "贷方",
            "贷方发生额(收入)",
            "收入(贷)",
        ),
    ),
    ImportField(
        "debit",
        _l("Money out"),
        aliases=(
            "借方发生额",
            "借方发生额/元(支取)",
            "支出金额",
            "借方金额",
            "转出金额",
            "支出",
            "支取金额",
            "借方",
            "借方发生额(支取)",
            "支出(借)",
        ),
    ),
    ImportField("amount", _l("Amount"), aliases=("交易金额", "发生额", "金额")),
    ImportField("direction", _l("Debit or credit"), aliases=("借贷标志", "借贷方向", "借贷", "收支标志", "收/支", "收支类型", "交易方向")),
    ImportField("balance", _l("Balance"), aliases=("余额", "账户余额", "账面余额", "交易后余额", "本次余额", "余额/元")),
    ImportField(
        "payer", _l("Other side"), aliases=("对方户名", "对方名称", "对方单位名称", "对方单位", "对方账户名称", "交易对手名称", "对手户名")
    ),
    ImportField("payer_account", _l("Account of the other side"), aliases=("对方账号", "对方账户", "对方帐号", "交易对手账号", "对手账号")),
    ImportField("payer_bank", _l("Bank of the other side"), aliases=("对方开户行", "对方开户机构", "对方行名", "对方银行", "对方开户银行")),
    ImportField("summary", _l("Summary"), aliases=("摘要", "交易摘要", "摘要描述", "业务摘要")),
    ImportField("purpose", _l("Purpose"), aliases=("用途", "交易用途", "款项用途")),
    ImportField("remark", _l("Remark"), aliases=("附言", "备注", "交易附言", "客户附言", "个性化信息", "留言")),
    ImportField(
        "reference",
        _l("Reference of the bank"),
        aliases=("交易流水号", "流水号", "账户明细编号-交易流水号", "核心流水号", "回单编号", "日志号", "交易序号"),
    ),
)
KIND = ImportKind(
    code="billing.bank_lines",
    title=_l("Bank statements"),
    resource="billing.bank_statement",
    model="modules.billing.models.bank:BankLine",
    key=(),
    fields=FIELDS,
)
IN, OUT = ("贷", "收", "收入", "转入", "c", "cr", "in", "+"), ("借", "支", "支出", "转出", "d", "dr", "out", "-")
_TIME = re.compile(r"[T\s]+\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$")
_ACCOUNT = re.compile(r"(?:账号|帐号|卡号|Account)[^0-9]{0,12}([0-9][0-9 \-]{7,}[0-9])", re.I)
LOST = "\x01"  # the reader's mark: a number cell longer than a spreadsheet keeps exactly
STOP = re.compile(r"^(合计|总计|小计|本页合计|借方合计|贷方合计|共\d+)")


def guess(header: mapping.Header) -> dict[str, int]:
    """Field → column, by the rank of the headings known."""
    plain = [mapping.plain(n) for n in header.names]
    out: dict[str, int] = {}
    for f in FIELDS:
        titles = [*map(str, f.aliases), f.title.msgid, f.name]
        at = next(
            (
                plain.index(mapping.plain(t))
                for t in titles
                if mapping.plain(t) in plain and plain.index(mapping.plain(t)) not in out.values()
            ),
            None,
        )
        if at is not None:
            out[f.name] = at
    if {"credit", "debit"} <= out.keys():
        out.pop("amount", None)
        out.pop("direction", None)
    return out


def columns_for(session: Any, header: mapping.Header) -> dict[str, int]:
    """The mapping remembered for these headings in this park, else what the headings say."""
    found = mapping.recall(session, KIND, header)
    return guess(header) if found == mapping.guess(KIND, header) else found


def lacking(columns: dict[str, int]) -> tuple[Any, ...]:
    """Titles of what a mapping still needs: a day, and money in and out or an amount."""
    out = [] if "date" in columns else [FIELDS[0].title]
    if not ({"credit", "debit"} <= columns.keys() or "amount" in columns):
        out += [FIELDS[1].title, FIELDS[2].title]
    return tuple(out)


def open_file(path: Path, filename: str) -> tuple[Table, mapping.Header]:
    """The table and the row with its headings; the caller closes the table."""
    table = open_table(path, filename)
    try:
        return table, mapping.find_header(KIND, table)
    except BaseException:
        table.close()
        raise


def account_of(table: Table, header: mapping.Header) -> str | None:
    """The account number that stands above the headings, if one does."""
    for number, cells in table.head(header.row):
        if number < header.row and (found := _ACCOUNT.search(" ".join(clean(c) for c in cells if not c.startswith(LOST)))):
            return re.sub(r"[ \-]", "", found[1])
    return None


def parse(table: Table, header: mapping.Header, columns: dict[str, int]) -> Parsed:
    """Lines of a table. Refused with row and reason when a row cannot be read; rows without day and money (totals) are passed."""
    if missing := lacking(columns):
        raise Refused(_l("No column is chosen for %(fields)s; choose the columns.", fields=", ".join(map(str, missing))))
    entries = list(_entries(table, header, columns))
    if not entries:
        raise Refused(_l("There is no line with a day and an amount in the file; check the file and the columns."))
    return Parsed("table", ordered(entries), account=account_of(table, header))


def _entries(table: Table, header: mapping.Header, columns: dict[str, int]) -> Iterator[Entry]:
    for number, cells in table.rows():
        if number <= header.row:
            continue
        row = {name: _cell(cells, at) for name, at in columns.items()}
        if not row["date"] or STOP.match(row["date"]) or STOP.match(clean(cells[0]) if cells else ""):
            continue
        try:
            found = _entry(row)
        except BadValue as e:
            raise Refused(_l("Row %(row)s: %(why)s", row=number, why=str(e.message))) from None
        if found is not None:
            yield found


def _cell(cells: list[str], at: int) -> str:
    text = cells[at] if at < len(cells) else ""
    return "" if text.startswith(LOST) else clean(text.strip("\t"))  # digits that are lost are not guessed


def _entry(row: dict[str, str]) -> Entry | None:
    day = PARSERS["date"](FIELDS[0], _TIME.sub("", re.sub(r"^(\d{8})\s*\d{6}$", r"\1", row["date"])))
    if "credit" in row and "debit" in row:
        amount = (_money("credit", row["credit"]) or Decimal(0)) - abs(_money("debit", row["debit"]) or Decimal(0))
    else:
        amount = _signed(row)
    if not amount:
        return None
    text = " ".join(dict.fromkeys(t for n in ("summary", "purpose", "remark") if (t := row.get(n))))
    return Entry(
        day,
        amount,
        _money("balance", row.get("balance", "")),
        row.get("payer", "")[:200] or None,
        re.sub(r"\s", "", row.get("payer_account", ""))[:60] or None,
        row.get("payer_bank", "")[:200] or None,
        text[:500] or None,
        row.get("reference", "")[:100] or None,
    )


def _money(name: str, text: str) -> Decimal | None:
    f = KIND.field(name)
    text = re.sub(r"[￥¥\s]|(?<=\d)元$", "", text)
    if text in ("", "-", "--", "—"):
        return None
    value = PARSERS["decimal"](f, text)
    if value != round(value, 2) or abs(value) >= Decimal(10) ** 13:
        raise BadValue(_l("%(field)s is not an amount in yuan and fen; write it as 1234.56.", field=f.title))
    return value


def _signed(row: dict[str, str]) -> Decimal:
    amount, way = _money("amount", row["amount"]) or Decimal(0), row.get("direction", "").lower()
    if not way:
        return amount
    if way in OUT or way[:1] in ("借", "支"):
        return -abs(amount)
    if way in IN or way[:1] in ("贷", "收"):
        return abs(amount)
    raise BadValue(_l("It does not say whether %(text)s is money in or out; write 贷 or 借.", text=row.get("direction")))
