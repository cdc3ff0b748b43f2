"""Parks, to-dos and approvals as resources, and the page of approvals waiting for me."""

from __future__ import annotations

from typing import Any

from ... import approval
from ...approval import Approval
from ...clock import today
from ...i18n import _l
from ...models import Park
from ...todos import Todo
from ..resource import Action, Col, Filter, Input, Resource, Section, Tab, Titles, View
from ..views import Page, route
from . import desk_services as desk

SERVICES = "parkops.web.admin.desk_services"
REASON = Input("reason", "longtext", _l("Reason"), required=True, max_length=1000)

PARK = Resource(
    name="core.park", model=Park, titles=Titles(_l("Parks"), _l("Park"), _l("New park")), icon="map-2",
    columns=(Col("name", important=True, link=True, width=200), Col("code", important=True, width=120), Col("name_en"), Col("company"),
             Col("region_code", width=100), Col("is_active", important=True, width=80)),
    sections=(Section(_l("Park"), ("code", "name", "name_en", "company", "region_code", "address", "is_active")),),
    create="parkops.parks:register_park", change="parkops.parks:change_park", search=("code", "name", "company"), sort="code",
    code_field="code", menu=("system", 10))

TODO = Resource(
    name="core.todo", model=Todo, titles=Titles(_l("To-dos"), _l("To-do"), _l("New to-do")), icon="checkbox",
    columns=(Col("title", important=True, link=True, width=320), Col("record_label", important=True, width=220),
             Col("due_on", important=True), Col("assignee_id"), Col("is_done", width=70), Col("done_at"), Col("done_by"),
             Col("created_by"), Col("assignee_name", _l("Log-in name"), hidden=True)),
    sections=(Section(_l("To-do"), ("title", "due_on", Input("assignee_id", "ref", _l("Assignee"), ref="core.user"), "is_done",
                                    "done_at", "done_by", "created_by", "record_label")),),
    create=f"{SERVICES}:add_todo", change="parkops.todos:change",
    views=(View("mine", _l("My open to-dos"), (Filter("is_done", "eq", False), Filter("assignee_id", "eq", "@me")), sort="due_on"),
           View("due", _l("Due"), (Filter("is_done", "eq", False), Filter("due_on", "lte", "@today")), sort="due_on"),
           View("open", _l("Open"), (Filter("is_done", "eq", False),), sort="due_on")),
    actions=(Action("finish", _l("Tick off"), f"{SERVICES}:finish_todo", guard=f"{SERVICES}:why_not_finish", primary=True),),
    bulk=(Action("finish", _l("Tick off"), f"{SERVICES}:finish_todos"),),
    search=("title", "record_label"), sort="due_on", menu=("work", 20))

APPROVAL = Resource(
    name="core.approval", model=Approval, titles=Titles(_l("Approvals"), _l("Approval")), icon="signature",
    columns=(Col("title", important=True, link=True, width=300),
             Col("kind", _l("Kind"), width=160, sql=lambda m, c: m.kind, choices=approval.KindChoices()), Col("amount", important=True),
             Col("state", important=True), Col("requested_by"), Col("requested_at"), Col("needed", width=90), Col("expires_on"),
             Col("decided_at", hidden=True)),
    views=(View("waiting", _l("Waiting"), (Filter("state", "eq", "waiting"),), sort="requested_at"),
           View("decided", _l("Decided"), (Filter("state", "ne", "waiting"),), sort="-decided_at")),
    tabs=(Tab("request", _l("Request"), "parkops/approval.html", desk.request_data, order=1),),
    actions=(
        Action("approve", _l("Approve"), f"{SERVICES}:approve", (Input("reason", "longtext", _l("Remark"), max_length=1000),),
               guard=f"{SERVICES}:why_not_vote", primary=True),
        Action("return", _l("Return"), f"{SERVICES}:send_back", (REASON,),
               guard=f"{SERVICES}:why_not_vote", danger=True),
        Action("withdraw", _l("Withdraw"), f"{SERVICES}:withdraw",
               (REASON,), guard=f"{SERVICES}:why_not_withdraw")),
    search=("title",), sort="-requested_at", menu=("work", 10))

RESOURCES = [PARK, TODO, APPROVAL]


class WaitingPage(Page):
    """Approvals I may decide now, oldest first."""

    route_base = "/core/waiting"
    resource = "core.approval"
    title = _l("Waiting for me")
    icon = "signature"
    menu = ("work", 5)

    @route("/")
    def index(self) -> Any:
        found = approval.waiting(self.session, today())
        return self.draw("parkops/approvals.html", approvals=found, kinds=approval.KINDS)


PAGES = [WaitingPage]
