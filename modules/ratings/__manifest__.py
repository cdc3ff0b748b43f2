{
    "name": "ratings",
    "title": "Ratings",
    "version": "0.1.0",
    "summary": "Recognition of carriers rule by rule, rating schemes as versioned data, what-if and policy replay, composite indices.",
    "depends": ("tenants",),
    "extends": ("billing", "leasing", "booking", "platforms", "loans", "funds", "amenities", "services"),
    "icon": "chart-radar",
    "order": 80,
    "menu": (
        ("cockpit", "Cockpit"),
        ("recognition", "Recognition"),
        ("rating", "Rating"),
        ("indices", "Composite indices"),
        ("forms", "Statutory forms and evidence"),
        ("reports", "Reports and archive"),
    ),
    "settings": {
        "ratings.denominator": {
            "type": "choice", "default": "year_end", "choices": {"year_end": "Stock at the end of the year before", "opening": "Stock at its beginning", "average": "Average of the two", "current": "Stock on the day"},
            "title": "Firms the shares are taken of", "help": "工信部科〔2025〕131号 does not say; the stock at the end of the year before is the figure filed in statistics.",
        },
        "ratings.missing_growth": {
            "type": "choice", "default": "stay", "choices": {"stay": "They stay in the denominator", "exclude": "They are left out"},
            "title": "Firms without a figure of the year before",
        },
        "ratings.newly_registered": {
            "type": "choice", "default": "entered", "choices": {"entered": "Registered into the carrier in the year", "incorporated": "Newly incorporated in the year"},
            "title": "Meaning of newly registered firms",
        },
        "ratings.dispatched_staff": {"type": "bool", "default": False, "title": "Dispatched and part-time staff count"},
        "ratings.service_hour_value": {
            "type": "int", "default": 0, "min": 0, "max": 100000, "title": "Value of a free service hour in yuan",
            "help": "Benefit ledger; 0: hours are shown beside the money and not valued.",
        },
        "ratings.relax_shares": {"type": "bool", "default": False, "title": "The hardship factor also lowers shares"},
        "ratings.amber_percent": {
            "type": "int", "default": 10, "min": 0, "max": 100, "title": "Percent below a target that are still amber",
        },
        "ratings.wall_seconds": {
            "type": "int", "default": 20, "min": 5, "max": 600, "title": "Seconds a page of the wall board stands",
        },
        "ratings.wall_keeps_session": {
            "type": "bool", "default": False, "title": "The wall board keeps its session from ending idle",
            "help": "Off: the board says beforehand when it will be logged out and goes on showing its last figures. Twelve hours are the end in any case.",
        },
        "ratings.area_source": {
            "type": "choice", "default": "ledger", "choices": {"ledger": "Units of the space ledger", "register": "Area entered with the carrier"},
            "title": "Source of the controllable area",
        },
    },
    "sequences": {"ratings.score": "RS-{year}-{n:04d}", "ratings.form_run": "TJ-{year}-{n:04d}", "ratings.exemption_pack": "MS-{year}-{n:04d}"},
    "data": ("rules/recognition.yaml", "rules/recognition_2018.yaml", "rules/makerspace.yaml", "rules/heilongjiang.yaml"),
    "demo": True,
}
