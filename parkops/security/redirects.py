"""Where a page may send the browser next: only to a path of this site (G42, CVE-2021-32805, CVE-2025-32962)."""

from __future__ import annotations

from urllib.parse import urlsplit

HOME = "/"


def local_path(target: str | None, fallback: str = HOME) -> str:
    """`target` when it is a plain local path, else `fallback`. Refuses other hosts, schemes, `//`, back-slashes, control
    characters, spaces around, and encoded forms of them."""
    if not target or len(target) > 2000 or target != target.strip():
        return fallback
    if not target.startswith("/") or target.startswith("//"):
        return fallback
    if any(ord(c) <= 32 or ord(c) == 127 or c == "\\" or not c.isprintable() for c in target):
        return fallback
    try:
        parts = urlsplit(target)
    except ValueError:
        return fallback
    low = parts.path.lower()
    if parts.scheme or parts.netloc or "//" in parts.path or any(x in low for x in ("%2f", "%5c", "%0", "%09", "..", ";")):
        return fallback
    return target
