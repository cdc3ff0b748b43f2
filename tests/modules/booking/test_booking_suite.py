"""The checks every module inherits, for booking."""

from parkops.testing.module_suite import ModuleSuite


class TestBookingModule(ModuleSuite):
    module = "booking"
