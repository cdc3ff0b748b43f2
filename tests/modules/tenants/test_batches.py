"""Signing batches: counts come from counting. Rules T-65, T-66."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from core_help import incubatee

from modules.tenants.services import batches
from parkops.errors import RuleError


def test_six_batches_with_sixty_six_projects_are_counted(session):
    for n in range(6):
        batch = batches.add_batch(session, name=f"第{n + 1}批", signed_on=date(2022, n + 2, 15))
        for k in range(11):
            batches.add_project(session, batch_id=batch.id, name=f"项目{n}-{k}", track="software", investment=Decimal("1000000.00"))
    later = batches.add_batch(session, name="次年批", signed_on=date(2023, 1, 5))
    batches.add_project(session, batch_id=later.id, name="后来的")
    assert batches.counts(session, start=date(2022, 1, 1), end=date(2022, 11, 1)) == (6, 66)
    assert batches.counts(session) == (7, 67)


def test_rules(session):
    batch = batches.add_batch(session, name="第一批", signed_on=date(2022, 5, 1))
    with pytest.raises(RuleError):
        batches.add_batch(session, name="第一批", signed_on=date(2022, 6, 1))
    with pytest.raises(RuleError) as e:
        batches.add_batch(session, name="未来", signed_on=date(2099, 1, 1))
    assert e.value.codes == ["tenants.T-02"]
    with pytest.raises(RuleError) as e:
        batches.add_project(session, batch_id=batch.id, name="p", state="landed", investment=Decimal("-1.00"))
    assert e.value.codes == ["tenants.T-65", "tenants.T-66", "tenants.T-66"]
    firm = incubatee(session)
    with pytest.raises(RuleError) as e:
        batches.add_project(session, batch_id=batch.id, name="p", state="landed", firm_id=firm.id, landed_on=date(2022, 4, 1))
    assert e.value.codes == ["tenants.T-66"]
    project = batches.add_project(session, batch_id=batch.id, name="p")
    batches.change_project(session, project, state="landed", firm_id=firm.id, landed_on=date(2022, 6, 1))
    with pytest.raises(RuleError):
        batches.remove_batch(session, batch)
    batches.remove_project(session, project)
    batches.remove_batch(session, batch)
