{
    "name": "tenants",
    "title": "Tenants",
    "version": "0.1.0",
    "summary": "Incubated firms from first contact to graduation: lifecycle, people, results, services received.",
    "depends": (),
    "icon": "building-community",
    "order": 10,
    "menu": (
        ("firms", "Firms"),
        ("intake", "Intake"),
        ("incubation", "Incubation"),
        ("results", "Results"),
        ("services", "Services"),
        ("carriers", "Carriers"),
        ("setup", "Set-up"),
    ),
    "settings": {
        "tenants.term_months": {
            "type": "int", "default": 48, "min": 1, "max": 240, "title": "Incubation term in months",
            "help": "Used where the rule set in force names no limit but the park keeps one; see tenants.park_term.",
        },
        "tenants.park_term": {
            "type": "bool", "default": False, "title": "Keep a park term where the rules name none",
            "help": "From 2025-07-10 the national rules set no residence limit; switch on to go on counting one.",
        },
        "tenants.expiring_days": {
            "type": "int", "default": 90, "min": 1, "max": 730, "title": "Days before the term ends to warn",
        },
        "tenants.extension_months_max": {
            "type": "int", "default": 12, "min": 1, "max": 60, "title": "Longest extension in months",
        },
        "tenants.min_reviewers": {
            "type": "int", "default": 2, "min": 1, "max": 15, "title": "Reviewers an application needs",
        },
        "tenants.pass_score": {
            "type": "int", "default": 60, "min": 0, "max": 100, "title": "Review score an approval needs",
        },
        "tenants.jump_percent": {
            "type": "int", "default": 50, "min": 1, "max": 1000, "title": "Change in percent that needs a reason",
        },
    },
    "sequences": {
        "tenants.application": "A-{year}-{n:05d}",
        "tenants.graduation_case": "G-{year}-{n:04d}",
        "tenants.moveout": "M-{year}-{n:04d}",
    },
    "data": ("rules/entry.yaml", "rules/graduation.yaml", "rules/incubatee.yaml"),
    "demo": True,
}
