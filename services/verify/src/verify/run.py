"""`tradestream verify`: what is compared with what, and what is said of it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from contracts.counted import counted
from contracts.errors import BadInputError
from contracts.services import INPUTS, up_to
from contracts.timestamps import iso_utc_ms, parse_time
from contracts.topics import REFERENCE_CANDLES, TRADES
from results.own_files import require_own
from results.report.wording import duration
from results.run_settings import RunSettings, settings_of
from streaming.record import Record
from verify.compare import Comparison, Fault, Index, compare
from verify.given import follows
from verify.log import Log, Snapshot, look_at, open_log, other_log
from verify.replay import MakeRunner, Replayed, replayed
from verify.report import say, show_counts, show_faults, write_faults, wrote_faults
from verify.stages import OUTPUTS, parse_stages
from verify.trades import one_by_one


@dataclass(frozen=True)
class Range:
    """Event time, ``from_ms`` <= time < ``to_ms``; None is open."""

    from_ms: int | None = None
    to_ms: int | None = None

    @classmethod
    def parse(cls, start: str | None, end: str | None) -> Range:
        """Read two times.

        Returns
        -------
        Range
            From the first time, until before the second.

        Raises
        ------
        BadInputError
            If one is no time, or they are not in order.
        """
        found = cls(parse_time("--from", start), parse_time("--to", end))
        if found.from_ms is not None and found.to_ms is not None and found.from_ms >= found.to_ms:
            raise BadInputError("--to", f"a time after --from ({start})", end)
        return found

    def of(self, records: Iterable[Record]) -> Iterator[Record]:
        """Yield the records of the range.

        Yields
        ------
        Record
            Those whose time is in it.
        """
        for record in records:
            after_from = self.from_ms is None or record.timestamp_ms >= self.from_ms
            if after_from and (self.to_ms is None or record.timestamp_ms < self.to_ms):
                yield record

    @property
    def is_limited(self) -> bool:
        """Whether anything can lie outside."""
        return self.from_ms is not None or self.to_ms is not None

    def __str__(self) -> str:
        start = "the beginning" if self.from_ms is None else iso_utc_ms(self.from_ms)
        return f"from {start} to {'the end' if self.to_ms is None else iso_utc_ms(self.to_ms)}"


@dataclass(frozen=True)
class VerifyOptions:
    """What a person may choose; see ``tradestream verify --help``.

    Parameters
    ----------
    span
        Which messages are compared, by event time.
    run
        Folder of the run; by default the configured log.
    against
        Another log to compare with, instead of a replay.
    stages
        Names of stages; by default all.
    out
        File for the differences, JSON lines.
    show
        How many differences are shown.
    """

    span: Range
    run: Path | None = None
    against: str | None = None
    stages: tuple[str, ...] = ()
    out: Path | None = None
    show: int = 20


@dataclass(frozen=True)
class Findings:
    """What a comparison has found.

    Attributes
    ----------
    unverified
        Service -> why nothing can be said of it.
    cut
        Topics of which the end is lost.
    late_predictions
        How many decisions were made without, because they came too late: taken as they were.
    """

    comparisons: list[Comparison]
    unverified: Mapping[str, str] = field(default_factory=dict)
    cut: tuple[Fault, ...] = ()
    late_predictions: int = 0

    @property
    def faults(self) -> list[Fault]:
        """Everything that is not as it should be."""
        return [*self.cut, *(fault for comparison in self.comparisons for fault in comparison.faults)]

    @property
    def all_equal(self) -> bool:
        """Whether there is no difference, and nothing that could not be compared."""
        return not (self.unverified or self.cut or any(comparison.wrong for comparison in self.comparisons))

    def as_json(self) -> dict[str, Any]:
        """Return everything, ready for JSON.

        Returns
        -------
        dict[str, Any]
            `equal`, a row for each of `topics`, `faults`, what is `unverified` and the number of `late_predictions`.
        """
        return {
            "equal": self.all_equal,
            "topics": [{**asdict(each), "faults": len(each.faults)} for each in self.comparisons],
            "faults": [asdict(fault) for fault in self.faults],
            "unverified": dict(self.unverified),
            "late_predictions": self.late_predictions,
        }


def run_verify(options: VerifyOptions, console: Console, make_runner: MakeRunner) -> Findings:
    """Compare, say what was found, and return it.

    Parameters
    ----------
    options
        What is compared.
    console
        Where it is said.
    make_runner
        Runs the services of the replay.

    Returns
    -------
    Findings
        Of the comparison.

    Raises
    ------
    BadInputError
        If there is no such log or stage, the range is empty, or the differences cannot be written where they should.
    ProcessFailedError, StopRequestedError
        As `Supervisor.wait_until`.
    """
    stages, log = parse_stages(options.stages), open_log(options.run)
    if options.out is not None and (options.out.is_dir() or not options.out.parent.is_dir()):
        raise BadInputError("--out", "a file in an existing folder", str(options.out))
    if options.out is not None:
        require_own("--out", options.out, wrote_faults)
    if options.against is not None:
        other, names = other_log(options.against), ("here", "there")
        _require_messages((log, other), stages, options.span, {})
        say(console, "Compared", f"{log} with {other}, {options.span}")
        found = Findings(compare_logs(log, other, stages, options.span))
    else:
        names = ("published", "replayed")
        found = _verify(log, stages, options.span, console, make_runner)
    show_counts(console, [each for each in found.comparisons if _is_shown(each)], names)
    show_faults(console, found.faults, options.show, names)
    if options.out is not None:
        write_faults(options.out, found.faults)
    _conclude(console, found)
    return found


def _is_shown(comparison: Comparison) -> bool:
    """Leave out the topic that only some runs have; of every other it is worth saying that it is empty."""
    return comparison.topic != REFERENCE_CANDLES.name or bool(comparison.published or comparison.replayed)


def compare_logs(one: Log, two: Log, stages: Iterable[str], span: Range) -> list[Comparison]:
    """Return how what one log holds compares with another: trades one by one, everything else by message id."""
    trades = (one_by_one(span.of(log.read(TRADES))) for log in (one, two))
    found = [compare(TRADES.name, *trades)]
    for spec in (spec for stage in stages for spec in OUTPUTS[stage]):
        there = Index.of(span.of(two.read(spec)), spec.decode)
        here = Index.of(span.of(one.read(spec)), spec.decode, known=there)
        found.append(compare(spec.name, here, there))
    return found


def compare_with_replay(
    log: Log, snapshot: Snapshot, again: Replayed, stages: Iterable[str], span: Range
) -> list[Comparison]:
    """Return how what was published compares with what the replay wrote, topic by topic."""
    found = []
    for stage in stages:
        if stage in again.unverified:
            continue
        for spec in OUTPUTS[stage]:
            replay = Index.of(span.of(again.log_of(stage).read(spec)), spec.decode)
            records = span.of(follows(spec, log.read(spec, snapshot.ends[spec.name])))
            published = Index.of(records, spec.decode, known=replay)
            found.append(compare(spec.name, published, replay, settled=stage in snapshot.settled))
    return found


def _require_messages(
    logs: Sequence[Log], stages: Iterable[str], span: Range, ends: Mapping[str, Mapping[int, int]]
) -> None:
    """Refuse a range in which no log has a message that would be compared or led to one: that is no equality."""
    specs = [TRADES, *(spec for stage in stages for spec in OUTPUTS[stage])]
    found = (True for log in logs for spec in specs for _ in span.of(log.read(spec, ends.get(spec.name))))
    if span.is_limited and not any(found):
        raise _nothing_in(span, logs)


def _nothing_in(span: Range, logs: Sequence[Log]) -> BadInputError:
    times_ms = [record.timestamp_ms for log in logs for record in log.read(TRADES)]
    there = f"from {iso_utc_ms(min(times_ms))} to {iso_utc_ms(max(times_ms))}" if times_ms else "none at all"
    return BadInputError("--from/--to", f"a range with messages to compare (trades: {there})", str(span))


def _verify(log: Log, stages: tuple[str, ...], span: Range, console: Console, make_runner: MakeRunner) -> Findings:
    settings = settings_of(log.place)
    say(console, "Verifying", f"{log}, {span}")
    _say_settings(console, settings)
    started_s = time.monotonic()
    snapshot = look_at(log)
    if not any(snapshot.ends[TRADES.name].values()):
        raise BadInputError(TRADES.full_name(log.settings.environment), "trades to replay", "an empty topic")
    _require_messages((log,), stages, span, snapshot.ends)
    with replayed(log, snapshot, settings.values, _needed_for(stages), make_runner) as again:
        comparisons = compare_with_replay(log, snapshot, again, stages, span)
        copied, took = counted(again.copied_trades, "message"), duration(time.monotonic() - started_s)
        say(console, "Replayed", f"{copied} of the trades topic in {took}")
    unverified = {name: why for name, why in again.unverified.items() if name in stages}
    if span.is_limited and not unverified and not any(each.published or each.replayed for each in comparisons):
        raise _nothing_in(span, (log,))  # trades, and nothing that follows from them
    return Findings(comparisons, unverified, snapshot.cut, again.late_predictions)


def _needed_for(stages: tuple[str, ...]) -> list[str]:
    needed = {name for stage in stages for name in up_to(stage)}
    return [name for name in INPUTS if name in needed]


def _say_settings(console: Console, settings: RunSettings) -> None:
    say(console, "Settings", settings.origin)
    for name, value in settings.values.items():
        console.print(Text(f"{'':<11}{name}={value}", "bright_black"), soft_wrap=True)
    if settings.changed:
        words = f"{', '.join(settings.changed)} had another value in an earlier run: what that published may differ."
        console.print(Text(words, "yellow"), soft_wrap=True)


def _conclude(console: Console, found: Findings) -> None:
    for service, why in found.unverified.items():
        words = f"not verified: {why}. What reads them was replayed from what was published."
        console.print(Text(f"{service} {words}", "yellow"), soft_wrap=True)
    for fault in found.cut:
        words = f"{fault.id}: the topic {fault.published}. What came after is lost."
        console.print(Text(words, "red"), soft_wrap=True)
    if found.late_predictions:
        late = counted(found.late_predictions, "prediction", "predictions")
        words = f"{late} came after the decision had stopped waiting: the replay decided without, as was done then."
        console.print(Text(words, "yellow"), soft_wrap=True)
    pending = sum(comparison.pending for comparison in found.comparisons)
    if pending:
        words = f"{counted(pending, 'replayed message')} not published yet: the services were still at work."
        console.print(words, highlight=False)
    wrong, equal = (sum(getattr(each, name) for each in found.comparisons) for name in ("wrong", "equal"))
    verdict = "0 mismatches" if not wrong else counted(wrong, "message differs", "messages differ")
    cut = ", ".join(dict.fromkeys(fault.topic for fault in found.cut))
    rest = f", {', '.join(found.unverified)} not verified" if found.unverified else ""
    rest += f", the end of {cut} lost" if cut else ""
    colour = "red" if wrong or cut else "green"
    say(console, "Result", Text(f"{verdict}: {counted(equal, 'message')} equal{rest}", colour))
