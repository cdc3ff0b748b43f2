"""What the database itself sees to about loans, whoever writes.

- A fund stands in for the amount approved until the payout is complete, then for what is still owed; the sum over its loans is
  `committed`, and the CHECK on the fund holds under any race.
- A case is approved only with an approved request of its own amount; amount, rate, kind, bank and fund are fixed from then on,
  the scheme from the contract on (the firm follows when two records of one firm are merged).
- Sums on the case come from confirmed tranches and repayments. Confirmed tranches and checked claims do not change."""

from __future__ import annotations

from parkops.db.ddl import after_create

from .case import LoanCase
from .money import GuaranteeRecovery, LoanRepayment, LoanTranche
from .subsidy import SubsidyLine

EXPOSED = "('contract', 'disbursing', 'running', 'matured', 'extended', 'overdue')"
SIGNED = "('disbursing', 'running', 'matured', 'extended', 'overdue', 'compensated', 'settled')"

CASE = """
CREATE OR REPLACE FUNCTION loans_case_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE was bigint := 0; old_fund bigint;
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.state <> 'enquiry' THEN
      RAISE EXCEPTION 'only an enquiry is removed';
    END IF;
    RETURN OLD;
  END IF;
  IF TG_OP = 'UPDATE' THEN
    was := OLD.exposure; old_fund := OLD.fund_id;
    IF OLD.state IN """ + EXPOSED + """ AND NEW.state NOT IN ('returned', 'rejected', 'withdrawn') AND
       (NEW.amount_approved, NEW.rate, NEW.kind, NEW.fund_id, NEW.bank_id) IS DISTINCT FROM
       (OLD.amount_approved, OLD.rate, OLD.kind, OLD.fund_id, OLD.bank_id) THEN
      RAISE EXCEPTION 'an approved loan is fixed';
    END IF;
    IF OLD.state IN """ + SIGNED + """ AND (NEW.scheme_id, NEW.contract_on, NEW.lpr) IS DISTINCT FROM
       (OLD.scheme_id, OLD.contract_on, OLD.lpr) THEN
      RAISE EXCEPTION 'a loan keeps the scheme of its contract';
    END IF;
  END IF;
  IF NEW.state = 'contract' AND (TG_OP = 'INSERT' OR OLD.state <> 'contract') AND NOT EXISTS (
     SELECT 1 FROM core_approval a WHERE a.id = NEW.approval_id AND a.kind = 'loans.case' AND a.state = 'approved'
       AND a.record_id = NEW.id AND a.amount = NEW.amount_approved) THEN
    RAISE EXCEPTION 'loan case % has no approved request of this amount', NEW.number;
  END IF;
  NEW.exposure := CASE
    WHEN NEW.fund_id IS NULL OR NEW.state NOT IN """ + EXPOSED + """ THEN 0
    WHEN NEW.state IN ('contract', 'disbursing') THEN coalesce(NEW.amount_approved, 0) - NEW.principal_repaid
    ELSE NEW.disbursed - NEW.principal_repaid END;
  IF old_fund IS NOT NULL AND was <> 0 AND (old_fund IS DISTINCT FROM NEW.fund_id) THEN
    UPDATE loans_organisation SET committed = committed - was WHERE id = old_fund;
    was := 0;
  END IF;
  IF NEW.fund_id IS NOT NULL AND NEW.exposure <> was THEN
    UPDATE loans_organisation SET committed = committed + NEW.exposure - was WHERE id = NEW.fund_id;
  END IF;
  RETURN NEW;
END $$"""

TRANCHE = """
CREATE OR REPLACE FUNCTION loans_tranche_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP IN ('UPDATE', 'DELETE') AND OLD.state = 'confirmed' THEN
    RAISE EXCEPTION 'a confirmed payout is fixed' USING ERRCODE = 'restrict_violation';
  END IF;
  IF TG_OP = 'INSERT' AND NEW.state <> 'recorded' THEN
    RAISE EXCEPTION 'a payout is recorded before it is confirmed';
  END IF;
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION loans_tranche_sum() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.state = 'confirmed' THEN
    UPDATE loans_case SET disbursed = disbursed + NEW.amount, first_paid_on = least(coalesce(first_paid_on, NEW.paid_on), NEW.paid_on)
      WHERE id = NEW.case_id AND state = 'disbursing';
    IF NOT FOUND THEN
      RAISE EXCEPTION 'the bank pays out on a signed contract only' USING ERRCODE = 'check_violation';
    END IF;
  END IF;
  RETURN NULL;
END $$"""

REPAYMENT = """
CREATE OR REPLACE FUNCTION loans_repayment_sum() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE loans_case SET principal_repaid = principal_repaid + NEW.principal, interest_paid = interest_paid + NEW.interest,
    compensated = compensated + CASE WHEN NEW.payer = 'guarantee' THEN NEW.principal + NEW.interest + NEW.penalty ELSE 0 END
    WHERE id = NEW.case_id;
  RETURN NULL;
END $$"""

RECOVERY = """
CREATE OR REPLACE FUNCTION loans_recovery_sum() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE loans_claim SET recovered = recovered + NEW.amount WHERE id = NEW.claim_id AND state = 'paid';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'money comes back after the guarantee has paid' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$"""

LINE = """
CREATE OR REPLACE FUNCTION loans_subsidy_line_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE now_state text;
BEGIN
  SELECT state INTO now_state FROM loans_subsidy_claim WHERE id = coalesce(NEW.claim_id, OLD.claim_id);
  IF TG_OP = 'UPDATE' AND now_state = 'cancelled' AND NOT NEW.live THEN
    RETURN NEW;
  END IF;
  IF FOUND AND now_state <> 'draft' THEN
    RAISE EXCEPTION 'lines of a checked subsidy claim are fixed' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN coalesce(NEW, OLD);
END $$"""


def _declare(model: type, sql: str, *triggers: tuple[str, str, str]) -> None:
    """Functions and (name, when, function) triggers of a model's table."""
    table = model.__tablename__
    up = [sql] + [f"CREATE TRIGGER {n} {when} ON {table} FOR EACH ROW EXECUTE FUNCTION {fn}()" for n, when, fn in triggers]
    down = [f"DROP TRIGGER IF EXISTS {n} ON {table}" for n, _when, _fn in triggers]
    down += [f"DROP FUNCTION IF EXISTS {fn}()" for fn in dict.fromkeys(fn for _n, _when, fn in triggers)]
    after_create(model.__table__, ";\n".join(up), ";\n".join(down))


_declare(LoanCase, CASE, ("loans_case_guard", "BEFORE INSERT OR UPDATE OR DELETE", "loans_case_guard"))
_declare(LoanTranche, TRANCHE, ("loans_tranche_guard", "BEFORE INSERT OR UPDATE OR DELETE", "loans_tranche_guard"),
         ("loans_tranche_sum", "AFTER UPDATE OF state", "loans_tranche_sum"))
_declare(LoanRepayment, REPAYMENT, ("loans_repayment_sum", "AFTER INSERT", "loans_repayment_sum"))
_declare(GuaranteeRecovery, RECOVERY, ("loans_recovery_sum", "AFTER INSERT", "loans_recovery_sum"))
_declare(SubsidyLine, LINE, ("loans_subsidy_line_guard", "BEFORE INSERT OR UPDATE OR DELETE", "loans_subsidy_line_guard"))
