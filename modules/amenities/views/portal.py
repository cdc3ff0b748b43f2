"""The firm's own pages of this module: notices with read receipts, surveys, events."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, request
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from parkops import clock
from parkops.i18n import _, _l
from parkops.security.portal import Area, Rows, Through
from parkops.web.portal.frame import Card, Link, PortalPage
from parkops.web.views import PK, commit, route

from ..models.event import EventRegistration, ParkEvent
from ..models.notice import NoticeReceipt, ParkNotice, Survey, SurveyQuestion
from ..services import events, notices, surveys

EVERYBODY = ("owner", "finance", "staff")

PORTAL_AREAS = [
    Area("notices", _l("Notices of the park"), EVERYBODY, ("amenities.notice_receipt read change",)),
    Area("surveys", _l("Surveys"), EVERYBODY, ("amenities.survey_sheet add",)),
    Area("events", _l("Park events"), EVERYBODY, ("amenities.registration read add",)),
]
PORTAL_ROWS = [
    Rows(
        "amenities.notice",
        lambda cls, who: (
            (cls.state == "published") & cls.id.in_(select(NoticeReceipt.notice_id).where(NoticeReceipt.firm_id == who.firm_id))
        ),
    ),
    Rows("amenities.survey", lambda cls, who: (cls.park_id == who.park_id) & (cls.state == "open")),
    Rows(
        "amenities.survey_question",
        lambda cls, who: cls.survey_id.in_(select(Survey.id).where(Survey.park_id == who.park_id, Survey.state == "open")),
    ),
    Through("amenities.survey_answer", "sheet_id", "amenities.survey_sheet"),
    Rows("amenities.event", lambda cls, who: (cls.park_id == who.park_id) & (cls.state == "published")),
    Rows("amenities.facility", lambda cls, who: cls.park_id == who.park_id),
]
PORTAL_LINKS = [
    Link("notices", _l("Notices of the park"), "/portal/news/", "speakerphone", order=50),
    Link("surveys", _l("Surveys"), "/portal/surveys/", "star", order=55),
    Link("events", _l("Park events"), "/portal/events/", "calendar-star", order=57),
]


def receipts(session: Any, limit: int = 60) -> list[NoticeReceipt]:
    """The firm's notices that are in force, the newest first."""
    r = NoticeReceipt
    return list(
        session.scalars(
            select(r)
            .options(selectinload(r.notice))
            .join(ParkNotice, ParkNotice.id == r.notice_id)
            .order_by(ParkNotice.sent_at.desc(), r.id.desc())
            .limit(limit)
        )
    )


def _notices_card(session: Any) -> dict[str, Any] | None:
    rows = receipts(session, 3)
    return {"rows": rows} if rows else None


PORTAL_CARDS = [Card("notices", "amenities/portal/notices_card.html", _notices_card, order=40)]


class NewsPortal(PortalPage):
    """`/portal/news/`: the park's notices; "I have read it" is the read receipt."""

    route_base = "/portal/news"
    area = "notices"

    @route("/", None)
    def index(self) -> Any:
        return self.draw("amenities/portal/news.html", rows=receipts(self.session))

    @route(f"/{PK}", None)
    def show(self, pk: int) -> Any:
        return self.draw("amenities/portal/notice.html", row=self.own(NoticeReceipt, pk))

    @route(f"/{PK}/read", None, methods=("POST",))
    def read(self, pk: int) -> Any:
        notices.mark_read(self.session, self.own(NoticeReceipt, pk), by=g.user.name)
        commit()
        return redirect("/portal/news/", 303)


class SurveysPortal(PortalPage):
    """`/portal/surveys/`: open surveys; each person answers once, and what is kept of the person is a fingerprint."""

    route_base = "/portal/surveys"
    area = "surveys"

    @route("/", None)
    def index(self) -> Any:
        today = clock.today()
        rows = self.session.scalars(select(Survey).where(Survey.opens_on <= today, Survey.closes_on >= today).order_by(Survey.closes_on))
        return self.draw("amenities/portal/surveys.html", rows=list(rows))

    @route(f"/{PK}", None, methods=("GET", "POST"))
    def fill(self, pk: int) -> Any:
        survey, errors = self.own(Survey, pk), {}
        if request.method == "POST":
            typed = {int(k[1:]): v[:2000] for k, v in request.form.items() if k.startswith("q") and k[1:].isascii() and k[1:].isdigit()}

            def work() -> None:
                surveys.answer(
                    self.session,
                    self.session.get(Survey, pk),
                    person=g.user.username,
                    answers=typed,
                    on=clock.today(),
                    firm_id=self.firm_id,
                )

            _done, refusal = self.run(work)
            if refusal is None:
                flash(_("Thank you for your answers."), "success")
                return redirect("/portal/surveys/", 303)
            errors = {p.field or "": str(p) for p in getattr(refusal, "problems", ())} or {"": str(refusal)}
            survey = self.own(Survey, pk)
        questions = list(
            self.session.scalars(
                select(SurveyQuestion).where(SurveyQuestion.survey_id == pk).order_by(SurveyQuestion.position, SurveyQuestion.id)
            )
        )
        return self.draw(
            "amenities/portal/survey.html",
            422 if errors else 200,
            survey=survey,
            questions=questions,
            errors=errors,
            choices_of=surveys.choices_of,
            typed=request.form,
        )


class EventsPortal(PortalPage):
    """`/portal/events/`: what is on, registering, own registrations with their code."""

    route_base = "/portal/events"
    area = "events"

    @route("/", None)
    def index(self) -> Any:
        return self._show()

    def _show(self, error: str = "", status: int = 200) -> Any:
        at = clock.now()
        rows = list(self.session.scalars(select(ParkEvent).where(ParkEvent.ends_at > at).order_by(ParkEvent.starts_at).limit(40)))
        mine = list(
            self.session.scalars(
                select(EventRegistration)
                .options(selectinload(EventRegistration.event))
                .where(EventRegistration.state == "registered")
                .order_by(EventRegistration.id.desc())
                .limit(40)
            )
        )
        return self.draw(
            "amenities/portal/events.html", status, rows=rows, mine=[m for m in mine if m.event is not None], local=clock.local, error=error
        )

    @route(f"/{PK}/register", None, methods=("POST",))
    def register(self, pk: int) -> Any:
        self.own(ParkEvent, pk)
        name, phone = (request.form.get("name") or g.user.name)[:80], (request.form.get("phone") or "")[:40]

        def work() -> tuple[str, Any]:
            seat = events.register(self.session, event_id=pk, name=name, phone=phone, firm_id=self.firm_id).id
            return f"/portal/events/seat/{seat}", _("Registered. Show the code at the entrance.")

        url, refusal = self.run_once(work, "/portal/events/")
        return redirect(url, 303) if refusal is None else self._show(str(refusal), 422)

    @route(f"/seat/{PK}", None)
    def seat(self, pk: int) -> Any:
        """The code a scanner at the entrance reads."""
        row = self.own(EventRegistration, pk)
        return self.draw("amenities/portal/seat.html", row=row, qr=Markup(events.qr_svg(row)))  # noqa: S704 - drawn here


PAGES = [NewsPortal, SurveysPortal, EventsPortal]
