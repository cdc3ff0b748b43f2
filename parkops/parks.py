"""Parks: made and changed by a system administrator; a park is never deleted, only taken out of use."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import select

from .errors import Problems
from .i18n import _l
from .models import Park
from .security import access

CODE = re.compile(r"[a-z][a-z0-9_-]{1,39}")


def register_park(session: Any, *, code: str, name: str, name_en: str | None = None, company: str | None = None,
                  region_code: str | None = None, address: str | None = None) -> Park:
    """A new park. Raises RuleError (`core.park.*`)."""
    access.require(session, "core.park", "add")
    park = Park(code=(code or "").strip().lower(), name=name, name_en=name_en, company=company, region_code=region_code, address=address,
                is_active=True)
    _check(session, park)
    session.add(park)
    session.flush()
    return park


def change_park(session: Any, park: Park, *, name: str, name_en: str | None = None, company: str | None = None,
                region_code: str | None = None, address: str | None = None, is_active: bool = True) -> Park:
    """Change everything but the code, which numbers and files refer to."""
    access.require(session, "core.park", "change")
    park.name, park.name_en, park.company = name, name_en, company
    park.region_code, park.address, park.is_active = region_code, address, is_active
    with session.no_autoflush:
        _check(session, park)
    session.flush()
    return park


def _check(session: Any, park: Park) -> None:
    problems = Problems()
    if not CODE.fullmatch(park.code or ""):
        problems.add("core.park.code", _l("Write a code of 2 to 40 small letters, digits, - or _, beginning with a letter."), "code")
    elif session.execute(select(Park.id).where(Park.code == park.code, Park.id != (park.id or 0))).first():
        problems.add("core.park.code_taken", _l("Another park already has this code; choose a different one."), "code")
    if not park.name:
        problems.add("core.park.name", _l("Write the park's name."), "name")
    if park.region_code and not re.fullmatch(r"\d{6}", park.region_code, re.ASCII):
        problems.add("core.park.region", _l("The region code has six digits (GB/T 2260)."), "region_code")
    problems.stop()
