"""The sample models' fixtures for the kernel's tests."""

from tests.kernel.samples import actor, english, samples, thing

__all__ = ["actor", "english", "samples", "thing"]
