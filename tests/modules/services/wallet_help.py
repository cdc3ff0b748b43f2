"""Builders for the second half of the hall's tests."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from modules.services.models.wallet import LicenceCode
from modules.services.services import permits, policies, wallet
from parkops.db.session import Scope, session_scope
from parkops.security.models import UserProfile

DAY = date(2026, 3, 2)


def permit(s: Any, firm: Any, **values: Any) -> Any:
    """A permit in force."""
    given = {"kind": "food", "number": "JY1370811", "issuer": "济宁高新区市场监管局", "valid_from": date(2025, 1, 1), "valid_to": date(2026, 12, 31)}
    return permits.create_permit(s, firm_id=firm.id, **{**given, **values})


def code(s: Any, firm: Any) -> LicenceCode:
    """The firm's code."""
    return wallet.issue_code(s, firm, on=DAY)


def item(s: Any, *conditions: dict[str, Any], **values: Any) -> Any:
    """A published item with conditions."""
    paper = policies.create_policy(s, title="高企奖励办法", doc_no=f"济高新〔2026〕{len(values)}号-{id(values)}", issuer="高新区管委会", level="district",
                                   effective_from=date(2024, 1, 1), provenance="D")
    row = policies.create_item(s, policy_id=paper.id, code=f"I{paper.id}", name="首次认定奖励", **{"benefit": "reward", **values})
    for n, c in enumerate(conditions, 1):
        policies.create_condition(s, item_id=row.id, position=n, sentence=f"条件{n}", clause=f"第{n}条", **c)
    policies.publish_item(s, row)
    return row


def in_park(park_id: int) -> Any:
    """A committed transaction in one park, as the system."""
    return session_scope(Scope(user_id=None, user_name="test", system=True, parks=frozenset({park_id}), park_id=park_id, reason="test"))


def users(s: Any) -> list[int]:
    """Ids of the test's people."""
    return list(s.scalars(select(UserProfile.id).order_by(UserProfile.id)))
