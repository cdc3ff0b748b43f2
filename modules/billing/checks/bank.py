"""What must tie between bank lines and what they were matched with."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, func, select, type_coerce
from sqlalchemy.orm import aliased

from parkops import money
from parkops.checks import Check
from parkops.i18n import _, _l

from ..models.bank import BankLine, BankMatch, BankStatement
from ..models.receipt import Receipt


def match_differences(session: Any) -> list[str]:
    """Lines against their matches; matched receipts that were reversed elsewhere."""
    total = (
        select(func.coalesce(func.sum(type_coerce(BankMatch.amount, BigInteger)), 0))
        .where(BankMatch.line_id == BankLine.id)
        .correlate(BankLine)
        .scalar_subquery()
    )
    out = [
        _("Bank line %(id)s says %(kept)s, its matches are %(sum)s", id=i, kept=money.yuan(k), sum=money.yuan(int(t)))
        for i, k, t in session.execute(
            select(BankLine.id, type_coerce(BankLine.matched, BigInteger), total).where(type_coerce(BankLine.matched, BigInteger) != total)
        )
    ]
    back = aliased(Receipt)
    rows = session.execute(
        select(BankMatch.line_id, Receipt.number)
        .select_from(BankMatch)
        .join(Receipt, Receipt.id == BankMatch.receipt_id)
        .join(back, back.reverses_id == Receipt.id)
    )
    return out + [_("Bank line %(id)s is matched with %(number)s, which was reversed", id=i, number=n) for i, n in rows]


def statement_differences(session: Any) -> list[str]:
    """Statements against their new lines."""
    count = (
        select(func.count())
        .where(BankLine.statement_id == BankStatement.id)
        .correlate(BankStatement)
        .select_from(BankLine)
        .scalar_subquery()
    )
    rows = session.execute(select(BankStatement.filename, BankStatement.lines, count).where(BankStatement.lines != count))
    return [_("Statement %(file)s says %(kept)s lines and has %(n)s", file=f, kept=k, n=n) for f, k, n in rows]


CHECKS = [
    Check("billing.bank_matches", _l("Bank lines against their matches"), match_differences),
    Check("billing.bank_statements", _l("Bank statements against their lines"), statement_differences),
]
