"""What speaks against a booking: one Finding per problem, in words, with whether staff may let it pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parkops.errors import Problem
from parkops.i18n import _l


@dataclass(frozen=True)
class Finding:
    """code `module.X-nn`; message one sentence that says what to do; overridable: staff with the right may let it pass."""

    code: str
    message: Any
    overridable: bool = False
    field: str | None = None

    @property
    def said(self) -> Any:
        """The sentence, and in words that staff may let it pass."""
        return _l("%(problem)s (Staff may let this pass.)", problem=self.message) if self.overridable else self.message

    def refused(self) -> Problem:
        """As a refusal names it."""
        return Problem(self.code, self.said, self.field)

    def as_json(self) -> dict[str, Any]:
        """For the preview of the form and REST; `text` is the message with the words about the staff."""
        return {"code": self.code, "message": str(self.message), "text": str(self.said), "overridable": self.overridable,
                "field": self.field}
