"""The demo's portal firm at the hall: its licence and permits behind one code, and a repair it reported."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from modules.tenants.models.firm import Firm
from parkops import clock

from .models.repair import ServiceRepair
from .models.wallet import FirmPermit
from .services import permits, repairs, wallet

HELD = (  # kind, number, issuer, days until it ends (None: no end)
    ("business_licence", "91370800DEMO", "济宁高新区行政审批服务局", None),
    ("telecom", "鲁B2-20240815", "山东省通信管理局", 420),
    ("hr_service", "370800240017", "济宁市人力资源和社会保障局", 35),
)


FIGURES: list[Any] = []


def load(context: Any) -> None:
    """Idempotent; nothing to do where the demo has no portal firm."""
    firm_id, on = context.shared.get("portal_firm"), clock.today()
    if firm_id is None:
        return
    with context.scope("operations_clerk") as s:
        firm = s.get(Firm, firm_id)
        have = set(s.scalars(select(FirmPermit.kind).where(FirmPermit.firm_id == firm_id)))
        for kind, number, issuer, days in HELD:
            if kind not in have:
                permits.create_permit(
                    s, firm_id=firm_id, kind=kind, number=number, issuer=issuer, valid_from=on - timedelta(days=500),
                    valid_to=on + timedelta(days=days) if days is not None else None)
        if wallet.active(s, firm_id) is None:
            wallet.issue_code(s, firm, on=on)
        if s.scalar(select(ServiceRepair.id).where(ServiceRepair.firm_id == firm_id, ServiceRepair.source == "portal").limit(1)) is None:
            repairs.create_repair(s, kind="air", place="研发间东侧", text="空调出风口滴水，已放水桶。", urgency="urgent", firm_id=firm_id,
                                  reporter="郑凯", source="portal")
    context.say("services: licence code and a repair of the portal's firm")
