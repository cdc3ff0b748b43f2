"""Facts for the rules engine."""
