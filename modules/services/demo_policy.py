"""Demo: a policy of the district, the firms that were told of it, their answers and applications."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from .models.policy import PolicyPush
from .services import policies, policy_money, policy_push

D = Decimal


def load(s: Any, today: date) -> None:
    """One policy with an item; firms were told five days ago and answered; the first four apply."""
    paper = policies.create_policy(
        s,
        title="高新区科技企业培育奖励办法（示例）",
        doc_no="示例〔2025〕1号",
        issuer="高新区管委会",
        level="district",
        effective_from=date(2025, 1, 1),
        provenance="D",
    )
    item = policies.create_item(
        s, policy_id=paper.id, code="JL-01", name="在孵小微企业培育奖励", benefit="reward", amount_max=D("50000"), office="科技创新局"
    )
    rows = (
        ("small_or_micro", "eq", "yes", None, "属于小型或微型企业", "A small or micro firm"),
        ("incubation_months", "gte", "6", "月", "在孵满 6 个月", "Six months in incubation"),
        ("registered_in_carrier", "eq", "yes", None, "注册地在载体内", "Registered in the carrier"),
    )
    for n, (fact, op, value, unit, zh, en) in enumerate(rows, 1):
        policies.create_condition(
            s, item_id=item.id, position=n, clause=f"第{n}条", fact=fact, op=op, value=value, unit=unit, sentence=zh, sentence_en=en
        )
    policies.publish_item(s, item)
    policy_push.push(s, item, on=today - timedelta(days=5), with_unknown=False)
    for n, push in enumerate(_answered(s, item)):
        app = policy_push.apply_from_push(s, push, on=today)
        policy_money.change_application(s, app, asked=D("50000"), owner_id=app.owner_id)
        policy_money.hand_in(s, app, on=today)
        if n < 2:
            policy_money.note_accepted(s, app, on=today)
            policy_money.note_approved(s, app, amount=D("40000"), on=today)
            policy_money.record_payment(
                s, application_id=app.id, paid_on=today, amount=D("40000") if n else D("15000"), payer="财政局", reference=f"BF{n:03d}"
            )


def _answered(s: Any, item: Any) -> list[PolicyPush]:
    """All firms but three have answered: of those that want the reward, the first four apply."""
    told = list(s.scalars(select(PolicyPush).where(PolicyPush.item_id == item.id).order_by(PolicyPush.id)))
    wanting = told[:1]
    for n, row in enumerate(told[1:-3], 1):
        if n % 24 == 0:
            policy_push.mark_interested(s, row)
            wanting.append(row)
        else:
            policy_push.decline_push(s, row, reason="已享受同类奖励" if n % 3 else "暂不申报")
    return wanting[:4]
