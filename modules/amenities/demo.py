"""Demo of amenities."""

FIGURES: list = []


def load(context):
    """Later."""
