"""ParkOps: the kernel of an incubator and park-operations system. Modules live in `modules/`."""

__version__ = "0.1.0"
