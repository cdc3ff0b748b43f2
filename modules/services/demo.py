"""Demo of the service hall: each part is one file `demo_<part>.py` with `load(context)` and its `FIGURES`."""

from __future__ import annotations

from typing import Any

from . import demo_hall, demo_more, demo_portal

PARTS: tuple[Any, ...] = (demo_hall, demo_more, demo_portal)
FIGURES = [figure for part in PARTS for figure in part.FIGURES]


def load(context: Any) -> None:
    """Every part in turn, in the park of the context."""
    for part in PARTS:
        part.load(context)
