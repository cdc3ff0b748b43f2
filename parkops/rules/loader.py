"""Reads `data/rules/*.yaml` into rows; idempotent by key: an unchanged set is not touched, a changed one gets a new
revision. Every mistake in a file is one sentence with the file's name. Numbers are kept exactly (write money in yuan).

    rule_sets:
      - key: GRAD-2025
        family: GRAD                  # what callers ask for by date; sets of a family never overlap
        subject: tenants.firm
        title: 毕业企业
        title_en: Graduated firm
        doc_no: 工信部科〔2025〕131号
        provenance: S                 # S primary text, S2 secondary source, D park rule or assumption, R unverified
        effective_from: 2025-07-10
        effective_to: null            # exclusive; or `last_day: 2025-07-09` (inclusive)
        combine: any                  # all | any
        enabled: true
        note: ...
        rules:
          - code: GRD-B
            article: 第九条第（二）项
            fact: max_single_round
            op: gt                    # eq ne gt gte lt lte in contains_any exists manual
            value: 5000000            # or {parameter: some.code}: the dated parameter's value on the day
            unit: 元
            sentence: 单笔获得天使投资或者风险投资超过500万元
            sentence_en: A single angel or venture round above 5,000,000 yuan
            collect: 投资协议和到账凭证      # shown when the fact is unknown
            collect_en: ...
            any_of: null              # rules with the same group name: one of them is enough
            requires: []              # further facts that must be known before the line can say anything
    parameters:
      - code: tenants.incubation_months
        title: 孵化期限
        title_en: Incubation term
        values:
          - {value: 48, unit: 月, effective_from: 2019-01-01, last_day: 2025-07-09, doc_no: 国科发区〔2018〕300号, provenance: S2}
"""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from ..errors import Refused
from .facts import as_json
from .models import COMBINE, OPS, PROVENANCE, Parameter, Rule, RuleSet

SET_KEYS = {"key", "family", "subject", "title", "title_en", "doc_no", "provenance", "effective_from", "effective_to",
            "last_day", "combine", "enabled", "note", "rules"}
RULE_KEYS = {"code", "article", "fact", "op", "value", "unit", "sentence", "sentence_en", "collect", "collect_en",
             "any_of", "requires"}
PARAMETER_KEYS = {"code", "title", "title_en", "values"}
VALUE_KEYS = {"value", "unit", "effective_from", "effective_to", "last_day", "doc_no", "provenance", "note"}


class _Loader(yaml.SafeLoader):
    """Safe YAML whose decimals stay exact."""


_Loader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: Decimal(loader.construct_scalar(node)))


def load_file(session: Any, path: Path) -> dict[str, int]:
    """Load one file; returns {"sets", "parameters", "changed"}. Raises Refused naming file, set and mistake."""
    try:
        raw = yaml.load(Path(path).read_text(encoding="utf-8"), Loader=_Loader) or {}  # noqa: S506 - a SafeLoader
    except (OSError, yaml.YAMLError) as e:
        raise Refused(f"{path.name}: cannot be read: {e}") from None
    _known(raw, {"rule_sets", "parameters"}, path.name)
    counts = {"sets": 0, "parameters": 0, "changed": 0}
    for item in raw.get("rule_sets") or []:
        counts["sets"] += 1
        counts["changed"] += _load_set(session, item, path.name)
    for item in raw.get("parameters") or []:
        counts["parameters"] += 1
        counts["changed"] += _load_parameter(session, item, path.name)
    session.flush()
    return counts


def load_set(session: Any, item: dict[str, Any], *, source: str) -> bool:
    """One rule set given as the mapping of a file (conditions a module's users entered); True when it changed. `source` names it in
    refusals."""
    changed = _load_set(session, item, source)
    session.flush()
    return changed


def _known(item: Any, keys: set[str], where: str) -> None:
    if not isinstance(item, dict):
        raise Refused(f"{where}: expected a mapping with {', '.join(sorted(keys))}")
    if wrong := set(item) - keys:
        raise Refused(f"{where}: unknown key {', '.join(sorted(map(str, wrong)))}; known are {', '.join(sorted(keys))}")


def _needed(item: dict, keys: tuple[str, ...], where: str) -> None:
    if missing := [k for k in keys if item.get(k) in (None, "")]:
        raise Refused(f"{where}: {', '.join(missing)} is missing")


def _dates(item: dict, where: str) -> dict[str, Any]:
    start, end = item.get("effective_from"), item.get("effective_to")
    if item.get("last_day") is not None:
        if end is not None:
            raise Refused(f"{where}: write effective_to (exclusive) or last_day (inclusive), not both")
        end = item["last_day"] + timedelta(days=1)
    if not isinstance(start, date) or (end is not None and not isinstance(end, date)):
        raise Refused(f"{where}: dates are written 2025-07-10")
    if end is not None and end <= start:
        raise Refused(f"{where}: it ends before it begins")
    return {"effective_from": start, "effective_to": end}


def _load_set(session: Any, item: dict, file: str) -> bool:
    _known(item, SET_KEYS, file)
    where = f"{file}, rule set {item.get('key')}"
    _needed(item, ("key", "subject", "title", "provenance", "effective_from", "combine", "rules"), where)
    _choice(item["provenance"], PROVENANCE, where), _choice(item["combine"], COMBINE, where)
    rules = [_rule(r, where, n) for n, r in enumerate(item["rules"], 1)]
    if len({r["code"] for r in rules}) != len(rules):
        raise Refused(f"{where}: a rule code occurs twice")
    values = {k: item.get(k) for k in ("family", "subject", "title", "title_en", "doc_no", "provenance", "combine", "note")}
    values |= {**_dates(item, where), "enabled": bool(item.get("enabled", item["provenance"] != "R"))}
    digest = _digest({**values, "rules": rules})
    have = session.execute(select(RuleSet).where(RuleSet.key == item["key"])).scalar_one_or_none()
    if have is not None and have.content_hash == digest:
        return False
    if have is None:
        have = RuleSet(key=item["key"], revision=0)
        session.add(have)
    for name, value in values.items():
        setattr(have, name, value)
    have.revision, have.content_hash = have.revision + 1, digest
    _replace_rules(have, rules)
    session.flush()
    return True


def _replace_rules(rule_set: RuleSet, rules: list[dict[str, Any]]) -> None:
    by_code = {r.code: r for r in rule_set.rules}
    for values in rules:
        row = by_code.pop(values["code"], None)
        if row is None:
            rule_set.rules.append(Rule(**values))
        else:
            for name, value in values.items():
                setattr(row, name, value)
    for gone in by_code.values():
        rule_set.rules.remove(gone)


def _rule(item: dict, where: str, position: int) -> dict[str, Any]:
    _known(item, RULE_KEYS, where)
    _needed(item, ("code", "fact", "op", "sentence"), f"{where}, rule {item.get('code') or position}")
    _choice(item["op"], OPS, f"{where}, rule {item['code']}")
    if item["op"] not in ("exists", "manual") and item.get("value") is None:
        raise Refused(f"{where}, rule {item['code']}: value is missing")
    return {"position": position, "requires": item.get("requires") or None, "value": as_json(item.get("value")),
            **{k: item.get(k) for k in RULE_KEYS - {"value", "requires"}}}


def _choice(value: str, choices: Any, where: str) -> None:
    if value not in choices:
        raise Refused(f"{where}: {value!r} is not one of {', '.join(choices)}")


def _load_parameter(session: Any, item: dict, file: str) -> bool:
    _known(item, PARAMETER_KEYS, file)
    where, changed = f"{file}, parameter {item.get('code')}", False
    _needed(item, ("code", "title", "values"), where)
    have = {p.effective_from: p for p in session.execute(select(Parameter).where(Parameter.code == item["code"])).scalars()}
    for raw in item["values"]:
        _known(raw, VALUE_KEYS, where)
        _needed(raw, ("effective_from", "provenance"), where)
        _choice(raw["provenance"], PROVENANCE, where)
        values = {"code": item["code"], "title": item["title"], "title_en": item.get("title_en"), **_dates(raw, where),
                  "value": as_json(raw.get("value")), **{k: raw.get(k) for k in ("unit", "doc_no", "provenance", "note")}}
        row = have.get(values["effective_from"])
        if row is None:
            session.add(Parameter(**values))
            changed = True
        else:
            for name, value in values.items():
                changed |= getattr(row, name) != value
                setattr(row, name, value)
        session.flush()
    return changed


def _digest(values: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True, ensure_ascii=False, default=str).encode()).hexdigest()
