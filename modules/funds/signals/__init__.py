"""What funds tells other modules."""

from .investing import EXITED, INVESTED

__all__ = ["EXITED", "INVESTED"]
