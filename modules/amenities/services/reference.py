"""Reference data named in the manifest: accounts and charge items of amenities go to billing, which keeps what is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from modules.billing.services.reference import load_file as billing_file


def load_file(session: Any, path: Path) -> None:
    """Load one file of `data/`; idempotent."""
    billing_file(session, path)
