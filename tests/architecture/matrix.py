"""The golden role matrix: `METHOD rule` -> the personas that are let in, by the initials of their names."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

from parkops.testing.plugin import PERSONAS

FILE = Path(__file__).with_name("role_matrix.json")
LETTERS = {p: "".join(w[0] for w in p.split("_")) for p in PERSONAS}


def read() -> dict[str, str]:
    return json.loads(FILE.read_text(encoding="utf-8"))


def differences(persona: str, reached: dict[str, bool], methods: tuple[str, ...], renew: bool | None = None) -> list[str]:
    """What differs from the file for this persona, over the rules of these methods. With RENEW_ROLE_MATRIX set the file is
    changed instead; read its difference before committing."""
    reached = {rule.replace("int(max=9223372036854775807):", ""): may for rule, may in reached.items()}
    letter = LETTERS[persona]
    if os.environ.get("RENEW_ROLE_MATRIX") if renew is None else renew:
        _renew(letter, reached, methods)
    golden = {k: letter in v.split() for k, v in read().items() if k.split()[0] in methods}
    return ([f"new: {k}" for k in sorted(reached.keys() - golden.keys())] + [f"gone: {k}" for k in sorted(golden.keys() - reached.keys())]
            + [f"{k}: {persona} is {'let in' if reached[k] else 'refused'} now" for k in sorted(reached) if golden.get(k, reached[k]) != reached[k]])


def _renew(letter: str, reached: dict[str, bool], methods: tuple[str, ...]) -> None:
    with FILE.open("r+", encoding="utf-8") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        golden = json.load(f)
        for rule in [k for k in golden if k.split()[0] in methods and k not in reached]:
            del golden[rule]
        for rule, may in reached.items():
            people = set(golden.get(rule, "").split()) - {letter} | ({letter} if may else set())
            golden[rule] = " ".join(x for x in LETTERS.values() if x in people)
        f.seek(0)
        f.truncate()
        f.write(json.dumps(golden, indent=0, ensure_ascii=False, sort_keys=True) + "\n")
