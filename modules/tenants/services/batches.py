"""Signing batches (集中签约批次) and their projects. How many there are is always counted, never typed."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import func, select

from parkops import records
from parkops.errors import Problems
from parkops.i18n import _l

from .. import errors
from ..models.batch import SigningBatch, SigningProject


def _check_batch(session: Any, values: dict[str, Any], problems: Problems) -> None:
    errors.not_future(problems, "signed_on", values.get("signed_on"))
    errors.not_before_1900(problems, "signed_on", values.get("signed_on"))


def add_batch(session: Any, **values: Any) -> SigningBatch:
    """One signing ceremony: name and day required."""
    return records.create(session, SigningBatch, errors.clean_values(values), _check_batch)


def change_batch(session: Any, batch: SigningBatch, **values: Any) -> SigningBatch:
    """Correct a batch."""
    return records.change(session, batch, errors.clean_values(values), _check_batch)


def remove_batch(session: Any, batch: SigningBatch) -> None:
    """Only an empty batch can be removed."""
    records.remove(session, batch, (SigningProject, "batch_id", _l("This batch has projects; remove or move them first.")))


def _check_project(session: Any, values: dict[str, Any], problems: Problems) -> None:
    errors.not_future(problems, "landed_on", values.get("landed_on"))
    if values.get("investment") is not None and values["investment"] < 0:
        problems.add("tenants.T-65", _l("The investment cannot be negative."), "investment")
    if values.get("state") == "landed" and values.get("firm_id") is None:
        problems.add("tenants.T-66", _l("A landed project needs its firm."), "firm_id")
    if values.get("state") == "landed" and values.get("landed_on") is None:
        problems.add("tenants.T-66", _l("Give the day the project landed."), "landed_on")
    batch = session.get(SigningBatch, values.get("batch_id")) if values.get("batch_id") else None
    if batch is not None and values.get("landed_on") is not None and values["landed_on"] < batch.signed_on:
        problems.add("tenants.T-66", _l("The project cannot have landed before it was signed."), "landed_on")


def add_project(session: Any, **values: Any) -> SigningProject:
    """A signed project: batch and name required, the firm may come later."""
    return records.create(session, SigningProject, errors.clean_values(values), _check_project)


def change_project(session: Any, project: SigningProject, **values: Any) -> SigningProject:
    """Correct a project, or note that it landed or was stopped."""
    return records.change(session, project, errors.clean_values(values), _check_project)


def remove_project(session: Any, project: SigningProject) -> None:
    """Remove a project entered by mistake."""
    records.remove(session, project)


def counts(session: Any, *, start: date | None = None, end: date | None = None) -> tuple[int, int]:
    """Batches signed in `[start, end)` and the projects in them."""
    days = [SigningBatch.signed_on >= start] if start else []
    days += [SigningBatch.signed_on < end] if end else []
    batches = session.scalar(select(func.count(SigningBatch.id)).where(*days)) or 0
    projects = session.scalar(select(func.count(SigningProject.id)).join(
        SigningBatch, SigningBatch.id == SigningProject.batch_id).where(*days)) or 0
    return batches, projects
