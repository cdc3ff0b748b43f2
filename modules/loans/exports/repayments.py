"""Import of repayments from the bank's list: loan number, day, amounts, receipt."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from parkops.i18n import _l
from parkops.importing import ImportField, ImportKind, ImportRow

from ..models.case import LoanCase
from ..models.money import LoanRepayment
from ..services import repayments
from ..states import OWING

ZERO = repayments.ZERO


def prepare(session: Any, rows: list[ImportRow], on: date) -> None:
    """The rules of the screen (LN-60, LN-61), row by row in the order of days; two statements a chunk."""
    numbers = {r.values["case_id"] for r in rows}
    cases = {c.number: c for c in session.scalars(select(LoanCase).where(LoanCase.number.in_(numbers)))}
    have = set(session.execute(select(LoanRepayment.case_id, LoanRepayment.reference).where(
        LoanRepayment.case_id.in_([c.id for c in cases.values()]))).all())
    left = {c.id: c.outstanding for c in cases.values()}
    for row in sorted(rows, key=lambda r: r.values["paid_on"]):
        _one(row, cases, have, left, on)


def _one(row: ImportRow, cases: dict[str, LoanCase], have: set[tuple[int, str]], left: dict[int, Any], on: date) -> None:
    v = row.values
    case = cases.get(v["case_id"])
    if case is None:
        return row.refuse("loans.LN-60", _l("There is no loan %(number)s; correct the number.", number=v["case_id"]), "case_id")
    for name in ("principal", "interest", "penalty"):
        v[name] = v.get(name) or ZERO
    v["case_id"], v["source"], v["payer"] = case.id, "import", "borrower"
    if (case.id, v["reference"]) in have:
        return row.refuse("loans.LN-60", _l("This receipt is recorded already; the row is left out."), "reference")
    if case.state not in OWING:
        return row.refuse("loans.LN-60", _l("Nothing is owed to the bank in this state."), "case_id")
    if v["paid_on"] > on:
        return row.refuse("record.future_date", _l("This date lies in the future. Enter the day it happened."), "paid_on")
    if case.first_paid_on is None or v["paid_on"] < case.first_paid_on:
        return row.refuse("loans.LN-60", _l("The loan was not paid out before that day."), "paid_on")
    if min(v["principal"], v["interest"], v["penalty"]) < 0 or not v["principal"] + v["interest"] + v["penalty"]:
        return row.refuse("loans.LN-60", _l("Enter what was paid: principal, interest or penalty interest, none below zero."), "principal")
    if v["principal"] > left[case.id]:
        return row.refuse("loans.LN-61", _l("Only %(amount)s yuan of the principal are left.", amount=f"{left[case.id]:,.2f}"), "principal")
    left[case.id] -= v["principal"]
    have.add((case.id, v["reference"]))
    return None


def after(session: Any, inserted: list[int], updated: list[int], on: date) -> None:
    """Schedules and arrears of the loans touched follow."""
    ids = session.scalars(select(LoanRepayment.case_id).where(LoanRepayment.id.in_(inserted)).distinct())
    repayments.after_import(session, ids, on)


IMPORTS = [
    ImportKind(
        code="loans.repayments", title=_l("Repayments of loans"), resource="loans.repayment",
        model="modules.loans.models.money:LoanRepayment", key=("case_id", "reference"), prepare=prepare, after=after,
        defaults={"source": "import", "payer": "borrower"},
        help=_l("Rows are found by loan number and receipt; a receipt that is there already is left out."),
        fields=(
            ImportField("case_id", _l("Loan number"), required=True, aliases=("贷款编号", "贷款案件", "业务编号", "Loan")),
            ImportField("paid_on", _l("Repaid on"), kind="date", required=True, aliases=("还款日期", "还款日", "日期")),
            ImportField("principal", _l("Principal"), kind="money", aliases=("本金", "还本金额", "归还本金")),
            ImportField("interest", _l("Interest"), kind="money", aliases=("利息", "付息金额", "归还利息")),
            ImportField("penalty", _l("Penalty interest"), kind="money", aliases=("罚息", "逾期利息")),
            ImportField("reference", _l("Bank receipt no."), required=True, max_length=80, aliases=("回单号", "流水号", "凭证号")),
            ImportField("note", _l("Note"), max_length=300, aliases=("备注",)),
        ),
    ),
]
