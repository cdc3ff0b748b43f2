"""What several screens of amenities share."""

from __future__ import annotations

from typing import Any

from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Input

ON = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())
REASON = Input("reason", "longtext", _l("Reason"), required=True)


def day(name: str, label: Any) -> Input:
    """A day that is today unless another is chosen."""
    return Input(name, "date", label, required=True, default=lambda session: clock.today())


def money(value: Any) -> str:
    """Yuan for a fact."""
    return "—" if value is None else f"{value:,.2f}"
