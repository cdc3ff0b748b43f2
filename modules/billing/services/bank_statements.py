"""Bank statements: what a file would bring, its import, and taking it back. Rules K-01 to K-07 of the README."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert as pg_insert

from parkops.clock import now
from parkops.db import audit
from parkops.db.session import scope_of
from parkops.errors import NotFound, Problems
from parkops.i18n import _l
from parkops.security import access
from parkops.web.importer import mapping

from ..calc_statement import Entry, Parsed, broken_at, keys, with_balances
from ..models.bank import BankLine, BankMatch, BankStatement
from ..models.receipt import BankAccount
from . import bank_files, bank_tables

RESOURCE = "billing.bank_statement"
CHUNK = 5_000


@dataclass
class Preview:
    """What a file holds before anything is written. `new`: lines not known yet; `gap`: what lies between the last closing known
    and this opening (None: nothing known before)."""

    parsed: Parsed
    keys: list[str]
    known: set[str]
    headings: tuple[str, ...] = ()
    columns: dict[str, int] = field(default_factory=dict)
    missing: tuple[Any, ...] = ()
    gap: Decimal | None = None

    @property
    def new(self) -> list[tuple[int, str, Entry]]:
        rows = enumerate(zip(self.keys, self.parsed.entries, strict=True), 1)
        return [(place, key, entry) for place, (key, entry) in rows if key not in self.known]


def account_of(session: Any, bank_account_id: int) -> BankAccount:
    """The account, in the parks of the session."""
    found = session.get(BankAccount, bank_account_id)
    if found is None:
        raise NotFound(_l("There is no such record in your parks."))
    return found


def look(
    session: Any,
    path: Path,
    filename: str,
    *,
    bank_account_id: int,
    columns: dict[str, int] | None = None,
    opening: Decimal | None = None,
    closing: Decimal | None = None,
) -> Preview:
    """Read a file for an account; nothing is written. A table whose columns are not known answers with `missing`."""
    access.require(session, RESOURCE, "add")
    account = account_of(session, bank_account_id)
    with path.open("rb") as f:
        kind = bank_files.kind_of(filename, f.read(256))
    if kind != "table":
        raw = bank_files.read(path)
        parsed, head, chosen = (bank_files.read_camt(raw) if kind == "camt053" else bank_files.read_mt940(raw)), (), {}
    else:
        table, header = bank_tables.open_file(path, filename)
        with table:
            head, chosen = header.names, columns or bank_tables.columns_for(session, header)
            if missing := bank_tables.lacking(chosen):
                return Preview(Parsed("table", ()), [], set(), head, chosen, missing)
            parsed = bank_tables.parse(table, header, chosen)
    parsed = with_balances(parsed, opening, closing)
    found = keys(account.id, parsed.entries)
    return Preview(parsed, found, _known(session, account.id, found), head, chosen, gap=_gap(session, account.id, parsed))


def _known(session: Any, account_id: int, found: list[str]) -> set[str]:
    out: set[str] = set()
    for start in range(0, len(found), CHUNK):
        out.update(
            session.scalars(
                select(BankLine.key).where(BankLine.bank_account_id == account_id, BankLine.key.in_(found[start : start + CHUNK]))
            )
        )
    return out


def _gap(session: Any, account_id: int, parsed: Parsed) -> Decimal | None:
    """Opening less the closing of the last statement that ends before this one begins."""
    if not parsed.entries or parsed.opening is None:
        return None
    last = session.scalar(
        select(BankStatement.closing)
        .where(BankStatement.bank_account_id == account_id, BankStatement.ends_on < parsed.entries[0].on)
        .order_by(BankStatement.ends_on.desc(), BankStatement.id.desc())
        .limit(1)
    )
    return None if last is None else parsed.opening - last


def problems_of(account: BankAccount, found: Preview) -> Problems:
    """Why it cannot be imported: lines that do not add up (K-02), balances not known (K-03), another account (K-06)."""
    problems, parsed = Problems(), found.parsed
    if found.missing:
        problems.add(
            "billing.K-04", _l("No column is chosen for %(fields)s; choose the columns.", fields=", ".join(map(str, found.missing)))
        )
        return problems
    if not parsed.entries:
        problems.add("billing.K-04", _l("There is no line with a day and an amount in the file; check the file and the columns."))
        return problems
    if parsed.account and not _same_account(parsed.account, account.number):
        problems.add(
            "billing.K-06",
            _l(
                "The file is of account %(file)s, chosen is %(chosen)s; choose the account of the file.",
                file=parsed.account,
                chosen=account.number,
            ),
            "bank_account_id",
        )
    _add_up(parsed, problems)
    return problems


def _add_up(parsed: Parsed, problems: Problems) -> None:
    """Opening + lines = closing, and every balance follows from the one before."""
    if parsed.difference is None:
        problems.add("billing.K-03", _l("The file states no balances; type the opening and the closing balance."), "opening")
    elif parsed.difference:
        problems.add(
            "billing.K-02",
            _l(
                "Opening %(opening)s and the lines %(lines)s do not come to the closing %(closing)s: %(difference)s is missing. "
                "Fetch the whole period again.",
                opening=f"{parsed.opening:,.2f}",
                lines=f"{parsed.turnover:,.2f}",
                closing=f"{parsed.closing:,.2f}",
                difference=f"{parsed.difference:,.2f}",
            ),
        )
    elif (at := broken_at(parsed.entries)) is not None:
        problems.add(
            "billing.K-02",
            _l(
                "The balance of line %(n)s does not follow from the line before: it differs by %(difference)s. "
                "Fetch the whole period again.",
                n=at[0],
                difference=f"{at[1]:,.2f}",
            ),
        )


def _same_account(stated: str, number: str) -> bool:
    """Banks put a branch or country before the number; the shorter ends the longer."""
    a, b = (re.sub(r"[^0-9A-Z]", "", t.upper()) for t in (stated, number))
    return bool(a and b) and (a.endswith(b) or b.endswith(a) or b in a)


def import_statement(
    session: Any,
    path: Path,
    filename: str,
    *,
    bank_account_id: int,
    columns: dict[str, int] | None = None,
    opening: Decimal | None = None,
    closing: Decimal | None = None,
) -> BankStatement | None:
    """Write the lines that are not known yet; None when there is none (the same file twice adds nothing, K-01).

    Raises RuleError K-02 with the difference when the file does not add up, K-03, K-04, K-06."""
    access.require(session, RESOURCE, "add")
    account = session.scalars(select(BankAccount).where(BankAccount.id == bank_account_id).with_for_update(of=BankAccount)).first()
    if account is None:
        raise NotFound(_l("There is no such record in your parks."))
    found = look(session, path, filename, bank_account_id=account.id, columns=columns, opening=opening, closing=closing)
    problems_of(account, found).stop()
    if not found.new:
        return None
    if found.headings:
        _remember(session, path, filename, found.columns)
    row = _statement(session, account, found, filename, hashlib.sha256(path.read_bytes()).hexdigest())
    session.add(row)
    session.flush()
    _write(session, row, found.new)
    return row


def _statement(session: Any, account: BankAccount, found: Preview, filename: str, digest: str) -> BankStatement:
    entries = found.parsed.entries
    return BankStatement(
        park_id=account.park_id,
        bank_account_id=account.id,
        format=found.parsed.format,
        filename=filename[-200:],
        sha256=_once(session, account.id, digest),
        starts_on=min(e.on for e in entries),
        ends_on=max(e.on for e in entries),
        opening=found.parsed.opening,
        turnover=found.parsed.turnover,
        closing=found.parsed.closing,
        lines=len(found.new),
        known=len(found.known),
        imported_at=now(),
        imported_by=scope_of(session).user_name,
    )


def _once(session: Any, account_id: int, digest: str) -> str:
    """A file of which some lines were taken back and come again: told apart from its first import."""
    again = session.scalar(
        select(func.count()).select_from(BankStatement).where(BankStatement.bank_account_id == account_id, BankStatement.sha256 == digest)
    )
    return hashlib.sha256(f"{digest}{again}".encode()).hexdigest() if again else digest


def _remember(session: Any, path: Path, filename: str, columns: dict[str, int]) -> None:
    if scope_of(session).park_id is None:
        return
    table, header = bank_tables.open_file(path, filename)
    with table:
        mapping.remember(session, bank_tables.KIND, header, columns)


def _write(session: Any, row: BankStatement, new: list[tuple[int, str, Entry]]) -> None:
    table = BankLine.__table__
    for start in range(0, len(new), CHUNK):
        session.connection().execute(
            pg_insert(table),
            [
                {
                    "park_id": row.park_id,
                    "statement_id": row.id,
                    "bank_account_id": row.bank_account_id,
                    "place": place,
                    "key": key,
                    "on_date": e.on,
                    "amount": e.amount,
                    "balance": e.balance,
                    "payer": e.payer,
                    "payer_account": e.payer_account,
                    "payer_bank": e.payer_bank,
                    "text": e.text,
                    "reference": e.reference,
                }
                for place, key, e in new[start : start + CHUNK]
            ],
        )
    audit.bulk(session, BankLine, "insert", len(new), {"statement": row.id, "file": row.filename}, park_id=row.park_id)


def why_not_undo(session: Any, row: BankStatement) -> str | None:
    """Why the import cannot be taken back, or None (K-07)."""
    used = session.scalar(
        select(BankMatch.id).join(BankLine, BankLine.id == BankMatch.line_id).where(BankLine.statement_id == row.id).limit(1)
    )
    return str(_l("A line of it is matched. Undo the matches first.")) if used is not None else None


def undo_statement(session: Any, row: BankStatement, *, reason: str) -> tuple[str, str]:
    """Take an import back while none of its lines is matched; its lines can be imported again."""
    access.require(session, RESOURCE, "act")
    problems = Problems()
    locked = select(BankLine.id).where(BankLine.statement_id == row.id).order_by(BankLine.id).with_for_update(of=BankLine)
    ids = list(session.scalars(locked))
    if (why := why_not_undo(session, row)) is not None:
        problems.add("billing.K-07", why)
    if not (reason or "").strip():
        problems.add("billing.K-07", _l("Write a reason."), "reason")
    problems.stop()
    session.execute(delete(BankLine).where(BankLine.id.in_(ids)).execution_options(synchronize_session=False))
    audit.bulk(
        session, BankLine, "delete", len(ids), {"statement": row.id, "file": row.filename, "reason": reason.strip()}, park_id=row.park_id
    )
    session.delete(row)
    session.flush()
    return str(_l("The import was taken back.")), "/billing/bank_statement/"
