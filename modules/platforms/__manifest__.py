{
    "name": "platforms",
    "title": "Technical platforms",
    "version": "0.1.0",
    "summary": "Shared technical platforms: instruments, rates, usage and its billing, operators, cost pools and recovery.",
    "depends": ("tenants", "billing", "booking"),
    "icon": "microscope",
    "order": 50,
    "menu": (
        ("use", "Use of platforms"),
        ("prices", "Platform prices"),
        ("registry", "Platforms and instruments"),
    ),
    "settings": {
        "platforms.validate_events": {"type": "bool", "default": True, "title": "Events are billed only after they were validated"},
        "platforms.adjustment_days": {"type": "int", "default": 60, "min": 1, "max": 730, "title": "Days after an event within which its user may dispute it"},
        "platforms.due_days": {"type": "int", "default": 30, "min": 0, "max": 180, "title": "Days from the end of the month until platform use is due"},
        "platforms.quote_days": {"type": "int", "default": 30, "min": 1, "max": 365, "title": "Days a quote holds"},
        "platforms.quote_two_from": {"type": "money", "default": "50000", "title": "Quotes of this total need two approvals"},
        "platforms.open_hours": {"type": "int", "default": 24, "min": 1, "max": 720, "title": "Hours after which running use is reported as forgotten"},
    },
    "sequences": {
        "platforms.project": "PP-{year}-{n:04d}",
        "platforms.quote": "PQ-{year}-{n:04d}",
        "platforms.adjustment": "PA-{year}-{n:04d}",
    },
}
