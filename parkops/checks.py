"""Integrity and tie-outs behind `parkops check`. Modules list theirs in `checks.py: CHECKS`; each returns differences,
one sentence each; an empty list means it ties."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .i18n import _l


@dataclass(frozen=True)
class Check:
    """run(session) -> list of sentences (or dicts) naming each difference. Unconfined: all parks."""

    code: str
    title: Any
    run: Callable[..., list]


def run_all() -> list[dict[str, Any]]:
    """Every check, in order: `{"check", "title", "differences"}`."""
    from .db.session import system_scope
    from .registry import registry

    out = []
    for check in [*KERNEL_CHECKS, *registry().collect("checks", "CHECKS")]:
        with system_scope("integrity check") as s:
            out.append({"check": check.code, "title": str(check.title), "differences": check.run(s)})
            s.rollback()
    return out


def _sequences(session: Any) -> list:
    from .sequences import gaps

    return [str(gap) for gap in gaps(session)]


def _search(session: Any) -> list:
    from .search import missing

    return missing(session)


def _frozen_figures(session: Any) -> list:
    from .kpi.freeze import differences

    return differences(session)


def _files(session: Any) -> list:
    from .attachments import missing

    return [f"attachment {a.id} ({a.resource} {a.record_id}): its content is missing in the store" for a in missing(session)]


KERNEL_CHECKS: list[Check] = [
    Check("core.files", _l("Every attached file is in the store"), _files),
    Check("core.sequences", _l("Issued numbers have no gaps"), _sequences),
    Check("core.search", _l("Every searchable record is in the search index"), _search),
    Check("core.kpi_freeze", _l("Frozen figures match their hash"), _frozen_figures),
]
