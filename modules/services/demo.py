"""Demo of the service hall: each part is one file `demo_<part>.py` with `load(context)` and its `FIGURES`."""

from __future__ import annotations

from typing import Any

PARTS: tuple[Any, ...] = ()
FIGURES = {code: value for part in PARTS for code, value in part.FIGURES.items()}


def load(context: Any) -> None:
    """Every part in turn, in the park of the context."""
    for part in PARTS:
        part.load(context)
