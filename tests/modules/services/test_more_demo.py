"""The demo's second part goes through the services, in seconds."""

from __future__ import annotations

from core_help import incubatee
from sqlalchemy import func, select
from wallet_help import in_park, users

from modules.services import demo_more
from modules.services.models.outreach import HallActivity
from modules.services.models.project import ProjectAgreement
from modules.services.models.wallet import LicenceCode
from modules.services.services import halls
from parkops.demo import Context


def test_second_part_loads(fresh_db, park):
    with in_park(park.id) as s:
        people = users(s)
        halls.create_hall(s, code="YB", name="万人助万企服务基地")
        for _ in range(8):
            incubatee(s)
    roles = ("operations_clerk", "operations_manager", "leadership", "finance")
    demo_more.load(Context(park.id, dict(zip(roles, people, strict=False)), lambda *_: None))
    with in_park(park.id) as s:
        count = {m: s.scalar(select(func.count(m.id))) for m in (HallActivity, ProjectAgreement, LicenceCode)}
    assert count == {HallActivity: 98, ProjectAgreement: 4, LicenceCode: 8}
