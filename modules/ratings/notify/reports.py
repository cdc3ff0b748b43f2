"""Reports that are ready."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.notify.kinds import Kind

KINDS = [Kind("ratings.report_made", _l("Reports that are ready"), mail=True)]
