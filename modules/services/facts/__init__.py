"""Facts of services for the rules engine."""
