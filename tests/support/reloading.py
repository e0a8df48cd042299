"""Promotions and rollbacks under kills, at a pace: what serving leaves on a log, and whether it holds together."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from tests.support.feature_rows import PAIRS, make_rows
from tests.support.processes import Running, start_service
from tests.support.waiting import GIVE_UP_SECONDS, let_pass, wait_for

from contracts.feature_row import FeatureRow
from contracts.message import Message
from contracts.model_event import CHALLENGER, ModelEvent
from contracts.prediction import Prediction
from contracts.services import service
from contracts.shadow_prediction import ShadowPrediction
from contracts.topics import (
    MODEL_EVENTS,
    MODEL_QUALITY,
    PREDICTIONS,
    PREDICTIONS_SHADOW,
    TECHNICAL_INDICATORS,
    TopicSpec,
)
from modeling.dataset import build_dataset
from modeling.own_model import made_up
from modeling.registry import ModelRegistry, previous_alias
from predictions.app import topology
from predictions.replay import Replayed, load_versions
from predictions.served_versions import Served, ServedVersions
from predictions.settings import PredictionsSettings
from streaming.clients import create_topics, lag, read_dead_letters, read_topic
from streaming.log_client import open_client
from streaming.producer import open_producer
from streaming.record import Record
from streaming.settings import ServiceSettings
from streaming.testing import TopologyRun, run_topology
from training.fit import train_model
from training.settings import TrainingSettings
from training.train import register
from verify.compare import Comparison, Index, compare
from verify.given import follows
from verify.served import served_versions
from verify.stages import OUTPUTS

Kind = TypeVar("Kind", bound=Message)
MODEL, CHAMPION = "direction", "champion"
#: Bars of each pair that models are trained on.
_TRAINED = 1_600
#: A version speaks for a pair from an event time on: pair, version, start of that window.
Switch = tuple[str, int, int | None]


@dataclass(frozen=True)
class Pace:
    """How a run goes.

    Attributes
    ----------
    rounds
        In each of them a version is promoted, the service is killed, and the promotion is rolled back. Every second
        promotion is killed wherever it is, the others once each pair was told of.
    rows
        Feature rows of all pairs together, at most.
    rows_a_second
        How fast they are written while the service is there.
    rows_unread
        How many more come after it was killed.
    """

    rounds: int = 20
    rows: int = 42_000
    rows_a_second: float = 230.0
    rows_unread: int = 300


@dataclass(frozen=True)
class Left:
    """What a run has left, how long it took, for how much of that the service spoke, and what that cost it."""

    rows: list[FeatureRow]
    said: list[Prediction]
    shadows: list[ShadowPrediction]
    told: list[ModelEvent]
    seconds: float
    speaking_seconds: float
    processor_seconds: float


class Reload:
    """A service that is told other versions and killed while rows come at a pace.

    Parameters
    ----------
    log
        Where; of both kinds.
    pace
        How fast and how often.
    """

    def __init__(self, log: ServiceSettings, pace: Pace) -> None:
        self._log = log
        self._pace = pace
        self._models = log.data_dir / "models"
        self._client = open_client(log)
        self._speaking_seconds = self._processor_seconds = self._used = 0.0
        self._there = threading.Event()
        self.rows: list[FeatureRow] = []

    def prepare(self) -> None:
        """Register two champions that say different things and two challengers, and make the rows that follow."""
        rows = {
            pair: make_rows(pair, _TRAINED + self._pace.rows // len(PAIRS), seed=seed)
            for seed, pair in enumerate(PAIRS)
        }
        learned = [row for of_pair in rows.values() for row in of_pair[:_TRAINED]]
        for kind in ("logistic", "lightgbm"):
            settings = TrainingSettings(
                data_dir=self._models, model=kind, require_gate=False, require_moves=False, epochs=1
            )
            data = build_dataset(learned, 1, settings.horizon_bars, settings.interval_s)
            register(train_model(data, settings, lambda *_: None), settings)
        self._uri = settings.tracking_uri
        self._registry = ModelRegistry(self._uri)
        for number in (1, 2):
            self._register_another(number)
        self.rows = [
            row for minute in zip(*(each[_TRAINED:] for each in rows.values()), strict=True) for row in minute
        ]

    def _register_another(self, number: int) -> None:
        stored = self._registry.load(MODEL, number)
        card = stored.card.model_copy(update={"seed": number + 100})
        where = {"experiment": "tests", "artifact_location": str(self._models / "artifacts")}
        self._registry.register(card, stored.onnx, {}, example=made_up(card)[-2:], **where)

    def run(self) -> Left:
        """Serve rows under promotions, rollbacks and kills, for as long as those take."""
        create_topics(self._log, [TECHNICAL_INDICATORS, *service("predictions").writes])
        self._registry.promote(MODEL, 1, CHAMPION)
        self._registry.point(MODEL, 3, CHALLENGER)
        dice = random.Random(1)
        began = time.monotonic()
        with self._rows_coming():
            for number in range(self._pace.rounds):
                with self._speaking() as process:
                    self._wait_for_another(dice.randrange(1, 700), process)
                    if number % 2:
                        wait_for(lambda: self._speaking_now() == {1}, "the rollback", of=process)
                    self._registry.promote(MODEL, 2, CHAMPION)
                    self._registry.point(MODEL, 3 + number % 2, CHALLENGER)
                    if number % 2:
                        wait_for(lambda: self._speaking_now() == {2}, "the promotion", of=process)
                    self._wait_for_another(dice.randrange(1, 700), process)
                    self._used = _processor_seconds(process)
                    process.kill()
                self._registry.promote(MODEL, 1, CHAMPION)  # a rollback is one to the version of the alias `previous`
                assert self._registry.version_of(MODEL, previous_alias(CHAMPION)) == 2
        with self._speaking(rows_come=False) as process:
            wait_for(self._caught_up, "all rows predicted", of=process)
            seconds, self._used = time.monotonic() - began, _processor_seconds(process)
            process.terminate()
            assert process.wait(timeout=GIVE_UP_SECONDS) == 0
        return self._left(seconds)

    @contextmanager
    def _speaking(self, rows_come: bool = True) -> Iterator[Running]:
        """It runs in the block; the time from its first word on is counted."""
        before = self._count()
        with self._served() as process:
            wait_for(lambda: self._count() > before, "its first prediction", of=process)
            began, used = time.monotonic(), _processor_seconds(process)
            if rows_come:
                self._there.set()
            yield process
            self._there.clear()
            self._speaking_seconds += time.monotonic() - began
            self._processor_seconds += self._used - used

    @contextmanager
    def _served(self) -> Iterator[Running]:
        with start_service(
            "predictions",
            self._log,
            PREDICTIONS_MLFLOW_URI=self._uri,
            PREDICTIONS_POLL_SECONDS=0.05,
            TRADESTREAM_COMMIT_INTERVAL_SECONDS=0.7,
            TRADESTREAM_STORE_URL="off",
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    @contextmanager
    def _rows_coming(self) -> Iterator[None]:
        """Rows are written during the block; those that were are what there is."""
        ends = threading.Event()
        writing = threading.Thread(target=self._write, args=(ends,), name="rows")
        writing.start()
        try:
            yield
        finally:
            ends.set()
            self._there.set()
            writing.join()
            self._there.clear()

    def _write(self, ends: threading.Event) -> None:
        written, unread, due = 0, 0, time.monotonic()
        with open_producer(self._log, "test") as producer:
            for row in self.rows:
                unread = 0 if self._there.is_set() else unread + 1
                if unread > self._pace.rows_unread:
                    self._there.wait()
                    due = time.monotonic()
                if ends.is_set():
                    break
                if (early := due - time.monotonic()) > 0:
                    let_pass(early)
                due += 1 / self._pace.rows_a_second
                producer.produce(TECHNICAL_INDICATORS, row)
                written += 1
        del self.rows[written:]

    def _wait_for_another(self, count: int, process: Running) -> None:
        """Return when so many more predictions are on the log, repeats included."""
        wanted = self._count() + count
        wait_for(lambda: self._count() >= wanted, "predictions", of=process)

    def _speaking_now(self) -> set[int]:
        """Return the versions that were told of last, of each pair."""
        told = told_switches(self._on(MODEL_EVENTS, ModelEvent), "switched")
        last = {pair: version for pair, version, _ in sorted(told, key=lambda each: each[2] or 0)}
        return set(last.values())

    def _count(self) -> int:
        marks = self._client.watermarks(PREDICTIONS.full_name(self._log.environment))
        return sum(high for _, high in marks.values())

    def _caught_up(self) -> bool:
        return lag(self._log, f"predictions-{self._log.environment}", TECHNICAL_INDICATORS) == 0

    def _left(self, seconds: float) -> Left:
        assert not list(read_dead_letters(self._log, "predictions"))
        return Left(
            self.rows,
            self._on(PREDICTIONS, Prediction),
            self._on(PREDICTIONS_SHADOW, ShadowPrediction),
            self._on(MODEL_EVENTS, ModelEvent),
            seconds,
            self._speaking_seconds,
            self._processor_seconds,
        )

    def _on(self, spec: TopicSpec, kind: type[Kind]) -> list[Kind]:
        found = [record.message() for record in read_topic(self._log, spec)]
        return [each for each in found if isinstance(each, kind)]

    def verified(self) -> list[Comparison]:
        """Replay all rows as `tradestream verify` does this stage, and compare every topic of it with the log.

        What is told of quality is compared too: here predictions begin where the log does.
        """
        published = {spec: list(read_topic(self._log, spec)) for spec in (*OUTPUTS["predictions"], MODEL_QUALITY)}
        entries = served_versions(published[PREDICTIONS], published[PREDICTIONS_SHADOW])
        served, in_shadow = (
            ServedVersions([Served.model_validate(each) for each in entries if bool(each.get("in_shadow")) is which])
            for which in (False, True)
        )
        settings = PredictionsSettings(data_dir=self._models)
        again = run_topology(
            partial(
                topology,
                speakers=Replayed(served, load_versions(served, settings)),
                challengers=Replayed(in_shadow, load_versions(in_shadow, settings)),
            ),
            settings,
            "predictions",
            {TECHNICAL_INDICATORS: self.rows},
            service("predictions").writes,
        )
        return comparisons(published, again)


def assert_reloaded(log: ServiceSettings, pace: Pace = Pace()) -> None:
    """Run it, say how it went, and require what must hold."""
    reload = Reload(log, pace)
    reload.prepare()
    left = reload.run()
    spoke: dict[tuple[str, int], set[int]] = defaultdict(set)
    for each in left.said:
        spoke[each.pair, each.window_start_ms].add(each.model_version)
    switches = expected_switches(left.said)
    told = told_switches(left.told, "switched")
    verified = reload.verified()
    apart = {(each.pair, each.window_start_ms) for each in left.shadows} ^ set(spoke)
    rate, of_core = (len(left.said) / each for each in (left.speaking_seconds, left.processor_seconds))
    print(
        f"\n{pace.rounds} promotions, rollbacks and SIGKILLs; {len(left.rows)} rows, {len(spoke)} windows in "
        f"{left.seconds:.0f} s, {len(left.said) - len(spoke)} said again: {rate:.0f} a second while it spoke, "
        f"{of_core:.0f} a second of processor time; "
        f"{len(switches)} switches of {len(PAIRS)} pairs; {len(apart)} windows apart from the shadow; "
        f"verify: {sum(each.wrong for each in verified)} mismatches of {sum(each.equal for each in verified)}"
    )
    twice = {where: versions for where, versions in spoke.items() if len(versions) > 1}
    assert not twice, "one window, one version"
    assert set(spoke) == {(row.pair, row.window_start_ms) for row in left.rows}, "every window a prediction"
    assert told == Counter(switches), "each switch told once, and no other"
    assert len(switches) > pace.rounds * len(PAIRS), "most promotions and rollbacks were served"
    assert told_switches(left.told, "shadowed") == Counter(expected_switches(left.shadows))
    assert not apart, "champion and challenger saw the same offsets"
    assert [(each.topic, each.wrong, each.faults[:3]) for each in verified if each.wrong] == []
    assert min(each.equal for each in verified) > 0, "every topic had something to compare"
    assert of_core >= 200, "whatever else the machine does meanwhile"


def comparisons(published: Mapping[TopicSpec, Sequence[Record]], again: TopologyRun) -> list[Comparison]:
    """Hold each topic against its replay."""
    found = []
    for spec, records in published.items():
        replay = Index.of(again.records[spec.name], spec.decode)
        found.append(compare(spec.name, Index.of(follows(spec, records), spec.decode, known=replay), replay))
    return found


def _processor_seconds(process: Running) -> float:
    import psutil  # what members that are tested alone do not bring

    used = psutil.Process(process.pid).cpu_times()
    return float(used.user + used.system)


def told_switches(events: Iterable[ModelEvent], name: str) -> Counter[Switch]:
    """Return how often each switch was told; what a kill repeats with the same words counts once."""
    by_id: dict[str, ModelEvent] = {}
    for each in events:
        if each.event == name:
            assert by_id.setdefault(each.message_id, each) == each, "one id, two values"
    return Counter((str(each.pair), each.model_version, each.from_ms) for each in by_id.values())


def expected_switches(said: Sequence[Prediction] | Sequence[ShadowPrediction]) -> set[Switch]:
    """Return the switches that predictions themselves show, pair by pair."""
    found: set[Switch] = set()
    speaks: dict[str, int] = {}
    for each in sorted(said, key=lambda each: each.window_start_ms):
        if speaks.get(each.pair) != each.model_version:
            found.add((each.pair, each.model_version, each.window_start_ms))
        speaks[each.pair] = each.model_version
    return found
