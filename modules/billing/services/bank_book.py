"""What bank lines are compared with: firms with their names, open bills, deposits to come, numbers, and accounts learnt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from modules.tenants.models.firm import Firm, FirmName

from .. import calc_matching as calc
from ..models.bank import BankLine, PayerRule
from ..models.bill import Bill
from ..models.deposit import Deposit
from ..signals.bank import payer_references


def load_book(session: Any, park_id: int, firm_ids: Iterable[int] | None = None) -> calc.Book:
    """The book of a park (or of some firms of it): six statements, whatever the number of firms and bills."""
    wanted = list(firm_ids) if firm_ids is not None else None
    bills, deposits = _bills(session, park_id, wanted), _deposits(session, park_id, wanted)
    payers = _payers(session, park_id, wanted, bills, deposits)
    references = {b.number.replace("-", "").upper(): ("bill_number", p.id) for p in payers.values() for b in p.bills}
    for answer in payer_references.send(session, park_id=park_id):
        references |= {str(number).replace("-", "").upper(): ("contract", firm) for number, firm in answer or () if firm in payers}
    rules = session.execute(select(PayerRule.key, PayerRule.firm_id).where(PayerRule.park_id == park_id)).tuples().all()
    accounts = {k: f for k, f in rules if k.startswith("a:")}
    return calc.Book(payers, references, accounts, {k: f for k, f in rules if k.startswith("n:")})


def _of(query: Any, column: Any, wanted: list[int] | None) -> Any:
    return query if wanted is None else query.where(column.in_(wanted))


def _bills(session: Any, park_id: int, wanted: list[int] | None) -> dict[int, list[calc.OpenBill]]:
    query = (
        select(Bill.firm_id, Bill.id, Bill.number, Bill.gross, Bill.settled, Bill.due_on)
        .where(Bill.park_id == park_id, Bill.kind == "bill", Bill.state == "posted", Bill.settled != Bill.gross)
        .order_by(Bill.due_on, Bill.id)
    )
    out: dict[int, list[calc.OpenBill]] = defaultdict(list)
    for firm, id_, number, gross, settled, due in session.execute(_of(query, Bill.firm_id, wanted)):
        out[firm].append(calc.OpenBill(id_, number, gross - settled, due))
    return out


def _deposits(session: Any, park_id: int, wanted: list[int] | None) -> dict[int, list[calc.OpenDeposit]]:
    query = (
        select(Deposit.firm_id, Deposit.id, Deposit.number, Deposit.agreed, Deposit.held)
        .where(Deposit.park_id == park_id, Deposit.closed_on.is_(None), Deposit.held < Deposit.agreed)
        .order_by(Deposit.id)
    )
    out: dict[int, list[calc.OpenDeposit]] = defaultdict(list)
    for firm, id_, number, agreed, held in session.execute(_of(query, Deposit.firm_id, wanted)):
        out[firm].append(calc.OpenDeposit(id_, number, agreed - held))
    return out


def _payers(session: Any, park_id: int, wanted: list[int] | None, bills: dict[int, Any], deposits: dict[int, Any]) -> dict[int, calc.Payer]:
    former: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for firm, name in session.execute(
        _of(select(FirmName.firm_id, FirmName.name).where(FirmName.park_id == park_id), FirmName.firm_id, wanted)
    ):
        former[firm].append(("former_name", name))
    query = select(Firm.id, Firm.name, Firm.short_name, Firm.name_en, Firm.credit_code).where(Firm.park_id == park_id)
    out = {}
    for id_, name, short, english, code in session.execute(_of(query, Firm.id, wanted)):
        names = [
            ("name", name),
            *([("name", english)] if english else []),
            *former[id_],
            *([("short_name", short)] if short else []),
            ("short_name", calc.short_of(name)),
        ]
        out[id_] = calc.Payer(id_, name, tuple(names), code, tuple(bills.get(id_, ())), tuple(deposits.get(id_, ())))
    return out


def seen(line: BankLine) -> calc.Seen:
    """A line, what is left of it, as the calculation sees it."""
    return calc.Seen(line.amount - line.matched, line.payer, line.payer_account, line.text)


def proposals(session: Any, lines: Iterable[BankLine]) -> dict[int, list[calc.Proposal]]:
    """Proposals for open lines, by line id; books are loaded once per park."""
    books: dict[int, calc.Book] = {}
    out = {}
    for line in lines:
        if line.park_id not in books:
            books[line.park_id] = load_book(session, line.park_id)
        out[line.id] = calc.propose(seen(line), books[line.park_id])
    return out
