"""Policy library: documents, items, conditions; a published item's conditions are a rule set of the engine. Rules SV-120 to SV-123."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import select

from modules.tenants.models.firm import Firm
from modules.tenants.services import history
from modules.tenants.services.stages import IN_PARK
from parkops import records
from parkops.errors import Problems
from parkops.i18n import _l
from parkops.rules import engine, loader
from parkops.rules.facts import PROVIDERS
from parkops.rules.models import RuleSet

from ..models.policy import PolicyCondition, PolicyDocument, PolicyItem
from ..states_policy import POLICY_ITEM
from .steps import refuse, take

SUBJECT = "tenants.firm"
ORDER = {"pass": 0, "unknown": 1, "fail": 2}


def _document(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "effective_from", "effective_to", _l("The policy ends before it begins."))


def create_policy(session: Any, **values: Any) -> PolicyDocument:
    """A document with its number and days (SV-120)."""
    return records.create(session, PolicyDocument, values, _document)


def change_policy(session: Any, row: PolicyDocument, **values: Any) -> PolicyDocument:
    """Correct it; published items keep their rules until they are revised."""
    return records.change(session, row, values, _document)


def remove_policy(session: Any, row: PolicyDocument) -> None:
    """Only while nothing is offered under it."""
    records.remove(session, row, (PolicyItem, "policy_id", _l("Something is offered under this policy. Remove that first.")))


def _item(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "apply_from", "apply_to", _l("Applications end before they begin."))


def create_item(session: Any, **values: Any) -> PolicyItem:
    """One thing the policy offers."""
    return records.create(session, PolicyItem, values, _item)


def change_item(session: Any, row: PolicyItem, **values: Any) -> PolicyItem:
    """While it is a draft."""
    return records.change(session, row, values, _item)


def _draft(session: Any, item_id: int) -> None:
    if (item := session.get(PolicyItem, item_id)) is not None and item.state != "draft":
        raise refuse("SV-121", _l("This item is published. Revise it before its conditions change."))


def _condition(session: Any, values: dict[str, Any], problems: Problems) -> None:
    """SV-121: the fact must be one the park can answer, and the value must fit the comparison."""
    if (SUBJECT, values["fact"]) not in PROVIDERS and values["op"] != "manual":
        problems.add(
            "services.SV-121", _l("There is no fact %(fact)s of firms. Choose one of the list of facts.", fact=values["fact"]), "fact"
        )
    if values["op"] not in ("exists", "manual"):
        try:
            if typed(values["op"], values.get("value")) is None:
                problems.add("services.SV-121", _l("Write what it is compared with."), "value")
        except ValueError:
            problems.add("services.SV-121", _l("Write a number, yes or no, or codes separated by commas."), "value")


def typed(op: str, text: str | None) -> Any:
    """The value of a condition as the engine compares it. Raises ValueError for an order without a number."""
    text = (text or "").strip()
    if not text:
        return None
    if op in ("in", "contains_any"):
        return [part.strip() for part in text.replace("，", ",").split(",") if part.strip()]
    if text.lower() in ("yes", "true", "是"):
        return True
    if text.lower() in ("no", "false", "否"):
        return False
    try:
        return Decimal(text.replace(",", ""))
    except InvalidOperation:
        if op in ("eq", "ne"):
            return text
        raise ValueError(text) from None


def create_condition(session: Any, **values: Any) -> PolicyCondition:
    """A condition of a draft."""
    _draft(session, values["item_id"])
    return records.create(session, PolicyCondition, values, _condition)


def change_condition(session: Any, row: PolicyCondition, **values: Any) -> PolicyCondition:
    """A condition of a draft."""
    _draft(session, row.item_id)
    return records.change(session, row, values, _condition)


def remove_condition(session: Any, row: PolicyCondition) -> None:
    """A condition of a draft."""
    _draft(session, row.item_id)
    records.remove(session, row)


def conditions(session: Any, item: PolicyItem) -> list[PolicyCondition]:
    """In their order."""
    return list(session.scalars(select(PolicyCondition).where(PolicyCondition.item_id == item.id).order_by(PolicyCondition.position)))


def why_not_publish(session: Any, row: PolicyItem) -> str | None:
    """Conditions are needed."""
    found = session.scalar(select(PolicyCondition.id).where(PolicyCondition.item_id == row.id).limit(1))
    return None if found is not None else str(_l("Enter its conditions first."))


def publish_item(session: Any, row: PolicyItem) -> None:
    """SV-122: the conditions become a dated rule set with document number, clause and provenance."""
    if (why := why_not_publish(session, row)) is not None:
        raise refuse("SV-122", why)
    policy, key = row.policy, f"POLICY-{row.park_id}-{row.id}"
    ends = policy.effective_to + timedelta(days=1) if policy.effective_to is not None else None
    rules = [
        {
            "code": f"{row.code}-{c.position:02d}",
            "article": c.clause,
            "fact": c.fact,
            "op": c.op,
            "value": typed(c.op, c.value),
            "unit": c.unit,
            "sentence": c.sentence,
            "sentence_en": c.sentence_en,
            "collect": c.collect,
            "any_of": c.any_of,
        }
        for c in conditions(session, row)
    ]
    loader.load_set(
        session,
        {
            "key": key,
            "subject": SUBJECT,
            "title": row.name,
            "doc_no": policy.doc_no,
            "provenance": policy.provenance,
            "effective_from": policy.effective_from,
            "effective_to": ends,
            "combine": row.combine,
            "enabled": True,
            "rules": rules,
        },
        source=policy.doc_no,
    )
    take(session, POLICY_ITEM, row, "publish", rule_key=key)


def revise_item(session: Any, row: PolicyItem) -> None:
    """A draft again; the rule set stays as it was until it is published anew."""
    take(session, POLICY_ITEM, row, "revise")


def end_item(session: Any, row: PolicyItem, *, on: date) -> None:
    """No more applications."""
    take(session, POLICY_ITEM, row, "end", on=on, apply_to=row.apply_to if row.apply_to is not None and row.apply_to < on else on)


def holds(row: PolicyItem, on: date) -> str | None:
    """Why nobody can apply on that day, or None."""
    if row.state != "published":
        return str(_l("It is not published."))
    if row.apply_from is not None and on < row.apply_from:
        return str(_l("Applications begin on %(day)s.", day=row.apply_from.isoformat()))
    if row.apply_to is not None and on > row.apply_to:
        return str(_l("Applications ended on %(day)s.", day=row.apply_to.isoformat()))
    return None


@dataclass(frozen=True)
class Row:
    """A firm and the answer for it."""

    firm: Firm
    outcome: engine.Outcome

    @property
    def verdict(self) -> str:
        return self.outcome.verdict

    @property
    def why(self) -> str:
        """What is not met or to be collected; of a passed one the first line."""
        return why_of(self.outcome)


@dataclass
class Match:
    """Who would qualify on a day; writes nothing."""

    item: PolicyItem
    on: date
    rows: list[Row] = field(default_factory=list)

    def count(self, verdict: str) -> int:
        return sum(r.verdict == verdict for r in self.rows)


def why_of(outcome: engine.Outcome) -> str:
    """The first line that decides: not met, or what to collect."""
    lines = [x for x in outcome.lines if x.verdict != "pass"]
    lines.sort(key=lambda x: x.verdict != outcome.verdict)
    return "" if outcome.passed or not lines else lines[0].collect or lines[0].sentence


def match(session: Any, item: PolicyItem, *, on: date, firms: Sequence[Firm] | None = None) -> Match:
    """SV-123: every firm in the park on the day under the item's rules; one statement per fact, not per firm."""
    if item.rule_key is None:
        raise refuse("SV-123", _l("Publish the item first; its conditions are no rules yet."))
    if firms is None:
        ids = [i for i, (state, _c) in history.status_on(session, on).items() if state in IN_PARK]
        firms = list(session.scalars(select(Firm).where(Firm.park_id == item.park_id, Firm.id.in_(ids))))
    found = engine.evaluate_many(session, item.rule_key, list(firms), on) if firms else {}
    rows = sorted((Row(f, found[f.id]) for f in firms), key=lambda r: (ORDER[r.verdict], r.firm.name))
    return Match(item, on, rows)


def for_firm(session: Any, firm: Firm, *, on: date) -> list[tuple[PolicyItem, engine.Outcome]]:
    """Every open item with the answer for one firm, what qualifies first."""
    items = session.scalars(
        select(PolicyItem).where(PolicyItem.park_id == firm.park_id, PolicyItem.state == "published").order_by(PolicyItem.id)
    )
    found = [(i, engine.evaluate(session, i.rule_key, firm, on)) for i in items if holds(i, on) is None]
    return sorted(found, key=lambda x: ORDER[x[1].verdict])


def rules_of(session: Any, row: PolicyItem) -> RuleSet | None:
    """The rule set a published item stands for."""
    return session.scalars(select(RuleSet).where(RuleSet.key == row.rule_key)).one_or_none() if row.rule_key else None
