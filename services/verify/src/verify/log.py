"""The log that is verified: which it is, and one consistent look at it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import BadInputError
from contracts.services import INPUTS, service, up_to
from contracts.topics import REFERENCE_CANDLES, TRADES, TopicSpec
from results.run_folder import MARKER, RunFolder
from streaming.broker_address import SCHEME, is_embedded, log_folder
from streaming.clients import committed_offsets, end_offsets, lag
from streaming.reading import read_merged
from streaming.record import Record
from streaming.settings import ServiceSettings, load_settings
from verify.compare import ABSENT, Fault
from verify.stages import OUTPUTS

_KAFKA = re.compile(r"[^/\s]+:\d{1,5}(?:,[^/\s]+:\d{1,5})*")
_HIGHEST_PORT = 65_535


@dataclass(frozen=True)
class Log:
    """A log of trades and of what followed from them.

    Attributes
    ----------
    place
        The run's folder, if the log is in one.
    """

    settings: ServiceSettings
    place: RunFolder | None = None

    def __str__(self) -> str:
        address = self.settings.broker_address
        return str(self.place.out) if self.place else address.removeprefix(SCHEME)

    @property
    def registry(self) -> Path | None:
        """The database of models that the run keeps itself; None if it has none."""
        file = self.place.work / "mlflow.db" if self.place is not None else None
        return file if file is not None and file.exists() else None

    def read(self, spec: TopicSpec, until: Mapping[int, int] | None = None) -> Iterator[Record]:
        """Yield a topic's records, those of one key in their order."""
        return read_merged(self.settings, spec, until)


def open_log(run: Path | None) -> Log:
    """Return the log of a run's folder, or the configured one.

    Returns
    -------
    Log
        To be read from.

    Raises
    ------
    BadInputError
        If there is none.
    """
    if run is not None:
        return _in_folder("--run", run)
    settings = load_settings(ServiceSettings)
    if not is_embedded(settings.broker_address):
        return Log(settings)
    return _in_folder("TRADESTREAM_BROKER_ADDRESS", log_folder(settings.broker_address), settings.environment)


def other_log(text: str) -> Log:
    """Return the log that `text` names: a folder, or the address of a Kafka broker.

    Raises
    ------
    BadInputError
        If it is neither.
    """
    if _KAFKA.fullmatch(text):
        if not all(0 < int(address.rpartition(":")[2]) <= _HIGHEST_PORT for address in text.split(",")):
            raise BadInputError("--against", f"host:port with a port from 1 to {_HIGHEST_PORT}", text)
        return Log(load_settings(ServiceSettings).model_copy(update={"broker_address": text}))
    return _in_folder("--against", Path(text.removeprefix(SCHEME)))


def _in_folder(field: str, folder: Path, environment: str = "dev") -> Log:
    within = RunFolder(folder)
    log = within.log if within.log.is_dir() else folder
    if not any(log.glob("*.topic")):
        gone = "its log was not kept: run the replay again without --no-keep" if within.work.is_dir() else ""
        expected = f"the folder of a run, or of an embedded log ({gone or 'was its work/ removed?'})"
        raise BadInputError(field, expected, str(folder))
    place = RunFolder(log.parent.parent)
    here = {"broker_address": f"{SCHEME}{log.resolve()}", "environment": environment}
    settings = load_settings(ServiceSettings).model_copy(update=here)
    return Log(settings, place if (place.out / MARKER).exists() and place.log == log else None)


@dataclass(frozen=True)
class Snapshot:
    """Where the topics ended when one looked: everything before is compared, whatever is written meanwhile.

    Attributes
    ----------
    ends
        Topic -> end of each partition.
    settled
        Services that had published all that follows from the trades: what they lack is lost and not late.
    cut
        Topics that end before what was read from them.
    """

    ends: Mapping[str, Mapping[int, int]]
    settled: frozenset[str]
    cut: tuple[Fault, ...] = ()


def look_at(log: Log) -> Snapshot:
    """Note where the topics end, the last in the flow first: then the trades are there that led to them."""
    settings = log.settings
    trades_before = end_offsets(settings, TRADES)
    groups = {service: settings.group_for(service) for service in INPUTS}
    behind = {name: any(lag(settings, groups[name], spec) > 0 for spec in read_by(name)) for name in INPUTS}
    had_read = [
        (groups[name], spec, committed_offsets(settings, groups[name], spec))
        for name in INPUTS
        for spec in read_by(name)
    ]
    topics = [spec for specs in reversed(OUTPUTS.values()) for spec in specs]
    ends = {spec.name: end_offsets(settings, spec) for spec in topics}
    ends[TRADES.name] = end_offsets(settings, TRADES)
    still = ends[TRADES.name] == trades_before
    settled = {name for name in INPUTS if still and not any(behind[each] for each in up_to(name))}
    cut = [fault for group, spec, read in had_read for fault in _cut(group, spec, read, ends)]
    return Snapshot(ends, frozenset(settled), tuple(cut))


def read_by(name: str) -> list[TopicSpec]:
    """Return the inputs of a service that every run has."""
    return [spec for spec in service(name).inputs if spec is not REFERENCE_CANDLES]


def _cut(
    group: str, spec: TopicSpec, had_read: Mapping[int, int], ends: Mapping[str, Mapping[int, int]]
) -> Iterator[Fault]:
    """Yield a fault for each partition that ends before the offset that `group` has committed earlier."""
    for partition, offset in had_read.items():
        end = ends[spec.name].get(partition, 0)
        if offset > end:
            place, words = f"{spec.name}[{partition}] offset {end}", f"ends here; {group} had read up to {offset}"
            yield Fault(spec.name, place, "cut", "(topic)", words, ABSENT)
