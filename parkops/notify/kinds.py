"""What people are told about. A module declares its kinds in its room `notify`: `KINDS = [Kind("billing.bill_posted", …)]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..db.types import Choices
from ..errors import Refused
from ..i18n import _l
from ..registry import registry

CHANNELS = Choices(
    "notify_channel",
    ("email", _l("E-mail")),
    ("wecom", _l("WeCom robot")),
    ("dingtalk", _l("DingTalk robot")),
    ("feishu", _l("Feishu robot")),
)


@dataclass(frozen=True)
class Kind:
    """A kind of notification. `staff`, `firm`: who may meet it; `mail`: whether e-mail is on until the person says otherwise."""

    code: str
    title: Any
    staff: bool = True
    firm: bool = False
    mail: bool = False


KERNEL_KINDS: tuple[Kind, ...] = (
    Kind("core.general", _l("Other notices"), firm=True),
    Kind("core.todo", _l("New to-dos")),
    Kind("core.approval", _l("Decisions on my requests")),
    Kind("core.mention", _l("Mentions in comments")),
    Kind("core.test", _l("Test messages"), firm=True, mail=True),
)


def kinds() -> dict[str, Kind]:
    """Every kind by code: the kernel's, then the modules' in their order. Two of one code are refused."""
    out: dict[str, Kind] = {}
    for kind in (*KERNEL_KINDS, *registry().collect("notify", "KINDS")):
        if kind.code in out:
            raise Refused(f"the kind of notification {kind.code!r} is declared twice")
        out[kind.code] = kind
    return out


def kind_of(code: str) -> Kind:
    """The kind; Refused when no installed module declares it."""
    found = kinds().get(code)
    if found is None:
        raise Refused(f"no module declares the kind of notification {code!r}; add it to the module's room notify")
    return found


def offered(portal: bool) -> list[Kind]:
    """The kinds a person of the staff, or a firm's user, may meet."""
    return [k for k in kinds().values() if (k.firm if portal else k.staff)]


class KindChoices(Choices):
    """The kinds as choices of a list: known only when the modules are loaded."""

    def __init__(self) -> None:
        super().__init__("core.notify_kind")

    @property
    def labels(self) -> dict[str, Any]:
        return {code: kind.title for code, kind in kinds().items()}

    @labels.setter
    def labels(self, _given: Any) -> None:
        """Nothing to set: the kinds are declared by the modules."""
