"""Lives of legal consultations, mediation cases, machine sessions, trainings and problems found on visits."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

K, M, V = (f"modules.services.services.{n}" for n in ("desks", "machines", "aid_visits"))
T = "modules.services.services.trainings"
ON = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())

CONSULTATION = Workflow(
    "services.consultation",
    column="state",
    start="asked",
    states=(
        State("asked", _l("Waiting for an answer"), "amber"),
        State("answered", _l("Question answered"), "green", final=True),
        State("passed_on", _l("Passed to a law firm"), "violet", final=True),
    ),
    steps=(
        Step(
            "answer",
            ("asked",),
            "answered",
            _l("Answer the question"),
            f"{K}:answer_consultation",
            word="change",
            form=(
                Input("adviser", "text", _l("Adviser"), required=True, max_length=80),
                Input("answer", "longtext", _l("Advice given"), required=True),
                Input("minutes", "int", _l("Minutes spent")),
                ON,
            ),
            primary=True,
        ),
        Step(
            "pass_on",
            ("asked",),
            "passed_on",
            _l("Pass to a law firm"),
            f"{K}:pass_on_consultation",
            form=(ON,),
            word="change",
            needs_reason=True,
        ),
    ),
)
MEDIATION = Workflow(
    "services.mediation",
    column="state",
    start="received",
    states=(
        State("received", _l("Dispute registered"), "amber"),
        State("running", _l("In mediation"), "blue"),
        State("agreed", _l("Agreement reached"), "violet"),
        State("performed", _l("Agreement performed"), "green", final=True),
        State("failed", _l("No agreement"), "red", final=True),
        State("withdrawn", _l("Taken back"), "grey", final=True),
    ),
    steps=(
        Step(
            "begin",
            ("received",),
            "running",
            _l("Both sides agree to mediate"),
            f"{K}:begin_mediation",
            form=(ON,),
            word="change",
            guard=f"{K}:why_not_begin",
            primary=True,
        ),
        Step(
            "agree",
            ("running",),
            "agreed",
            _l("Agreement reached"),
            f"{K}:agree_mediation",
            word="change",
            form=(
                Input("agreement", "longtext", _l("Terms of the agreement"), required=True),
                Input("amount", "money", _l("Amount agreed")),
                Input("perform_by", "date", _l("To be performed by"), required=True),
                ON,
            ),
            guard=f"{K}:why_not_agree",
            primary=True,
        ),
        Step(
            "perform",
            ("agreed",),
            "performed",
            _l("Agreement performed"),
            f"{K}:perform_mediation",
            form=(ON,),
            word="change",
            primary=True,
        ),
        Step(
            "fail",
            ("received", "running", "agreed"),
            "failed",
            _l("No agreement"),
            f"{K}:fail_mediation",
            form=(ON,),
            word="change",
            needs_reason=True,
            danger=True,
        ),
        Step(
            "withdraw",
            ("received", "running"),
            "withdrawn",
            _l("Taken back"),
            f"{K}:withdraw_mediation",
            form=(ON,),
            word="change",
            needs_reason=True,
        ),
    ),
)
MACHINE_SESSION = Workflow(
    "services.machine_session",
    column="state",
    start="running",
    states=(
        State("running", _l("In use now"), "blue"),
        State("done", _l("Done at the machine"), "green", final=True),
        State("failed", _l("Did not work"), "red", final=True),
    ),
    steps=(
        Step(
            "finish",
            ("running",),
            "done",
            _l("Done at the machine"),
            f"{M}:finish_session",
            word="change",
            form=(Input("receipt", "text", _l("Receipt no."), max_length=80),),
            primary=True,
        ),
        Step("fail", ("running",), "failed", _l("Did not work"), f"{M}:fail_session", word="change", needs_reason=True, danger=True),
    ),
)
TRAINING = Workflow(
    "services.training",
    column="state",
    start="planned",
    states=(
        State("planned", _l("Announced"), "blue"),
        State("held", _l("Took place"), "green", final=True),
        State("cancelled", _l("Cancelled"), "red", final=True),
    ),
    steps=(
        Step("hold", ("planned",), "held", _l("Took place"), f"{T}:hold_training", word="change", guard=f"{T}:why_not_hold", primary=True),
        Step("cancel", ("planned",), "cancelled", _l("Call the training off"), f"{T}:cancel_training", needs_reason=True, danger=True),
    ),
)
PROBLEM = Workflow(
    "services.aid_problem",
    column="state",
    start="raised",
    states=(
        State("raised", _l("Raised, no owner"), "amber"),
        State("assigned", _l("With its owner"), "blue"),
        State("solved", _l("Solved, feedback next"), "violet"),
        State("closed", _l("Firm has answered"), "green", final=True),
    ),
    steps=(
        Step(
            "assign",
            ("raised", "assigned"),
            "assigned",
            _l("Give to"),
            f"{V}:assign_problem",
            word="change",
            form=(
                Input("owner_id", "ref", _l("Owner"), ref="core.user", required=True),
                Input("promised_on", "date", _l("Promised for"), required=True),
                ON,
            ),
            primary=True,
        ),
        Step(
            "solve",
            ("assigned",),
            "solved",
            _l("Solved"),
            f"{V}:solve_problem",
            word="change",
            form=(Input("measure", "longtext", _l("What was done"), required=True), ON),
            primary=True,
        ),
        Step(
            "feed_back",
            ("solved",),
            "closed",
            _l("Record the firm's feedback"),
            f"{V}:feed_back",
            word="change",
            form=(
                Input("satisfaction", "int", _l("Satisfaction, 1 to 5"), required=True),
                Input("words", "longtext", _l("What the firm said")),
                ON,
            ),
            primary=True,
        ),
        Step(
            "reopen",
            ("solved",),
            "assigned",
            _l("Not solved for the firm"),
            f"{V}:reopen_problem",
            form=(Input("promised_on", "date", _l("Promised for"), help=_l("Empty: three working days from then")), ON),
            word="change",
            needs_reason=True,
            danger=True,
        ),
    ),
)
