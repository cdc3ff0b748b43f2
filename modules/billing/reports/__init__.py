"""Printed forms and reports of billing, one file per concept."""
