"""Entries by hand: prepared by one person, posted by another, taken back by a reversal that goes the same way. Rules G-11 to G-13."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, type_coerce

from parkops import approval, clock, records
from parkops.db.session import scope_of
from parkops.db.types import Money
from parkops.errors import Conflict, Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..models.catalogue import Account
from ..models.ledger import LedgerEntry, LedgerLine
from ..models.ledger_manual import ManualEntry, ManualLine
from ..states_ledger import MANUAL
from . import accounts, ledger
from .periods import require_open

RESOURCE = "billing.manual_entry"
KIND = approval.ApprovalKind("billing.manual", _l("Manual ledger entry"), RESOURCE)
CLOSED = ("income", "expense")  # accounts closed to the result at the end of a year


def create_manual(session: Any, *, entry_date: date, memo: str) -> ManualEntry:
    """A draft; its lines follow."""
    return records.create(session, ManualEntry, {"entry_date": entry_date, "memo": memo, "prepared_by": scope_of(session).user_name})


def change_manual(session: Any, manual: ManualEntry, *, entry_date: date, memo: str) -> ManualEntry:
    """Correct a draft."""
    _own_draft(session, manual)
    return records.change(session, manual, {"entry_date": entry_date, "memo": memo})


def remove_manual(session: Any, manual: ManualEntry) -> None:
    """Throw a draft away."""
    _own_draft(session, manual)
    records.remove(session, manual)


def create_line(session: Any, *, manual_id: int, account_id: int, debit: Decimal | None = None, credit: Decimal | None = None,
                firm_id: int | None = None, memo: str | None = None) -> ManualLine:
    """Add a line to a draft."""
    manual = session.get(ManualEntry, manual_id)
    if manual is not None:
        _own_draft(session, manual)
    last = session.scalar(select(func.max(ManualLine.line)).where(ManualLine.manual_id == manual_id)) or 0
    line = records.create(session, ManualLine, {
        "manual_id": manual_id, "line": last + 1, "account_id": account_id, "debit": debit or Decimal(0), "credit": credit or Decimal(0),
        "firm_id": firm_id, "memo": memo}, _one_side)
    _sum(session, manual_id)
    return line


def change_line(session: Any, line: ManualLine, *, account_id: int, debit: Decimal | None = None, credit: Decimal | None = None,
                firm_id: int | None = None, memo: str | None = None) -> ManualLine:
    """Correct a line of a draft."""
    _own_draft(session, line.manual)
    records.change(session, line, {"account_id": account_id, "debit": debit or Decimal(0), "credit": credit or Decimal(0),
                                   "firm_id": firm_id, "memo": memo}, _one_side)
    _sum(session, line.manual_id)
    return line


def remove_line(session: Any, line: ManualLine) -> None:
    """Take a line out of a draft."""
    _own_draft(session, line.manual)
    records.remove(session, line)
    _sum(session, line.manual_id)


def _one_side(session: Any, values: dict[str, Any], problems: Problems) -> None:
    debit, credit = values["debit"], values["credit"]
    if debit < 0 or credit < 0 or (debit == 0) == (credit == 0):
        problems.add("billing.G-02", _l("A line has a debit or a credit, above zero, not both."), "debit")
    account = session.get(Account, values["account_id"])
    if account is not None and not account.active:
        problems.add("billing.G-11", _l("Account %(code)s is out of use. Choose another one.", code=account.code), "account_id")


def _sum(session: Any, manual_id: int) -> None:
    manual = session.get(ManualEntry, manual_id, with_for_update=True)
    manual.total = session.scalar(select(func.coalesce(func.sum(ManualLine.debit), 0)).where(ManualLine.manual_id == manual_id))
    session.flush()


def _own_draft(session: Any, manual: ManualEntry) -> None:
    """Only a draft, and only by the person who prepares it: whoever posts it must not have written it."""
    who, problems = scope_of(session), Problems()
    if manual.state != "draft":
        problems.add("billing.G-11", _l("Only a draft can be changed. Have it returned first."))
    if not who.system and who.user_name != manual.prepared_by:
        problems.add("billing.G-11", _l("%(who)s prepares this entry. Write your own, or leave a comment.", who=manual.prepared_by))
    problems.stop()


def why_not_submit(session: Any, manual: ManualEntry) -> str | None:
    """Why a draft is not complete, or None."""
    debit, credit, count = session.execute(select(
        func.coalesce(func.sum(ManualLine.debit), 0), func.coalesce(func.sum(ManualLine.credit), 0), func.count(ManualLine.id)
    ).where(ManualLine.manual_id == manual.id)).one()
    if not count:
        return _("Add the lines first.")
    return None if debit == credit else _("Debits are %(debit)s, credits %(credit)s. They must be equal.", debit=debit, credit=credit)


def submit_manual(session: Any, manual: ManualEntry) -> ManualEntry:
    """Hand a complete draft to a second person."""
    access.require(session, RESOURCE, "change")
    _own_draft(session, manual)
    if (why := why_not_submit(session, manual)) is not None:
        raise RuleError([Problem("billing.G-01", why)])
    require_open(session, manual.park_id, manual.entry_date)
    MANUAL.move(session, manual, "submit", on=clock.today())
    approval.request(session, manual, KIND.code, amount=manual.total, title=str(manual),
                     payload={"date": manual.entry_date, "memo": manual.memo, "total": manual.total})
    return manual


def _open_request(session: Any, manual: ManualEntry) -> Any:
    return next((a for a in approval.of(session, manual) if a.kind == KIND.code and a.state == "waiting"), None)


def _waiting(session: Any, manual: ManualEntry) -> Any:
    found = _open_request(session, manual)
    if found is None:
        raise Conflict(_l("This request has already been decided."), manual)
    return found


def why_not_approve(session: Any, manual: ManualEntry) -> str | None:
    """Nobody posts what they prepared."""
    found = _open_request(session, manual)
    why = approval.why_not(session, found) if found is not None else None
    return str(why.message) if why is not None else None


def approve_manual(session: Any, manual: ManualEntry) -> ManualEntry:
    """Post what a colleague prepared (G-12)."""
    approval.vote(session, _waiting(session, manual), True)
    return manual


def return_manual(session: Any, manual: ManualEntry, *, reason: str) -> ManualEntry:
    """Give it back for correction."""
    approval.vote(session, _waiting(session, manual), False, reason)
    return manual


@approval.on_approved(KIND.code)
def _post(session: Any, request: Any, manual: ManualEntry) -> None:
    lines = list(session.scalars(select(ManualLine).where(ManualLine.manual_id == manual.id).order_by(ManualLine.line)))
    if manual.kind == "reversal":
        entry = ledger.reverse(session, manual.reverses, on=manual.entry_date, memo=manual.memo)
    else:
        entry = ledger.post(session, park_id=manual.park_id, kind=manual.kind, on=manual.entry_date, memo=manual.memo, source=RESOURCE,
                            source_id=manual.id, legs=[ledger.Leg(i.account_id, i.debit, i.credit, i.firm_id, i.memo) for i in lines])
    manual.entry_id = entry.id
    session.flush()
    MANUAL.move(session, manual, "post", on=clock.today())


@approval.on_returned(KIND.code)
def _back(session: Any, request: Any, manual: ManualEntry) -> None:
    MANUAL.move(session, manual, "return", on=clock.today(), reason=request.reason or str(_("Withdrawn")))


def why_not_reverse(session: Any, entry: LedgerEntry) -> str | None:
    """Only entries made by hand are taken back here; a document's entry is taken back with the document."""
    if entry.kind not in ("manual", "closing"):
        return _("Reverse the document this entry belongs to; its entry follows.")
    if session.scalar(select(LedgerEntry.id).where(LedgerEntry.reverses_id == entry.id)) is not None:
        return _("This entry has been reversed already.")
    if session.scalar(select(ManualEntry.id).where(ManualEntry.reverses_id == entry.id, ManualEntry.state.in_(("draft", "waiting")))):
        return _("A reversal is already waiting for approval.")
    return None


def propose_reversal(session: Any, entry: LedgerEntry, *, on: date, reason: str) -> ManualEntry:
    """Prepare the reversal of a manual entry and hand it to a second person (G-13)."""
    access.require(session, RESOURCE, "add")
    if (why := why_not_reverse(session, entry)) is not None:
        raise RuleError([Problem("billing.G-13", why)])
    manual = ManualEntry(park_id=entry.park_id, kind="reversal", entry_date=on, reverses_id=entry.id,
                         prepared_by=scope_of(session).user_name,
                         memo=_("Reversal of %(number)s: %(reason)s", number=entry.number, reason=reason)[:300])
    for line in session.scalars(select(LedgerLine).where(LedgerLine.entry_id == entry.id).order_by(LedgerLine.line)):
        manual.lines.append(ManualLine(park_id=entry.park_id, line=line.line, account_id=line.account_id, firm_id=line.firm_id,
                                       debit=line.credit, credit=line.debit, memo=line.memo))
    manual.total = entry.total
    session.add(manual)
    session.flush()
    return submit_manual(session, manual)


def prepare_closing(session: Any, *, year: int, park_id: int | None = None) -> ManualEntry:
    """A draft dated 31 December that carries every income and expense account to the result of the year (4103)."""
    access.require(session, RESOURCE, "add")
    park = park_id or scope_of(session).park_id
    last = date(year, 12, 31)
    net = type_coerce(func.sum(LedgerLine.debit) - func.sum(LedgerLine.credit), Money)
    rows = session.execute(
        select(LedgerLine.account_id, net.label("net")).join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id)
        .join(Account, Account.id == LedgerLine.account_id)
        .where(LedgerLine.park_id == park, LedgerEntry.entry_date <= last, Account.kind.in_(CLOSED))
        .group_by(LedgerLine.account_id, Account.code).having(net != 0).order_by(Account.code)).all()
    if not rows:
        raise RuleError([Problem("billing.G-14", _l("Income and expenses of %(year)s are closed already.", year=year))])
    manual = ManualEntry(park_id=park, kind="closing", entry_date=last, prepared_by=scope_of(session).user_name,
                         memo=_("Income and expenses of %(year)s to the result", year=year))
    sides = [(account_id, max(-Decimal(n), Decimal(0)), max(Decimal(n), Decimal(0))) for account_id, n in rows]
    rest = sum((d - c for _a, d, c in sides), Decimal(0))
    if rest:
        sides.append((accounts.by_role(session, "result").id, max(-rest, Decimal(0)), max(rest, Decimal(0))))
    for i, (account_id, debit, credit) in enumerate(sides, 1):
        manual.lines.append(ManualLine(park_id=park, line=i, account_id=account_id, debit=debit, credit=credit))
    manual.total = sum((d for _a, d, _c in sides), Decimal(0))
    session.add(manual)
    session.flush()
    return manual
