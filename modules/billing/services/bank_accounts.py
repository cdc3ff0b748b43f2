"""The operator's bank accounts: plain records with the ledger account each is kept under."""

from __future__ import annotations

from typing import Any

from parkops import records
from parkops.errors import Problems
from parkops.i18n import _l

from ..models.catalogue import Account
from ..models.receipt import BankAccount, Receipt


def create_bank_account(session: Any, **values: Any) -> BankAccount:
    """Add a bank account."""
    return records.create(session, BankAccount, values, _check)


def change_bank_account(session: Any, account: BankAccount, **values: Any) -> BankAccount:
    """Change a bank account; postings made so far stay where they are."""
    return records.change(session, account, values, _check)


def remove_bank_account(session: Any, account: BankAccount) -> None:
    """Remove one nothing was received on."""
    records.remove(session, account, (Receipt, "bank_account_id", _l("Money was received on this account. Take it out of use instead.")))


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    """It is kept under an asset account."""
    account = session.get(Account, values["account_id"]) if values.get("account_id") else None
    if account is not None and account.kind != "asset":
        problems.add("billing.R-25", _l("Choose an asset account, such as bank deposits."), "account_id")
