"""The firm master: credit codes, names, collisions, renaming, removal. Rules T-01 to T-09."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from core_help import code, entry, incubatee
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from modules.tenants import calc
from modules.tenants.models.firm import Firm, FirmName
from modules.tenants.services import firms, leads
from parkops.errors import NotAllowed, Refused, RuleError


def codes_of(call, *args, **values):
    with pytest.raises(RuleError) as e:
        call(*args, **values)
    return e.value.codes


def test_register_keeps_what_was_given(session):
    firm = firms.register_firm(session, name="  济宁创新谷生物科技有限公司 ", credit_code=" 91370103163131 1019", registered_on=date(1996, 1, 1),
                               capital_amount=Decimal("5000000.00"), capital_currency="CNY", track="biomed", phone="0537-3163358")
    assert (firm.name, firm.credit_code, firm.state) == ("济宁创新谷生物科技有限公司", "913701031631311019", "prospect")
    assert firm.capital_amount == Decimal("5000000.00")


@pytest.mark.parametrize("bad", ["913701031631311018", "91370103163131101", "I13701031631311019", "x" * 40, "９１３７０１０３１６３１３１１０１８"])
def test_wrong_credit_code(session, bad):
    assert "tenants.T-01" in codes_of(firms.register_firm, session, name="甲公司", credit_code=bad)


def test_full_width_code_is_understood(session):
    firm = firms.register_firm(session, name="甲公司", credit_code="９１３７０１０３１６３１３１１０１９")
    assert firm.credit_code == "913701031631311019"


def test_all_problems_at_once(session):
    found = codes_of(firms.register_firm, session, name="名" * 300, registered_on=date(2099, 1, 1), phone="abc", email="x",
                     capital_amount=Decimal("1.00"))
    assert {"record.too_long"} <= set(found)
    found = codes_of(firms.register_firm, session, name="名", registered_on=date(2099, 1, 1), phone="abc", email="x",
                     capital_amount=Decimal("1.00"))
    assert set(found) == {"tenants.T-02", "tenants.phone", "tenants.email", "tenants.T-06"}


def test_name_is_needed(session):
    assert codes_of(firms.register_firm, session, name="   ") == ["record.missing"]
    assert "tenants.T-05" in codes_of(firms.register_firm, session, name="（）")


def test_nul_and_control_characters_never_reach_the_database(session):
    assert firms.register_firm(session, name="甲\x00公\x07司").name == "甲公司"


def test_one_code_one_firm_in_a_park(session, park2):
    first = entry(session)
    assert codes_of(firms.register_firm, session, name="另一家", credit_code=first.credit_code) == ["tenants.T-04"]
    other = Firm(name=first.name, credit_code=first.credit_code, park_id=park2.id)
    session.add(other)
    session.flush()  # another park may know the same firm


def test_control_the_index_refuses_what_the_service_would_miss(session):
    first = entry(session)
    session.add(Firm(name="别名", credit_code=first.credit_code))
    with pytest.raises(IntegrityError, match="uq_tenants_firm_park_id_credit_code"):
        session.flush()


def test_same_name_only_with_two_codes(session):
    first = entry(session, name="济宁（高新）甲公司")
    assert codes_of(firms.register_firm, session, name="济宁(高新) 甲公司") == ["tenants.T-05"]
    assert firms.register_firm(session, name=first.name, credit_code=code()).id != first.id


def test_name_key_of_python_and_database_agree(session):
    names = ["济宁（高新）甲公司", "ＡＢＣ Tech·Co., Ltd.", "a-b_c'd\"e[f]{g}<h>", "ﬁne㈱", "Straße", "甲\u3000乙", "𠮷野家"]
    for name in names:
        firm = Firm(name=name)
        session.add(firm)
        session.flush()
        session.refresh(firm)
        assert firm.name_key == calc.name_key(name), name


def test_rename_keeps_the_history(session):
    firm = entry(session, name="旧名科技有限公司")
    firms.rename_firm(session, firm, name="新名科技有限公司", on=date(2022, 5, 1))
    firms.rename_firm(session, firm, name="再名科技有限公司", on=date(2023, 5, 1))
    rows = list(session.scalars(select(FirmName).where(FirmName.firm_id == firm.id).order_by(FirmName.until)))
    assert [(r.name, r.since, r.until) for r in rows] == [
        ("旧名科技有限公司", date(2020, 6, 1), date(2022, 5, 1)), ("新名科技有限公司", date(2022, 5, 1), date(2023, 5, 1))]
    assert codes_of(firms.rename_firm, session, firm, name="x", on=date(2023, 4, 1)) == ["tenants.T-07"]
    assert firms.collisions(session, name="旧名科技有限公司")[0][:2] == ("former_name", firm)


def test_change_is_checked_like_register(session):
    firm, other = incubatee(session), entry(session)
    assert codes_of(firms.change_firm, session, firm, credit_code=None) == ["tenants.T-13"]
    assert codes_of(firms.change_firm, session, firm, credit_code=other.credit_code) == ["tenants.T-04"]
    assert codes_of(firms.change_firm, session, firm, registered_on=date(2022, 1, 1)) == ["tenants.T-14"]
    assert firms.change_firm(session, firm, website="https://example.org", track="software").track == "software"
    with pytest.raises(Refused):
        firms.change_firm(session, firm, nonsense=1)
    assert codes_of(firms.change_firm, session, firm, track="nonsense") == ["record.not_a_choice"]


def test_only_a_bare_register_entry_is_removed(session):
    bare, used = entry(session), incubatee(session)
    firms.remove_firm(session, bare)
    assert session.get(Firm, bare.id) is None
    assert set(codes_of(firms.remove_firm, session, used)) == {"tenants.T-09"}


def test_collisions_by_code_name_phone_and_lead(session):
    firm = entry(session, name="碰撞科技有限公司", phone="0537-3163358")
    lead = leads.add_lead(session, name="线索公司", phone="13905370001", found_on=date(2022, 1, 1))
    reasons = {r for r, _obj, _label in firms.collisions(session, credit_code=firm.credit_code, name="x")}
    assert reasons == {"credit_code"}
    assert firms.collisions(session, phone="0537-3163358")[0][0] == "phone"
    assert firms.collisions(session, phone="13905370001")[0][:2] == ("lead", lead)


def test_referrers_know_every_table_of_the_module(session):
    names = {model.__name__ for model, _column in firms.referrers()}
    assert {"Stage", "Qualification", "FinancingEvent", "FirmStatement", "MoveOut", "GraduationCase", "FirmPerson"} <= names


def test_rights(as_role):
    with as_role("leadership") as s, pytest.raises(NotAllowed):
        firms.register_firm(s, name="甲")
    with as_role("operations_clerk") as s:
        firm = firms.register_firm(s, name="甲")
        with pytest.raises(NotAllowed):
            firms.remove_firm(s, firm)
    with as_role("system_administrator") as s, pytest.raises(NotAllowed):
        firms.register_firm(s, name="甲")
