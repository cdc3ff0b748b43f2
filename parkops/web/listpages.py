"""The list page of every resource: the frame, the saved views, and one grid that asks REST for its rows."""

from __future__ import annotations

from typing import Any

from ..security import access
from . import gridinfo
from .views import route


class ListPages:
    """Mixed into every resource's page class (see `views.page_class`)."""

    session: Any
    resolved: Any
    draw: Any

    @route("/", "read")
    def index(self) -> Any:
        """The list."""
        info = gridinfo.info(self.session, self.resolved)
        buttons = [b for b in self.resolved.resource.buttons if access.may(self.session, self.resolved.name, b.word)]
        return self.draw("parkops/list.html", resolved=self.resolved, info=info, buttons=buttons)
