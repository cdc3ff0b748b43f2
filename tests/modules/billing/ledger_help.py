"""Entries for tests: many at once, by SQL, and a connection of the server's superuser with the triggers off."""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import date
from decimal import Decimal

from sqlalchemy import Date, Integer, String, cast, column, func, literal, select
from sqlalchemy.types import BigInteger

from modules.billing.models.ledger import LedgerEntry
from modules.billing.services import accounts, ledger
from modules.billing.services.ledger import Leg

DAY = date(2026, 3, 4)


def D(text) -> Decimal:
    return Decimal(str(text))


def pair(session, amount="10.00", *, debit="bank", credit="advance", firm_id=None):
    """Two legs by role."""
    return [Leg(accounts.by_role(session, debit).id, D(amount), 0, firm_id), Leg(accounts.by_role(session, credit).id, 0, D(amount), firm_id)]


def post(session, park, amount="10.00", on=DAY, memo="收款", **kw):
    return ledger.post(session, park_id=park.id, kind=kw.pop("kind", "manual"), on=on, memo=memo, legs=pair(session, amount, **kw))


def many(session, park, count, *, first=date(2026, 1, 1), days=60, lines=4):
    """`count` entries of four lines, amounts 1.00, 2.00 … by one statement."""
    bank, advance = accounts.by_role(session, "bank").id, accounts.by_role(session, "advance").id
    n = func.generate_series(1, count).table_valued(column("n", Integer), name="n").render_derived()
    k = func.generate_series(1, lines).table_valued(column("k", Integer), name="k").render_derived()
    headers = select(n.c.n.label("ref"), (literal(first, Date) + n.c.n % days).label("entry_date"),
                     (literal("第 ") + cast(n.c.n, String)).label("memo"), literal("billing.test").label("source"),
                     n.c.n.label("source_id"))
    odd = k.c.k % 2
    legs = select(n.c.n.label("ref"), (literal(bank) * odd + literal(advance) * (1 - odd)).label("account_id"),
                  literal(None, BigInteger).label("firm_id"), (odd * n.c.n * 100).label("debit"), ((1 - odd) * n.c.n * 100).label("credit"),
                  literal("行").label("memo")).select_from(n.join(k, literal(True)))
    return ledger.post_many(session, park_id=park.id, kind="bill", headers=headers, legs=legs)


def entries(session, park):
    return list(session.scalars(select(LedgerEntry).where(LedgerEntry.park_id == park.id).order_by(LedgerEntry.sequence)))


@contextmanager
def superuser(database, *, triggers=False):
    """A raw connection of the server's superuser; triggers are off unless asked for."""
    import psycopg

    from parkops.db import embedded

    with psycopg.connect(host=str(embedded.socket_dir()), user="postgres", dbname=database, autocommit=True) as c:
        if not triggers:
            c.execute("set session_replication_role = replica")
        yield c


def wait_for_lock(database, *, seconds=20):
    """Until some session of the database waits for a row lock."""
    with superuser(database) as c:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if c.execute("select count(*) from pg_stat_activity where datname = %s and wait_event_type = 'Lock'", (database,)).fetchone()[0]:
                return
            time.sleep(0.01)
    raise AssertionError("nobody waited for a lock")
