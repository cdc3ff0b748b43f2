"""Reference data named in the manifest: each file goes to the service that knows it, by the stem of its name."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from parkops.errors import Refused

LOADERS = {"accounts": "accounts", "items": "catalogue", "vat": "catalogue"}  # stem of the file -> services module with `load`


def load_file(session: Any, path: Path) -> None:
    """Load one file of `data/`; idempotent. Refused when no service loads files of that name."""
    name = LOADERS.get(Path(path).stem)
    if name is None:
        raise Refused(f"modules/billing/data/{Path(path).name}: no service loads it; see services/reference.py")
    importlib.import_module(f"modules.billing.services.{name}").load(session, Path(path))
