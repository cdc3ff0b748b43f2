"""Matching of bank lines (核销): accept, split, unidentified, leave out, tie to what is there already, undo. Rules K-08 to K-16.

A line is locked before anything is made from it, so that of two clerks who accept the same line one gets a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as pg_insert

from modules.tenants.models.firm import Firm
from parkops import settings
from parkops.clock import now
from parkops.db.session import scope_of
from parkops.errors import NotFound, Problems, RuleError
from parkops.i18n import _l, _n
from parkops.security import access

from .. import calc_matching as calc
from ..models.bank import BankLine, BankMatch, PayerRule
from ..models.deposit import Deposit, DepositMove
from ..models.receipt import Receipt
from . import bank_book, receipts

RESOURCE = "billing.bank_line"
Pairs = Sequence[tuple[int, Decimal]]


def lock_line(session: Any, line: BankLine) -> BankLine:
    """The line's row, locked and read anew."""
    return session.scalars(
        select(BankLine).where(BankLine.id == line.id).with_for_update(of=BankLine).execution_options(populate_existing=True)
    ).one()


def _open(line: BankLine, problems: Problems) -> Decimal:
    """What is left of the line; RuleError K-09 when nothing is."""
    if line.state == "matched":
        problems.add("billing.K-09", _l("This line is matched already. Load the page again."))
    elif line.state == "ignored":
        problems.add("billing.K-09", _l("This line was left out. Take it up again first."))
    problems.stop()
    return line.amount - line.matched


def accept_line(
    session: Any,
    line: BankLine,
    *,
    firm_id: int | None = None,
    pairs: Pairs = (),
    amount: Decimal | None = None,
    score: int | None = None,
    why: str | None = None,
) -> Receipt:
    """Make the receipt of a line (or of `amount` of it): pairs [(bill id, amount)] are settled, the rest is the firm's advance;
    without a firm the money stands as unidentified (K-10). The account is remembered for the firm (K-12)."""
    access.require(session, RESOURCE, "act")
    line = lock_line(session, line)
    part = _part(line, amount, pairs)
    receipt = receipts.receive(
        session,
        firm_id=firm_id,
        amount=part,
        received_on=line.on_date,
        kind="bank",
        bank_account_id=line.bank_account_id,
        payer=line.payer,
        reference=(line.reference or line.text or "")[:200] or None,
        allocate=list(pairs) if firm_id is not None and pairs else None,
        source=RESOURCE,
        source_id=line.id,
    )
    _match(session, line, receipt=receipt, score=score, why=why)
    if firm_id is not None:
        learn(session, line, firm_id)
    return receipt


def _part(line: BankLine, amount: Decimal | None, pairs: Pairs) -> Decimal:
    """How much of the line is received; RuleError K-09 to K-11 when it does not fit."""
    problems = Problems()
    left = _open(line, problems)
    part = left if amount is None else amount
    if line.amount < 0:
        problems.add("billing.K-10", _l("This is money out. Tie it to the refund it paid, or leave it out with a reason."))
    elif not 0 < part <= left:
        problems.add("billing.K-10", _l("Of this line %(left)s is left. Enter that amount or less.", left=f"{left:,.2f}"), "amount")
    elif (total := sum((a for _i, a in pairs), Decimal(0))) > part:
        problems.add(
            "billing.K-11",
            _l("The parts come to %(sum)s, the line has %(left)s. Lower the parts.", sum=f"{total:,.2f}", left=f"{part:,.2f}"),
            "pairs",
        )
    problems.stop()
    return part


def _match(
    session: Any,
    line: BankLine,
    *,
    receipt: Receipt | None = None,
    move: DepositMove | None = None,
    score: int | None = None,
    why: str | None = None,
) -> BankMatch:
    found = receipt if receipt is not None else move
    row = BankMatch(
        park_id=line.park_id,
        line_id=line.id,
        receipt_id=receipt.id if receipt else None,
        move_id=move.id if move else None,
        amount=found.amount,
        score=score,
        why=why,
        made_at=now(),
        made_by=scope_of(session).user_name,
    )
    session.add(row)
    session.flush()
    session.refresh(line)
    return row


def learn(session: Any, line: BankLine, firm_id: int) -> None:
    """Remember the account (without one, the name) for the firm; a later answer wins."""
    key = calc.account_key(line.payer_account, line.payer)
    if key is None:
        return
    table = PayerRule.__table__
    new = pg_insert(table).values(
        park_id=line.park_id, key=key, payer=line.payer, payer_account=line.payer_account, firm_id=firm_id, last_on=line.on_date
    )
    session.connection().execute(
        new.on_conflict_do_update(
            index_elements=["park_id", "key"],
            set_={
                "firm_id": firm_id,
                "payer": new.excluded.payer,
                "last_on": func.greatest(table.c.last_on, new.excluded.last_on),
                "version": table.c.version + 1,
                "times": table.c.times + 1 if _same(session, line.park_id, key, firm_id) else 1,
            },
        )
    )


def _same(session: Any, park_id: int, key: str, firm_id: int) -> bool:
    return session.scalar(select(PayerRule.firm_id).where(PayerRule.park_id == park_id, PayerRule.key == key)) == firm_id


def receive_deposit_of(session: Any, line: BankLine, *, deposit_id: int, amount: Decimal | None = None) -> DepositMove:
    """The line (or part of it) is a deposit's money (K-13)."""
    from .deposits import receive_deposit

    access.require(session, RESOURCE, "act")
    line, problems = lock_line(session, line), Problems()
    left, deposit = _open(line, problems), session.get(Deposit, deposit_id)
    if deposit is None or deposit.park_id != line.park_id:
        raise NotFound(_l("There is no such record in your parks."))
    part = left if amount is None else amount
    if not 0 < part <= left:
        problems.add("billing.K-10", _l("Of this line %(left)s is left. Enter that amount or less.", left=f"{left:,.2f}"), "amount")
    problems.stop()
    receive_deposit(session, deposit, amount=part, on=line.on_date, kind="bank", bank_account_id=line.bank_account_id)
    move = session.scalars(select(DepositMove).where(DepositMove.deposit_id == deposit.id).order_by(DepositMove.id.desc()).limit(1)).one()
    _match(session, line, move=move)
    learn(session, line, deposit.firm_id)
    return move


def tie_line(session: Any, line: BankLine, *, receipt_id: int | None = None, move_id: int | None = None) -> BankMatch:
    """The money is recorded already: tie the line to a receipt, a refund (negative) or a deposit movement (K-14)."""
    access.require(session, RESOURCE, "act")
    line, problems = lock_line(session, line), Problems()
    left = _open(line, problems)
    found = (
        session.get(Receipt, receipt_id) if receipt_id is not None else session.get(DepositMove, move_id) if move_id is not None else None
    )
    if found is None or found.park_id != line.park_id:
        raise NotFound(_l("There is no such record in your parks."))
    column = BankMatch.receipt_id if receipt_id is not None else BankMatch.move_id
    if session.scalar(select(BankMatch.id).where(column == found.id)) is not None:
        problems.add("billing.K-14", _l("It belongs to another bank line already. Choose another one."))
    elif (found.amount > 0) != (line.amount > 0) or abs(found.amount) > abs(left):
        problems.add(
            "billing.K-14",
            _l(
                "Its amount %(amount)s does not fit what is left of the line, %(left)s.", amount=f"{found.amount:,.2f}", left=f"{left:,.2f}"
            ),
        )
    problems.stop()
    return _match(session, line, receipt=found if receipt_id is not None else None, move=found if receipt_id is None else None)


def recorded(session: Any, line: BankLine, days: int = 31) -> tuple[list[Receipt], list[DepositMove]]:
    """Receipts, refunds and deposit movements of about the line's day and what is left of it that belong to no line yet."""
    left = line.amount - line.matched
    span = func.abs(Receipt.received_on - line.on_date) <= days
    taken = select(BankMatch.receipt_id).where(BankMatch.receipt_id.is_not(None))
    moved = select(BankMatch.move_id).where(BankMatch.move_id.is_not(None))
    return (
        list(
            session.scalars(
                select(Receipt)
                .where(
                    Receipt.park_id == line.park_id,
                    Receipt.amount == left,
                    Receipt.kind.in_(("bank", "refund")),
                    Receipt.id.not_in(taken),
                    span,
                )
                .order_by(Receipt.id)
                .limit(5)
            )
        ),
        list(
            session.scalars(
                select(DepositMove)
                .where(
                    DepositMove.park_id == line.park_id,
                    DepositMove.amount == left,
                    DepositMove.kind.in_(("received", "refunded", "returned_double")),
                    DepositMove.id.not_in(moved),
                    func.abs(DepositMove.on_date - line.on_date) <= days,
                )
                .order_by(DepositMove.id)
                .limit(5)
            )
        ),
    )


def ignore_line(session: Any, line: BankLine, *, reason: str) -> BankLine:
    """Leave a line out with a reason: bank fees, transfers between own accounts (K-15)."""
    access.require(session, RESOURCE, "act")
    line, problems = lock_line(session, line), Problems()
    _open(line, problems)
    if line.matched:
        problems.add("billing.K-15", _l("Part of the line is matched. Undo that first."))
    if not (reason or "").strip():
        problems.add("billing.K-15", _l("Write a reason."), "reason")
    problems.stop()
    line.state, line.ignored_why, line.ignored_by = "ignored", reason.strip(), scope_of(session).user_name
    session.flush()
    return line


def reopen_line(session: Any, line: BankLine) -> BankLine:
    """Take up a line that was left out."""
    access.require(session, RESOURCE, "act")
    line, problems = lock_line(session, line), Problems()
    if line.state != "ignored":
        problems.add("billing.K-15", _l("Only a line that was left out can be taken up again."))
    problems.stop()
    line.state, line.ignored_why, line.ignored_by = "open", None, None
    session.flush()
    return line


def undo_match(session: Any, match: BankMatch, *, on: date, reason: str) -> str:
    """Take a match back (K-16): a receipt or movement made from the line is reversed, one that was there before only untied."""
    access.require(session, RESOURCE, "act")
    line = lock_line(session, match.line)
    receipt, move = match.receipt, match.move
    made = receipt is not None and receipt.source == RESOURCE and receipt.source_id == line.id
    session.delete(match)
    session.flush()
    session.refresh(line)
    if made and session.scalar(select(Receipt.id).where(Receipt.reverses_id == receipt.id)) is None:
        receipts.reverse_receipt(session, receipt, on=max(on, receipt.received_on), reason=reason)
    elif move is not None:
        return str(_l("The line is open again. The deposit's movement stays; reverse it there when it is wrong."))
    return str(_l("The line is open again."))


def is_fee(session: Any, line: BankLine) -> bool:
    """Money out whose text names a bank fee (setting)."""
    words = settings.get(session, "billing.bank_fee_words", park_id=line.park_id) or []
    return line.amount < 0 and any(w in f"{line.text or ''}{line.payer or ''}" for w in words)


def safe(
    session: Any, lines: Sequence[BankLine], found: dict[int, list[calc.Proposal]] | None = None
) -> list[tuple[BankLine, calc.Proposal]]:
    """Open lines whose best proposal reaches the score of the setting. A bill that two lines would pay is settled once: the later
    line is left for a person. `found`: proposals at hand."""
    if found is None:
        found = bank_book.proposals(session, [x for x in lines if x.state == "open" and x.amount > 0])
    least = settings.get(session, "billing.match_score", park_id=lines[0].park_id if lines else None)
    out, used = [], set()
    for line in sorted(lines, key=lambda x: (x.on_date, x.id)):
        best = next(iter(found.get(line.id, ())), None)
        if best is None or best.score < least or best.deposit_id is not None or not best.pairs or used & {i for i, _a in best.pairs}:
            continue
        used |= {i for i, _a in best.pairs}
        out.append((line, best))
    return out


def in_words(found: Sequence[tuple[BankLine, calc.Proposal]]) -> str:
    """How many lines are certain, and their sum."""
    total = sum((x.amount - x.matched for x, _p in found), Decimal(0))
    return str(_l("%(n)s lines reach the score, %(sum)s in all; the others wait for a person.", n=len(found), sum=f"{total:,.2f}"))


def count_safe(session: Any, lines: Sequence[BankLine], **_values: Any) -> tuple[int, str]:
    """The dry run of `accept_safe`: how many lines, and the sum."""
    found = safe(session, lines)
    return len(found), in_words(found)


def accept_safe(session: Any, lines: Sequence[BankLine]) -> str:
    """Accept every line whose best proposal reaches the score of the setting; a line another clerk took meanwhile is left out."""
    done = 0
    for line, best in safe(session, lines):
        try:
            with session.begin_nested():
                accept_line(
                    session, line, firm_id=best.firm_id, pairs=best.pairs, score=best.score, why=", ".join(r.code for r in best.reasons)
                )
            done += 1
        except RuleError:
            session.expire(line)
    return str(_n("%(n)s line was matched.", "%(n)s lines were matched.", done))


def why_not_open(session: Any, line: BankLine) -> str | None:
    """Why nothing can be done with the line, or None."""
    if line.state == "open":
        return None
    return str(
        _l("This line is matched already. Load the page again.")
        if line.state == "matched"
        else _l("This line was left out. Take it up again first.")
    )


def why_not_reopen(session: Any, line: BankLine) -> str | None:
    """Why it cannot be taken up again, or None."""
    return None if line.state == "ignored" else str(_l("Only a line that was left out can be taken up again."))


def change_rule(session: Any, rule: PayerRule, *, firm_id: int) -> PayerRule:
    """Say whose account it is after all."""
    access.require(session, "billing.payer_rule", "change")
    firm = session.get(Firm, firm_id)
    if firm is None or firm.park_id != rule.park_id:
        raise NotFound(_l("There is no such record in your parks."))
    rule.firm_id, rule.times = firm.id, 1
    session.flush()
    return rule


def remove_rule(session: Any, rule: PayerRule) -> None:
    """Forget an account."""
    access.require(session, "billing.payer_rule", "remove")
    session.delete(rule)
    session.flush()


def post_unknown(session: Any, line: BankLine) -> tuple[str, str]:
    """The button: a receipt without a payer."""
    made = accept_line(session, line)
    return str(_l("Receipt %(number)s was posted.", number=made.number)), f"/billing/receipt/{made.id}"
