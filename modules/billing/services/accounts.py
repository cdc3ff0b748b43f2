"""The company's chart of accounts: loading it, finding an account, and what may be changed of one that is used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from parkops import records
from parkops.errors import Problems, Refused
from parkops.i18n import _l

from ..models.catalogue import ACCOUNT_ROLES, Account
from ..models.ledger import LedgerLine

FIXED = ("code", "kind", "role", "exempt")  # what an account with entries, or one the engine posts to, keeps
EXEMPT_ROLES = {"relief": "relief_exempt", "discount": "discount_exempt"}


def load(session: Any, path: Path) -> int:
    """Add the accounts of a YAML file that are not there yet; what people changed since stays. Returns how many are new."""
    have = {a.code: a for a in session.scalars(select(Account))}
    taken = {a.role for a in have.values() if a.role}
    new = []
    for row in yaml.safe_load(Path(path).read_text(encoding="utf-8")):
        role = row.get("role")
        if role is not None and role not in ACCOUNT_ROLES:
            raise Refused(f"{Path(path).name}: account {row['code']} has the unknown role {role!r}")
        if row["code"] in have:
            continue
        new.append(Account(
            code=row["code"], name=row["name"], name_en=row.get("name_en"), kind=row["kind"],
            role=None if role in taken else role, exempt=bool(row.get("exempt")), kingdee_code=row.get("kingdee"),
            yonyou_code=row.get("yonyou")))
        taken.add(role)
    session.add_all(new)
    session.flush()
    return len(new)


def by_role(session: Any, role: str) -> Account:
    """The account the engine posts to for a role; Refused with a sentence when the chart names none."""
    found = session.scalars(select(Account).where(Account.role == role)).one_or_none()
    if found is None:
        raise Refused(_l("The chart of accounts has no account for: %(role)s. Finance sets it under Accounts.",
                         role=ACCOUNT_ROLES.label(role)))
    return found


def by_code(session: Any, code: str) -> Account:
    """The account of a code; Refused with a sentence when there is none."""
    found = session.scalars(select(Account).where(Account.code == code)).one_or_none()
    if found is None:
        raise Refused(_l("There is no account %(code)s in the chart of accounts.", code=code))
    return found


def contra_role(role: str, treatment: str) -> str:
    """The role a reduction (`relief`, `discount`) is posted to: exempt and taxed income are accounted for separately."""
    return EXEMPT_ROLES.get(role, role) if treatment == "exempt" else role


def used(session: Any, account: Account) -> bool:
    """Whether anything was ever posted to it."""
    return session.scalar(select(LedgerLine.id).where(LedgerLine.account_id == account.id).limit(1)) is not None


def create_account(session: Any, **values: Any) -> Account:
    """Add an account to the chart."""
    return records.create(session, Account, values, _sensible)


def change_account(session: Any, account: Account, **values: Any) -> Account:
    """Change an account. Code, kind and use stay once something was posted to it (G-15)."""
    fixed = [n for n in FIXED if n in values and values[n] != getattr(account, n)]
    problems = Problems()
    if fixed and used(session, account):
        problems.add("billing.G-15", _l("Entries were posted to this account. Its code, kind and use stay; open another account."),
                     fixed[0])
    problems.stop()
    return records.change(session, account, values, _sensible)


def remove_account(session: Any, account: Account) -> None:
    """Remove an account nothing was posted to."""
    records.remove(session, account, (LedgerLine, "account_id", _l("Entries were posted to this account. Take it out of use instead.")))


def _sensible(session: Any, values: dict[str, Any], problems: Problems) -> None:
    if not (values.get("code") or "").isdigit():
        problems.add("billing.account_code", _l("An account code has digits only, such as 600101."), "code")
    if values.get("exempt") and values.get("kind") != "income":
        problems.add("billing.account_exempt", _l("Only an income account can hold tax-exempt income."), "exempt")

