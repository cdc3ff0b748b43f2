"""Signing batches and projects."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from parkops.i18n import _l
from parkops.web.resource import Col, Filter, Related, Resource, Section, Titles, View

from ..models.batch import SigningBatch, SigningProject

BATCHES = "modules.tenants.services.batches"


def projects(model: Any, context: Any) -> Any:
    """SQL: how many projects were signed in the batch."""
    return select(func.count(SigningProject.id)).where(SigningProject.batch_id == model.id).correlate(model).scalar_subquery()


BATCH = Resource(
    name="tenants.signing_batch", model=SigningBatch, titles=Titles(_l("Signing batches"), _l("Signing batch"), _l("New signing batch")),
    icon="writing-sign",
    columns=(Col("name", important=True, link=True, width=260), Col("signed_on", important=True, width=120),
             Col("projects", _l("Projects"), sql=projects, fmt="int", important=True, width=100, total="sum"), Col("place", width=180),
             Col("host", width=180)),
    sections=(Section(_l("Batch"), ("name", "signed_on", "place", "host", "note")),),
    create=f"{BATCHES}:add_batch", change=f"{BATCHES}:change_batch", remove=f"{BATCHES}:remove_batch",
    tabs=(Related("projects", _l("Projects"), "tenants.signing_project", "batch_id", order=5),),
    search=("name", "place"), sort="-signed_on", menu=("intake", 50))

PROJECT = Resource(
    name="tenants.signing_project", model=SigningProject,
    titles=Titles(_l("Signed projects"), _l("Signed project"), _l("New signed project")), icon="rocket",
    columns=(Col("name", important=True, link=True, width=260), Col("batch_id", important=True, width=200), Col("track", width=120),
             Col("investment", important=True, width=140, total="sum"), Col("state", width=110), Col("firm_id", width=220),
             Col("landed_on", width=110), Col("investor", hidden=True), Col("batch.signed_on", _l("Signed on"), width=110)),
    sections=(Section(_l("Project"), ("batch_id", "name", "track", "investor", "investment", "firm_id", "state", "landed_on", "note")),),
    create=f"{BATCHES}:add_project", change=f"{BATCHES}:change_project", remove=f"{BATCHES}:remove_project",
    views=(View("signed", _l("Signed"), (Filter("state", "eq", "signed"),)),
           View("landed", _l("Landed"), (Filter("state", "eq", "landed"),)),
           View("all", _l("All"), ())),
    search=("name", "investor"), sort="-id", load=("batch", "firm"), parent=("batch_id", "tenants.signing_batch"), menu=("intake", 60))

RESOURCES = [BATCH, PROJECT]
