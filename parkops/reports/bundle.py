"""Files as one zip that can be checked alone: the same files give the same bytes, and MANIFEST.json names each with size and sha-256."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile

STAMP = (2020, 1, 1, 0, 0, 0)


def bundle(files: dict[str, bytes]) -> bytes:
    """The zip's bytes (fixed times, fixed order)."""
    manifest = {name: {"size": len(raw), "sha256": hashlib.sha256(raw).hexdigest()} for name, raw in sorted(files.items())}
    index = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as z:
        for name, raw in sorted({**files, "MANIFEST.json": index}.items()):
            z.writestr(zipfile.ZipInfo(name, STAMP), raw)
    return target.getvalue()
