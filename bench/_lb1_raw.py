"""LB-1 in bare SQL: the floor the product is measured against. Same work, same result, no users, rights, audit or states.

Tables live in the schema `raw` of the benchmark's own database. Every operation is one call and one transaction."""

from __future__ import annotations

from datetime import date
from typing import Any

SCHEMA = """
create schema raw;
create table raw.party (id bigint primary key, name text not null, address text not null);
create table raw.lease (id bigint primary key, party_id bigint not null references raw.party, starts_on date not null, ends_on date);
create table raw.lease_line (id bigint generated always as identity primary key, lease_id bigint not null references raw.lease,
  account int not null, label text not null, amount bigint not null);
create table raw.bill (id bigint generated always as identity primary key, lease_id bigint not null references raw.lease,
  party_id bigint not null references raw.party, month date not null, due_on date not null, number bigint unique,
  state text not null default 'draft', net bigint not null, tax bigint not null, gross bigint not null, paid bigint not null default 0,
  unique (lease_id, month), check (net + tax = gross), check (paid between 0 and gross));
create table raw.bill_line (id bigint generated always as identity primary key, bill_id bigint not null references raw.bill,
  account int not null, label text not null, net bigint not null, tax bigint not null);
create table raw.counter (code text primary key, last bigint not null);
create table raw.period (month date primary key, open boolean not null);
create table raw.entry (id bigint generated always as identity primary key, on_date date not null, bill_id bigint references raw.bill,
  receipt_id bigint, number bigint not null unique);
create table raw.entry_line (entry_id bigint not null references raw.entry, account int not null, party_id bigint,
  debit bigint not null, credit bigint not null);
create table raw.receipt (id bigint generated always as identity primary key, party_id bigint not null references raw.party,
  on_date date not null, amount bigint not null, bill_id bigint not null references raw.bill);
create table raw.allocation (receipt_id bigint not null references raw.receipt, bill_id bigint not null references raw.bill,
  amount bigint not null);
create index on raw.lease_line (lease_id);
create index on raw.bill (party_id) where state = 'posted';
create index on raw.bill_line (bill_id);
create index on raw.entry_line (entry_id);
create index on raw.entry_line (account);
insert into raw.counter values ('bill', 0), ('entry', 0);
insert into raw.period select date '2026-01-01' + make_interval(months => i), true from generate_series(0, 11) i;
"""
PARTIES = "insert into raw.party select i, 'Party ' || lpad(i::text, 6, '0'), 'Street ' || i || ', Jining' from generate_series(1, %(n)s) i"
LEASES = """
with l as (insert into raw.lease select i, i, date '2026-01-01', null from generate_series(1, %(n)s) i returning id)
insert into raw.lease_line (lease_id, account, label, amount)
select id, 6001, 'Office rent', (400 + (13 * id) %% 1600) * 100 from l union all select id, 6002, 'Service charge', 15000 from l
"""
GENERATE = """
with b as (
  insert into raw.bill (lease_id, party_id, month, due_on, net, tax, gross)
  select l.id, l.party_id, %(month)s, %(month)s + 30, sum(x.amount), sum((x.amount * 2 + 5) / 10),
         sum(x.amount + (x.amount * 2 + 5) / 10)
    from raw.lease l join raw.lease_line x on x.lease_id = l.id
   where l.starts_on <= %(month)s and (l.ends_on is null or l.ends_on >= %(month)s) group by l.id
  on conflict (lease_id, month) do nothing returning id, lease_id)
insert into raw.bill_line (bill_id, account, label, net, tax)
select b.id, x.account, x.label, x.amount, (x.amount * 2 + 5) / 10 from b join raw.lease_line x on x.lease_id = b.lease_id
"""
POST = """
with span as (update raw.counter set last = last + (select count(*) from raw.bill where state = 'draft' and month = %(month)s)
               where code = 'bill' returning last),
     espan as (update raw.counter set last = last + (select count(*) from raw.bill where state = 'draft' and month = %(month)s)
               where code = 'entry' returning last),
     ranked as (select id, row_number() over (order by id) n, count(*) over () total from raw.bill
                 where state = 'draft' and month = %(month)s),
     posted as (update raw.bill b set state = 'posted', number = span.last - r.total + r.n from ranked r, span, raw.period p
                 where b.id = r.id and p.month = b.month and p.open returning b.id, b.party_id, b.month, b.gross, b.tax, r.n, r.total),
     e as (insert into raw.entry (on_date, bill_id, number) select p.month, p.id, espan.last - p.total + p.n
             from posted p, espan returning id, bill_id)
insert into raw.entry_line (entry_id, account, party_id, debit, credit)
select e.id, 1122, p.party_id, p.gross, 0 from e join posted p on p.id = e.bill_id
union all select e.id, x.account, null, 0, x.net from e join raw.bill_line x on x.bill_id = e.bill_id
union all select e.id, 2221, null, 0, p.tax from e join posted p on p.id = e.bill_id
"""
PAY = """
with due as (select id, party_id, gross - paid as amount from raw.bill where state = 'posted' and paid < gross and month = %(month)s {one}),
     r as (insert into raw.receipt (party_id, on_date, amount, bill_id) select party_id, %(on)s, amount, id from due
           returning id, bill_id, party_id, amount),
     a as (insert into raw.allocation select id, bill_id, amount from r),
     u as (update raw.bill b set paid = b.paid + r.amount from r where b.id = r.bill_id),
     ranked as (select id, row_number() over (order by id) n, count(*) over () total, party_id, amount from r),
     c as (update raw.counter set last = last + (select count(*) from r) where code = 'entry' returning last),
     e as (insert into raw.entry (on_date, receipt_id, number) select %(on)s, x.id, c.last - x.total + x.n from ranked x, c
           returning id, receipt_id)
insert into raw.entry_line (entry_id, account, party_id, debit, credit)
select e.id, 1002, null, r.amount, 0 from e join r on r.id = e.receipt_id
union all select e.id, 1122, r.party_id, 0, r.amount from e join r on r.id = e.receipt_id
"""
AGED = """
select party_id, sum(gross - paid) filter (where due_on >= %(on)s),
       sum(gross - paid) filter (where due_on < %(on)s and due_on >= %(on)s - 30),
       sum(gross - paid) filter (where due_on < %(on)s - 30), sum(gross - paid)
  from raw.bill where state = 'posted' and paid < gross group by party_id order by party_id
"""
REVENUE = """
select date_trunc('month', e.on_date)::date, l.account, sum(l.credit - l.debit) from raw.entry e join raw.entry_line l on l.entry_id = e.id
 where l.account in (6001, 6002) group by 1, 2 order by 1, 2
"""
LISTING = "select id, name, address from raw.party where name like %(like)s order by name limit 80"
BALANCES = """
select p.id, p.name, coalesce((select sum(b.gross - b.paid) from raw.bill b where b.party_id = p.id and b.state = 'posted'), 0)
  from raw.party p where p.name like %(like)s order by p.name limit 80
"""


class Raw:
    """The bare run on one connection; each method returns what it touched."""

    def __init__(self, connection: Any) -> None:
        self.c = connection
        with self.c.transaction():
            self.c.execute(SCHEMA)

    def _do(self, sql: str, *, many: bool = False, **values: Any) -> int:
        """`many`: without nested loops, which the planner now and then takes over the uncounted rows of a WITH (12 s for 0.6 s)."""
        with self.c.transaction():
            if many:
                self.c.execute("set local enable_nestloop = off")
            return self.c.execute(sql, values).rowcount

    def parties(self, n: int) -> int:
        return self._do(PARTIES, n=n)

    def leases(self, n: int) -> int:
        return self._do(LEASES, n=n) // 2

    def generate(self, month: date) -> int:
        return self._do(GENERATE, month=month) // 2

    def post(self, month: date) -> int:
        return self._do(POST, many=True, month=month) // 4

    def pay(self, month: date, on: date) -> int:
        return self._do(PAY.format(one=""), many=True, month=month, on=on) // 2

    def pay_one_by_one(self, month: date, on: date, count: int) -> int:
        found = self.c.execute("select id from raw.bill where state = 'posted' and paid < gross and month = %s order by id limit %s",
                               (month, count))
        ids = [r[0] for r in found.fetchall()]
        self.c.commit()
        return sum(self._do(PAY.format(one="and id = %(id)s"), month=month, on=on, id=i) // 2 for i in ids)

    def rows(self, sql: str, **values: Any) -> list[Any]:
        found = self.c.execute(sql, values).fetchall()
        self.c.rollback()
        return found

    def analyze(self) -> None:
        with self.c.transaction():
            for table in ("party", "lease", "lease_line", "bill", "bill_line", "entry", "entry_line", "receipt", "allocation"):
                self.c.execute(f"analyze raw.{table}")
