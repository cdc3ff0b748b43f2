"""The few ways a service may refuse. Nothing else is raised on purpose; screens, REST, imports and jobs turn each of
these into one sentence (and a status code) in the user's language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: `code` for tests and machines, `message` (lazy) for people, `field` to stand beside."""

    code: str
    message: Any
    field: str | None = None

    def __str__(self) -> str:
        return str(self.message)


class ParkOpsError(Exception):
    """Base of every refusal. `status` is the HTTP answer."""

    status = 400

    def __init__(self, message: Any = ""):
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return str(self.message)


class Refused(ParkOpsError):
    """The request itself cannot be understood (400)."""


class NotAllowed(ParkOpsError):
    """The actor lacks the right (403)."""

    status = 403


class NotFound(ParkOpsError):
    """No such record in the actor's scope (404)."""

    status = 404


class Moved(ParkOpsError):
    """The record went into another one (410). Reading is redirected there; writing is not, it would change something else.

    resource, record_id: where it lives now."""

    status = 410

    def __init__(self, message: Any, resource: str, record_id: int):
        super().__init__(message)
        self.resource, self.record_id = resource, record_id


class RuleError(ParkOpsError):
    """One or more rules of the field are not met (422); carries every problem at once."""

    status = 422

    def __init__(self, problems: list[Problem]):
        self.problems = problems
        super().__init__(" ".join(str(p) for p in problems))

    def __str__(self) -> str:
        return " ".join(str(p) for p in self.problems)

    @property
    def codes(self) -> list[str]:
        return [p.code for p in self.problems]


class Conflict(ParkOpsError):
    """Somebody else was quicker (409). `differences` maps field -> (yours, theirs)."""

    status = 409

    def __init__(self, message: Any, record: Any = None, differences: dict[str, tuple[Any, Any]] | None = None):
        super().__init__(message)
        self.record = record
        self.differences = differences or {}


class Problems:
    """Collects problems so that the user sees them all at once."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, code: str, message: Any, field: str | None = None) -> None:
        self.found.append(Problem(code, message, field))

    def extend(self, problems: list[Problem]) -> None:
        self.found.extend(problems)

    def stop(self) -> None:
        """Raise when anything was found."""
        if self.found:
            raise RuleError(self.found)
