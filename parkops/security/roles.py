"""Personas and grants as data. Six persona roles belong to the kernel; modules grant rights on their resources.

A right is (resource, word). FAB stores it as permission `can_<word>` on view `<resource>`. Grants are compiled once and
compared exactly (never as a regular-expression prefix)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..i18n import _l

WORDS = ("read", "add", "change", "remove", "act", "export", "unmask")


@dataclass(frozen=True)
class Role:
    code: str
    title: Any
    summary: Any
    order: int = 50


@dataclass(frozen=True)
class Grant:
    """`Grant("operations_clerk", "tenants.firm", "read add change")`; the resource may be `tenants.*` or `*`."""

    role: str
    resource: str
    words: str

    def __post_init__(self) -> None:
        wrong = set(self.words.split()) - set(WORDS)
        if wrong:
            raise ValueError(f"{self}: unknown right {', '.join(sorted(wrong))}; known are {', '.join(WORDS)}")


ROLES = (
    Role("operations_clerk", _l("Operations clerk"), _l("Manages tenants all day"), 10),
    Role("operations_manager", _l("Operations manager"), _l("Approves and steers operations"), 20),
    Role("finance", _l("Finance"), _l("Reviews bills, receipts and cost recovery"), 30),
    Role("leadership", _l("Leadership"), _l("Reads reports and indicators; changes nothing"), 40),
    Role("system_administrator", _l("System administrator"), _l("Users, roles, modules, jobs and settings"), 50),
    Role("auditor", _l("Auditor"), _l("Reads everything including the audit trail"), 60),
)

PERSONAS = frozenset(role.code for role in ROLES)

KERNEL_GRANTS: tuple[Grant, ...] = (
    Grant("auditor", "*", "read export"),
    Grant("leadership", "core.kpi", "read export"),
    Grant("operations_clerk", "core.kpi", "read"),
    Grant("operations_manager", "core.kpi", "read export act"),
    Grant("finance", "core.kpi", "read export"),
    Grant("operations_clerk", "core.todo", "read add change remove act"),
    Grant("operations_manager", "core.todo", "read add change remove act"),
    Grant("finance", "core.todo", "read add change remove act"),
    Grant("leadership", "core.todo", "read"),
    Grant("operations_clerk", "core.approval", "read act"),
    Grant("operations_manager", "core.approval", "read act"),
    Grant("finance", "core.approval", "read act"),
    Grant("leadership", "core.approval", "read"),
    Grant("operations_clerk", "core.rule", "read"),
    Grant("operations_manager", "core.rule", "read change"),
    Grant("finance", "core.rule", "read"),
    Grant("leadership", "core.rule", "read"),
    *(Grant(role, f"core.{thing}", "read") for role in ("operations_clerk", "operations_manager", "finance", "leadership")
      for thing in ("rule_set", "parameter", "decision")),
    Grant("operations_manager", "core.rule_set", "change"),
    Grant("operations_manager", "core.parameter", "add change"),
    *(Grant(role, "core.export_request", "read") for role in ("operations_clerk", "finance", "leadership")),
    Grant("operations_manager", "core.export_request", "read act"),
    Grant("system_administrator", "core.export_request", "read act"),
    Grant("operations_clerk", "core.import", "read add act"),
    Grant("operations_manager", "core.import", "read add act"),
    Grant("system_administrator", "core.user", "unmask"),
    # to name colleagues (assignees, reviewers); e-mail and phone stay masked
    *(Grant(role, "core.user", "read") for role in ("operations_clerk", "operations_manager", "finance", "leadership")),
    *(Grant("system_administrator", f"core.{thing}", "read add change remove act export")
      for thing in ("user", "role", "park", "module", "job", "kpi", "rule", "rule_set", "parameter",
                    "decision", "setting", "sequence", "sequence_number", "outbox", "notify_delivery", "todo", "session")),
)


def compile_grants(grants: Iterable[Grant], resources: Iterable[str]) -> dict[str, frozenset[tuple[str, str]]]:
    """role -> exact (resource, word) pairs; stars are expanded over the known resources."""
    known, out = sorted(resources), {}
    for g in grants:
        if g.resource == "*":
            names = known
        elif g.resource.endswith(".*"):
            names = [r for r in known if r.startswith(g.resource[:-1])]
        else:
            names = [g.resource]
        out.setdefault(g.role, set()).update((n, w) for n in names for w in g.words.split())
    return {role: frozenset(pairs) for role, pairs in out.items()}
