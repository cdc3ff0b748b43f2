"""The general checks of every module."""

from parkops.testing.module_suite import ModuleSuite


class TestServices(ModuleSuite):
    module = "services"
