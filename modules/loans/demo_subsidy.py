"""Demo, second part: a claim of interest subsidy per bank and quarter; the last one waits to be checked."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from parkops.clock import Period, add_months

from .demo_loans import BANKS
from .models.subsidy import SubsidyClaim
from .services import subsidy

FIRST = date(2020, 1, 1)


def build(context: Any, ids: dict[str, int], today: date) -> None:
    """Quarter by quarter, prepared by the clerk, checked and filed by finance, paid two months later."""
    quarter = FIRST
    while Period.quarter(quarter).end + timedelta(days=8) <= today:
        for name in BANKS:
            _claim(context, ids[name], ids["finance"], quarter, today)
        quarter = add_months(quarter, 3)


def _claim(context: Any, bank_id: int, finance_id: int, quarter: date, today: date) -> None:
    end = Period.quarter(quarter).end
    on = end + timedelta(days=7)
    with context.scope("operations_clerk") as s:
        if not subsidy.candidates(s, context.park_id, bank_id, quarter, end):
            return
        claim = subsidy.prepare_claim(s, bank_id=bank_id, quarter=quarter, prepared_on=on, finance_id=finance_id)
        claim_id = claim.id
        if not claim.total:
            subsidy.cancel_claim(s, claim, reason="本季度没有可申报的贷款")
            return
    if add_months(end, 3) > today:  # the newest quarter waits on finance's desk
        return
    with context.scope("finance") as s:
        claim = s.get(SubsidyClaim, claim_id)
        subsidy.approve_claim(s, claim, on=on + timedelta(days=3))
        subsidy.file_claim(s, claim, on=on + timedelta(days=5))
        if add_months(end, 3) <= today:
            subsidy.pay_claim(s, claim, on=add_months(end, 2))
