"""G4: no road changes what was posted or what is locked. Each attack runs as the application's role, as the owner of the tables, or
through the product; none of them may succeed. The control is the same attack with the triggers off."""

from __future__ import annotations

from datetime import date

import pytest
from ledger_help import DAY, pair, post, superuser
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError

from modules.billing.models.ledger import BookPeriod, LedgerEntry, LedgerHead, LedgerLine
from modules.billing.services import ledger, ledger_verify, periods
from parkops.db.session import Scope, engine, new_session, system_scope
from parkops.errors import ParkOpsError

E, L, H, P, X = "billing_ledger_entry", "billing_ledger_line", "billing_ledger_head", "billing_book_period", "billing_period_exception"
SQL = {
    "amount": f"update {L} set debit = debit + 1 where debit > 0",
    "both sides": f"update {L} set debit = debit + 100 where debit > 0; update {L} set credit = credit + 100 where credit > 0",
    "account": f"update {L} set account_id = (select max(id) from billing_account)",
    "firm": f"update {L} set firm_id = null, memo = 'x'",
    "total": f"update {E} set total = total + 1",
    "date into the locked month": f"update {E} set entry_date = '2026-01-15'",
    "date out of its month": f"update {E} set entry_date = '2026-05-01'",
    "number": f"update {E} set number = 'V-2026-9999999'",
    "operator": f"update {E} set posted_by = 'someone'",
    "hash": f"update {E} set hash = sha256('x')",
    "delete lines": f"delete from {L}",
    "delete entries": f"delete from {E}",
    "truncate": f"truncate {E}, {L} cascade",
    "truncate from a parent": "truncate billing_account cascade",
    "delete the park": "delete from core_park",
    "delete the account": "delete from billing_account where role = 'bank'",
    "upsert": f"insert into {E} select * from {E} limit 1 on conflict (park_id, number) do update set memo = 'x'",
    "merge": f"merge into {L} l using {E} e on l.entry_id = e.id when matched then update set debit = 1, credit = 0",
    "line added later": f"insert into {L} (park_id, entry_id, line, account_id, debit, credit) select park_id, id, 99, "
                        f"(select min(id) from billing_account), 100, 0 from {E} limit 1",
    "balanced lines added later": f"insert into {L} (park_id, entry_id, line, account_id, debit, credit) select e.park_id, e.id, 90 + x.n, "
                                  f"(select min(id) from billing_account), x.d, x.c from {E} e, (values (1, 5, 0), (2, 0, 5)) x(n, d, c)",
    "entry without lines": f"insert into {E} (park_id, number, sequence, kind, entry_date, memo, total, posted_at, posted_by, hash) select "
                           f"park_id, 'V-2026-8888888', sequence + 1, kind, entry_date, memo, total, now(), 'x', hash from {E} "
                           f"order by sequence desc limit 1",
    "entry out of the chain": f"with e as (insert into {E} (park_id, number, sequence, kind, entry_date, memo, total, posted_at, posted_by, "
                              f"hash) select park_id, 'V-2026-7777777', sequence + 1, kind, entry_date, memo, 100, now(), 'x', sha256('y') "
                              f"from {E} order by sequence desc limit 1 returning id, park_id) insert into {L} (park_id, entry_id, line, "
                              f"account_id, debit, credit) select e.park_id, e.id, x.n, (select min(id) from billing_account), x.d, x.c "
                              f"from e, (values (1, 100, 0), (2, 0, 100)) x(n, d, c)",
    "end of the chain back": f"update {H} set sequence = 0",
    "end of the chain forward": f"update {H} set sequence = sequence + 1",
    "end of the chain removed": f"delete from {H}",
    "hard lock to soft": f"update {P} set state = 'soft' where state = 'hard'",
    "hard lock to open": f"update {P} set state = 'open' where state = 'hard'",
    "hard lock to another month": f"update {P} set month = '2020-01-01' where state = 'hard'",
    "soft lock opened by one person": f"update {P} set state = 'open' where state = 'soft'",
    "lock deleted": f"delete from {P}",
    "locks truncated": f"truncate {P} cascade",
    "exception without approval": f"insert into {X} (park_id, period_id, user_id, user_name, reason, approval_id, approved_at, expires_at) "
                                  f"select park_id, id, 1, 'x', 'x', null, now(), now() + interval '1 hour' from {P} where state = 'soft'",
    "exception for a week": f"insert into {X} (park_id, period_id, user_id, user_name, reason, approved_at, expires_at) select park_id, id, "
                            f"1, 'x', 'x', now(), now() + interval '7 days' from {P} where state = 'soft'",
    "a table of one's own in front of the locks": f"create temporary table {P} (like {P}); alter table {E} disable trigger all",
    "meaning of a used account": "update billing_account set kind = 'expense' where role = 'bank'",
}


@pytest.fixture
def booked(fresh_db):
    """Three vouchers, January locked for good, February softly."""
    with system_scope("test", via="cli") as s:
        from parkops.models import Park

        park = s.scalars(select(Park).where(Park.code == "east")).one()
        for day in (date(2026, 1, 5), date(2026, 2, 5), DAY):
            post(s, park, on=day)
        for month, hard in ((date(2026, 1, 1), False), (date(2026, 1, 1), True), (date(2026, 2, 1), False)):
            periods.lock_month(s, month=month, park_id=park.id, hard=hard, on=date(2026, 6, 1))
        park_id = park.id
    return park_id


def _state(database):
    with superuser(database) as c:
        return [c.execute(f"select md5(string_agg(t::text, '|' order by t::text)) from {t} t").fetchone()[0] for t in (E, L, H, P, X)]


def _try(sql, owner):
    with engine(owner=owner).connect() as c:
        for part in sql.split("; "):
            c.exec_driver_sql(part)
        c.commit()


def test_no_sql_gets_through(booked, fresh_db):
    """Every statement, as the application's role and as the owner of the tables."""
    before, through = _state(fresh_db), []
    for name, sql in SQL.items():
        for owner in (False, True):
            if owner and "disable trigger" in sql:
                continue  # the owner may alter its own tables; the verifier and the anchors are for that
            try:
                _try(sql, owner)
            except DBAPIError:
                continue
            if _state(fresh_db) != before:
                through.append((name, owner))
    assert not through and _state(fresh_db) == before
    assert len(SQL) >= 20


def test_a_temporary_table_does_not_stand_in_for_the_locks(booked, fresh_db):
    """The trigger reads the real table whatever the connection's search path says."""
    with system_scope("test", via="cli") as s:
        s.execute(text(f"create temporary table {P} (like public.{P})"))
        s.execute(text("set search_path = pg_temp, public"))
        end = ledger.lock(s, booked)

        from modules.billing.services import ledger_sql

        legs = [(leg.account_id, None, *ledger._sides(leg), None) for leg in pair(s)]
        with pytest.raises(DBAPIError, match="closed"):
            ledger_sql.insert_one(s, park_id=booked, kind="manual", end=end, on=date(2026, 1, 9), memo="x", source=None, source_id=None,
                                  reverses_id=None, legs=legs)
        s.rollback()


def _orm(booked):
    """Ways through the ORM and the product, with every right there is."""
    def change(s):
        s.scalars(select(LedgerEntry)).first().memo = "x"
        s.flush()

    def line(s):
        s.scalars(select(LedgerLine)).first().debit += 1
        s.flush()

    def remove(s):
        s.delete(s.scalars(select(LedgerEntry)).first())
        s.flush()

    def add(s):
        e = s.scalars(select(LedgerEntry)).first()
        s.add(LedgerLine(park_id=booked, entry_id=e.id, line=50, account_id=e.lines[0].account_id, debit=1))
        s.flush()

    def back(s):
        s.scalars(select(BookPeriod).where(BookPeriod.state == "hard")).one().state = "open"
        s.flush()

    def reopen(s):
        s.scalars(select(BookPeriod).where(BookPeriod.state == "soft")).one().state = "open"
        s.flush()

    def into(s):
        ledger.post(s, park_id=booked, kind="manual", on=date(2026, 1, 7), memo="x", legs=pair(s))

    def into_soft(s):
        ledger.post(s, park_id=booked, kind="manual", on=date(2026, 2, 7), memo="x", legs=pair(s))

    return {
        "orm change": change, "orm line": line, "orm delete": remove, "orm add": add, "orm unlock": back, "orm reopen": reopen,
        "post into a hard lock": into, "post into a soft lock": into_soft,
        "bulk update": lambda s: s.execute(update(LedgerEntry).values(memo="x")),
        "bulk delete": lambda s: s.execute(delete(LedgerLine)),
        "bulk head": lambda s: s.execute(update(LedgerHead).values(sequence=99)),
        "reverse into a hard lock": lambda s: ledger.reverse(s, s.scalars(select(LedgerEntry)).first(), on=date(2026, 1, 8), memo="x"),
        "lock again": lambda s: periods.lock_month(s, month=date(2026, 1, 1), park_id=booked, on=date(2026, 6, 1)),
    }


def test_no_service_and_no_orm_gets_through(booked, fresh_db):
    before = _state(fresh_db)
    for name, attack in _orm(booked).items():
        s = new_session(Scope(parks=None, system=True, park_id=booked, user_name="admin", reason="attack"))
        try:
            with pytest.raises((DBAPIError, ParkOpsError)):
                attack(s)
                pytest.fail(name)
        finally:
            s.rollback()
            s.close()
    assert _state(fresh_db) == before


@pytest.mark.parametrize("role", ["system_administrator", "finance", "operations_manager"])
def test_no_screen_and_no_rest_gets_through(booked, fresh_db, client, login_as, role):
    """Change, delete and bulk over REST and forms: there is no such service, for nobody."""
    login_as(client, role)
    before = _state(fresh_db)
    answers = []
    for thing in ("ledger_entry", "ledger_line", "book_period", "period_exception"):
        api = f"/api/v1/billing/{thing}/"
        answers += [client.put(f"{api}1", json={"memo": "x", "version": 1}), client.delete(f"{api}1?version=1"), client.post(api, json={}),
                    client.post(f"{api}_bulk/delete", json={"ids": [1]}), client.post(f"/billing/{thing}/1/edit", data={"memo": "x"}),
                    client.post(f"/billing/{thing}/1/delete", data={})]
    assert all(a.status_code in (400, 401, 403, 404, 405, 422, 428) for a in answers), [a.status_code for a in answers]
    assert _state(fresh_db) == before


def test_control_with_the_triggers_off(booked, fresh_db):
    """Without the triggers the attacks do get through, and the verifier sees what they did."""
    before = _state(fresh_db)
    with superuser(fresh_db) as c:
        for name in ("amount", "hard lock to open", "end of the chain back", "number"):
            c.execute(SQL[name] if name != "number" else f"update {E} set number = number || 'x'")
    assert all(a != b for a, b in zip(before[:4], _state(fresh_db)[:4], strict=True))
    with system_scope("test", via="cli") as s:
        assert {f.kind for f in ledger_verify.verify(s)} >= {"entry", "head"}
