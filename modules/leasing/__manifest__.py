{
    "name": "leasing",
    "title": "Leasing",
    "version": "0.1.0",
    "summary": "Buildings, units and the stacking plan; leases from draft to hand-back; meters; rent relief.",
    "depends": ("tenants", "billing"),
    "icon": "building-skyscraper",
    "order": 30,
    "menu": (
        ("space", "Space"),
        ("leases", "Leases"),
        ("meters", "Meters"),
        ("relief", "Rent relief"),
        ("setup", "Set-up"),
    ),
    "settings": {},
    "sequences": {
        "leasing.lease": "L-{year}-{n:05d}",
        "leasing.relief_application": "RR-{year}-{n:05d}",
        "leasing.settlement": "S-{year}-{n:05d}",
    },
    "data": (),
    "demo": False,
}
