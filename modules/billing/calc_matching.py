"""Which firm and which bills a line of a bank statement is for: scores with reasons. Pure; amounts in yuan.

    score = identity (who paid, at most 60) + amount (what it pays, at most 40)

Identity: a bill or contract number or a credit code in the text, an account that paid before, the firm's name, a former or short
name. Two kinds of evidence add 5 each, up to 60. The amount: the bill named in the text, one open bill, all open bills, the bills
due first, several bills, a deposit still to come, part of what is open, more than is open. When two firms come within 5 points
of each other neither is above 70: a person decides."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import combinations

ZERO = Decimal(0)
IDENTITY = {
    "bill_number": 55,
    "credit_code": 55,
    "contract": 50,
    "account": 50,
    "name": 50,
    "name_learnt": 40,
    "former_name": 45,
    "name_in_text": 40,
    "short_name": 35,
}
AMOUNT = {
    "named_bill": 40,
    "one_bill": 40,
    "all_bills": 38,
    "first_due": 36,
    "several": 32,
    "deposit": 30,
    "part": 10,
    "over": 5,
    "nothing_open": 0,
}
MORE, MOST, UNCLEAR, NEAR, ONLY = 5, 60, 70, 5, 30
SUBSET_BILLS, SUBSET_SIZE = 14, 5
_NOISE = re.compile(r"[\s()\[\]{}<>.,·\-_'\"、。（）【】:：;；*]+")
_TOKEN = re.compile(r"[A-Z]{1,4}-?\d{4}-?\d{4,7}|[0-9A-Z]{18}")
_SUFFIX = re.compile(r"(股份有限公司|有限责任公司|有限公司|公司)$")


@dataclass(frozen=True)
class OpenBill:
    """An open bill of a firm."""

    id: int
    number: str
    open: Decimal
    due_on: date


@dataclass(frozen=True)
class OpenDeposit:
    """A deposit agreed and not yet received in full."""

    id: int
    number: str
    missing: Decimal


@dataclass
class Payer:
    """What is known of a firm. `names`: (kind of IDENTITY, name); `bills` due first."""

    id: int
    name: str
    names: tuple[tuple[str, str], ...] = ()
    credit_code: str | None = None
    bills: tuple[OpenBill, ...] = ()
    deposits: tuple[OpenDeposit, ...] = ()

    @property
    def owed(self) -> Decimal:
        return sum((b.open for b in self.bills), ZERO)


@dataclass
class Book:
    """Everything lines of a park are compared with, indexed once. `references`: number of a bill or contract → (kind, firm id);
    `accounts`, `learnt`: account and name keys confirmed before → firm id."""

    payers: dict[int, Payer]
    references: dict[str, tuple[str, int]] = field(default_factory=dict)
    accounts: dict[str, int] = field(default_factory=dict)
    learnt: dict[str, int] = field(default_factory=dict)
    by_name: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    by_code: dict[str, int] = field(default_factory=dict)
    by_amount: dict[Decimal, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for payer in self.payers.values():
            for kind, name in payer.names:
                if key := plain(name):
                    self.by_name.setdefault(key, []).append((kind, payer.id))
            if payer.credit_code:
                self.by_code[payer.credit_code] = payer.id
            for amount in {b.open for b in payer.bills}:
                self.by_amount.setdefault(amount, []).append(payer.id)


@dataclass(frozen=True)
class Seen:
    """A line of a statement as it is compared."""

    amount: Decimal
    payer: str | None = None
    account: str | None = None
    text: str | None = None


@dataclass(frozen=True)
class Reason:
    """code: key of IDENTITY or AMOUNT, `only_amount`, `unclear`, `and_more`; value: what was found."""

    code: str
    value: str = ""


@dataclass(frozen=True)
class Proposal:
    """A firm, the bills its money settles, and what remains as its advance."""

    firm_id: int
    score: int
    reasons: tuple[Reason, ...]
    pairs: tuple[tuple[int, Decimal], ...]
    rest: Decimal = ZERO
    deposit_id: int | None = None


def plain(text: str | None) -> str:
    """A name for comparison: width, case, spaces, brackets and points do not count."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", text or "")).lower()


def account_key(account: str | None, payer: str | None) -> str | None:
    """The key an account (or, without one, a name) is remembered by."""
    digits = re.sub(r"[^0-9A-Z]", "", (account or "").upper())
    if len(digits) >= 6:
        return f"a:{digits}"
    return f"n:{plain(payer)}"[:120] if len(plain(payer)) >= 2 else None


def tokens(text: str | None) -> set[str]:
    """Numbers of documents and credit codes that stand in a text."""
    return {t.replace("-", "") for t in _TOKEN.findall(unicodedata.normalize("NFKC", text or "").upper())}


def who(line: Seen, book: Book) -> dict[int, list[Reason]]:
    """Every firm with evidence for being the payer."""
    out: dict[int, list[Reason]] = {}

    def found(firm_id: int, code: str, value: str) -> None:
        if firm_id in book.payers and code not in {r.code for r in out.get(firm_id, ())}:
            out.setdefault(firm_id, []).append(Reason(code, value))

    for token in sorted(tokens(" ".join(t for t in (line.text, line.payer) if t))):
        if token in book.references:
            found(book.references[token][1], book.references[token][0], token)
        if token in book.by_code:
            found(book.by_code[token], "credit_code", token)
    key = account_key(line.account, line.payer)
    if key is not None and key in book.accounts:
        found(book.accounts[key], "account", line.account or line.payer or "")
    name = plain(line.payer)
    if f"n:{name}" in book.learnt:
        found(book.learnt[f"n:{name}"], "name_learnt", line.payer or "")
    for kind, firm_id in book.by_name.get(name, ()):
        found(firm_id, kind, line.payer or "")
    text = plain(line.text)
    for known, holders in book.by_name.items():
        if text and len(known) >= 4 and known in text:
            for kind, firm_id in holders:
                if kind in ("name", "former_name") and not {r.code for r in out.get(firm_id, ())} & {"name", "former_name"}:
                    found(firm_id, "name_in_text", book.payers[firm_id].name)
    return out


def what(amount: Decimal, payer: Payer, named: Iterable[int] = ()) -> tuple[Reason, tuple[tuple[int, Decimal], ...], Decimal, int | None]:
    """(reason, pairs, rest, deposit) of an amount against what a firm owes; `named` bills (in the text) come first."""
    bills, named = payer.bills, set(named)
    first = [b for b in bills if b.id in named]
    if first and sum((b.open for b in first), ZERO) == amount:
        return Reason("named_bill", ", ".join(b.number for b in first)), _full(first), ZERO, None
    if one := next((b for b in bills if b.open == amount), None):
        return Reason("one_bill", one.number), _full([one]), ZERO, None
    if bills and payer.owed == amount:
        return Reason("all_bills", str(len(bills))), _full(bills), ZERO, None
    if prefix := _prefix(bills, amount):
        return Reason("first_due", str(len(prefix))), _full(prefix), ZERO, None
    if some := _subset(bills, amount):
        return Reason("several", ", ".join(b.number for b in some)), _full(some), ZERO, None
    if held := next((d for d in payer.deposits if d.missing == amount), None):
        return Reason("deposit", held.number), (), amount, held.id
    pairs, left = _spread([*first, *(b for b in bills if b.id not in named)], amount)
    code = "nothing_open" if not bills else "over" if left else "part"
    return Reason(code, f"{payer.owed:,.2f}"), pairs, left, None


def _full(bills: Sequence[OpenBill]) -> tuple[tuple[int, Decimal], ...]:
    return tuple((b.id, b.open) for b in bills)


def _prefix(bills: Sequence[OpenBill], amount: Decimal) -> Sequence[OpenBill]:
    total = ZERO
    for n, bill in enumerate(bills, 1):
        total += bill.open
        if total >= amount:
            return bills[:n] if total == amount else ()
    return ()


def _subset(bills: Sequence[OpenBill], amount: Decimal) -> Sequence[OpenBill]:
    few = [b for b in bills if b.open < amount][:SUBSET_BILLS]
    for size in range(2, min(SUBSET_SIZE, len(few)) + 1):
        for chosen in combinations(few, size):
            if sum((b.open for b in chosen), ZERO) == amount:
                return chosen
    return ()


def _spread(bills: Sequence[OpenBill], amount: Decimal) -> tuple[tuple[tuple[int, Decimal], ...], Decimal]:
    out, left = [], amount
    for bill in bills:
        if left <= 0:
            break
        out.append((bill.id, min(left, bill.open)))
        left -= out[-1][1]
    return tuple(out), left


def identity(reasons: Sequence[Reason]) -> int:
    """Points for who: the strongest evidence, 5 for each further kind, at most 60."""
    points = sorted((IDENTITY[r.code] for r in reasons if r.code in IDENTITY), reverse=True)
    return min(MOST, points[0] + MORE * (len(points) - 1)) if points else 0


def propose(line: Seen, book: Book, top: int = 5) -> list[Proposal]:
    """Proposals for money in, best first; none for money out."""
    if line.amount <= 0:
        return []
    out, mentioned = [], tokens(" ".join(t for t in (line.text, line.payer) if t))
    for firm_id, reasons in who(line, book).items():
        out.append(of_firm(line.amount, book.payers[firm_id], reasons, mentioned))
    if not out and len(holders := book.by_amount.get(line.amount, ())) == 1:
        reason, pairs, rest, _deposit = what(line.amount, book.payers[holders[0]])
        out.append(Proposal(holders[0], ONLY, (Reason("only_amount"), reason), pairs, rest))
    out.sort(key=lambda p: (-p.score, p.firm_id))
    if len(out) > 1 and out[0].score - out[1].score < NEAR:
        out = [
            Proposal(p.firm_id, min(p.score, UNCLEAR), (*p.reasons, Reason("unclear")), p.pairs, p.rest, p.deposit_id)
            if out[0].score - p.score < NEAR
            else p
            for p in out
        ]
    return out[:top]


def of_firm(amount: Decimal, payer: Payer, reasons: Sequence[Reason] = (), mentioned: Iterable[str] = ()) -> Proposal:
    """The proposal for one firm, whoever chose it."""
    mentioned = set(mentioned)
    named = [b.id for b in payer.bills if b.number.replace("-", "").upper() in mentioned]
    reason, pairs, rest, deposit = what(amount, payer, named)
    return Proposal(payer.id, identity(reasons) + (AMOUNT[reason.code] if reasons else 0), (*reasons, reason), pairs, rest, deposit)


def short_of(name: str) -> str:
    """A firm's name without the legal form."""
    return _SUFFIX.sub("", name)
