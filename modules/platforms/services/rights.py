"""Which part of a month's events firms' rights cover: booking's entitlements, allocated per firm and month (U-09)."""

from __future__ import annotations

from datetime import date
from typing import Any


def shares(session: Any, park_id: int, month: date) -> list[dict[str, int]]:
    """Rows id, covered, whole for `pricing_sql.put_rights`."""
    return []
