"""The general checks of every module."""

from typing import ClassVar

from parkops.testing.module_suite import ModuleSuite


class TestServices(ModuleSuite):
    module = "services"
    shared: ClassVar[dict[str, str]] = {"services_benchmark": "published benchmarks of other places, the same for every park"}
