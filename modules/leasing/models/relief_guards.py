"""What the database itself refuses about rent relief, whoever writes.

- A month's relief is at most the rent the tenant owes for it: what was charged, else the signed schedule, discounts and third
  parties' subsidies taken off (`leasing_rent_of_month`, fen; each instalment's part rounded up).
- Months change only while the application is a draft or returned; the state of the application decides whether they count.
- An application is approved only with an approved request of its own and an amount that is the sum of its months; from then
  on its amount is fixed. The same statement books it on the budgets, so their CHECKs hold under any race."""

from __future__ import annotations

from parkops.db.ddl import after_create

from .lease import LeaseDue
from .relief_case import ReliefApplication, ReliefMonth

COMMITTED = "('approved', 'publicity', 'cleared', 'posted')"
DEAD = "('rejected', 'withdrawn', 'clawed_back')"

RENT = """
CREATE OR REPLACE FUNCTION leasing_rent_of_month(root bigint, first_day date) RETURNS bigint LANGUAGE sql STABLE
SET search_path = public, pg_temp AS $$
  WITH part AS (
    SELECT d.id, coalesce((SELECT sum(c.gross) FROM billing_charge c
             WHERE c.source = 'leasing.lease_due' AND c.source_id = d.id AND c.firm_id = l.firm_id AND c.kind <> 'relief'),
             d.amount) AS amount, m.first,
           (least(d.period_to, (m.first + interval '1 month - 1 day')::date)
             - greatest(d.period_from, m.first) + 1)::numeric / extract(day from m.first + interval '1 month - 1 day') AS weight
    FROM leasing_lease_due d
    JOIN leasing_lease l ON l.id = d.lease_id AND coalesce(l.root_id, l.id) = root
    JOIN leasing_lease_line n ON n.id = d.line_id
    JOIN billing_charge_item i ON i.id = n.item_id AND i.rent
    CROSS JOIN LATERAL (SELECT g::date AS first FROM generate_series(date_trunc('month', d.period_from::timestamp),
             date_trunc('month', d.period_to::timestamp), interval '1 month') g) m
    WHERE l.state IN ('running', 'holding_over', 'ended', 'terminated', 'replaced')
      AND d.period_from <= (first_day + interval '1 month - 1 day')::date AND d.period_to >= first_day
      AND d.period_from <= coalesce(l.ended_on, 'infinity'::date)),
  shared AS (SELECT id, amount, first, weight, sum(weight) OVER (PARTITION BY id) AS total FROM part)
  SELECT coalesce(sum(ceil(round(amount * weight / total, 6))), 0)::bigint FROM shared WHERE first = first_day
$$"""

MONTHS = """
CREATE OR REPLACE FUNCTION leasing_relief_month_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE app leasing_relief_application%ROWTYPE;
BEGIN
  IF TG_OP = 'DELETE' THEN
    SELECT * INTO app FROM leasing_relief_application WHERE id = OLD.application_id;
    IF FOUND AND app.state NOT IN ('draft', 'returned') THEN
      RAISE EXCEPTION 'relief months of application % are fixed', OLD.application_id;
    END IF;
    RETURN OLD;
  END IF;
  SELECT * INTO app FROM leasing_relief_application WHERE id = NEW.application_id;
  IF TG_OP = 'INSERT' OR (NEW.month, NEW.root_id, NEW.application_id, NEW.rent, NEW.share, NEW.amount, NEW.period_from, NEW.period_to)
       IS DISTINCT FROM (OLD.month, OLD.root_id, OLD.application_id, OLD.rent, OLD.share, OLD.amount, OLD.period_from, OLD.period_to) THEN
    IF app.state NOT IN ('draft', 'returned') THEN
      RAISE EXCEPTION 'relief months of application % are fixed', NEW.application_id;
    END IF;
    IF app.root_id <> NEW.root_id OR app.park_id <> NEW.park_id THEN
      RAISE EXCEPTION 'a relief month belongs to the lease of its application';
    END IF;
    IF NEW.amount > leasing_rent_of_month(NEW.root_id, NEW.month) THEN
      RAISE EXCEPTION 'relief of % exceeds the rent payable', NEW.month USING ERRCODE = 'check_violation';
    END IF;
  END IF;
  IF NEW.live <> (app.state NOT IN """ + DEAD + """) THEN
    RAISE EXCEPTION 'the state of the application decides whether a month counts';
  END IF;
  RETURN NEW;
END $$"""

APPLICATION = """
CREATE OR REPLACE FUNCTION leasing_relief_application_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE was bigint := 0; will bigint := 0; split boolean;
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.state <> 'draft' THEN
      RAISE EXCEPTION 'only a draft application is removed';
    END IF;
    RETURN OLD;
  END IF;
  IF TG_OP = 'UPDATE' AND OLD.state IN """ + COMMITTED + """ THEN
    was := OLD.amount;
  END IF;
  IF NEW.state IN """ + COMMITTED + """ THEN
    will := NEW.amount;
    IF was = 0 AND (TG_OP = 'INSERT' OR OLD.state NOT IN """ + COMMITTED + """) THEN
      IF NOT EXISTS (SELECT 1 FROM core_approval a WHERE a.id = NEW.approval_id AND a.kind = 'leasing.relief' AND a.state = 'approved'
                     AND a.record_id = NEW.id AND a.amount = NEW.amount) THEN
        RAISE EXCEPTION 'relief application % has no approved request of this amount', NEW.number;
      END IF;
      IF NEW.amount <> (SELECT coalesce(sum(m.amount), 0) FROM leasing_relief_month m WHERE m.application_id = NEW.id) THEN
        RAISE EXCEPTION 'the amount of relief application % is not the sum of its months', NEW.number;
      END IF;
    ELSIF (NEW.amount, NEW.scheme_id, NEW.carrier_id, NEW.root_id)
          IS DISTINCT FROM (OLD.amount, OLD.scheme_id, OLD.carrier_id, OLD.root_id) THEN
      RAISE EXCEPTION 'an approved relief application is fixed';
    END IF;
  END IF;
  IF will <> was THEN
    UPDATE leasing_relief_scheme SET committed = committed + will - was WHERE id = NEW.scheme_id RETURNING by_carrier INTO split;
    IF split THEN
      UPDATE leasing_relief_budget SET committed = committed + will - was
        WHERE scheme_id = NEW.scheme_id AND carrier_id IS NOT DISTINCT FROM NEW.carrier_id;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'the carrier has no budget in this scheme' USING ERRCODE = 'check_violation';
      END IF;
    END IF;
  END IF;
  RETURN NEW;
END $$"""

COUNTS = """
CREATE OR REPLACE FUNCTION leasing_relief_application_counts() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF (NEW.state IN """ + DEAD + """) <> (OLD.state IN """ + DEAD + """) THEN
    UPDATE leasing_relief_month SET live = NOT (NEW.state IN """ + DEAD + """) WHERE application_id = NEW.id;
  END IF;
  RETURN NULL;
END $$"""

after_create(LeaseDue.__table__, RENT, "DROP FUNCTION IF EXISTS leasing_rent_of_month(bigint, date)")
after_create(
    ReliefApplication.__table__,
    f"{APPLICATION};\n{COUNTS};\n"
    "CREATE TRIGGER leasing_relief_application_guard BEFORE INSERT OR UPDATE OR DELETE ON leasing_relief_application "
    "FOR EACH ROW EXECUTE FUNCTION leasing_relief_application_guard();\n"
    "CREATE TRIGGER leasing_relief_application_counts AFTER UPDATE OF state ON leasing_relief_application "
    "FOR EACH ROW EXECUTE FUNCTION leasing_relief_application_counts()",
    "DROP TRIGGER IF EXISTS leasing_relief_application_counts ON leasing_relief_application;\n"
    "DROP TRIGGER IF EXISTS leasing_relief_application_guard ON leasing_relief_application;\n"
    "DROP FUNCTION IF EXISTS leasing_relief_application_counts();\nDROP FUNCTION IF EXISTS leasing_relief_application_guard()")
after_create(
    ReliefMonth.__table__,
    f"{MONTHS};\n"
    "CREATE TRIGGER leasing_relief_month_guard BEFORE INSERT OR UPDATE OR DELETE ON leasing_relief_month "
    "FOR EACH ROW EXECUTE FUNCTION leasing_relief_month_guard()",
    "DROP TRIGGER IF EXISTS leasing_relief_month_guard ON leasing_relief_month;\nDROP FUNCTION IF EXISTS leasing_relief_month_guard()")
