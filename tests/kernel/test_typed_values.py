"""Days, months and record numbers typed on pages with forms of their own: nothing, the value, or one sentence."""

from datetime import date

import pytest

from parkops.errors import Refused
from parkops.i18n import force_locale
from parkops.web.values import day_typed, id_typed, month_typed


@pytest.mark.parametrize(("read", "raw", "value"), [
    (day_typed, "", None), (day_typed, None, None), (day_typed, " 2026-11-22 ", date(2026, 11, 22)), (day_typed, "2026/1/5", date(2026, 1, 5)),
    (month_typed, "", None), (month_typed, "2026-11", date(2026, 11, 1)), (month_typed, "2026/1", date(2026, 1, 1)),
    (month_typed, "2026-11-01", date(2026, 11, 1)), (id_typed, None, None), (id_typed, "42", 42),
])
def test_what_was_typed(read, raw, value):
    assert read(raw) == value


@pytest.mark.parametrize(("read", "raw", "sentence"), [
    (day_typed, "2026-02-30", "no such day"), (day_typed, "0001-01-01", "between 1900 and 2200"), (day_typed, "heute", "Write the day"),
    (day_typed, "2026-11", "Write the day"), (month_typed, "2026-13", "Write the month"), (month_typed, "2022Q2", "Write the month"),
    (month_typed, "1888-01", "Write the month"), (id_typed, "-1", "from the list"), (id_typed, "٤", "from the list"),
    (id_typed, "9" * 19, "from the list"),
])
def test_what_is_none_is_said_in_one_sentence(read, raw, sentence):
    with force_locale("en"), pytest.raises(Refused, match=sentence):
        read(raw)
