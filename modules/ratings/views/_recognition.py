"""What tabs and pages of recognition show."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from parkops import clock
from parkops.rules import engine, facts
from parkops.rules.models import Decision
from parkops.rules.units import unit_text

from ..models.assessment import RecognitionAssessment
from ..services import recognition
from ..services.measures import CARRIER, MEASURES

LISTS = {
    "tenants.firm",
    "tenants.qualification",
    "tenants.financing",
    "tenants.statement",
    "tenants.staff",
    "tenants.mentor",
    "tenants.ip",
    "leasing.unit",
    "funds.investment",
    "funds.fund",
    "platforms.platform",
    "amenities.event",
    "ratings.filing",
    "ratings.income",
    "ratings.incident",
    "tenants.carrier",
}


def list_url(resource: str, ids: list[int]) -> str:
    """The list of exactly these records."""
    module, _dot, thing = resource.partition(".")
    return f"/{module}/{thing}/?{urlencode({'filters': json.dumps([['id', 'in', ids]])})}"


def rows_of(records: Any) -> list[tuple[str, int, str]]:
    """(kind, how many, address of their list) of the records behind a figure."""
    kinds: dict[str, list[int]] = {}
    for resource, record_id in records:
        kinds.setdefault(resource, []).append(record_id)
    return [(k, len(v), list_url(k, v)) for k, v in kinds.items() if k in LISTS]


def text_of(fact: str, value: Any) -> str:
    """A figure in words: shares with at most two decimals of a percent."""
    known = MEASURES.get(fact)
    exact = facts.number(facts.as_json(value)) if value is not facts.UNKNOWN else None
    if exact is not None and known is not None and known.fmt == "percent":
        return f"{(exact * 100):.2f}".rstrip("0").rstrip(".") + " %"
    if exact is not None:
        return f"{exact:,.2f}".rstrip("0").rstrip(".") if exact != exact.to_integral_value() else f"{exact:,.0f}"
    return facts.text_of(CARRIER, fact, value)


def helpers() -> dict[str, Any]:
    """Functions the templates call."""
    return {
        "text_of": text_of,
        "rows_of": rows_of,
        "list_url": list_url,
        "unit_text": unit_text,
        "sign_of": {"gte": "≥", "gt": ">", "lte": "≤", "lt": "<", "eq": "="},
    }


def carrier_data(session: Any, carrier: Any) -> dict[str, Any]:
    """The tab of a carrier: every set in force today."""
    on = clock.today()
    sets = recognition.fitting(recognition.rule_sets(session, on), carrier)
    return {"carrier": carrier, "on": on, "results": [recognition.evaluate(session, s.key, [carrier], on)[carrier.id] for s in sets]}


def kept_data(session: Any, row: RecognitionAssessment) -> dict[str, Any]:
    """A kept assessment, word for word."""
    decision = session.get(Decision, row.decision_id)
    return {"row": row, "decision": decision, "lines": engine.lines_of(decision), **helpers()}
