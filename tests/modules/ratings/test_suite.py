from parkops.testing.module_suite import ModuleSuite


class TestRatings(ModuleSuite):
    module = "ratings"
