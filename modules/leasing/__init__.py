"""Buildings, units, leases, meters and rent relief."""
