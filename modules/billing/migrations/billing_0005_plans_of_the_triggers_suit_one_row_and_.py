"""plans of the triggers suit one row and many

Revision ID: billing_0005
Revises: billing_0004
"""

from alembic import op

revision = 'billing_0005'
down_revision = 'billing_0004'
branch_labels = None
depends_on = None

FUNCTIONS = """
CREATE OR REPLACE FUNCTION billing_charge_there() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE asked record; found bigint;
BEGIN
  SELECT array_agg(DISTINCT firm_id) FILTER (WHERE firm_id IS NOT NULL) AS firm_id, array_agg(DISTINCT item_id) FILTER (WHERE item_id IS NOT NULL) AS item_id, array_agg(DISTINCT carrier_id) FILTER (WHERE carrier_id IS NOT NULL) AS carrier_id, array_agg(DISTINCT corrects_id) FILTER (WHERE corrects_id IS NOT NULL) AS corrects_id, array_agg(DISTINCT approval_id) FILTER (WHERE approval_id IS NOT NULL) AS approval_id INTO asked FROM (SELECT DISTINCT firm_id, item_id, carrier_id, corrects_id, approval_id FROM fresh) f;
  IF asked.firm_id IS NOT NULL THEN
    PERFORM 1 FROM tenants_firm t WHERE t.id = ANY(asked.firm_id) ORDER BY t.id FOR KEY SHARE;
    GET DIAGNOSTICS found = ROW_COUNT;
    IF found <> cardinality(asked.firm_id) THEN
      RAISE EXCEPTION 'insert or update on table "billing_charge" violates foreign key constraint "fk_billing_charge_firm_id"'
        USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_charge', CONSTRAINT = 'fk_billing_charge_firm_id';
    END IF;
  END IF;
  IF asked.item_id IS NOT NULL THEN
    PERFORM 1 FROM billing_charge_item t WHERE t.id = ANY(asked.item_id) ORDER BY t.id FOR KEY SHARE;
    GET DIAGNOSTICS found = ROW_COUNT;
    IF found <> cardinality(asked.item_id) THEN
      RAISE EXCEPTION 'insert or update on table "billing_charge" violates foreign key constraint "fk_billing_charge_item_id"'
        USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_charge', CONSTRAINT = 'fk_billing_charge_item_id';
    END IF;
  END IF;
  IF asked.carrier_id IS NOT NULL THEN
    PERFORM 1 FROM tenants_carrier t WHERE t.id = ANY(asked.carrier_id) ORDER BY t.id FOR KEY SHARE;
    GET DIAGNOSTICS found = ROW_COUNT;
    IF found <> cardinality(asked.carrier_id) THEN
      RAISE EXCEPTION 'insert or update on table "billing_charge" violates foreign key constraint "fk_billing_charge_carrier_id"'
        USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_charge', CONSTRAINT = 'fk_billing_charge_carrier_id';
    END IF;
  END IF;
  IF asked.corrects_id IS NOT NULL THEN
    PERFORM 1 FROM billing_charge t WHERE t.id = ANY(asked.corrects_id) ORDER BY t.id FOR KEY SHARE;
    GET DIAGNOSTICS found = ROW_COUNT;
    IF found <> cardinality(asked.corrects_id) THEN
      RAISE EXCEPTION 'insert or update on table "billing_charge" violates foreign key constraint "fk_billing_charge_corrects_id"'
        USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_charge', CONSTRAINT = 'fk_billing_charge_corrects_id';
    END IF;
  END IF;
  IF asked.approval_id IS NOT NULL THEN
    PERFORM 1 FROM core_approval t WHERE t.id = ANY(asked.approval_id) ORDER BY t.id FOR KEY SHARE;
    GET DIAGNOSTICS found = ROW_COUNT;
    IF found <> cardinality(asked.approval_id) THEN
      RAISE EXCEPTION 'insert or update on table "billing_charge" violates foreign key constraint "fk_billing_charge_approval_id"'
        USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_charge', CONSTRAINT = 'fk_billing_charge_approval_id';
    END IF;
  END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION billing_charge_needs_firm_id() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp SET enable_seqscan = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM gone g JOIN billing_charge r ON r.firm_id = g.id AND r.park_id = g.park_id) THEN
    RAISE EXCEPTION 'update or delete on table "tenants_firm" violates foreign key constraint "fk_billing_charge_firm_id"'
        USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_charge', CONSTRAINT = 'fk_billing_charge_firm_id';
  END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION billing_charge_needs_item_id() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp SET enable_seqscan = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM gone g JOIN billing_charge r ON r.item_id = g.id) THEN
    RAISE EXCEPTION 'update or delete on table "billing_charge_item" violates foreign key constraint "fk_billing_charge_item_id"'
        USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_charge', CONSTRAINT = 'fk_billing_charge_item_id';
  END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION billing_charge_needs_carrier_id() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp SET enable_seqscan = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM gone g JOIN billing_charge r ON r.carrier_id = g.id) THEN
    RAISE EXCEPTION 'update or delete on table "tenants_carrier" violates foreign key constraint "fk_billing_charge_carrier_id"'
        USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_charge', CONSTRAINT = 'fk_billing_charge_carrier_id';
  END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION billing_charge_needs_corrects_id() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp SET enable_seqscan = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM gone g JOIN billing_charge r ON r.corrects_id = g.id) THEN
    RAISE EXCEPTION 'update or delete on table "billing_charge" violates foreign key constraint "fk_billing_charge_corrects_id"'
        USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_charge', CONSTRAINT = 'fk_billing_charge_corrects_id';
  END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION billing_charge_needs_approval_id() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp SET enable_seqscan = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM gone g JOIN billing_charge r ON r.approval_id = g.id) THEN
    RAISE EXCEPTION 'update or delete on table "core_approval" violates foreign key constraint "fk_billing_charge_approval_id"'
        USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_charge', CONSTRAINT = 'fk_billing_charge_approval_id';
  END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION billing_bill_there() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE asked record; found bigint;
BEGIN
  SELECT array_agg(DISTINCT firm_id) FILTER (WHERE firm_id IS NOT NULL) AS firm_id, array_agg(DISTINCT run_id) FILTER (WHERE run_id IS NOT NULL) AS run_id INTO asked FROM (SELECT DISTINCT firm_id, run_id FROM fresh) f;
  IF asked.firm_id IS NOT NULL THEN
    PERFORM 1 FROM tenants_firm t WHERE t.id = ANY(asked.firm_id) ORDER BY t.id FOR KEY SHARE;
    GET DIAGNOSTICS found = ROW_COUNT;
    IF found <> cardinality(asked.firm_id) THEN
      RAISE EXCEPTION 'insert or update on table "billing_bill" violates foreign key constraint "fk_billing_bill_firm_id"'
        USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_bill', CONSTRAINT = 'fk_billing_bill_firm_id';
    END IF;
  END IF;
  IF asked.run_id IS NOT NULL THEN
    PERFORM 1 FROM billing_bill_run t WHERE t.id = ANY(asked.run_id) ORDER BY t.id FOR KEY SHARE;
    GET DIAGNOSTICS found = ROW_COUNT;
    IF found <> cardinality(asked.run_id) THEN
      RAISE EXCEPTION 'insert or update on table "billing_bill" violates foreign key constraint "fk_billing_bill_run_id"'
        USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_bill', CONSTRAINT = 'fk_billing_bill_run_id';
    END IF;
  END IF;
  IF EXISTS (SELECT 1 FROM (SELECT DISTINCT park_id, firm_id FROM fresh) f LEFT JOIN tenants_firm t ON t.id = f.firm_id
              WHERE t.park_id IS DISTINCT FROM f.park_id) THEN
      RAISE EXCEPTION 'insert or update on table "billing_bill" violates foreign key constraint "fk_billing_bill_firm_id"'
        USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_bill', CONSTRAINT = 'fk_billing_bill_firm_id';
  END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION billing_bill_needs_firm_id() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp SET enable_seqscan = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM gone g JOIN billing_bill r ON r.firm_id = g.id AND r.park_id = g.park_id) THEN
    RAISE EXCEPTION 'update or delete on table "tenants_firm" violates foreign key constraint "fk_billing_bill_firm_id"'
        USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_bill', CONSTRAINT = 'fk_billing_bill_firm_id';
  END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION billing_bill_needs_run_id() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp SET enable_seqscan = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM gone g JOIN billing_bill r ON r.run_id = g.id) THEN
    RAISE EXCEPTION 'update or delete on table "billing_bill_run" violates foreign key constraint "fk_billing_bill_run_id"'
        USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_bill', CONSTRAINT = 'fk_billing_bill_run_id';
  END IF;
  RETURN NULL;
END $$;
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
CREATE OR REPLACE FUNCTION billing_ledger_line_there() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE asked record; found bigint;
BEGIN
  SELECT array_agg(DISTINCT account_id) FILTER (WHERE account_id IS NOT NULL) AS account_id, array_agg(DISTINCT firm_id) FILTER (WHERE firm_id IS NOT NULL) AS firm_id INTO asked FROM (SELECT DISTINCT account_id, firm_id FROM fresh) f;
  IF asked.account_id IS NOT NULL THEN
    PERFORM 1 FROM billing_account t WHERE t.id = ANY(asked.account_id) ORDER BY t.id FOR KEY SHARE;
    GET DIAGNOSTICS found = ROW_COUNT;
    IF found <> cardinality(asked.account_id) THEN
      RAISE EXCEPTION 'insert or update on table "billing_ledger_line" violates foreign key constraint "fk_billing_ledger_line_account_id"'
        USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_ledger_line', CONSTRAINT = 'fk_billing_ledger_line_account_id';
    END IF;
  END IF;
  IF asked.firm_id IS NOT NULL THEN
    PERFORM 1 FROM tenants_firm t WHERE t.id = ANY(asked.firm_id) ORDER BY t.id FOR KEY SHARE;
    GET DIAGNOSTICS found = ROW_COUNT;
    IF found <> cardinality(asked.firm_id) THEN
      RAISE EXCEPTION 'insert or update on table "billing_ledger_line" violates foreign key constraint "fk_billing_ledger_line_firm_id"'
        USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_ledger_line', CONSTRAINT = 'fk_billing_ledger_line_firm_id';
    END IF;
  END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION billing_ledger_line_needs_account_id() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp SET enable_seqscan = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM gone g JOIN billing_ledger_line r ON r.account_id = g.id) THEN
    RAISE EXCEPTION 'update or delete on table "billing_account" violates foreign key constraint "fk_billing_ledger_line_account_id"'
        USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_ledger_line', CONSTRAINT = 'fk_billing_ledger_line_account_id';
  END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION billing_ledger_line_needs_firm_id() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp SET enable_seqscan = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM gone g JOIN billing_ledger_line r ON r.firm_id = g.id) THEN
    RAISE EXCEPTION 'update or delete on table "tenants_firm" violates foreign key constraint "fk_billing_ledger_line_firm_id"'
        USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_ledger_line', CONSTRAINT = 'fk_billing_ledger_line_firm_id';
  END IF;
  RETURN NULL;
END $$;"""
LOOPS = ("billing_allocation_apply()", "billing_bill_gone()", "billing_charge_changed()", "billing_charge_gone()",
         "billing_charge_guard(bigint[])", "billing_charge_new()", "billing_deposit_move_apply()", "billing_entry_inserted()",
         "billing_line_inserted()", "billing_receipt_there()")
THERE = ("billing_bill_there()", "billing_charge_there()", "billing_ledger_line_there()")
NEW = ("SET search_path = public, pg_temp", "SET enable_seqscan = off", "SET enable_hashjoin = off", "SET enable_mergejoin = off")
OLD = ("RESET enable_hashjoin", "RESET enable_mergejoin")


def upgrade() -> None:
    op.execute(FUNCTIONS)
    op.execute("ALTER TRIGGER billing_charge_there_new ON billing_charge RENAME TO billing_charge_there")
    for function in LOOPS:
        for option in NEW:
            op.execute(f"ALTER FUNCTION {function} {option}")


def downgrade() -> None:
    # the functions written anew refuse what their forerunners refused: they stay, with the options of before
    op.execute("ALTER TRIGGER billing_charge_there ON billing_charge RENAME TO billing_charge_there_new")
    for function in (*LOOPS, *THERE):
        for option in OLD:
            op.execute(f"ALTER FUNCTION {function} {option}")
    for function in ("billing_allocation_apply()", "billing_bill_gone()"):
        op.execute(f"ALTER FUNCTION {function} RESET enable_seqscan")
    op.execute("ALTER FUNCTION billing_deposit_move_apply() RESET ALL")
