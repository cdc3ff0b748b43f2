"""What speaks against a booking: one Finding per problem, in words, with whether staff may let it pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Finding:
    """code `module.X-nn`; message one sentence that says what to do; overridable: staff with the right may let it pass."""

    code: str
    message: Any
    overridable: bool = False
    field: str | None = None

    def as_json(self) -> dict[str, Any]:
        """For the preview of the form and REST."""
        return {"code": self.code, "message": str(self.message), "overridable": self.overridable, "field": self.field}
