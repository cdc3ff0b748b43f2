"""Address rules for an application with more than a thousand of them.

Werkzeug compiles two functions per rule that build an address from its parts, by making and compiling Python source: a
second of every start, for functions of which a worker calls a few dozen. Here each is compiled when it is first called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule


class LateRule(Rule):
    """A rule that compiles its address builders at first use. Matching is untouched."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compile_now = super()._compile_builder
        made: list[Callable[..., tuple[str, str]]] = []

        def build(rule: Rule, *args: Any, **values: Any) -> tuple[str, str]:
            if not made:
                made.append(compile_now(append_unknown))
            return made[0](rule, *args, **values)

        return build


__all__ = ["LateRule"]
