"""lines of few firms are checked once each

Revision ID: billing_0002
Revises: billing_0001
"""

import sqlalchemy as sa
from alembic import op

revision = 'billing_0002'
down_revision = 'billing_0001'
branch_labels = None
depends_on = None

NEW = """
CREATE OR REPLACE FUNCTION billing_charge_new() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp SET enable_seqscan = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM fresh f WHERE f.kind IN ('relief', 'waiver') AND NOT EXISTS (
      SELECT 1 FROM core_approval a WHERE a.id = f.approval_id AND a.state = 'approved')) THEN
    RAISE EXCEPTION 'relief and waivers need an approval that was given' USING ERRCODE = 'restrict_violation';
  END IF;
  -- a month has many lines of few firms and bills: each pair is looked up once
  IF EXISTS (
      SELECT 1 FROM (SELECT DISTINCT park_id, firm_id, bill_id FROM fresh) f
        LEFT JOIN tenants_firm t ON t.id = f.firm_id LEFT JOIN billing_bill b ON b.id = f.bill_id
      WHERE t.park_id IS DISTINCT FROM f.park_id
         OR f.bill_id IS NOT NULL AND (b.park_id IS DISTINCT FROM f.park_id OR b.firm_id IS DISTINCT FROM f.firm_id)) THEN
    RAISE EXCEPTION 'a charge line, its firm and its bill belong together' USING ERRCODE = 'foreign_key_violation';
  END IF;
  PERFORM billing_charge_guard(array(SELECT DISTINCT f.bill_id FROM fresh f WHERE f.bill_id IS NOT NULL));
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION billing_charge_changed() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp SET enable_seqscan = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM fresh f WHERE f.kind IN ('relief', 'waiver') AND NOT EXISTS (
      SELECT 1 FROM core_approval a WHERE a.id = f.approval_id AND a.state = 'approved')) THEN
    RAISE EXCEPTION 'relief and waivers need an approval that was given' USING ERRCODE = 'restrict_violation';
  END IF;
  -- a month has many lines of few firms and bills: each pair is looked up once
  IF EXISTS (
      SELECT 1 FROM (SELECT DISTINCT park_id, firm_id, bill_id FROM fresh) f
        LEFT JOIN tenants_firm t ON t.id = f.firm_id LEFT JOIN billing_bill b ON b.id = f.bill_id
      WHERE t.park_id IS DISTINCT FROM f.park_id
         OR f.bill_id IS NOT NULL AND (b.park_id IS DISTINCT FROM f.park_id OR b.firm_id IS DISTINCT FROM f.firm_id)) THEN
    RAISE EXCEPTION 'a charge line, its firm and its bill belong together' USING ERRCODE = 'foreign_key_violation';
  END IF;
  PERFORM billing_charge_guard(array(SELECT o.bill_id FROM stale o WHERE o.bill_id IS NOT NULL
                                     UNION SELECT f.bill_id FROM fresh f WHERE f.bill_id IS NOT NULL));
  RETURN NULL;
END $$;
"""
OLD = """
CREATE OR REPLACE FUNCTION billing_charge_new() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp SET enable_seqscan = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM fresh f WHERE f.kind IN ('relief', 'waiver') AND NOT EXISTS (
      SELECT 1 FROM core_approval a WHERE a.id = f.approval_id AND a.state = 'approved')) THEN
    RAISE EXCEPTION 'relief and waivers need an approval that was given' USING ERRCODE = 'restrict_violation';
  END IF;
  IF EXISTS (SELECT 1 FROM fresh f LEFT JOIN tenants_firm t ON t.id = f.firm_id WHERE t.park_id IS DISTINCT FROM f.park_id) OR EXISTS (
      SELECT 1 FROM fresh f LEFT JOIN billing_bill b ON b.id = f.bill_id
      WHERE f.bill_id IS NOT NULL AND (b.park_id IS DISTINCT FROM f.park_id OR b.firm_id IS DISTINCT FROM f.firm_id)) THEN
    RAISE EXCEPTION 'a charge line, its firm and its bill belong together' USING ERRCODE = 'foreign_key_violation';
  END IF;
  PERFORM billing_charge_guard(array(SELECT DISTINCT f.bill_id FROM fresh f WHERE f.bill_id IS NOT NULL));
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION billing_charge_changed() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp SET enable_seqscan = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM fresh f WHERE f.kind IN ('relief', 'waiver') AND NOT EXISTS (
      SELECT 1 FROM core_approval a WHERE a.id = f.approval_id AND a.state = 'approved')) THEN
    RAISE EXCEPTION 'relief and waivers need an approval that was given' USING ERRCODE = 'restrict_violation';
  END IF;
  IF EXISTS (SELECT 1 FROM fresh f LEFT JOIN tenants_firm t ON t.id = f.firm_id WHERE t.park_id IS DISTINCT FROM f.park_id) OR EXISTS (
      SELECT 1 FROM fresh f LEFT JOIN billing_bill b ON b.id = f.bill_id
      WHERE f.bill_id IS NOT NULL AND (b.park_id IS DISTINCT FROM f.park_id OR b.firm_id IS DISTINCT FROM f.firm_id)) THEN
    RAISE EXCEPTION 'a charge line, its firm and its bill belong together' USING ERRCODE = 'foreign_key_violation';
  END IF;
  PERFORM billing_charge_guard(array(SELECT o.bill_id FROM stale o WHERE o.bill_id IS NOT NULL
                                     UNION SELECT f.bill_id FROM fresh f WHERE f.bill_id IS NOT NULL));
  RETURN NULL;
END $$;
"""


def upgrade() -> None:
    op.drop_index('ix_billing_charge_carrier_id', table_name='billing_charge')
    op.create_index('ix_billing_charge_carrier_id', 'billing_charge', ['carrier_id'], unique=False,
                    postgresql_where=sa.text('carrier_id IS NOT NULL'))
    op.execute(NEW)


def downgrade() -> None:
    op.execute(OLD)
    op.drop_index('ix_billing_charge_carrier_id', table_name='billing_charge', postgresql_where=sa.text('carrier_id IS NOT NULL'))
    op.create_index('ix_billing_charge_carrier_id', 'billing_charge', ['carrier_id'], unique=False)
