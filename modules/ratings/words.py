"""Stored sentences that each reader sees in their language: a message with its values instead of words of the writer's language."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Text
from sqlalchemy.types import TypeDecorator

from parkops.i18n import Lazy

MARK = '{"msgid": '


@dataclass(frozen=True)
class Joined:
    """Sentences with a separator between them, both in the reader's language."""

    between: Lazy
    parts: tuple[Any, ...]

    def __str__(self) -> str:
        return str(self.between).join(str(p) for p in self.parts)


def packed(words: Any) -> str | None:
    """A lazy sentence (or several) as message and values; other text as it is."""
    if isinstance(words, Lazy | Joined):
        return json.dumps(_plain(words), ensure_ascii=False)
    return None if words is None else str(words)


def unpacked(text: str | None) -> str | None:
    """The sentence in the language of the session's reader."""
    return str(_lazy(json.loads(text))) if text is not None and text.startswith(MARK) else text


def _plain(x: Any) -> Any:
    if isinstance(x, Lazy):
        return {"msgid": x.msgid, "values": {k: _plain(v) for k, v in x.values.items()}}
    if isinstance(x, Joined):
        return {"msgid": x.between.msgid, "parts": [_plain(p) for p in x.parts]}
    return x if isinstance(x, int) else str(x)


def _lazy(x: Any) -> Any:
    if isinstance(x, dict) and "parts" in x:
        return Joined(Lazy(x["msgid"]), tuple(_lazy(p) for p in x["parts"]))
    return Lazy(x["msgid"], **{k: _lazy(v) for k, v in x["values"].items()}) if isinstance(x, dict) else x


class Words(TypeDecorator):
    """Text written with `packed` and read in the reader's language."""

    impl = Text
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return unpacked(value)

    def __repr__(self) -> str:
        return "sa.Text()"
