"""The industry a carrier serves, as a condition on its firms."""

from __future__ import annotations

from typing import Any

from modules.tenants.models.firm import FIELDS, TRACKS, Firm
from parkops.i18n import catalogue


def condition(industry: str | None) -> Any:
    """SQL condition for firms of the industry written with the carrier (code, Chinese or English name); None when it is none of ours."""
    wanted = (industry or "").strip().casefold()
    if not wanted:
        return None
    for choices, column in ((TRACKS, Firm.track), (FIELDS, Firm.technology_field)):
        for code in choices:
            msgid = choices.label(code).msgid
            if wanted in {code, msgid.casefold(), catalogue("zh").gettext(msgid).casefold()}:
                return column == code
    return None
