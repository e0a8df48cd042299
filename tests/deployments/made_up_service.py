"""A service that does not exist: what somebody writes who adds one, file by file.

It repeats each heartbeat of `trades` on a topic of its own, `echoes`.
"""

from __future__ import annotations

from pathlib import Path

#: Its own files.
OWN = {
    "services/echoes/pyproject.toml": """\
[project]
name = "tradestream-echoes"
version = "0.1.0"
description = "Heartbeats once more"
requires-python = ">=3.11"
dependencies = [
    "tradestream-contracts",
    "tradestream-streaming",
    "pydantic-settings>=2.7",
    "quixstreams==3.28.1",
]

[tool.uv.sources]
tradestream-contracts = { workspace = true }
tradestream-streaming = { workspace = true }

[build-system]
requires = ["uv_build>=0.9,<1"]
build-backend = "uv_build"

[tool.uv.build-backend]
module-name = "echoes"
""",
    "services/echoes/README.md": """\
# echoes

Heartbeats once more.

## Topics in
## Topics out
## Key
## State
## Guarantees
## Settings
## Failure modes
## Troubleshooting
""",
    "services/echoes/src/echoes/__init__.py": '"""Heartbeats once more."""\n',
    "services/echoes/src/echoes/core/__init__.py": '"""What is said again."""\n',
    "services/echoes/src/echoes/core/repeat.py": '''\
"""A heartbeat becomes an echo."""

from __future__ import annotations

from contracts.echo import Echo
from contracts.heartbeat import Heartbeat


def repeat(heartbeat: Heartbeat) -> Echo:
    """Return the echo of a heartbeat."""
    return Echo(exchange=heartbeat.exchange, pair=heartbeat.pair, venue_time_us=heartbeat.venue_time_us)
''',
    "services/echoes/src/echoes/settings.py": '''\
"""Settings of the echoes service."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from streaming.settings import ServiceSettings


class EchoesSettings(ServiceSettings):
    """From which venue; `ECHOES_*`."""

    model_config = SettingsConfigDict(env_prefix="ECHOES_")

    of: str = Field("", description="the venue whose heartbeats are repeated; all if empty")
''',
    "services/echoes/src/echoes/app.py": '''\
"""Heartbeats -> echoes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.heartbeat import Heartbeat
from contracts.message import Message
from contracts.topics import ECHOES, TRADES
from echoes.core.repeat import repeat
from echoes.settings import EchoesSettings
from streaming.topics import publish

if TYPE_CHECKING:
    from quixstreams.dataframe import StreamingDataFrame
    from quixstreams.models.topics import Topic


def topology(inputs: dict[str, StreamingDataFrame], topics: dict[str, Topic], settings: EchoesSettings) -> None:
    """Repeat heartbeats."""

    def concerns(message: Message) -> bool:
        return isinstance(message, Heartbeat) and settings.of in ("", message.exchange)

    publish(inputs[TRADES.name].filter(concerns).apply(repeat), topics[ECHOES.name])
''',
    "services/echoes/src/echoes/__main__.py": '''\
"""`python -m echoes`: heartbeats in, echoes out."""

from __future__ import annotations

from contracts.topics import ECHOES, TRADES
from echoes.app import topology
from echoes.settings import EchoesSettings
from streaming.service.runner import run_service
from streaming.settings import load_settings


def main() -> int:
    """Run the service until it is told to stop; return its exit code."""
    settings = load_settings(EchoesSettings)
    return run_service(settings, service="echoes", inputs=[TRADES], outputs=[ECHOES], topology=topology)


if __name__ == "__main__":
    raise SystemExit(main())
''',
    "tests/echoes/__init__.py": "",
    "tests/echoes/test_echoes_topology.py": '''\
"""Each heartbeat comes out once."""

from contracts.heartbeat import Heartbeat
from contracts.topics import ECHOES, TRADES
from echoes.app import topology
from echoes.settings import EchoesSettings
from streaming.testing import run_topology


def test_each_heartbeat_is_repeated() -> None:
    beats = [Heartbeat(exchange="kraken", pair="BTC/USD", venue_time_us=time_us) for time_us in (1_000, 2_000)]
    done = run_topology(topology, EchoesSettings(), "echoes", {TRADES: beats}, [ECHOES])
    assert [each.venue_time_us for each in done[ECHOES.name]] == [1_000, 2_000]
''',
    "packages/contracts/src/contracts/echo.py": '''\
"""A heartbeat, said once more."""

from __future__ import annotations

from typing import ClassVar

from contracts.message import Message
from contracts.units import US_PER_MS, Pair, VenueTimeUs


class Echo(Message):
    """A heartbeat, said once more."""

    schema_name: ClassVar[str] = "echo"

    exchange: str
    pair: Pair
    venue_time_us: VenueTimeUs

    @property
    def key(self) -> str:
        return self.pair

    @property
    def event_time_ms(self) -> int:
        return self.venue_time_us // US_PER_MS

    @property
    def message_id(self) -> str:
        return f"{self.exchange}:{self.pair}:{self.venue_time_us}"
''',
}
#: Entries in lists that are there: file -> (line it stands before, the entry).
ENTRIES = {
    "packages/contracts/src/contracts/topics.py": (
        ("from contracts.end_of_history import", "from contracts.echo import Echo\n"),
        ("SERVICE_HEALTH = ", 'ECHOES = TopicSpec("echoes", (Echo,), key="pair", written_by="echoes")\n'),
    ),
    "packages/contracts/src/contracts/services.py": (
        ('    ServiceSpec("history"', '    ServiceSpec("echoes", (TRADES,)),\n'),
    ),
    "tests/support/message_examples.py": (('    "feed_outage":', '    "echo": {**_MARKET, "venue_time_us": 10},\n'),),
}


def add_to(tree: Path) -> None:
    """Write the service and its entries into a copy of the project."""
    for path, text in OWN.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text, encoding="utf-8")
    for path, entries in ENTRIES.items():
        text = (tree / path).read_text(encoding="utf-8")
        for before, entry in entries:
            assert text.count(f"\n{before}") == 1, f"{path}: {before}"
            text = text.replace(f"\n{before}", f"\n{entry}{before}")
        (tree / path).write_text(text, encoding="utf-8")
