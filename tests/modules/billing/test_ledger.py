"""Posting: balance, numbers, chain, scope, periods, mass posting, reversal. Rules G-01 to G-06."""

from __future__ import annotations

from datetime import date

import pytest
from ledger_help import DAY, D, entries, many, pair, post
from sqlalchemy import func, select

from modules.billing.models.catalogue import ACCOUNT_ROLES, Account
from modules.billing.models.ledger import LedgerEntry, LedgerHead, LedgerLine
from modules.billing.services import accounts, ledger, ledger_verify
from modules.billing.services.ledger import Leg
from modules.tenants.models.firm import Firm
from parkops import sequences
from parkops.db.audit import AuditEntry
from parkops.errors import NotFound, Refused, RuleError


def test_every_role_has_one_account_and_deposits_are_apart(session):
    roles = [r for r in session.scalars(select(Account.role)) if r]
    assert sorted(roles) == sorted(ACCOUNT_ROLES)
    assert len({accounts.by_role(session, f"deposit_{k}").code for k in ("pledge", "performance", "earnest")}) == 3
    exempt = set(session.scalars(select(Account.code).where(Account.exempt.is_(True))))
    assert exempt and all(c.startswith("6001") for c in exempt)
    assert all(a.kingdee_code and a.yonyou_code for a in session.scalars(select(Account)))
    with pytest.raises(Refused, match="9999"):
        accounts.by_code(session, "9999")


def test_numbers_follow_per_park_and_year(session, park, park2):
    numbers = [post(session, p, on=d).number for p, d in ((park, DAY), (park, DAY), (park2, DAY), (park, date(2025, 12, 31)))]
    assert numbers == ["V-2026-0000001", "V-2026-0000002", "V-2026-0000001", "V-2025-0000001"]
    assert [e.sequence for e in entries(session, park)] == [1, 2, 3]
    assert sequences.gaps(session) == []


def test_an_entry_is_what_was_asked(session, park):
    bank, advance = accounts.by_role(session, "bank").id, accounts.by_role(session, "advance").id
    legs = [Leg(bank, "0.01"), Leg(advance, 0, D("0.03")), Leg(bank, 0, D("-0.02"), memo="红字"), Leg(bank)]
    entry = ledger.post(session, park_id=park.id, kind="receipt", on=DAY, memo="收款", legs=legs, source="billing.receipt", source_id=7)
    assert [(i.line, i.account_id, i.debit, i.credit) for i in entry.lines] == [
        (1, bank, D("0.01"), 0), (2, advance, 0, D("0.03")), (3, bank, D("0.02"), 0)]
    assert entry.total == D("0.03") and entry.posted_by == "test" and entry.algorithm == 1
    assert ledger.of(session, "billing.receipt", 7) == [entry]
    assert session.scalar(select(func.count()).select_from(AuditEntry).where(
        AuditEntry.resource == "billing.ledger_entry", AuditEntry.record_id == entry.id)) == 1


@pytest.mark.parametrize("amounts,code", [
    ([("1.00", 0), (0, "0.99")], "billing.G-01"), ([(0, 0)], "billing.G-02"), ([], "billing.G-02"),
    ([("1.00", "1.00")], "billing.G-02"), ([("1.00", 0)], "billing.G-01")])
def test_what_does_not_balance_is_refused(session, park, amounts, code):
    bank = accounts.by_role(session, "bank").id
    with pytest.raises(RuleError) as refused:
        ledger.post(session, park_id=park.id, kind="manual", on=DAY, memo="x", legs=[Leg(bank, D(d), D(c)) for d, c in amounts])
    assert refused.value.codes == [code]


def test_finer_than_a_fen_is_refused(session, park):
    with pytest.raises(ValueError, match="finer"):
        post(session, park, "1.005")


def test_many_equal_one_by_one(session, park, park2):
    """The same documents, posted at once in one park and one by one in the other, give the same vouchers."""
    assert many(session, park, 30) == 30
    for e in entries(session, park):
        ledger.post(session, park_id=park2.id, kind=e.kind, on=e.entry_date, memo=e.memo, source=e.source, source_id=e.source_id,
                    legs=[Leg(i.account_id, i.debit, i.credit, i.firm_id, i.memo) for i in e.lines])
    told = [[(e.number, e.sequence, e.entry_date, e.memo, e.total, e.source_id, [(i.line, i.account_id, i.debit, i.credit) for i in e.lines])
             for e in entries(session, p)] for p in (park, park2)]
    assert told[0] == told[1]
    assert ledger_verify.verify(session) == []
    audit = session.scalars(select(AuditEntry).where(AuditEntry.detail["kind"].astext == "bill", AuditEntry.record_id.is_(None))).one()
    assert audit.detail["count"] == 30


def test_many_see_only_their_park(session, park, park2):
    """A select over all firms, run by someone who sees both parks, posts only the firms of the park asked for."""
    for p, n in ((park, 2), (park2, 3)):
        session.add_all(Firm(name=f"{p.code}{i}", park_id=p.id) for i in range(n))
    session.flush()
    bank, advance = accounts.by_role(session, "bank").id, accounts.by_role(session, "advance").id
    headers = select(Firm.id.label("ref"), func.cast(DAY, LedgerEntry.entry_date.type).label("entry_date"), Firm.name.label("memo"),
                     func.concat("tenants.firm").label("source"), Firm.id.label("source_id"))
    both = [select(Firm.id.label("ref"), func.abs(account).label("account_id"), Firm.id.label("firm_id"), func.abs(d).label("debit"),
                   func.abs(c).label("credit"), Firm.name.label("memo")) for account, d, c in ((bank, 500, 0), (advance, 0, 500))]
    from sqlalchemy import union_all

    legs = union_all(*both).subquery()
    assert ledger.post_many(session, park_id=park.id, kind="bill", headers=headers, legs=select(legs)) == 2
    assert {i.park_id for i in session.scalars(select(LedgerLine))} == {park.id}


def test_many_are_all_or_nothing(session, park):
    bank = accounts.by_role(session, "bank").id
    n = func.generate_series(1, 3).table_valued("n").render_derived()
    headers = select(n.c.n.label("ref"), func.cast(DAY, LedgerEntry.entry_date.type).label("entry_date"), func.concat("x").label("memo"),
                     func.concat("t").label("source"), n.c.n.label("source_id"))
    legs = select(n.c.n.label("ref"), func.abs(bank).label("account_id"), func.nullif(1, 1).label("firm_id"), func.abs(100).label("debit"),
                  func.abs(0).label("credit"), func.concat("x").label("memo"))
    with pytest.raises(RuleError) as refused:
        ledger.post_many(session, park_id=park.id, kind="bill", headers=headers, legs=legs)
    assert refused.value.codes == ["billing.G-01"]
    with pytest.raises(RuleError):
        ledger.post_many(session, park_id=park.id, kind="bill", headers=headers, legs=legs.where(n.c.n > 9))
    assert ledger.post_many(session, park_id=park.id, kind="bill", headers=headers.where(n.c.n > 9), legs=legs) == 0
    assert entries(session, park) == []


def test_another_park_does_not_exist(as_role, park2):
    with as_role("finance") as s, pytest.raises(NotFound):
        ledger.post(s, park_id=park2.id, kind="manual", on=DAY, memo="x", legs=pair(s))


def test_reversal_takes_back_once(session, park):
    entry = post(session, park, "12.34")
    back = ledger.reverse(session, entry, on=DAY, memo="冲销")
    assert [(i.account_id, i.debit, i.credit) for i in back.lines] == [(i.account_id, i.credit, i.debit) for i in entry.lines]
    assert back.reverses_id == entry.id and back.kind == "reversal"
    for what, on in ((entry, DAY), (back, DAY), (post(session, park), date(2026, 3, 3))):
        with pytest.raises(RuleError) as refused:
            ledger.reverse(session, what, on=on, memo="x")
        assert refused.value.codes == ["billing.G-06"]
    assert session.scalar(select(func.sum(LedgerLine.debit) - func.sum(LedgerLine.credit))) == 0


def test_ten_thousand_at_once(session, park, query_count):
    """10,000 entries of four lines: hash chain, triggers, numbers, by as few statements as ten (`bench lb1` tells how long it takes)."""
    with query_count() as few:
        assert many(session, park, 10) == 10
    with query_count() as q:
        assert many(session, park, 10_000) == 10_000
    assert q.count <= few.count
    head = session.scalars(select(LedgerHead).where(LedgerHead.park_id == park.id)).one()
    assert head.sequence == 10_010


def test_used_accounts_keep_their_meaning(session, park):
    account = accounts.by_role(session, "advance")
    post(session, park)
    with pytest.raises(RuleError) as refused:
        accounts.change_account(session, account, code="2299", name="x")
    assert refused.value.codes == ["billing.G-15"]
    assert accounts.change_account(session, account, name="预收").name == "预收"
    with pytest.raises(RuleError):
        accounts.remove_account(session, account)
    fresh = accounts.create_account(session, code="1012", name="其他货币资金", kind="asset")
    accounts.remove_account(session, fresh)
