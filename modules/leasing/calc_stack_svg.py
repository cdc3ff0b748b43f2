"""The stacking plan as one SVG picture: pure text, no session, no clock. What is drawn was decided by the caller.

Widths are to scale by area within a building; a text that does not fit is cut with an ellipsis, never shrunk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from xml.sax.saxutils import escape

WIDTH, LABEL, RIGHT, ROW, GAP, HEAD = 1600, 110, 200, 84, 4, 108
FONT = "system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'WenQuanYi Micro Hei', sans-serif"
COLOURS = {  # fill, edge, text: the same for screens and pictures (static/stacking.css)
    "let": ("#cdebd6", "#2b8a4b", "#0f3d22"),
    "reserved": ("#e3d8fb", "#7a4fc9", "#3b1d78"),
    "held": ("#ffe6b0", "#c07f00", "#5a3900"),
    "vacant": ("#ffffff", "#2f6fd0", "#17478f"),
    "out_of_use": ("#f7d4d1", "#c0372e", "#7a1712"),
    "public": ("#e9eef4", "#8a94a2", "#39424e"),
    "under_construction": ("#e3e6ea", "#8a94a2", "#39424e"),
    "over": ("#f2b8b3", "#b3261e", "#6d0f0a"),
    "m1": ("#f7cbb4", "#c6521a", "#6b2706"),
    "m3": ("#fbdcaa", "#c07f00", "#5a3900"),
    "m6": ("#f8eeb0", "#a89400", "#4b4200"),
    "m12": ("#dcefb9", "#6f9a1e", "#33480a"),
    "later": ("#cdebd6", "#2b8a4b", "#0f3d22"),
    "open": ("#cfe2fb", "#2f6fd0", "#123a75"),
    "none": ("#f4f5f7", "#aab3bf", "#4d5866"),
}


@dataclass(frozen=True)
class Box:
    """A unit: colour key and up to three lines."""

    area: Decimal
    colour: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Level:
    name: str
    under: str
    right: str
    boxes: Sequence[Box]
    counts: bool = True  # whether its width sets the scale (basements do not)

    @property
    def area(self) -> Decimal:
        return sum((b.area for b in self.boxes), Decimal(0))


def width_of(text: str, size: float) -> float:
    """Approximate width: a CJK character is as wide as it is high, others a little over half."""
    return sum(size if ord(ch) > 0x2E7F else size * 0.58 for ch in text)


def clipped(text: str, size: float, room: float) -> str:
    """The text, or as much of it as fits with an ellipsis; empty when not even two characters do."""
    if width_of(text, size) <= room:
        return text
    kept = ""
    for ch in text:
        if width_of(kept + ch + "…", size) > room:
            break
        kept += ch
    return kept + "…" if len(kept) > 1 else ""


def _text(x: float, y: float, text: str, size: int, colour: str, *, weight: int = 400, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" font-weight="{weight}" text-anchor="{anchor}">'
        f"{escape(text)}</text>"
    )


def _box(box: Box, x: float, y: float, width: float) -> str:
    fill, edge, ink = COLOURS.get(box.colour, COLOURS["none"])
    dash = ' stroke-dasharray="6 4"' if box.colour in ("vacant", "under_construction") else ""
    out = [f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 2):.1f}" height="{ROW - 8}" rx="3" fill="{fill}" stroke="{edge}"{dash}/>']
    for i, (line, size) in enumerate(zip(box.lines, (15, 13, 12), strict=False)):
        shown = clipped(line, size, width - 12)
        if shown:
            out.append(_text(x + 7, y + 21 + i * 21, shown, size, ink, weight=600 if i == 0 else 400))
    return "".join(out)


def draw(title: str, context: str, legend: Sequence[tuple[str, str]], levels: Sequence[Level]) -> str:
    """The picture; legend: (colour key, words)."""
    height = HEAD + len(levels) * ROW + 40
    room = WIDTH - LABEL - RIGHT
    widest = (
        max((lvl.area for lvl in levels if lvl.counts), default=Decimal(0)) or max((lvl.area for lvl in levels), default=Decimal(0)) or 1
    )
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{FONT}">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(24, 38, title, 26, "#1b2430", weight=700),
        _text(24, 62, context, 14, "#566172"),
        *_legend(legend),
    ]
    for i, level in enumerate(levels):
        y = HEAD + i * ROW + 0.0
        out += [_text(24, y + 32, level.name, 17, "#1b2430", weight=700), _text(24, y + 54, level.under, 12, "#566172")]
        left = float(LABEL)
        for box in level.boxes:
            width = float(box.area / max(widest, level.area)) * room
            out.append(_box(box, left, y, width - GAP))
            left += width
        out.append(_text(WIDTH - 24, y + 43, level.right, 14, "#17478f", anchor="end"))
    base = HEAD + len(levels) * ROW + 2
    out.append(f'<line x1="{LABEL - 14}" y1="{base}" x2="{WIDTH - RIGHT + 10}" y2="{base}" stroke="#566172" stroke-width="3"/></svg>')
    return "".join(out)


def _legend(legend: Sequence[tuple[str, str]]) -> list[str]:
    out, x = [], 24.0
    for key, words in legend:
        fill, edge, _ink = COLOURS.get(key, COLOURS["none"])
        out.append(f'<rect x="{x:.1f}" y="76" width="16" height="16" rx="3" fill="{fill}" stroke="{edge}"/>')
        out.append(_text(x + 22, 89, words, 13, "#1b2430"))
        x += 44 + width_of(words, 13)
    return out
