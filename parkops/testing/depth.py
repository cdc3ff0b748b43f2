"""How deep the repeatable-but-endless tests go: examples of a property, seeds of a fuzz, kills of a crash test.

`depth(normal, nightly)` is the first figure in `make test` and the second in `make nightly` (`PARKOPS_NIGHTLY=1`)."""

from __future__ import annotations

import os

NIGHTLY = os.environ.get("PARKOPS_NIGHTLY", "") not in ("", "0")


def depth(normal: int, nightly: int) -> int:
    """`normal`, or `nightly` when the nightly run asks for more."""
    return nightly if NIGHTLY else normal
