"""The checks every module inherits, for tenants."""

from parkops.testing.module_suite import ModuleSuite


class TestTenants(ModuleSuite):
    module = "tenants"
