"""Facts the rule sets ask leases for, one file per concept."""
