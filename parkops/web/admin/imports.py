"""The import screens, kept with the importer."""

from __future__ import annotations

from ..importer.pages import PAGES, RESOURCES

__all__ = ["PAGES", "RESOURCES"]
