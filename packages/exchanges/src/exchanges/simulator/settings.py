"""Settings of the simulated venue, from `SIMULATOR_*`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from contracts.errors import BadInputError
from contracts.units import MS_PER_DAY
from exchanges.simulator.faults import Fault
from exchanges.simulator.instruments import instrument

DEFAULT_HISTORY_MS = 3 * MS_PER_DAY


class SimulatorSettings(BaseSettings):
    """What the simulated venue lists, when its market lives, and how it behaves.

    Without `live_from_ms` the market is live from the moment the process starts.
    """

    model_config = SettingsConfigDict(env_prefix="SIMULATOR_", extra="ignore")

    seed: int = Field(default=7, ge=0, description="of the market: equal seeds give equal trades")
    pairs: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("BTC/USD", "ETH/USD", "SOL/USD"), description="what every venue lists"
    )
    host: str = Field(default="127.0.0.1", description="address that is listened on")
    port: int = Field(default=0, ge=0, le=65_535, description="port that is listened on; 0 for a free one")
    history_from_ms: int | None = Field(default=None, ge=0, description="event time of the first trade")
    live_from_ms: int | None = Field(
        default=None, ge=0, description="event time at which history ends; by default now"
    )
    live_until_ms: int | None = Field(default=None, ge=0, description="event time of the last trade")
    speed: float = Field(default=1.0, gt=0, le=100_000, description="market seconds in a wall second")
    auto_start: bool = Field(default=False, description="live at once, or when the control address is asked to")
    requests_per_second: float = Field(default=50.0, ge=0, description="REST's limit; 0 for none")
    messages_per_second: float = Field(default=50.0, ge=0, description="the WebSocket's limit; 0 for none")
    idle_timeout_seconds: float = Field(default=60.0, gt=0, description="until an unused WebSocket is closed")
    heartbeat_seconds: float = Field(default=1.0, gt=0, description="between heartbeats of a silent WebSocket")
    batch_seconds: float = Field(default=0.04, gt=0, le=1, description="between two looks for new trades")
    faults: Annotated[tuple[Fault, ...], NoDecode] = Field(default=(), description="what goes wrong, and when")
    ready_file: Path | None = Field(default=None, description="JSON of the addresses, written once they answer")

    @field_validator("pairs", mode="before")
    @classmethod
    def _split_pairs(cls, value: Any) -> Any:
        return tuple(p.strip() for p in value.split(",") if p.strip()) if isinstance(value, str) else value

    @field_validator("pairs")
    @classmethod
    def _listed(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pair in value:
            try:
                instrument(pair)
            except BadInputError as error:
                raise ValueError(error.expected) from error
        if not value:
            raise ValueError("expected at least one pair, was none")
        return value

    @field_validator("faults", mode="before")
    @classmethod
    def _parse_faults(cls, value: Any) -> Any:
        try:
            return json.loads(value) if isinstance(value, str) else value
        except json.JSONDecodeError as error:
            raise ValueError(f"JSON ({error})") from error

    @model_validator(mode="after")
    def _times_in_order(self) -> Self:
        times = [t for t in (self.history_from_ms, self.live_from_ms, self.live_until_ms) if t is not None]
        if times != sorted(times):
            raise ValueError(f"expected history_from_ms <= live_from_ms <= live_until_ms, was {times}")
        return self

    @model_validator(mode="after")
    def _faults_hit_listed_pairs(self) -> Self:
        for fault in self.faults:
            if fault.pair is not None and fault.pair not in self.pairs:
                raise ValueError(f"faults: expected a pair out of {', '.join(self.pairs)}, was {fault.pair!r}")
        return self
