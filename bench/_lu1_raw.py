"""LU-1 in bare SQL: the floor the product is measured against. Same events, same sums, no users, rights, audit or states."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

SCHEMA = """
create schema rawu;
create table rawu.account (id bigint primary key, name text not null);
create table rawu.instrument (id bigint primary key, name text not null, price bigint not null, form text not null default 'plain',
  cap bigint);
create table rawu.tier (instrument_id bigint not null references rawu.instrument, after int not null, price bigint not null);
create table rawu.span (instrument_id bigint not null references rawu.instrument, days text not null, first int not null, last int not null,
  price bigint not null);
create table rawu.free (account_id bigint primary key references rawu.account, minutes int not null);
create table rawu.usage (id bigint generated always as identity primary key, account_id bigint not null references rawu.account,
  instrument_id bigint not null references rawu.instrument, started_at timestamptz not null, ended_at timestamptz not null,
  check (ended_at >= started_at));
create table rawu.bill (id bigint generated always as identity primary key, account_id bigint not null references rawu.account,
  month date not null, net bigint not null, tax bigint not null, gross bigint not null, unique (account_id, month),
  check (net + tax = gross));
create table rawu.bill_line (id bigint generated always as identity primary key, bill_id bigint not null references rawu.bill,
  usage_id bigint not null references rawu.usage, label text not null, net bigint not null, tax bigint not null);
create index on rawu.usage (ended_at);
create index on rawu.usage (account_id);
create index on rawu.bill_line (bill_id);
create unique index on rawu.bill_line (usage_id);
"""
MONTHLY = """
month as materialized (
  select u.id, u.account_id, u.instrument_id, i.name, i.price, i.form, i.cap, u.started_at,
         (extract(epoch from u.ended_at - u.started_at) / 60)::bigint as minutes,
         (extract(epoch from u.started_at at time zone 'Asia/Shanghai') / 60)::bigint as s,
         (extract(epoch from u.ended_at at time zone 'Asia/Shanghai') / 60)::bigint as t
    from rawu.usage u join rawu.instrument i on i.id = u.instrument_id
   where u.ended_at >= %(first)s and u.ended_at < %(next)s
     and not exists (select from rawu.bill_line l where l.usage_id = u.id))"""
SIMPLE = f"with {MONTHLY}, net as (select id, account_id, name, started_at, (2 * minutes * price + 60) / 120 as net from month)"
RICH = f"""
with {MONTHLY},
steps as (select instrument_id, after, lead(after) over (partition by instrument_id order by after) as upto, price
            from (select id as instrument_id, 0 as after, price from rawu.instrument where form = 'tiers'
                  union all select * from rawu.tier) x),
tiered as (select m.id, sum(greatest(least(m.minutes, coalesce(s.upto, m.minutes)) - s.after, 0) * s.price) as num
             from month m join steps s on s.instrument_id = m.instrument_id group by m.id),
inside as (select m.id, sum(o.n) as minutes, sum(o.n * w.price) as num from month m join rawu.span w on w.instrument_id = m.instrument_id
             cross join lateral generate_series(m.s / 1440, greatest(m.t - 1, m.s) / 1440) d
             cross join lateral (select greatest(least(m.t, d * 1440 + w.last) - greatest(m.s, d * 1440 + w.first), 0) as n) o
            where position(((d + 3) %% 7 + 1)::text in w.days) > 0 group by m.id),
priced as (select m.*, (2 * coalesce(
             x.num, (m.minutes - coalesce(i.minutes, 0)) * m.price + coalesce(i.num, 0))::bigint + 60) / 120 as price1
             from month m left join tiered x on x.id = m.id left join inside i on i.id = m.id),
capped as (select p.*, case when cap is null then price1 else greatest(least(price1, cap - sum(price1) over (
             partition by account_id, instrument_id, t / 1440 order by s, id) + price1), 0)::bigint end as price2 from priced p),
covered as (select c.*, least(c.minutes, greatest(coalesce(f.minutes, 0) - sum(c.minutes) over (
              partition by c.account_id order by c.started_at, c.instrument_id, c.minutes, c.price2, c.id) + c.minutes, 0))::bigint as free
              from capped c left join rawu.free f on f.account_id = c.account_id),
net as (select id, account_id, name, started_at, price2 - (2 * price2 * free + minutes) / (2 * minutes) as net from covered)"""
BILL = """,
b as (insert into rawu.bill (account_id, month, net, tax, gross)
      select account_id, %(first)s::timestamptz::date, sum(net), sum((net * 2 + 5) / 10), sum(net + (net * 2 + 5) / 10)
        from net where net <> 0 group by account_id
      on conflict (account_id, month) do nothing returning id, account_id)
insert into rawu.bill_line (bill_id, usage_id, label, net, tax)
select b.id, n.id, n.name || ' ' || to_char(n.started_at, 'MM-DD HH24:MI'), n.net, (n.net * 2 + 5) / 10
  from b join net n on n.account_id = b.account_id where n.net <> 0
"""
RECORDS = """
select coalesce(json_agg(json_build_object('id', u.id, 'account', a.name, 'instrument', i.name, 'started_at', u.started_at,
  'ended_at', u.ended_at, 'minutes', (extract(epoch from u.ended_at - u.started_at) / 60)::int, 'net', l.net, 'gross', l.net + l.tax,
  'bill', b.id))::text, '[]')
  from rawu.usage u join rawu.account a on a.id = u.account_id join rawu.instrument i on i.id = u.instrument_id
  left join rawu.bill_line l on l.usage_id = u.id left join rawu.bill b on b.id = l.bill_id
 where u.ended_at >= %(first)s and u.ended_at < %(next)s
"""


class Raw:
    """The bare run on one connection; each method is one transaction."""

    def __init__(self, connection: Any) -> None:
        self.c = connection
        with self.c.transaction():
            self.c.execute(SCHEMA)

    def reference(self, accounts: int, instruments: int) -> None:
        """Accounts, and instruments at 20 + 5k per hour (fen)."""
        with self.c.transaction():
            self.c.execute("insert into rawu.account select i, 'Account ' || i from generate_series(1, %s) i", (accounts,))
            self.c.execute("insert into rawu.instrument (id, name, price) select k + 1, 'Instrument ' || k, (20 + 5 * k) * 100 "
                           "from generate_series(0, %s - 1) k", (instruments,))

    def rich(self, free: int) -> None:
        """A quarter each plain, with a tier, with windows, with a daily cap; every fifth account has free minutes."""
        with self.c.transaction():
            self.c.execute("update rawu.instrument set form = (array['plain', 'tiers', 'windows', 'cap'])[(id - 1) % 4 + 1], "
                           "cap = case when (id - 1) % 4 = 3 then 15000 end")
            self.c.execute("insert into rawu.tier select id, 60, price / 2 from rawu.instrument where form = 'tiers'")
            self.c.execute("insert into rawu.span select id, '12345', 0, 480, price / 2 from rawu.instrument where form = 'windows'")
            self.c.execute("insert into rawu.span select id, '67', 0, 1440, price / 2 from rawu.instrument where form = 'windows'")
            self.c.execute("insert into rawu.free select id, %s from rawu.account where id %% 5 = 0", (free,))

    def load(self, rows: Iterable[tuple[int, int, Any, Any]]) -> int:
        """5a: accounts and instruments by id."""
        with self.c.transaction(), self.c.cursor() as cursor:
            with cursor.copy("copy rawu.usage (account_id, instrument_id, started_at, ended_at) from stdin") as copy:
                for row in rows:
                    copy.write_row(row)
            return cursor.rowcount

    def bill(self, first: Any, next_: Any, *, rich: bool = False) -> int:
        """5b: the month's bills with their lines."""
        with self.c.transaction():
            return self.c.execute((RICH if rich else SIMPLE) + BILL, {"first": first, "next": next_}).rowcount

    def records(self, first: Any, next_: Any) -> str:
        """5d."""
        with self.c.transaction():
            return self.c.execute(RECORDS, {"first": first, "next": next_}).fetchone()[0]

    def total(self, month: date | None = None) -> int:
        """What the bills come to, fen."""
        with self.c.transaction():
            return self.c.execute("select coalesce(sum(gross), 0) from rawu.bill where %(m)s::date is null or month = %(m)s",
                                  {"m": month}).fetchone()[0]

    def analyze(self) -> None:
        with self.c.transaction():
            for table in ("account", "instrument", "usage", "bill", "bill_line"):
                self.c.execute(f"analyze rawu.{table}")
