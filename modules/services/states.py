"""Lives of tickets and cases."""

from __future__ import annotations

from parkops import clock
from parkops.db.types import Choices
from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

Q = "modules.services.services.queue"
C = "modules.services.services.cases"
D = "modules.services.services.closing"
ON = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())

RESULTS = Choices(
    "services.result",
    ("approved", _l("Application granted"), "green"),
    ("done", _l("Service done"), "green"),
    ("not_approved", _l("Not approved"), "red"),
)
DELIVERIES = Choices(
    "services.delivery", ("pickup", _l("Pick-up at the hall")), ("post", _l("By post")), ("electronic", _l("Sent electronically"))
)

TICKET = Workflow(
    "services.ticket",
    column="state",
    start="waiting",
    states=(
        State("waiting", _l("In the hall"), "blue"),
        State("called", _l("Called to a window"), "amber"),
        State("serving", _l("At the window"), "violet"),
        State("served", _l("Served"), "green", final=True),
        State("missed", _l("Missed the call"), "red"),
        State("left", _l("Went away"), "grey", final=True),
    ),
    steps=(
        Step("call", ("waiting",), "called", _l("Call")),
        Step("serve", ("called",), "serving", _l("At the window"), f"{Q}:serve_ticket", primary=True),
        Step("finish", ("serving",), "served", _l("Served"), f"{Q}:finish_ticket", primary=True),
        Step("miss", ("called",), "missed", _l("Did not come to the window"), f"{Q}:miss_ticket"),
        Step("requeue", ("missed",), "waiting", _l("Back into the queue"), f"{Q}:requeue_ticket"),
        Step("leave", ("waiting", "missed"), "left", _l("Went away"), f"{Q}:leave_ticket"),
    ),
)
CASE = Workflow(
    "services.case",
    column="state",
    start="received",
    states=(
        State("received", _l("Checking materials"), "blue"),
        State("supplement", _l("Told what is missing"), "amber"),
        State("accepted", _l("Being handled"), "blue"),
        State("transferred", _l("With the partner hall"), "violet"),
        State("completed", _l("Result ready"), "green"),
        State("delivered", _l("Result handed over"), "green", final=True),
        State("not_accepted", _l("Not accepted"), "red", final=True),
        State("withdrawn", _l("Taken back by the applicant"), "grey", final=True),
    ),
    steps=(
        Step(
            "accept",
            ("received",),
            "accepted",
            _l("Accept the case"),
            f"{C}:accept_case",
            form=(ON,),
            word="change",
            guard=f"{C}:why_not_accept",
            primary=True,
        ),
        Step("deem", ("received",), "accepted", _l("Deemed accepted"), f"{C}:deem_case", word="act", guard=f"{C}:why_not_deem"),
        Step(
            "notice",
            ("received",),
            "supplement",
            _l("One-time notice"),
            f"{C}:give_notice",
            form=(ON,),
            word="change",
            guard=f"{C}:why_not_notice",
        ),
        Step(
            "supplement",
            ("supplement",),
            "received",
            _l("Materials supplied"),
            f"{C}:supplement_case",
            form=(ON,),
            word="change",
            primary=True,
        ),
        Step(
            "complete",
            ("received", "supplement", "accepted", "transferred"),
            "completed",
            _l("Record the result"),
            f"{D}:complete_case",
            word="change",
            form=(
                Input("result", "choice", _l("Result"), required=True, choices=RESULTS, default="approved"),
                Input("text", "longtext", _l("Result in words")),
                Input("delivery", "choice", _l("Handed over"), required=True, choices=DELIVERIES, default="pickup"),
                ON,
            ),
            guard=f"{D}:why_not_complete",
            primary=True,
        ),
        Step(
            "send",
            ("accepted",),
            "transferred",
            _l("Pass to the partner hall"),
            "modules.services.services.partners:send_case",
            form=(ON,),
            word="change",
            guard="modules.services.services.partners:why_not_send",
        ),
        Step(
            "recall",
            ("transferred",),
            "accepted",
            _l("Take back from the partner hall"),
            "modules.services.services.partners:recall_case",
            form=(ON,),
            word="change",
            guard="modules.services.services.partners:why_not_recall",
            needs_reason=True,
        ),
        Step(
            "deliver",
            ("completed",),
            "delivered",
            _l("Hand the result over"),
            f"{D}:deliver_case",
            word="change",
            form=(
                Input("carrier", "text", _l("Parcel carrier"), max_length=60),
                Input("tracking_no", "text", _l("Tracking no."), max_length=60),
                ON,
            ),
            primary=True,
        ),
        Step(
            "refuse",
            ("received", "supplement"),
            "not_accepted",
            _l("Do not accept"),
            f"{D}:refuse_case",
            form=(ON,),
            word="change",
            needs_reason=True,
            danger=True,
        ),
        Step(
            "withdraw",
            ("received", "supplement", "accepted", "transferred"),
            "withdrawn",
            _l("Applicant takes it back"),
            f"{D}:withdraw_case",
            form=(ON,),
            word="change",
            needs_reason=True,
            danger=True,
        ),
    ),
)
OPEN = ("received", "supplement", "accepted", "transferred")
TICKING = ("received", "accepted", "transferred")  # while the applicant supplies, the clock waits: it restarts then
DONE = ("completed", "delivered")
