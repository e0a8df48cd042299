"""Settings of the candles service."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from candles.core.rules import Rules
from contracts.reference_settings import ReferenceSettings
from contracts.units import MS_PER_DAY, MS_PER_SECOND, Pair
from featurestore import StoreSettings
from streaming.settings import ServiceSettings

_SECONDS_PER_DAY = 86_400


class CandlesSettings(ReferenceSettings, StoreSettings, ServiceSettings):
    """What the candles service needs to know; shared settings are `ServiceSettings`'.

    Examples
    --------
    >>> CandlesSettings(intervals_s=(300, 60)).rules().intervals_ms
    (60000, 300000)
    """

    model_config = SettingsConfigDict(env_prefix="CANDLES_")

    variant: Literal["historical", "live"] = Field(
        "live",
        description="historical: until the history that trades announced is done; live: from the group's offset on",
    )
    history_pairs: tuple[Pair, ...] = Field(
        (), description="pairs whose history the Job waits for even if trades has not started them"
    )
    intervals_s: tuple[int, ...] = Field(
        (60, 300), description="lengths of candles in seconds, each a divisor of a day", min_length=1
    )
    grace_ms: int = Field(
        0, description="how long after its end a window still takes trades, milliseconds of event time", ge=0
    )
    retained_s: int = Field(
        7_200, description="how far back late trades correct closed candles, seconds of event time", ge=1
    )
    max_id_ranges: int = Field(256, description="separate ranges of trade ids remembered per pair", ge=2)
    max_jump_days: int = Field(
        400,
        description="a message further ahead of its pair's newest, in days of event time, is set aside",
        ge=1,
        le=36_500,
    )
    forming: bool = Field(
        False, description="publish on candles-forming what the candles of open windows would be now; live only"
    )
    forming_step_ms: int = Field(
        1_000,
        description="each pair and interval is published at most once in this many milliseconds of event time",
        ge=1,
    )

    @field_validator("intervals_s")
    @classmethod
    def _divide_a_day(cls, intervals_s: tuple[int, ...]) -> tuple[int, ...]:
        for interval_s in intervals_s:
            if interval_s <= 0 or _SECONDS_PER_DAY % interval_s:
                raise ValueError(
                    f"seconds that divide a day ({_SECONDS_PER_DAY}) without remainder, not {interval_s}"
                )
        return tuple(sorted(set(intervals_s)))

    @property
    def shows_forming(self) -> bool:
        """Whether anybody could be looking: what history was like while it formed is of no use."""
        return self.forming and self.variant == "live"

    def rules(self) -> Rules:
        """Return the settings as the cores need them.

        Returns
        -------
        Rules
            In milliseconds.
        """
        return Rules(
            intervals_s=self.intervals_s,
            grace_ms=self.grace_ms,
            retained_ms=self.retained_s * MS_PER_SECOND,
            max_id_ranges=self.max_id_ranges,
            max_jump_ms=self.max_jump_days * MS_PER_DAY,
        )
