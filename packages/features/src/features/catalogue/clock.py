"""The time at which the bar closes: trading sessions, day and week."""

from __future__ import annotations

import math

from features import sources
from features.feature import Feature
from features.functions import calendar, cosine, sine

_TOKYO, _LONDON, _NEW_YORK = calendar("tokyo_is_open"), calendar("london_is_open"), calendar("new_york_is_open")
_DAY = calendar("minute_of_day") * (2 * math.pi / (24 * 60))
_WEEK = calendar("minute_of_week") * (2 * math.pi / (7 * 24 * 60))

FEATURES: tuple[Feature, ...] = (
    Feature("session_tokyo", _TOKYO, "0..1", "Mon-Fri 09:00-18:00 in Tokyo", sources.CLOCK),
    Feature("session_london", _LONDON, "0..1", "Mon-Fri 08:00-17:00 in London", sources.CLOCK),
    Feature("session_new_york", _NEW_YORK, "0..1", "Mon-Fri 08:00-17:00 in New York", sources.CLOCK),
    Feature("session_tokyo_london", _TOKYO * _LONDON, "0..1", "Tokyo and London are open", sources.CLOCK),
    Feature("session_london_new_york", _LONDON * _NEW_YORK, "0..1", "London and New York are open", sources.CLOCK),
    Feature("time_of_day_sin", sine(_DAY), "-1..1", "time of day in UTC on a circle", sources.CLOCK),
    Feature("time_of_day_cos", cosine(_DAY), "-1..1", "time of day in UTC on a circle", sources.CLOCK),
    Feature("time_of_week_sin", sine(_WEEK), "-1..1", "time since Monday 00:00 UTC on a circle", sources.CLOCK),
    Feature("time_of_week_cos", cosine(_WEEK), "-1..1", "time since Monday 00:00 UTC on a circle", sources.CLOCK),
    Feature("day_of_week", calendar("day_of_week"), "count", "0 on Monday to 6 on Sunday, UTC", sources.CLOCK),
)
