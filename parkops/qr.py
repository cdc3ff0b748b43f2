"""A text as a QR code for a page: inline SVG without XML declaration and without style attributes, so that the CSP holds."""

from __future__ import annotations

import io
from typing import Any

import segno


def svg(text: str, *, scale: int = 4, **how: Any) -> str:
    """`how`: what segno's SVG writer takes, such as border, dark, light, svgclass."""
    out = io.BytesIO()
    segno.make(text, error="m").save(out, kind="svg", scale=scale, xmldecl=False, svgns=True, **how)
    return out.getvalue().decode()
