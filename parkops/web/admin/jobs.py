"""Jobs: what ran, what is due, whether the scheduler lives; run now, retry, skip."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import flash, redirect, request

from ...clock import local, now, today
from ...db.session import scope_of
from ...errors import Refused
from ...i18n import _, _l
from ...jobs import control, schedule
from ...jobs.models import RUN_STATES
from ...jobs.registry import all_jobs
from ...models import Park
from ...security import access
from ..views import Page, commit, route

RUN = "<int(max=9223372036854775807):run_id>"


class JobPage(Page):
    """`/core/job/`."""

    route_base = "/core/job"
    resource = "core.job"
    title = _l("Jobs")
    menu = ("system", 20)
    icon = "clock-play"

    @route("/")
    def index(self) -> Any:
        """Every job, the latest runs, the heartbeat."""
        state, code = request.args.get("state", ""), request.args.get("code", "")
        jobs, moment = all_jobs(), now()
        found = control.runs(self.session, code=code if code in jobs else None, state=state if state in RUN_STATES else None)
        return self.draw(
            "parkops/admin/jobs.html",
            lines=control.overview(self.session, moment),
            health=control.health(self.session, moment),
            runs=found,
            jobs=jobs,
            parks=self._parks(),
            states=RUN_STATES,
            state=state,
            code=code,
            local=local,
            today=today(),
            orphans=schedule.orphans(self.session),
            may_act=access.may(self.session, "core.job", "act"),
        )

    @route(f"/{RUN}")
    def run(self, run_id: int) -> Any:
        """One run with its attempts."""
        row = control.one_run(self.session, run_id)
        return self.draw(
            "parkops/admin/job_run.html",
            run=row,
            job=all_jobs().get(row.code),
            parks=self._parks(),
            states=RUN_STATES,
            local=local,
            may_act=access.may(self.session, "core.job", "act"),
        )

    @route("/run", "act", methods=("POST",))
    def run_now(self) -> Any:
        """Run a job for a day in every park the person works in."""
        try:
            on = date.fromisoformat(request.form.get("date", ""))
        except ValueError:
            raise Refused(_l("Choose the day the job is to work for.")) from None
        outcomes = control.run_now(self.session, request.form.get("code", "")[:80], on=on, force=bool(request.form.get("force")))
        commit()
        self._tell(outcomes)
        return redirect("/core/job/")

    @route(f"/{RUN}/retry", "act", methods=("POST",))
    def retry(self, run_id: int) -> Any:
        """Try a date again at once."""
        outcome = control.retry(self.session, run_id)
        commit()
        self._tell([outcome])
        return redirect(f"/core/job/{run_id}")

    @route(f"/{RUN}/skip", "act", methods=("POST",))
    def skip(self, run_id: int) -> Any:
        """Leave a failed date out, with a reason."""
        control.skip(self.session, run_id, reason=request.form.get("reason", ""))
        commit()
        flash(_("The date is left out; later dates run."), "success")
        return redirect(f"/core/job/{run_id}")

    def _tell(self, outcomes: list[Any]) -> None:
        words = {"done": _("done"), "failed": _("failed"), "already": _("was done before"), "busy": _("is running elsewhere")}
        bad = [o.error for o in outcomes if o.error]
        counts = {state: sum(o.state == state for o in outcomes) for state in words}
        text = ", ".join(f"{words[s]}: {n}" for s, n in counts.items() if n)
        flash(f"{text}. {' '.join(bad)[:500]}".strip(), "danger" if bad else "success")

    def _parks(self) -> dict[int, str]:
        from sqlalchemy import select

        scope, query = scope_of(self.session), select(Park.id, Park.name)
        return dict(self.session.execute(query if scope.parks is None else query.where(Park.id.in_(tuple(scope.parks)))).all())


PAGES = [JobPage]
