from parkops.testing.module_suite import ModuleSuite


class TestLoans(ModuleSuite):
    module = "loans"
