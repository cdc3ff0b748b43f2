"""references of bills are checked once per statement

Revision ID: billing_0004
Revises: billing_0003
"""

from alembic import op

revision = 'billing_0004'
down_revision = 'billing_0003'
branch_labels = None
depends_on = None

NEW = """
CREATE OR REPLACE FUNCTION billing_bill_there() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE wanted bigint[]; found bigint;
BEGIN
  wanted := array(SELECT DISTINCT f.firm_id FROM fresh f WHERE f.firm_id IS NOT NULL);
  PERFORM 1 FROM tenants_firm t WHERE t.id = ANY(wanted) ORDER BY t.id FOR KEY SHARE;
  GET DIAGNOSTICS found = ROW_COUNT;
  IF found <> cardinality(wanted) THEN
    RAISE EXCEPTION 'insert or update on table "billing_bill" violates foreign key constraint "fk_billing_bill_firm_id"'
      USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_bill', CONSTRAINT = 'fk_billing_bill_firm_id';
  END IF;
  wanted := array(SELECT DISTINCT f.run_id FROM fresh f WHERE f.run_id IS NOT NULL);
  PERFORM 1 FROM billing_bill_run t WHERE t.id = ANY(wanted) ORDER BY t.id FOR KEY SHARE;
  GET DIAGNOSTICS found = ROW_COUNT;
  IF found <> cardinality(wanted) THEN
    RAISE EXCEPTION 'insert or update on table "billing_bill" violates foreign key constraint "fk_billing_bill_run_id"'
      USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_bill', CONSTRAINT = 'fk_billing_bill_run_id';
  END IF;
  IF EXISTS (SELECT 1 FROM (SELECT DISTINCT park_id, firm_id FROM fresh) f LEFT JOIN tenants_firm t ON t.id = f.firm_id
              WHERE t.park_id IS DISTINCT FROM f.park_id) THEN
    RAISE EXCEPTION 'insert or update on table "billing_bill" violates foreign key constraint "fk_billing_bill_firm_id"'
      USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_bill', CONSTRAINT = 'fk_billing_bill_firm_id';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER billing_bill_there AFTER INSERT ON billing_bill REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION billing_bill_there();
-- who pays a bill changes none of these: the function runs only when one is changed
CREATE OR REPLACE FUNCTION billing_bill_moved() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp SET enable_seqscan = off AS $$
BEGIN
  PERFORM 1 FROM tenants_firm t WHERE t.id = NEW.firm_id AND t.park_id = NEW.park_id FOR KEY SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'insert or update on table "billing_bill" violates foreign key constraint "fk_billing_bill_firm_id"'
      USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_bill', CONSTRAINT = 'fk_billing_bill_firm_id';
  END IF;
  PERFORM 1 FROM billing_bill_run t WHERE t.id = NEW.run_id FOR KEY SHARE;
  IF NOT FOUND AND NEW.run_id IS NOT NULL THEN
    RAISE EXCEPTION 'insert or update on table "billing_bill" violates foreign key constraint "fk_billing_bill_run_id"'
      USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_bill', CONSTRAINT = 'fk_billing_bill_run_id';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER billing_bill_moved AFTER UPDATE ON billing_bill FOR EACH ROW
  WHEN (ROW(OLD.park_id, OLD.firm_id, OLD.run_id) IS DISTINCT FROM ROW(NEW.park_id, NEW.firm_id, NEW.run_id))
  EXECUTE FUNCTION billing_bill_moved();
CREATE OR REPLACE FUNCTION billing_bill_needs_firm_id() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp SET enable_seqscan = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM gone g JOIN billing_bill b ON b.firm_id = g.id AND b.park_id = g.park_id) THEN
    RAISE EXCEPTION 'update or delete on table "tenants_firm" violates foreign key constraint "fk_billing_bill_firm_id" on table "billing_bill"'
      USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_bill', CONSTRAINT = 'fk_billing_bill_firm_id';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER billing_bill_needs_firm_id AFTER DELETE ON tenants_firm REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION billing_bill_needs_firm_id();
CREATE OR REPLACE FUNCTION billing_bill_needs_run_id() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp SET enable_seqscan = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM gone g JOIN billing_bill b ON b.run_id = g.id) THEN
    RAISE EXCEPTION 'update or delete on table "billing_bill_run" violates foreign key constraint "fk_billing_bill_run_id" on table "billing_bill"'
      USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_bill', CONSTRAINT = 'fk_billing_bill_run_id';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER billing_bill_needs_run_id AFTER DELETE ON billing_bill_run REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION billing_bill_needs_run_id();
DO $$ BEGIN
  IF current_setting('server_version_num')::int >= 180000 THEN
    EXECUTE 'ALTER TABLE billing_bill ALTER CONSTRAINT fk_billing_bill_park_id NOT ENFORCED';
    EXECUTE 'ALTER TABLE billing_bill ALTER CONSTRAINT fk_billing_bill_firm_id NOT ENFORCED';
    EXECUTE 'ALTER TABLE billing_bill ALTER CONSTRAINT fk_billing_bill_run_id NOT ENFORCED';
  END IF;
END $$"""
OLD = """
DROP TRIGGER IF EXISTS billing_bill_there ON billing_bill;
DROP TRIGGER IF EXISTS billing_bill_moved ON billing_bill;
DROP TRIGGER IF EXISTS billing_bill_needs_firm_id ON tenants_firm;
DROP FUNCTION IF EXISTS billing_bill_needs_firm_id();
DROP TRIGGER IF EXISTS billing_bill_needs_run_id ON billing_bill_run;
DROP FUNCTION IF EXISTS billing_bill_needs_run_id();
DROP FUNCTION IF EXISTS billing_bill_moved();
DROP FUNCTION IF EXISTS billing_bill_there();
DO $$ BEGIN
  IF current_setting('server_version_num')::int >= 180000 THEN
    EXECUTE 'ALTER TABLE billing_bill ALTER CONSTRAINT fk_billing_bill_park_id ENFORCED';
    EXECUTE 'ALTER TABLE billing_bill ALTER CONSTRAINT fk_billing_bill_firm_id ENFORCED';
    EXECUTE 'ALTER TABLE billing_bill ALTER CONSTRAINT fk_billing_bill_run_id ENFORCED';
  END IF;
END $$"""


def upgrade() -> None:
    op.execute(NEW)


def downgrade() -> None:
    op.execute(OLD)
