"""Lives of permits and of the codes that show them."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

P, W = "modules.services.services.permits", "modules.services.services.wallet"
ON = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())

PERMIT = Workflow(
    "services.permit",
    column="state",
    start="valid",
    states=(
        State("valid", _l("In force"), "green"),
        State("suspended", _l("Suspended"), "amber"),
        State("revoked", _l("Revoked by the issuer"), "red", final=True),
        State("given_up", _l("Given up"), "grey", final=True),
    ),
    steps=(
        Step("suspend", ("valid",), "suspended", _l("Suspend"), f"{P}:suspend_permit", form=(ON,), needs_reason=True, danger=True),
        Step("resume", ("suspended",), "valid", _l("In force again"), f"{P}:resume_permit", form=(ON,), primary=True),
        Step(
            "revoke",
            ("valid", "suspended"),
            "revoked",
            _l("Issuer revoked it"),
            f"{P}:revoke_permit",
            form=(ON,),
            needs_reason=True,
            danger=True,
        ),
        Step(
            "give_up",
            ("valid", "suspended"),
            "given_up",
            _l("Firm gives it up"),
            f"{P}:give_up_permit",
            form=(ON,),
            needs_reason=True,
            danger=True,
        ),
    ),
)
CODE = Workflow(
    "services.licence_code",
    column="state",
    start="active",
    states=(
        State("active", _l("Code in use"), "green"),
        State("replaced", _l("Replaced by a newer code"), "grey", final=True),
        State("revoked", _l("Code revoked"), "red", final=True),
    ),
    steps=(
        Step("replace", ("active",), "replaced", _l("Replace by a new code"), f"{W}:replace_code", form=(ON,), word="change", primary=True),
        Step("revoke", ("active",), "revoked", _l("Revoke the code"), f"{W}:revoke_code", form=(ON,), needs_reason=True, danger=True),
    ),
)
