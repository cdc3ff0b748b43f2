"""The checks every module inherits, for leasing."""

from parkops.testing.module_suite import ModuleSuite


class TestLeasing(ModuleSuite):
    module = "leasing"
