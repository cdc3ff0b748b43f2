"""What the database itself refuses around the ledger, whoever writes: triggers and the functions of the hash chain.

- An entry and all its lines are inserted by one statement, balanced, into a month that takes postings, right behind the end of
  the park's chain and with the right hash; the same trigger moves the end (`billing_ledger_head`).
- A hard lock never moves back; a period exception is granted by an approval of another person and lasts at most 24 hours.

Hash, version 1: `hash = sha256(hash before || digest)`, `digest = sha256(JSON list of the entry's and its lines' values)`; amounts
are whole fen, days are counted from 2000-01-01, instants in microseconds. The first `hash before` is `billing_genesis(park)`."""

from __future__ import annotations

from parkops.db.ddl import LOOPS, SAFE, after_create

from .catalogue import Account
from .ledger import BookPeriod, LedgerEntry, LedgerHead, LedgerLine, PeriodException

HASHES = """
CREATE OR REPLACE FUNCTION billing_genesis(park bigint) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
  SELECT sha256(convert_to('parkops ledger ' || park, 'UTF8')) $$;
CREATE OR REPLACE FUNCTION billing_line_text(line integer, park bigint, account bigint, firm bigint, debit bigint, credit bigint, memo text)
RETURNS text LANGUAGE sql STABLE AS $$ SELECT json_build_array(line, park, account, firm, debit, credit, memo)::text $$;
CREATE OR REPLACE FUNCTION billing_entry_digest(algorithm integer, park bigint, seq bigint, number text, kind text, on_day date, memo text,
  total bigint, source text, source_id bigint, reverses bigint, posted_at timestamptz, posted_by text, lines text)
RETURNS bytea LANGUAGE sql STABLE AS $$ SELECT sha256(convert_to(json_build_array(algorithm, park, seq, number, kind,
  on_day - date '2000-01-01', memo, total, source, source_id, reverses, (extract(epoch from posted_at) * 1000000)::bigint,
  posted_by, lines)::text, 'UTF8')) $$;
CREATE OR REPLACE FUNCTION billing_chain_step(state bytea, digest bytea, seed bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
  SELECT sha256(coalesce(state, seed) || digest) $$;
CREATE OR REPLACE AGGREGATE billing_chain(bytea, bytea) (SFUNC = billing_chain_step, STYPE = bytea)"""
DROP_HASHES = """DROP AGGREGATE IF EXISTS billing_chain(bytea, bytea);
DROP FUNCTION IF EXISTS billing_chain_step(bytea, bytea, bytea);
DROP FUNCTION IF EXISTS billing_entry_digest(integer, bigint, bigint, text, text, date, text, bigint, text, bigint, bigint, timestamptz,
  text, text);
DROP FUNCTION IF EXISTS billing_line_text(integer, bigint, bigint, bigint, bigint, bigint, text);
DROP FUNCTION IF EXISTS billing_genesis(bigint)"""

ENTRIES = f"""
CREATE OR REPLACE FUNCTION billing_entry_inserted() RETURNS trigger LANGUAGE plpgsql {LOOPS} AS $$
DECLARE p record; h record; c record; wrong text;
BEGIN
  FOR p IN SELECT park_id, min(sequence) AS first, max(sequence) AS last, count(*) AS n FROM new_entries GROUP BY park_id ORDER BY park_id
  LOOP
    SELECT sequence, hash INTO h FROM billing_ledger_head WHERE park_id = p.park_id FOR UPDATE;
    IF NOT FOUND OR p.first <> h.sequence + 1 OR p.last - p.first + 1 <> p.n THEN
      RAISE EXCEPTION 'an entry follows the end of the chain of its park' USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT e.number INTO wrong FROM new_entries e JOIN billing_book_period b ON b.park_id = e.park_id
      AND b.month = e.entry_date - extract(day FROM e.entry_date)::integer + 1
      WHERE e.park_id = p.park_id AND (b.state = 'hard' OR b.state = 'soft' AND NOT EXISTS (SELECT FROM billing_period_exception x
        WHERE x.period_id = b.id AND x.user_name = e.posted_by AND x.expires_at > greatest(now(), e.posted_at))) LIMIT 1;
    IF FOUND THEN
      RAISE EXCEPTION 'the month of entry % is closed', wrong USING ERRCODE = 'restrict_violation', CONSTRAINT = 'billing_period_closed';
    END IF;
    SELECT count(*) FILTER (WHERE x.lines IS NULL OR x.hash <> x.chain) AS bad, count(*) AS n INTO c FROM (
      SELECT e.hash, l.lines, billing_chain(billing_entry_digest(e.algorithm, e.park_id, e.sequence, e.number, e.kind, e.entry_date, e.memo,
        e.total, e.source, e.source_id, e.reverses_id, e.posted_at, e.posted_by, l.lines), h.hash) OVER (ORDER BY e.sequence) AS chain
      FROM new_entries e CROSS JOIN LATERAL (SELECT string_agg(billing_line_text(i.line, i.park_id, i.account_id, i.firm_id, i.debit,
        i.credit, i.memo), ',' ORDER BY i.line) AS lines FROM billing_ledger_line i WHERE i.entry_id = e.id) l
      WHERE e.park_id = p.park_id) x;
    IF c.bad > 0 OR c.n <> p.n THEN
      RAISE EXCEPTION 'an entry comes with its lines and the hash of the chain' USING ERRCODE = 'restrict_violation';
    END IF;
    UPDATE billing_ledger_head d SET sequence = p.last, hash = e.hash FROM new_entries e
      WHERE d.park_id = p.park_id AND e.park_id = p.park_id AND e.sequence = p.last;
  END LOOP;
  RETURN NULL;
END $$;
CREATE TRIGGER billing_ledger_entry_inserted AFTER INSERT ON billing_ledger_entry REFERENCING NEW TABLE AS new_entries
  FOR EACH STATEMENT EXECUTE FUNCTION billing_entry_inserted()"""

LINES = f"""
CREATE OR REPLACE FUNCTION billing_line_inserted() RETURNS trigger LANGUAGE plpgsql {LOOPS} AS $$
DECLARE wrong text;
BEGIN
  SELECT coalesce(e.number, '?') INTO wrong
  FROM (SELECT entry_id, sum(debit) AS debit, sum(credit) AS credit, count(*) AS n, min(park_id) AS park, max(park_id) AS other
        FROM new_lines GROUP BY entry_id) s LEFT JOIN billing_ledger_entry e ON e.id = s.entry_id
  WHERE e.id IS NULL OR s.debit <> s.credit OR s.debit <> e.total OR s.park <> e.park_id OR s.other <> e.park_id
     OR s.n <> (SELECT count(*) FROM billing_ledger_line l WHERE l.entry_id = s.entry_id) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'entry % would not balance, or its lines come later than it', wrong USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER billing_ledger_line_inserted AFTER INSERT ON billing_ledger_line REFERENCING NEW TABLE AS new_lines
  FOR EACH STATEMENT EXECUTE FUNCTION billing_line_inserted()"""

HEAD = f"""
CREATE OR REPLACE FUNCTION billing_head_guard() RETURNS trigger LANGUAGE plpgsql {SAFE} AS $$
BEGIN
  IF TG_OP = 'INSERT' AND NEW.sequence = 0 AND NEW.hash = billing_genesis(NEW.park_id) THEN RETURN NEW; END IF;
  IF TG_OP = 'UPDATE' THEN
    IF NEW.id = OLD.id AND NEW.park_id = OLD.park_id AND NEW.sequence > OLD.sequence AND EXISTS (SELECT FROM billing_ledger_entry e
      WHERE e.park_id = NEW.park_id AND e.sequence = NEW.sequence AND e.hash = NEW.hash) THEN RETURN NEW; END IF;
  END IF;
  RAISE EXCEPTION 'the end of the chain moves only with an entry' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER billing_ledger_head_guard BEFORE INSERT OR UPDATE OR DELETE ON billing_ledger_head
  FOR EACH ROW EXECUTE FUNCTION billing_head_guard();
CREATE TRIGGER billing_ledger_head_no_truncate BEFORE TRUNCATE ON billing_ledger_head
  FOR EACH STATEMENT EXECUTE FUNCTION core_append_only()"""

PERIODS = f"""
CREATE OR REPLACE FUNCTION billing_period_guard() RETURNS trigger LANGUAGE plpgsql {SAFE} AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.state = 'hard' OR NEW.month <> OLD.month OR NEW.park_id <> OLD.park_id OR NEW.id <> OLD.id THEN
    RAISE EXCEPTION 'a lock of the books is never taken back' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'billing_period_locked';
  END IF;
  IF OLD.state = 'soft' AND NEW.state = 'open' AND NOT EXISTS (SELECT FROM core_approval a JOIN core_approval_vote v
    ON v.approval_id = a.id WHERE a.kind = 'billing.reopen' AND a.record_id = OLD.id AND a.state = 'approved' AND v.approve
    AND v.user_id IS DISTINCT FROM a.requested_by_id AND a.decided_at >= OLD.locked_at) THEN
    RAISE EXCEPTION 'a soft lock is taken back by a second person' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER billing_book_period_guard BEFORE UPDATE OR DELETE ON billing_book_period
  FOR EACH ROW EXECUTE FUNCTION billing_period_guard();
CREATE TRIGGER billing_book_period_no_truncate BEFORE TRUNCATE ON billing_book_period
  FOR EACH STATEMENT EXECUTE FUNCTION core_append_only()"""

EXCEPTIONS = f"""
CREATE OR REPLACE FUNCTION billing_exception_guard() RETURNS trigger LANGUAGE plpgsql {SAFE} AS $$
BEGIN
  IF TG_OP = 'INSERT' AND NEW.approved_at IS NULL THEN RETURN NEW; END IF;
  IF TG_OP = 'UPDATE' THEN
    IF OLD.approved_at IS NULL AND NEW.user_id = OLD.user_id AND NEW.user_name = OLD.user_name AND NEW.period_id = OLD.period_id
      AND (NEW.approved_at IS NULL OR EXISTS (SELECT FROM core_approval a JOIN core_approval_vote v ON v.approval_id = a.id
        WHERE a.id = NEW.approval_id AND a.kind = 'billing.unlock' AND a.record_id = NEW.id AND a.state = 'approved' AND v.approve
        AND v.user_id <> NEW.user_id AND v.user_id IS DISTINCT FROM a.requested_by_id)) THEN RETURN NEW; END IF;
  END IF;
  RAISE EXCEPTION 'a period exception is granted by another person, once' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER billing_period_exception_guard BEFORE INSERT OR UPDATE OR DELETE ON billing_period_exception
  FOR EACH ROW EXECUTE FUNCTION billing_exception_guard();
CREATE TRIGGER billing_period_exception_no_truncate BEFORE TRUNCATE ON billing_period_exception
  FOR EACH STATEMENT EXECUTE FUNCTION core_append_only()"""

ACCOUNTS = f"""
CREATE OR REPLACE FUNCTION billing_account_guard() RETURNS trigger LANGUAGE plpgsql {SAFE} AS $$
BEGIN
  IF (NEW.code <> OLD.code OR NEW.kind <> OLD.kind OR NEW.exempt <> OLD.exempt OR NEW.id <> OLD.id)
    AND EXISTS (SELECT FROM billing_ledger_line l WHERE l.account_id = OLD.id) THEN
    RAISE EXCEPTION 'account % is in use and keeps its code and kind', OLD.code USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER billing_account_guard BEFORE UPDATE ON billing_account FOR EACH ROW EXECUTE FUNCTION billing_account_guard()"""


def _drop(*names: str) -> str:
    return ";\n".join(f"DROP FUNCTION IF EXISTS {name}() CASCADE" for name in names)


after_create(LedgerHead.__table__, HASHES, DROP_HASHES)
after_create(LedgerHead.__table__, HEAD, _drop("billing_head_guard"))
after_create(LedgerEntry.__table__, ENTRIES, _drop("billing_entry_inserted"))
after_create(LedgerLine.__table__, LINES, _drop("billing_line_inserted"))
after_create(BookPeriod.__table__, PERIODS, _drop("billing_period_guard"))
after_create(PeriodException.__table__, EXCEPTIONS, _drop("billing_exception_guard"))
after_create(Account.__table__, ACCOUNTS, _drop("billing_account_guard"))
