"""Papers and reports of services."""
