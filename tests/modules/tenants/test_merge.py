"""Duplicates and merging with lineage. Rule T-08."""

from __future__ import annotations

from datetime import date
from io import BytesIO

import pytest
from core_help import START, code, entry, incubatee
from sqlalchemy import func, select
from support_help import carrier, statement

from modules.tenants.models.firm import DuplicatePair, Firm, FirmMerge, FirmName
from modules.tenants.models.person import FirmPerson
from modules.tenants.models.qualification import Qualification
from modules.tenants.models.stage import Stage
from modules.tenants.models.statement import FirmStatement
from modules.tenants.services import firms, history, merge, people, qualifications
from parkops import attachments, comments, search, todos
from parkops.errors import NotAllowed, NotFound, RuleError

ON = date(2022, 6, 1)


def pairs(session):
    return {(p.firm_id, p.other_id): p.reason for p in session.scalars(select(DuplicatePair))}


def test_pairs_by_name_phone_sound_and_former_name(session):
    a = entry(session, name="济宁晨星科技有限公司", phone="13905370001")
    b = entry(session, name="济宁（晨星）科技有限公司", phone="0537-1234567")
    c = entry(session, name="济宁辰星科技有限公司")
    d = entry(session, name="全不相干公司", phone="139-0537-0001")
    e = entry(session, name="曾用公司")
    firms.rename_firm(session, e, name="现用公司", on=ON)
    f = entry(session, name="曾用公司")
    lonely = entry(session, name="孤独公司")
    found = merge.find_duplicates(session, on=ON)
    assert pairs(session) == {(a.id, b.id): "name", (a.id, c.id): "pinyin", (b.id, c.id): "pinyin", (a.id, d.id): "phone",
                              (e.id, f.id): "former_name"}
    assert found["new"] == 5 and lonely.id
    assert merge.find_duplicates(session, on=ON)["new"] == 0


def test_a_dismissed_pair_is_not_reported_again(session):
    entry(session, name="济宁晨星科技有限公司"), entry(session, name="济宁辰星科技有限公司")
    merge.find_duplicates(session, on=ON)
    pair = session.scalars(select(DuplicatePair)).one()
    with pytest.raises(RuleError):
        merge.dismiss_pair(session, pair, note=" ")
    merge.dismiss_pair(session, pair, note="two firms, two codes")
    merge.find_duplicates(session, on=ON)
    assert pair.state == "different"


def test_an_agents_phone_is_no_duplicate(session):
    for _ in range(merge.GROUP + 1):
        entry(session, phone="13900000000")
    assert merge.find_duplicates(session, on=ON)["found"] == 0


def test_merge_moves_everything_and_keeps_lineage(session):
    keep = incubatee(session, name="保留科技有限公司", phone=None)
    drop = entry(session, name="并入科技有限公司", phone="13905370001", website="https://example.org", credit_code=None)
    qualifications.create_qualification(session, firm_id=drop.id, kind="hitech", obtained_on=date(2021, 12, 1))
    statement(session, drop, "2021", revenue="100.00")
    comments.add(session, drop, "first talk"), todos.add(session, drop, "call them")
    attachments.attach(session, drop, BytesIO(b"%PDF-1.4\n%%EOF\n"), "licence.pdf")
    dropped = drop.id
    merge.merge_firms(session, keep, drop=drop, on=ON)
    assert session.get(Firm, dropped) is None
    assert keep.phone == "13905370001" and keep.website == "https://example.org" and keep.name == "保留科技有限公司"
    assert [q.firm_id for q in session.scalars(select(Qualification))] == [keep.id]
    assert [q.firm_id for q in session.scalars(select(FirmStatement))] == [keep.id]
    assert len(comments.of(session, keep)) == 1 and len(todos.of(session, keep)) == 1 and len(attachments.of(session, keep)) == 1
    line = session.scalars(select(FirmMerge)).one()
    assert line.snapshot["name"] == "并入科技有限公司" and line.moved["tenants.qualification"] == 1
    assert merge.resolve(session, dropped) == keep.id
    assert history.firm_of(session, dropped) is keep
    assert session.scalars(select(FirmName.name)).all() == ["并入科技有限公司"]
    assert [h.id for h in search.query(session, "并入科技", 10) if h.resource == "tenants.firm"] == []


def test_no_row_points_to_the_dropped_firm(session):
    keep, drop = incubatee(session), incubatee(session)
    people_row = people.add_person(session, name="张三")
    people.add_part(session, firm_id=drop.id, person_id=people_row.id, part="founder", since=START)
    dropped = drop.id
    merge.merge_firms(session, keep, drop=drop, on=ON)
    for model, column in firms.referrers():
        assert session.scalar(select(func.count()).select_from(model).where(column == dropped)) == 0, model


def test_choices_decide_per_field(session):
    keep = entry(session, name="甲公司", phone="0537-1111111", credit_code=None)
    drop = entry(session, name="乙公司", phone="0537-2222222", address="高新区")
    taken = drop.credit_code
    merge.merge_firms(session, keep, drop=drop, on=ON, choices={"name": "drop", "address": "keep", "phone": "keep"})
    assert (keep.name, keep.phone, keep.address, keep.credit_code) == ("乙公司", "0537-1111111", None, taken)
    with pytest.raises(RuleError):
        merge.merge_firms(session, keep, drop=entry(session), on=ON, choices={"state": "drop"})


def test_lineage_of_a_lineage(session):
    a, b, c = entry(session), entry(session), entry(session)
    a_id, b_id = a.id, b.id
    merge.merge_firms(session, b, drop=a, on=ON)
    merge.merge_firms(session, c, drop=b, on=ON)
    assert merge.resolve(session, a_id) == c.id and merge.resolve(session, b_id) == c.id


def test_history_comes_along_or_is_written_down(session):
    home = carrier(session)
    keep, drop = entry(session), incubatee(session, where=home)
    merge.merge_firms(session, keep, drop=drop, on=ON)
    assert (keep.state, keep.carrier_id, keep.incubating_since) == ("incubating", home.id, START)
    other = incubatee(session, where=home, on=date(2021, 4, 1))
    merge.merge_firms(session, keep, drop=other, on=ON)
    assert session.scalar(select(func.count()).select_from(Stage).where(Stage.firm_id == keep.id)) == 1
    line = session.scalars(select(FirmMerge).order_by(FirmMerge.id.desc())).first()
    assert line.moved["tenants.stage discarded"][0][2] == "2021-04-01"


def test_what_both_have_stops_the_merge_or_is_discarded_with_its_values(session):
    keep, drop = entry(session), entry(session)
    for firm in (keep, drop):
        qualifications.create_qualification(session, firm_id=firm.id, kind="hitech", obtained_on=date(2021, 12, 1),
                                            certificate_no=f"GR{firm.id}")
    with pytest.raises(RuleError, match=r"tenants\.qualification"):
        merge.merge_firms(session, keep, drop=drop, on=ON)
    number = f"GR{drop.id}"
    merge.merge_firms(session, keep, drop=drop, on=ON, discard_conflicts=True)
    assert session.scalars(select(Qualification.certificate_no)).all() == [f"GR{keep.id}"]
    assert session.scalars(select(FirmMerge)).one().moved["tenants.qualification discarded"][0]["certificate_no"] == number


def test_people_are_not_doubled(session):
    keep, drop = entry(session), entry(session)
    one, two = people.add_person(session, name="张三"), people.add_person(session, name="李四")
    for firm, person, part in ((keep, one, "contact"), (drop, one, "contact"), (keep, one, "legal_representative"),
                               (drop, two, "legal_representative")):
        people.add_part(session, firm_id=firm.id, person_id=person.id, part=part, since=START)
    merge.merge_firms(session, keep, drop=drop, on=ON)
    rows = list(session.scalars(select(FirmPerson).where(FirmPerson.firm_id == keep.id)))
    assert sorted((r.part, r.person_id, r.until) for r in rows if r.part == "contact") == [("contact", one.id, None)]
    assert [r.until for r in rows if r.person_id == two.id] == [ON]


def test_refusals(session, as_role, park2):
    keep = entry(session)
    with pytest.raises(RuleError):
        merge.merge_firms(session, keep, drop=keep, on=ON)
    with pytest.raises(RuleError):
        merge.merge_firms(session, keep, drop_id=10**12, on=ON)
    foreign = Firm(name="西园公司", park_id=park2.id)
    session.add(foreign)
    session.flush()
    with pytest.raises(RuleError):
        merge.merge_firms(session, keep, drop=foreign, on=ON)
    with as_role("operations_clerk") as s, pytest.raises(NotAllowed):
        merge.merge_firms(s, firms.register_firm(s, name="甲", credit_code=code()), drop_id=1, on=ON)
    with pytest.raises(NotFound):
        history.firm_of(session, 10**12)


def test_number_of_statements_does_not_grow_with_the_rows(session, query_count):
    def cost(rows: int) -> int:
        keep, drop = entry(session), entry(session)
        for n in range(rows):
            statement(session, drop, f"{2000 + n}", revenue="1.00")
        session.flush()
        with query_count() as q:
            merge.merge_firms(session, keep, drop=drop, on=ON)
        return q.count

    assert cost(20) == cost(2)
