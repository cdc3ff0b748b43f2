"""Reference data named in the manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .projects import load_benchmarks


def load_file(session: Any, path: Path) -> None:
    """Load one file of `data/`; idempotent."""
    load_benchmarks(session, path)
