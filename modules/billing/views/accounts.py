"""The chart of accounts."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web.resource import Col, Filter, Related, Resource, Section, Titles, View

from ..models.catalogue import Account

S = "modules.billing.services.accounts"

RESOURCES = [
    Resource(
        "billing.account",
        Account,
        Titles(_l("Accounts"), _l("Account"), _l("New account")),
        columns=(
            Col("code", width=110, important=True, link=True),
            Col("name", width=320, important=True),
            Col("kind", width=90, important=True),
            Col("role", width=190),
            Col("exempt", width=120),
            Col("active", width=80),
            Col("kingdee_code", width=120),
            Col("yonyou_code", width=120),
            Col("name_en", width=220, hidden=True),
        ),
        sections=(
            Section(_l("Account"), ("code", "name", "name_en", "kind", "exempt", "active")),
            Section(_l("Other systems"), ("role", "kingdee_code", "yonyou_code")),
        ),
        create=f"{S}:create_account",
        change=f"{S}:change_account",
        remove=f"{S}:remove_account",
        views=(
            View("in_use", _l("In use"), (Filter("active", "eq", True),), "code"),
            View("income", _l("Income"), (Filter("kind", "eq", "income"),), "code"),
            View("system", _l("Used by the system"), (Filter("role", "notempty"),), "code"),
        ),
        tabs=(Related("lines", _l("Entries"), "billing.ledger_line", "account_id",
                      columns=("entry.entry_date", "entry.number", "firm.name", "debit", "credit", "memo")),),
        search=("code", "name", "name_en"),
        sort="code",
        code_field="code",
        menu=("setup", 30),
        icon="list-numbers",
    ),
]
