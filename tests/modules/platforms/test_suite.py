"""The checks every module inherits, for platforms."""

from parkops.testing.module_suite import ModuleSuite


class TestPlatforms(ModuleSuite):
    module = "platforms"
    shared = {"platforms_account": "the chart of accounts is the company's", "platforms_charge_item": "the list of what is charged is the company's",
              "platforms_vat_rate": "law, the same in every park"}
