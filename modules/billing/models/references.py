"""What billing's rows of mass work point to is there and stays, checked once per statement (`parkops.db.references`).

Held elsewhere, and therefore only NOT ENFORCED here:
- an entry's park has an end of its chain (`billing_entry_inserted`), which names the park and is never removed;
- a receipt stands in the park of its entry (`RECEIPT`); an entry is never removed;
- the documents an allocation joins are of its park, posted, and never removed (`billing_allocation_apply`); nor is the row it undoes;
- a bill's firm is one of its park, so that the park is there too."""

from __future__ import annotations

from parkops.db.ddl import LOOPS, SAFE, after_create
from parkops.db.references import Reference, checked, enforced, not_enforced, refusal, unchecked

from .bill import Bill
from .charge import Charge
from .ledger import LedgerEntry, LedgerLine
from .receipt import Allocation, Receipt

CHARGE = {
    "firm_id": Reference("tenants_firm", "park_id"), "item_id": Reference("billing_charge_item"),
    "carrier_id": Reference("tenants_carrier"), "corrects_id": Reference("billing_charge"), "approval_id": Reference("core_approval")}
BILL = {"firm_id": Reference("tenants_firm", "park_id"), "run_id": Reference("billing_bill_run")}
LINE = {"account_id": Reference("billing_account"), "firm_id": Reference("tenants_firm")}
RECEIPT = ("park_id", "entry_id")
ALLOCATION = ("park_id", "bill_id", "receipt_id", "credit_id", "refund_id", "undoes_id")


def _bill(column: str) -> str:
    return refusal("billing_bill", column, 'insert or update on table "billing_bill"')


OF_ITS_PARK = f"""
  IF EXISTS (SELECT 1 FROM (SELECT DISTINCT park_id, firm_id FROM fresh) f LEFT JOIN tenants_firm t ON t.id = f.firm_id
              WHERE t.park_id IS DISTINCT FROM f.park_id) THEN
      {_bill("firm_id")}
  END IF;"""
BILLS = f"""{checked("billing_bill", BILL, also=OF_ITS_PARK)};
{not_enforced("billing_bill", "park_id")};
-- who pays a bill changes none of these: the function runs only when one is changed
CREATE OR REPLACE FUNCTION billing_bill_moved() RETURNS trigger LANGUAGE plpgsql {SAFE} AS $$
BEGIN
  PERFORM 1 FROM tenants_firm t WHERE t.id = NEW.firm_id AND t.park_id = NEW.park_id FOR KEY SHARE;
  IF NOT FOUND THEN
      {_bill("firm_id")}
  END IF;
  PERFORM 1 FROM billing_bill_run t WHERE t.id = NEW.run_id FOR KEY SHARE;
  IF NOT FOUND AND NEW.run_id IS NOT NULL THEN
      {_bill("run_id")}
  END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER billing_bill_moved AFTER UPDATE ON billing_bill FOR EACH ROW
  WHEN (ROW(OLD.park_id, OLD.firm_id, OLD.run_id) IS DISTINCT FROM ROW(NEW.park_id, NEW.firm_id, NEW.run_id))
  EXECUTE FUNCTION billing_bill_moved()"""
UNBILLS = f"""{unchecked("billing_bill", BILL)};
{enforced("billing_bill", "park_id")};
DROP TRIGGER IF EXISTS billing_bill_moved ON billing_bill;
DROP FUNCTION IF EXISTS billing_bill_moved()"""
RECEIPTS = f"""
CREATE OR REPLACE FUNCTION billing_receipt_there() RETURNS trigger LANGUAGE plpgsql {LOOPS} AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM fresh f LEFT JOIN billing_ledger_entry e ON e.id = f.entry_id WHERE e.park_id IS DISTINCT FROM f.park_id) THEN
    {refusal("billing_receipt", "entry_id", 'insert on table "billing_receipt"')}
  END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER billing_receipt_there AFTER INSERT ON billing_receipt REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION billing_receipt_there();
{not_enforced("billing_receipt", *RECEIPT)}"""
UNRECEIPTS = f"""{enforced("billing_receipt", *RECEIPT)};
DROP TRIGGER IF EXISTS billing_receipt_there ON billing_receipt;
DROP FUNCTION IF EXISTS billing_receipt_there()"""

after_create(Charge.__table__, checked("billing_charge", CHARGE, changed=True), unchecked("billing_charge", CHARGE))
after_create(Bill.__table__, BILLS, UNBILLS)
after_create(LedgerEntry.__table__, not_enforced("billing_ledger_entry", "park_id"), enforced("billing_ledger_entry", "park_id"))
after_create(LedgerLine.__table__, checked("billing_ledger_line", LINE), unchecked("billing_ledger_line", LINE))
after_create(Receipt.__table__, RECEIPTS, UNRECEIPTS)
after_create(Allocation.__table__, not_enforced("billing_allocation", *ALLOCATION), enforced("billing_allocation", *ALLOCATION))
