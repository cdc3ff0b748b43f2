"""How each figure of the article is counted, in the reader's language; the code of the figure names it (F01 to F32)."""

from __future__ import annotations

from parkops.i18n import _l

HOW_COUNTED = {
    "F01": _l("Carriers: incubators recognised at national level, specialised"),
    "F02": _l("Carriers: makerspaces filed nationally"),
    "F03": _l("Grades: the latest national grade published by the day is A"),
    "F04": _l("Honours: service platform for small firms, national, in force"),
    "F05": _l("Honours: innovation base, provincial, in force"),
    "F06": _l("Capital projects: planned investment of 麒麟岛"),
    "F07": _l("Capital projects: floor area of phase one of 麒麟岛"),
    "F08": _l("Milestones: distinct buildings topped out by the day"),
    "F09": _l("Milestones: amounts signed by the day"),
    "F10": _l("Platforms: opened by the day"),
    "F11": _l("Results of platforms: confirmed patents dated by the day"),
    "F12": _l("Results of platforms: confirmed transfers dated by the day"),
    "F13": _l("Use of platforms: different firms with an event that ended by the day"),
    "F15": _l("Recruitments: hired in 2021, management"),
    "F16": _l("Recruitments: hired by the day in the five specialties"),
    "F17": _l("Certificates: distinct persons with a practitioner's certificate"),
    "F18": _l("Certificates: distinct persons, senior"),
    "F19": _l("Certificates: distinct persons, counsellor (overlap with senior allowed)"),
    "F21": _l("Stages on the day: distinct tracks of teams and firms in incubation"),
    "F22": _l("Signing batches since 2022-01-01"),
    "F22P": _l("Projects of signing batches since 2022-01-01"),
    "F23": _l("Commitments: amounts of joint funds signed by the day"),
    "F24": _l("Tranches of loans: amounts confirmed and paid out by the day"),
    "F24C": _l("Loan cases: channels of the loans paid out by the day (融驿站)"),
    "F25": _l("Relief applications: amounts posted by the day"),
    "F26": _l("Service items: the six services named by the article"),
    "F27": _l("Catering at 新科苑: people at once"),
    "F28": _l("Leases: firms with a unit of 印象·吟龙湾 let on the day"),
    "F29": _l("Facilities of kind education: floor area (the article says nearly ten thousand)"),
    "F30": _l("Visits to the health centre: attended in the year until the day, person-times"),
    "F31": _l("Facilities: hotel, talent and youth apartments opened by the day"),
    "F32": _l("Titles of 集装箱 street: awarded by the day"),
}
