{
    "name": "booking",
    "title": "Booking",
    "version": "0.1.0",
    "summary": "Bookable rooms, instruments and venues: calendar, booking rules, waiting list, entitlements and vouchers.",
    "depends": ("tenants",),
    "icon": "calendar-event",
    "order": 40,
    "menu": (
        ("daily", "Bookings"),
        ("entitlements", "Entitlements"),
        ("setup", "Set-up"),
    ),
    "settings": {
        "booking.offer_hours": {"type": "int", "default": 4, "min": 1, "max": 168, "title": "Hours for which a freed slot is offered to the first in line"},
        "booking.series_days": {"type": "int", "default": 180, "min": 7, "max": 730, "title": "Days ahead for which a series is booked"},
        "booking.counts_late": {"type": "bool", "default": True, "title": "Late cancellations and missed bookings use up entitlements"},
    },
    "sequences": {"booking.voucher": "V-{year}-{n:05d}"},
    "demo": True,
}
