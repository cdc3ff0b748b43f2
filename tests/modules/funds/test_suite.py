"""The checks every module inherits, for funds."""

from parkops.testing.module_suite import ModuleSuite


class TestFunds(ModuleSuite):
    module = "funds"
