"""Titles counted as of a day; construction counted from milestones."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from support_help import carrier, firm

from modules.tenants.services import honours
from parkops.errors import RuleError

ARTICLE = date(2022, 10, 31)


def test_one_national_and_two_provincial_titles_at_the_article(session):
    make = lambda title, kind, level, day, **kw: honours.create_honour(session, title=title, kind=kind, level=level, valid_from=day, **kw)  # noqa: E731
    make("国家中小企业公共服务示范平台", "sme_platform", "national", date(2020, 12, 10), valid_to=date(2023, 12, 31))
    make("示范基地甲", "innovation_base", "provincial", date(2020, 1, 1)), make("示范基地乙", "innovation_base", "provincial", date(2021, 1, 1))
    make("示范基地旧", "innovation_base", "provincial", date(2015, 1, 1), valid_to=date(2022, 10, 30))
    make("软件名园", "software_park", "provincial", date(2023, 1, 5))
    f = firm(session, ("incubating", carrier(session), "2020-01-01"))
    make("企业的示范基地", "innovation_base", "provincial", date(2020, 1, 1), firm_id=f.id)
    assert honours.count_honours(session, ARTICLE, kind="sme_platform", level="national") == 1
    assert honours.count_honours(session, ARTICLE, kind="innovation_base", level="provincial") == 2
    assert honours.count_honours(session, date(2022, 10, 30), kind="innovation_base", level="provincial") == 3
    assert honours.count_honours(session, ARTICLE, kind="innovation_base", level="provincial", firms=True) == 1
    assert honours.count_honours(session, ARTICLE, kind="software_park") == 0


def test_a_title_has_one_holder(session):
    c = carrier(session)
    f = firm(session, ("incubating", c, "2020-01-01"))
    with pytest.raises(RuleError) as e:
        honours.create_honour(session, title="x", kind="other", level="other", valid_from=date(2020, 1, 1), firm_id=f.id, carrier_id=c.id)
    assert e.value.codes == ["tenants.one_holder"]


def test_eight_buildings_topped_out_and_the_amount_signed(session):
    p = honours.create_project(session, name="双创产业园", phase="一期", budget=Decimal("10000000000"), phase_area=Decimal("200000"), status="building")
    other = honours.create_project(session, name="均和云谷")
    for n in range(1, 9):
        honours.create_milestone(session, project_id=p.id, kind="topped_out", building=f"{n}号楼", on_date=date(2022, 3, n))
    honours.create_milestone(session, project_id=p.id, kind="completed", building="1号楼", on_date=date(2022, 9, 1))
    honours.create_milestone(session, project_id=p.id, kind="topped_out", building="9号楼", on_date=date(2022, 11, 1))
    honours.create_milestone(session, project_id=other.id, kind="signed", on_date=date(2022, 5, 1), amount=Decimal("1000000000"))
    assert honours.count_buildings(session, ARTICLE) == 8
    assert honours.count_buildings(session, ARTICLE, project_id=other.id) == 0
    assert honours.signed_amount(session, ARTICLE) == Decimal("1000000000.00")
    assert honours.signed_amount(session, date(2022, 4, 30)) is None


def test_milestone_refusals(session):
    p = honours.create_project(session, name="x")
    with pytest.raises(RuleError) as e:
        honours.create_milestone(session, project_id=p.id, kind="topped_out", on_date=date(2200, 1, 1), amount=Decimal("-1"))
    assert set(e.value.codes) == {"record.future_date", "tenants.building_missing", "tenants.negative"}
    honours.create_milestone(session, project_id=p.id, kind="topped_out", building="1号楼", on_date=date(2022, 1, 1))
    with pytest.raises(RuleError) as e:
        honours.create_milestone(session, project_id=p.id, kind="topped_out", building="1号楼", on_date=date(2022, 2, 1))
    assert e.value.codes == ["record.already_there"]
    with pytest.raises(RuleError):
        honours.remove_project(session, p)
