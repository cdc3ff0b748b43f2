"""CAMT.053 and MT940 files to statement lines, through the libraries for both, behind a size check and a refusal of anything in
XML that can hide or multiply content (K-04). Balances are read exactly here: pycamt passes negative ones through a float."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from xml.parsers import expat

from parkops.errors import Refused
from parkops.i18n import _l

from ..calc_statement import Entry, Parsed

MAX_BYTES, MAX_DEPTH, MAX_ELEMENTS, MAX_LINE = 5 * 1024 * 1024, 40, 500_000, 2_000
CURRENCY = "CNY"


def kind_of(filename: str, head: bytes) -> str:
    """`camt053`, `mt940` or `table`, by name and first bytes."""
    start = head.lstrip(b"\xef\xbb\xbf\xff\xfe\r\n \t")[:200]
    if filename.lower().endswith(".xml") or start.startswith(b"<"):
        return "camt053"
    if filename.lower().endswith((".sta", ".mt940", ".940", ".fin")) or re.match(rb"(\{1:|:20:)", start):
        return "mt940"
    return "table"


def read(path: Path) -> bytes:
    """The file, when it is not too large."""
    if path.stat().st_size > MAX_BYTES:
        raise Refused(_l("The file is larger than %(n)s MiB; ask the bank for a shorter period.", n=MAX_BYTES // 1024 // 1024))
    return path.read_bytes()


def refuse_hostile(raw: bytes) -> None:
    """One pass of expat: no document type, no entities, no instructions, bounded depth and number of elements."""
    depth = [0, 0]

    def refused(*_args: Any) -> None:
        raise Refused(
            _l("The file declares a document type or entities, which statements do not need; ask the bank for a plain CAMT.053 file.")
        )

    def start(_name: str, _attributes: Any) -> None:
        depth[0], depth[1] = depth[0] + 1, depth[1] + 1
        if depth[0] > MAX_DEPTH or depth[1] > MAX_ELEMENTS:
            raise Refused(_l("The file is nested too deeply or too long; ask the bank for a plain CAMT.053 file."))

    def end(_name: str) -> None:
        depth[0] -= 1

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = parser.ProcessingInstructionHandler = refused
    parser.ExternalEntityRefHandler = refused
    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(raw, True)
    except expat.ExpatError:
        raise damaged() from None


def damaged() -> Refused:
    return Refused(_l("The file is damaged or no statement of account; fetch it from the bank again."))


def read_camt(raw: bytes) -> Parsed:
    """A CAMT.053 file of one account in CNY; entries that are not booked are passed."""
    from lxml.etree import XMLSyntaxError
    from pycamt.parser import Camt053ParseError, Camt053Parser

    refuse_hostile(raw)
    try:
        found = Camt053Parser(raw)
        if found.version == "unknown":
            raise damaged()
        entries = [e for row in found.get_transactions() if (e := _camt_entry(row)) is not None]
        statements = found._find_statements_or_reports()
    except (XMLSyntaxError, Camt053ParseError, AttributeError, ValueError, InvalidOperation, KeyError):
        raise damaged() from None
    balances = [_camt_balances(s) for s in statements]
    accounts = {a for s in statements if (a := _camt_account(s))}
    if len(accounts) > 1:
        raise Refused(_l("The file holds several accounts; ask the bank for one file for each account."))
    return Parsed("camt053", tuple(sorted(entries, key=lambda e: e.on)), balances[0][0], balances[-1][1], next(iter(accounts), None))


def _local(element: Any, *path: str) -> Any:
    """First descendant along local names, whatever the version's namespace."""
    found = element.xpath("./" + "/".join(f"*[local-name()='{p}']" for p in path))
    return found[0] if found else None


def _camt_account(statement: Any) -> str | None:
    found = _local(statement, "Acct", "Id", "IBAN")
    found = _local(statement, "Acct", "Id", "Othr", "Id") if found is None else found
    return (found.text or "").strip() or None if found is not None else None


def _camt_balances(statement: Any) -> tuple[Decimal | None, Decimal | None]:
    out: dict[str, Decimal] = {}
    for balance in statement.xpath("./*[local-name()='Bal']"):
        code, amount, way = (_local(balance, *p) for p in (("Tp", "CdOrPrtry", "Cd"), ("Amt",), ("CdtDbtInd",)))
        if code is None or amount is None:
            continue
        _currency(amount.get("Ccy"))
        value = _amount(amount.text)
        out[code.text.strip()] = -value if way is not None and way.text == "DBIT" else value
    return out.get("OPBD", out.get("PRCD")), out.get("CLBD")


def _camt_entry(row: dict[str, Any]) -> Entry | None:
    if row.get("Status") not in (None, "BOOK"):
        return None
    _currency(row.get("Currency"))
    incoming = row["CreditDebitIndicator"] == "CRDT"
    side = "Debtor" if incoming else "Creditor"
    day = date.fromisoformat((row.get("BookingDate") or row.get("ValueDate") or "")[:10])
    text = " ".join(
        dict.fromkeys(
            t
            for t in (row.get("RemittanceInformationFull") or row.get("RemittanceInformation"), row.get("AdditionalEntryInformation"))
            if t
        )
    )
    value = _amount(row["Amount"])
    if not value:
        return None
    return Entry(
        day,
        value if incoming else -value,
        None,
        (row.get(f"{side}Name") or "")[:200] or None,
        (row.get(f"{side}IBAN") or "")[:60] or None,
        None,
        text[:500] or None,
        "/".join(x for x in (row.get("TransactionID"), row.get("EndToEndId")) if x and x != "NOTPROVIDED")[:100] or None,
    )


def _amount(text: Any) -> Decimal:
    value = Decimal(str(text).strip())
    if not value.is_finite() or value != round(value, 2) or abs(value) >= Decimal(10) ** 13:
        raise damaged()
    return value


def _currency(code: str | None) -> None:
    if code not in (None, CURRENCY):
        raise Refused(_l("The statement is in %(code)s; only accounts in yuan (CNY) are matched here.", code=code))


def read_mt940(raw: bytes) -> Parsed:
    """An MT940 file of one account in CNY."""
    import mt940

    text = _decoded(raw)
    if not re.search(r"^:60[FM]:", text, re.M) or any(len(line) > MAX_LINE for line in text.splitlines()):
        raise damaged()
    try:
        found = mt940.parse(text)
        opening, closing = found.data.get("final_opening_balance"), found.data.get("final_closing_balance")
        entries = tuple(_mt_entry(t.data) for t in found if t.data.get("amount") is not None)
    except (ValueError, KeyError, AttributeError, TypeError, RuntimeError, InvalidOperation):
        raise damaged() from None
    if len(re.findall(r"^:60F:", text, re.M)) > 1:
        raise Refused(_l("The file holds several statements; ask the bank for one file for each account and period."))
    for balance in (opening, closing):
        _currency(balance.amount.currency if balance is not None else None)
    return Parsed(
        "mt940",
        entries,
        opening.amount.amount if opening else None,
        closing.amount.amount if closing else None,
        found.data.get("account_identification"),
    )


def _decoded(raw: bytes) -> str:
    for name in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(name)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise damaged()


def _mt_entry(data: dict[str, Any]) -> Entry:
    details = " ".join((data.get("transaction_details") or "").split())
    name = data.get("applicant_name") or (m[1] if (m := re.search(r"/NAME/([^/]+)", details)) else None)
    account = data.get("applicant_iban") or (m[1] if (m := re.search(r"/(?:ACCT|IBAN)/([0-9A-Z]+)", details)) else None)
    text = " ".join(t for t in (data.get("purpose"), details if not data.get("purpose") else None, data.get("extra_details")) if t)
    references = (data.get("bank_reference"), data.get("customer_reference"))
    _currency(data["amount"].currency)
    day = data["date"]
    return Entry(
        date(day.year, day.month, day.day),
        _amount(data["amount"].amount),
        None,
        (name or "")[:200] or None,
        (account or "")[:60] or None,
        None,
        text[:500] or None,
        "/".join(r for r in references if r and r != "NONREF")[:100] or None,
    )
