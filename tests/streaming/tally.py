"""A small service with everything that can go wrong in a crash: a window, a counter, a cached one, changelogs."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic_settings import SettingsConfigDict
from quixstreams.dataframe.windows import Count, Sum
from tests.support.waiting import let_pass

from contracts.heartbeat import Heartbeat
from contracts.message import Message
from contracts.topics import TRADES, TopicSpec
from streaming.service.cached_state import CachedState
from streaming.settings import ServiceSettings
from streaming.topics import Topics, publish

START_US = 1_700_000_000_000_000
WINDOW_MS = 10_000
PAIRS = ("BTC/USD", "ETH/USD", "SOL/USD")


class Tally(Message):
    """The beats of one window, and the running numbers of windows and beats of the pair."""

    schema_name: ClassVar[str] = "tally"

    pair: str
    start_ms: int
    beats: int
    total: int
    windows: int
    seen: int

    @property
    def key(self) -> str:
        return self.pair

    @property
    def event_time_ms(self) -> int:
        return self.start_ms + WINDOW_MS


TALLIES = TopicSpec("tallies", (Tally,), key="pair", written_by="tally")


class TallySettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="TALLY_")

    pause_seconds: float = 0.0
    poison: str = ""


def beat(index: int, pair: str = PAIRS[0]) -> Heartbeat:
    """Return the `index`-th beat of a pair: one a second."""
    return Heartbeat(exchange="kraken", pair=pair, venue_time_us=START_US + index * 1_000_000)


def beats(count: int) -> list[Heartbeat]:
    """Return `count` beats of each pair, interleaved."""
    return [beat(index, pair) for index in range(count) for pair in PAIRS]


def topology(inputs: dict[str, Any], topics: Topics, settings: TallySettings) -> None:
    """Beats to tallies: a step with cached state, a window, a stateful step."""
    seen: CachedState[int] = CachedState(inputs[TRADES.name], "seen")

    def measure(message: Heartbeat, key: str, _timestamp: int, _headers: Any) -> int:
        let_pass(settings.pause_seconds)
        if settings.poison and message.message_id.endswith(settings.poison):
            raise ValueError("poisoned on purpose")
        seen.set(key, (seen.get(key) or 0) + 1)
        return message.venue_time_us // 1_000_000 % 997

    def number(window: dict[str, int], key: str, _timestamp: int, _headers: Any, state: Any) -> Tally:
        windows = state.get("windows", 0) + 1
        state.set("windows", windows)
        return Tally(
            pair=key,
            start_ms=window["start"],
            beats=window["beats"],
            total=window["total"],
            windows=windows,
            seen=seen.get(key) or 0,
        )

    windows = (
        inputs[TRADES.name]
        .apply(measure, metadata=True)
        .tumbling_window(WINDOW_MS)
        .agg(beats=Count(), total=Sum())
        .final()
    )
    publish(windows.apply(number, stateful=True, metadata=True), topics[TALLIES.name])
