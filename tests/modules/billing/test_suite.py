"""The checks every module inherits, for billing."""

from parkops.testing.module_suite import ModuleSuite


class TestBilling(ModuleSuite):
    module = "billing"
    shared = {"billing_account": "the chart of accounts is the company's", "billing_charge_item": "the list of what is charged is the company's",
              "billing_vat_rate": "law, the same in every park"}
