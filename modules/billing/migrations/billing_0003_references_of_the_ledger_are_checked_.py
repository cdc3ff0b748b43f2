"""references of the ledger are checked once per statement

Revision ID: billing_0003
Revises: billing_0002
"""

from alembic import op

revision = 'billing_0003'
down_revision = 'billing_0002'
branch_labels = None
depends_on = None

ENTRIES = """DO $$ BEGIN
  IF current_setting('server_version_num')::int >= 180000 THEN
    EXECUTE 'ALTER TABLE billing_ledger_entry ALTER CONSTRAINT fk_billing_ledger_entry_park_id NOT ENFORCED';
  END IF;
END $$"""
LINES = """
CREATE OR REPLACE FUNCTION billing_ledger_line_there() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE asked bigint[]; found bigint;
BEGIN
  SELECT array_agg(DISTINCT account_id) INTO asked FROM fresh WHERE account_id IS NOT NULL;
  IF asked IS NOT NULL THEN
    PERFORM 1 FROM billing_account t WHERE t.id = ANY(asked) ORDER BY t.id FOR KEY SHARE;
    GET DIAGNOSTICS found = ROW_COUNT;
    IF found <> cardinality(asked) THEN
      RAISE EXCEPTION 'insert on table "billing_ledger_line" violates foreign key constraint "fk_billing_ledger_line_account_id"'
        USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_ledger_line', CONSTRAINT = 'fk_billing_ledger_line_account_id';
    END IF;
  END IF;
  SELECT array_agg(DISTINCT firm_id) INTO asked FROM fresh WHERE firm_id IS NOT NULL;
  IF asked IS NOT NULL THEN
    PERFORM 1 FROM tenants_firm t WHERE t.id = ANY(asked) ORDER BY t.id FOR KEY SHARE;
    GET DIAGNOSTICS found = ROW_COUNT;
    IF found <> cardinality(asked) THEN
      RAISE EXCEPTION 'insert on table "billing_ledger_line" violates foreign key constraint "fk_billing_ledger_line_firm_id"'
        USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_ledger_line', CONSTRAINT = 'fk_billing_ledger_line_firm_id';
    END IF;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER billing_ledger_line_there AFTER INSERT ON billing_ledger_line REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION billing_ledger_line_there();
CREATE OR REPLACE FUNCTION billing_ledger_line_needs_account_id() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp SET enable_seqscan = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM gone g JOIN billing_ledger_line l ON l.account_id = g.id) THEN
    RAISE EXCEPTION 'delete on table "billing_account" violates foreign key constraint "fk_billing_ledger_line_account_id"'
        USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_ledger_line', CONSTRAINT = 'fk_billing_ledger_line_account_id';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER billing_ledger_line_needs_account_id AFTER DELETE ON billing_account REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION billing_ledger_line_needs_account_id();
CREATE OR REPLACE FUNCTION billing_ledger_line_needs_firm_id() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp SET enable_seqscan = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM gone g JOIN billing_ledger_line l ON l.firm_id = g.id) THEN
    RAISE EXCEPTION 'delete on table "tenants_firm" violates foreign key constraint "fk_billing_ledger_line_firm_id"'
        USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_ledger_line', CONSTRAINT = 'fk_billing_ledger_line_firm_id';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER billing_ledger_line_needs_firm_id AFTER DELETE ON tenants_firm REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION billing_ledger_line_needs_firm_id();
DO $$ BEGIN
  IF current_setting('server_version_num')::int >= 180000 THEN
    EXECUTE 'ALTER TABLE billing_ledger_line ALTER CONSTRAINT fk_billing_ledger_line_account_id NOT ENFORCED';
    EXECUTE 'ALTER TABLE billing_ledger_line ALTER CONSTRAINT fk_billing_ledger_line_firm_id NOT ENFORCED';
  END IF;
END $$"""
RECEIPTS = """
CREATE OR REPLACE FUNCTION billing_receipt_there() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp SET enable_seqscan = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM fresh f LEFT JOIN billing_ledger_entry e ON e.id = f.entry_id WHERE e.park_id IS DISTINCT FROM f.park_id) THEN
    RAISE EXCEPTION 'insert on table "billing_receipt" violates foreign key constraint "fk_billing_receipt_entry_id"'
        USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_receipt', CONSTRAINT = 'fk_billing_receipt_entry_id';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER billing_receipt_there AFTER INSERT ON billing_receipt REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION billing_receipt_there();
DO $$ BEGIN
  IF current_setting('server_version_num')::int >= 180000 THEN
    EXECUTE 'ALTER TABLE billing_receipt ALTER CONSTRAINT fk_billing_receipt_park_id NOT ENFORCED';
    EXECUTE 'ALTER TABLE billing_receipt ALTER CONSTRAINT fk_billing_receipt_entry_id NOT ENFORCED';
  END IF;
END $$"""
ALLOCATIONS = """DO $$ BEGIN
  IF current_setting('server_version_num')::int >= 180000 THEN
    EXECUTE 'ALTER TABLE billing_allocation ALTER CONSTRAINT fk_billing_allocation_park_id NOT ENFORCED';
    EXECUTE 'ALTER TABLE billing_allocation ALTER CONSTRAINT fk_billing_allocation_bill_id NOT ENFORCED';
    EXECUTE 'ALTER TABLE billing_allocation ALTER CONSTRAINT fk_billing_allocation_receipt_id NOT ENFORCED';
    EXECUTE 'ALTER TABLE billing_allocation ALTER CONSTRAINT fk_billing_allocation_credit_id NOT ENFORCED';
    EXECUTE 'ALTER TABLE billing_allocation ALTER CONSTRAINT fk_billing_allocation_refund_id NOT ENFORCED';
    EXECUTE 'ALTER TABLE billing_allocation ALTER CONSTRAINT fk_billing_allocation_undoes_id NOT ENFORCED';
  END IF;
END $$"""
APPLY = """
CREATE OR REPLACE FUNCTION billing_allocation_apply() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM fresh f
      LEFT JOIN billing_bill b ON b.id = f.bill_id LEFT JOIN billing_bill c ON c.id = f.credit_id
      LEFT JOIN billing_receipt r ON r.id = f.receipt_id LEFT JOIN billing_receipt p ON p.id = f.refund_id
    WHERE f.park_id IS DISTINCT FROM coalesce(b.park_id, p.park_id) OR f.park_id IS DISTINCT FROM coalesce(c.park_id, r.park_id)
      OR coalesce(b.firm_id, p.firm_id) IS DISTINCT FROM coalesce(c.firm_id, r.firm_id)
      OR b.state = 'draft' OR b.kind <> 'bill' OR c.state = 'draft' OR c.kind <> 'credit' OR r.amount < 0 OR p.amount > 0) THEN
    RAISE EXCEPTION 'an allocation joins posted documents of one firm and park only';
  END IF;
  IF EXISTS (SELECT 1 FROM fresh f WHERE f.undoes_id IS NOT NULL) AND EXISTS (
    SELECT 1 FROM fresh f LEFT JOIN billing_allocation u ON u.id = f.undoes_id
    WHERE f.undoes_id IS NOT NULL AND (u.id IS NULL OR f.amount + u.amount <> 0 OR u.undoes_id IS NOT NULL OR u.refund_id IS NOT NULL
      OR f.bill_id IS DISTINCT FROM u.bill_id OR f.receipt_id IS DISTINCT FROM u.receipt_id
      OR f.credit_id IS DISTINCT FROM u.credit_id)) THEN
    RAISE EXCEPTION 'an allocation is undone as a whole and once';
  END IF;
  UPDATE billing_bill b SET settled = b.settled + s.amount FROM (
    SELECT id, sum(amount)::bigint AS amount FROM (
      SELECT bill_id AS id, amount FROM fresh WHERE bill_id IS NOT NULL
      UNION ALL SELECT credit_id, -amount FROM fresh WHERE credit_id IS NOT NULL) x GROUP BY id) s
  WHERE b.id = s.id;
  UPDATE billing_receipt r SET allocated = r.allocated + s.amount FROM (
    SELECT id, sum(amount)::bigint AS amount FROM (
      SELECT receipt_id AS id, amount FROM fresh WHERE receipt_id IS NOT NULL
      UNION ALL SELECT refund_id, -amount FROM fresh WHERE refund_id IS NOT NULL) x GROUP BY id) s
  WHERE r.id = s.id;
  RETURN NULL;
END $$"""
UNENTRIES = """DO $$ BEGIN
  IF current_setting('server_version_num')::int >= 180000 THEN
    EXECUTE 'ALTER TABLE billing_ledger_entry ALTER CONSTRAINT fk_billing_ledger_entry_park_id ENFORCED';
  END IF;
END $$"""
UNLINES = """DO $$ BEGIN
  IF current_setting('server_version_num')::int >= 180000 THEN
    EXECUTE 'ALTER TABLE billing_ledger_line ALTER CONSTRAINT fk_billing_ledger_line_account_id ENFORCED';
    EXECUTE 'ALTER TABLE billing_ledger_line ALTER CONSTRAINT fk_billing_ledger_line_firm_id ENFORCED';
  END IF;
END $$;
DROP TRIGGER IF EXISTS billing_ledger_line_there ON billing_ledger_line;
DROP FUNCTION IF EXISTS billing_ledger_line_there();
DROP TRIGGER IF EXISTS billing_ledger_line_needs_account_id ON billing_account;
DROP FUNCTION IF EXISTS billing_ledger_line_needs_account_id();
DROP TRIGGER IF EXISTS billing_ledger_line_needs_firm_id ON tenants_firm;
DROP FUNCTION IF EXISTS billing_ledger_line_needs_firm_id()"""
UNRECEIPTS = """DO $$ BEGIN
  IF current_setting('server_version_num')::int >= 180000 THEN
    EXECUTE 'ALTER TABLE billing_receipt ALTER CONSTRAINT fk_billing_receipt_park_id ENFORCED';
    EXECUTE 'ALTER TABLE billing_receipt ALTER CONSTRAINT fk_billing_receipt_entry_id ENFORCED';
  END IF;
END $$;
DROP TRIGGER IF EXISTS billing_receipt_there ON billing_receipt;
DROP FUNCTION IF EXISTS billing_receipt_there()"""
UNALLOCATIONS = """DO $$ BEGIN
  IF current_setting('server_version_num')::int >= 180000 THEN
    EXECUTE 'ALTER TABLE billing_allocation ALTER CONSTRAINT fk_billing_allocation_park_id ENFORCED';
    EXECUTE 'ALTER TABLE billing_allocation ALTER CONSTRAINT fk_billing_allocation_bill_id ENFORCED';
    EXECUTE 'ALTER TABLE billing_allocation ALTER CONSTRAINT fk_billing_allocation_receipt_id ENFORCED';
    EXECUTE 'ALTER TABLE billing_allocation ALTER CONSTRAINT fk_billing_allocation_credit_id ENFORCED';
    EXECUTE 'ALTER TABLE billing_allocation ALTER CONSTRAINT fk_billing_allocation_refund_id ENFORCED';
    EXECUTE 'ALTER TABLE billing_allocation ALTER CONSTRAINT fk_billing_allocation_undoes_id ENFORCED';
  END IF;
END $$"""
UNAPPLY = """
CREATE OR REPLACE FUNCTION billing_allocation_apply() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM fresh f
      LEFT JOIN billing_bill b ON b.id = f.bill_id LEFT JOIN billing_bill c ON c.id = f.credit_id
      LEFT JOIN billing_receipt r ON r.id = f.receipt_id LEFT JOIN billing_receipt p ON p.id = f.refund_id
    WHERE f.park_id IS DISTINCT FROM coalesce(b.park_id, p.park_id) OR f.park_id IS DISTINCT FROM coalesce(c.park_id, r.park_id)
      OR coalesce(b.firm_id, p.firm_id) IS DISTINCT FROM coalesce(c.firm_id, r.firm_id)
      OR b.state = 'draft' OR b.kind <> 'bill' OR c.state = 'draft' OR c.kind <> 'credit' OR r.amount < 0 OR p.amount > 0) THEN
    RAISE EXCEPTION 'an allocation joins posted documents of one firm and park only';
  END IF;
  IF EXISTS (SELECT 1 FROM fresh f WHERE f.undoes_id IS NOT NULL) AND EXISTS (
    SELECT 1 FROM fresh f JOIN billing_allocation u ON u.id = f.undoes_id
    WHERE f.amount + u.amount <> 0 OR u.undoes_id IS NOT NULL OR u.refund_id IS NOT NULL OR f.bill_id IS DISTINCT FROM u.bill_id
      OR f.receipt_id IS DISTINCT FROM u.receipt_id OR f.credit_id IS DISTINCT FROM u.credit_id) THEN
    RAISE EXCEPTION 'an allocation is undone as a whole and once';
  END IF;
  UPDATE billing_bill b SET settled = b.settled + s.amount FROM (
    SELECT id, sum(amount)::bigint AS amount FROM (
      SELECT bill_id AS id, amount FROM fresh WHERE bill_id IS NOT NULL
      UNION ALL SELECT credit_id, -amount FROM fresh WHERE credit_id IS NOT NULL) x GROUP BY id) s
  WHERE b.id = s.id;
  UPDATE billing_receipt r SET allocated = r.allocated + s.amount FROM (
    SELECT id, sum(amount)::bigint AS amount FROM (
      SELECT receipt_id AS id, amount FROM fresh WHERE receipt_id IS NOT NULL
      UNION ALL SELECT refund_id, -amount FROM fresh WHERE refund_id IS NOT NULL) x GROUP BY id) s
  WHERE r.id = s.id;
  RETURN NULL;
END $$"""


def upgrade() -> None:
    for statement in (ENTRIES, LINES, RECEIPTS, APPLY, ALLOCATIONS):
        op.execute(statement)


def downgrade() -> None:
    for statement in (UNALLOCATIONS, UNAPPLY, UNRECEIPTS, UNLINES, UNENTRIES):
        op.execute(statement)
