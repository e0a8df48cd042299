"""Offsets, state folder, changelogs and input of a service, each gone or stale, and what the next start makes of it.

A service has taken in the first part of its input, at two times (`THEN` and `NOW`), in several checkpoints, and has
ended. Something is damaged, the rest of the input is written, and the service is started again. Either its outputs
are then those of a service that nothing happened to, each with one value, or it refuses: one line, its own exit code,
nothing written.

Two kinds of damage leave nothing that could tell: a service of which offsets, state and changelogs are gone is a new
one (`began anew`), and a log restored whole from one backup is as it was then (`as backed up`).
"""

from __future__ import annotations

import contextlib
import io
import shutil
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from tests.streaming.tally import PAIRS, TALLIES, TallySettings, beats, topology

from contracts.heartbeat import Heartbeat
from contracts.topics import TRADES
from streaming.clients import read_topic
from streaming.exit_codes import EXIT_OK, EXIT_WOULD_LOSE
from streaming.producer import open_producer
from streaming.service.runner import run_service

#: Beats of each pair that were taken in then and now, and those of the whole input.
THEN, NOW, WHOLE = 40, 80, 110
_CHECKPOINT_MESSAGES = 25
GROUP = "tally-dev"

#: What can be with each part. `then`: as a backup of that time has it. `inside`: where no checkpoint ended.
OFFSETS = ("fine", "gone", "then", "inside")
STATE = ("fine", "gone", "then")
CHANGELOGS = ("fine", "gone", "then")
#: `begins-late`: two thirds of what was taken in are gone; `trimmed`: all of it; `then`: the topic restored from a
#: backup; `anew`: deleted and written again.
INPUT = ("fine", "begins-late", "trimmed", "then", "anew")


class Damage(NamedTuple):
    """What is the matter with each part."""

    offsets: str = "fine"
    state: str = "fine"
    changelogs: str = "fine"
    input: str = "fine"

    @property
    def parts(self) -> int:
        """How many are not fine."""
        return sum(each != "fine" for each in self)

    @property
    def is_one_backup(self) -> bool:
        """The whole log is as it was then: nothing in it knows of what came after."""
        return (self.offsets, self.changelogs, self.input) == ("then", "then", "then") and self.state != "fine"

    @property
    def leaves_nothing(self) -> bool:
        """Nothing is left that knows of the service or of the input that was: it is a new service."""
        return self[:3] == ("gone", "gone", "gone")


EVERY = [Damage(*each) for each in product(OFFSETS, STATE, CHANGELOGS, INPUT)]
#: One part, and pairs that were seen to lose something.
FEW = [each for each in EVERY if each.parts <= 1]
FEW += [
    Damage("gone", "gone"),
    Damage("gone", "gone", input="begins-late"),
    Damage("gone", "gone", "gone"),
    Damage("gone", "gone", "gone", "begins-late"),
    Damage("inside", "gone"),
    Damage("then", "gone"),
    Damage("fine", "gone", "gone"),
    Damage("fine", "gone", "then"),
    Damage("then", "then", "then"),
]


@dataclass(frozen=True)
class Outcome:
    """How the next start ended.

    Attributes
    ----------
    damage
        Before it.
    word
        `same books`, `refused`, or what went wrong.
    said
        The line of a refusal.
    told
        What came of it when the service was told to go on as the line says.
    """

    damage: Damage
    word: str
    said: str = ""
    told: str = ""


class Bench(ABC):
    """A service with its log, at rest after `NOW`."""

    settings: TallySettings

    @abstractmethod
    def damage(self, what: Damage) -> None:
        """Bring it about."""

    def write(self, messages: Iterable[Heartbeat]) -> None:
        with open_producer(self.settings, "test") as producer:
            for message in messages:
                producer.produce(TRADES, message)

    def run(self, **changes: object) -> tuple[int, str]:
        """Run the service to the end of its input; return its exit code and what it logged."""
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            code = run_service(
                self.settings.model_copy(update=changes),
                service="tally",
                inputs=[TRADES],
                outputs=[TALLIES],
                topology=topology,
                stop_at_end=True,
            )
        return code, said.getvalue()

    def outputs(self) -> dict[tuple[str, int], set[bytes]]:
        """Return the values of each output by pair and window."""
        found: dict[tuple[str, int], set[bytes]] = defaultdict(set)
        for record in read_topic(self.settings, TALLIES):
            message = record.message()
            found[message.key, message.event_time_ms].add(message.to_json())
        return dict(found)

    def outcome(self, damage: Damage, undisturbed: dict[tuple[str, int], set[bytes]]) -> Outcome:
        """Damage it, write the rest of the input, start the service, and judge what comes of it."""
        self.damage(damage)
        self.write(part(NOW, WHOLE))
        before = self.outputs()
        code, said = self.run()
        after = self.outputs()
        if code == EXIT_OK:
            if damage.input == "then" and (damage.leaves_nothing or damage.is_one_backup):
                return Outcome(damage, "began anew" if damage.leaves_nothing else "as backed up", said)
            return Outcome(damage, _compared(after, undisturbed), said)
        lines = [line for line in said.splitlines() if " ERROR " in line]
        if code != EXIT_WOULD_LOSE or len(lines) != 1 or "Traceback" in said or after != before:
            return Outcome(damage, f"ENDED WITH {code}", said)
        return Outcome(damage, "refused", lines[0], self._as_told(lines[0], undisturbed))

    def _as_told(self, line: str, undisturbed: dict[tuple[str, int], set[bytes]]) -> str:
        """Do what a refusal says."""
        if "delete the folder" in line:
            shutil.rmtree(self.settings.state_dir_for("tally"))
            code, said = self.run()
            if code == EXIT_WOULD_LOSE:
                return self._as_told(said.splitlines()[-1], undisturbed)
        else:
            answer = line.partition("TRADESTREAM_GO_ON_AT=")[2].rstrip(")")
            code, said = self.run(go_on_at=tuple(answer.split(",")))
        return _compared(self.outputs(), undisturbed) if code == EXIT_OK else f"ENDED WITH {code}: {said}"


def _compared(found: dict[tuple[str, int], set[bytes]], undisturbed: dict[tuple[str, int], set[bytes]]) -> str:
    return "same books" if found == undisturbed else "OTHER BOOKS"


def part(start: int, end: int) -> Iterator[Heartbeat]:
    """Return beats number `start` to `end` of each pair."""
    return iter(beats(end)[start * len(PAIRS) :])


def settings_for(address: str, folder: object, environment: str = "dev") -> TallySettings:
    """Return settings under which a service commits many times within a short input."""
    return TallySettings(
        broker_address=address,
        data_dir=folder,
        environment=environment,
        consumer_group=GROUP if environment == "dev" else None,
        commit_every_messages=_CHECKPOINT_MESSAGES,
        commit_interval_seconds=300.0,
        static_membership=False,
        session_timeout_seconds=6,
        report_seconds=0,
        log_level="WARNING",
    )


def table(outcomes: Sequence[Outcome]) -> str:
    """Return a line for each combination, and how many ended how."""
    rows = [("offsets", "state", "changelogs", "input", "outcome", "as told")]
    rows += [(*each.damage, each.word, each.told.lower()) for each in outcomes]
    lines = ["".join(f"{cell:<13}" for cell in row).rstrip() for row in rows]
    counts = Counter(each.word for each in outcomes)
    told = Counter(each.told.lower() for each in outcomes if each.told)
    return "\n".join([*lines, f"{len(outcomes)} combinations: {dict(counts)}; as told: {dict(told)}"])


def wrong(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return those that went on in silence, or ended in another way than they should."""
    well = ("same books", "refused", "began anew", "as backed up")
    return [each for each in outcomes if each.word not in well or each.told.startswith("ENDED")]
