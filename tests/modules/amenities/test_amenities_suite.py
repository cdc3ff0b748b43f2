"""The general checks, for amenities."""

from parkops.testing.module_suite import ModuleSuite


class TestAmenities(ModuleSuite):
    module = "amenities"
