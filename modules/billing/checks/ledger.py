"""What must tie in the ledger; `parkops check` and the nightly job run these over all parks. Other parts add control accounts in
`services/ledger_controls.py`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from parkops import sequences
from parkops.checks import Check
from parkops.i18n import _, _l
from parkops.models import Park

from ..models.ledger import LedgerEntry, LedgerLine
from ..services import ledger_anchors, ledger_controls, ledger_verify


def _chain(session: Any) -> list[str]:
    return [str(f) for f in ledger_verify.verify(session)]


def _anchors(session: Any) -> list[str]:
    return [str(f) for f in ledger_anchors.compare_all(session)]


def _balance(session: Any) -> list[str]:
    """Debits = credits in every entry and in every park."""
    debit, credit = func.sum(LedgerLine.debit), func.sum(LedgerLine.credit)
    lines = select(LedgerLine.entry_id, debit.label("debit"), credit.label("credit")).group_by(LedgerLine.entry_id).subquery()
    entries = session.execute(select(LedgerEntry.number).outerjoin(lines, lines.c.entry_id == LedgerEntry.id).where(
        lines.c.entry_id.is_(None) | (lines.c.debit != lines.c.credit) | (lines.c.debit != LedgerEntry.total))
        .order_by(LedgerEntry.number).limit(100))
    found = [_("Entry %(number)s does not balance.", number=n) for (n,) in entries]
    parks = session.execute(select(Park.name, debit - credit).join(LedgerLine, LedgerLine.park_id == Park.id).group_by(Park.name).having(
        debit != credit))
    return found + [_("%(park)s: debits and credits differ.", park=name) for name, _difference in parks]


def _numbers(session: Any) -> list[str]:
    """Voucher numbers per park and year run without gaps and in the order of the chain."""
    found = [str(gap) for gap in sequences.gaps(session) if gap.code == "billing.entry"]
    year = func.extract("year", LedgerEntry.entry_date)
    before = func.lag(LedgerEntry.number).over(partition_by=(LedgerEntry.park_id, year), order_by=LedgerEntry.sequence)
    rows = select(LedgerEntry.number, before.label("before")).subquery()
    turned = session.execute(select(rows.c.number).where(
        func.length(rows.c.before) == func.length(rows.c.number), rows.c.before >= rows.c.number).limit(100))
    return found + [_("Voucher %(number)s stands behind a higher number.", number=n) for (n,) in turned]


def _controls(session: Any) -> list[str]:
    return [str(d) for control in ledger_controls.CONTROLS for d in ledger_controls.differences(session, control)[:100]]


CHECKS = [
    Check("billing.chain", _l("Every ledger entry is what was posted (hash chain)"), _chain),
    Check("billing.anchors", _l("The chains agree with the anchors kept outside the database"), _anchors),
    Check("billing.balance", _l("Debits equal credits per entry and park"), _balance),
    Check("billing.voucher_numbers", _l("Voucher numbers run without gaps"), _numbers),
    Check("billing.controls", _l("Control accounts equal open bills, advances and deposits held"), _controls),
]
