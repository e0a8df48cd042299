"""`make dashboards-check`: a live run, a real Prometheus, PostgreSQL and Alertmanager, and every panel's query."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.logs import CannotRunError
from benchmarks.postgres import running_postgres
from loguru import logger
from tests.observability.live.asking import Answer, ask_all, asked
from tests.observability.live.broker import measured_broker
from tests.observability.live.keeping import KEPT, kept, write_json
from tests.observability.live.run import live_run, standing_still
from tests.observability.live.servers import Monitoring, missing_programs, monitoring
from tests.observability.live.venue import at_venue

#: What the narrow limits and the wrong price of the run lead to; and what a venue does that stands still.
_EXPECTED = [("page", "AccountStopped"), ("tickets", "DeadLetters")]
_OF_SILENCE = ("page", "FeedDead")
_PATIENCE_SECONDS = 240.0
#: For rates over five minutes to have something to look at.
_LIVE_SECONDS = 180.0
#: Panels that have nothing to show in this run, and why.
_NOT_HERE = {
    "Done": "history is written before Prometheus begins to ask",
    "Time left": "the same",
    "Trades of history": "the same",
    "Trades that could not be used, in an hour": "what has no sane price is set aside before that",
    "Outages in an hour": "no pair is unknown for so long",
    "Risk alerts in an hour": "an account says each once, before Prometheus begins to ask",
    "Gaps and corrections": "an undisturbed market has none",
}
#: The same of the dashboard of brokers: what runs in a cluster alone.
_NOT_HERE_OF_BROKERS = {
    "A barrier's way, 99 %": "RisingWave is in no package registry: names of its metrics are read in its source",
    "Rows read from topics": "the same",
    "Memory": "the same",
    "Jobs that failed": "kube-state-metrics tells of jobs",
    "Jobs that run": "the same",
}


def main() -> int:
    """Return 0 if every panel has data and the alerts were delivered, 1 if not, 2 if something is missing here."""
    logger.remove()
    logger.add(sys.stderr, level="WARNING")
    if missing := missing_programs():
        print(f"not installed: {', '.join(missing)}; tests/observability/install.sh fetches them with apt")
        return 2
    try:
        with running_postgres() as store_url, tempfile.TemporaryDirectory(prefix="dashboards-") as folder:
            return _check(Path(folder), store_url)
    except CannotRunError as error:
        print(error)
        return 2


def _check(folder: Path, store_url: str) -> int:
    with (
        live_run(folder / "run", store_url) as pipeline,
        at_venue(folder / "venue") as ports,
        measured_broker(folder / "kafka") as kafka,
        monitoring(folder, [*pipeline.ports.items(), *ports.items()], kafka) as run,
    ):

        def wait_for(expected: list[tuple[str, str]]) -> None:
            pipeline.supervisor.wait_until(lambda: not _missing(run, expected), _PATIENCE_SECONDS)

        pipeline.supervisor.wait_until(lambda: False, _LIVE_SECONDS)
        wait_for(_EXPECTED)
        with asked(run.prometheus, store_url) as servers:
            answers = ask_all(servers)
            write_json(KEPT, kept(servers))
        with standing_still(pipeline):
            wait_for([_OF_SILENCE])
        _print_answers(answers)
        _print_alerts(run)
        missing = _missing(run, [*_EXPECTED, _OF_SILENCE])
    empty = [answer for answer in answers if answer.is_empty and not _is_excused(answer)]
    print(f"\nwhat came back is in {KEPT}: `make dashboards-draw` draws it")
    found = sum(not answer.is_empty for answer in answers)
    print(f"{len(answers)} queries, {found} with data, {len(answers) - found - len(empty)} with nothing to show here")
    for receiver, alert in missing:
        print(f"not delivered to {receiver}: {alert}")
    return 1 if empty or missing else 0


def _missing(run: Monitoring, expected: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [
        (receiver, alert)
        for receiver, alert in expected
        if alert not in {each["labels"]["alertname"] for each in run.delivered[receiver]}
    ]


def _is_excused(answer: Answer) -> bool:
    return answer.panel in _NOT_HERE or (answer.dashboard == "brokers" and answer.panel in _NOT_HERE_OF_BROKERS)


def _print_answers(answers: list[Answer]) -> None:
    print(f"\n{'dashboard':<12} {'panel':<52} {'source':<11} {'one':>6} {'several':>7} {'all':>6}")
    for each in answers:
        one, several, everything = (each.found[how] or "NONE" for how in ("one", "several", "all"))
        print(f"{each.dashboard:<12} {each.panel:<52} {each.source:<11} {one:>6} {several:>7} {everything:>6}")


def _print_alerts(run: Monitoring) -> None:
    print()
    said = {
        (
            receiver,
            alert["status"],
            alert["labels"]["severity"],
            alert["labels"]["alertname"],
            alert["annotations"]["summary"],
        )
        for receiver, alerts in run.delivered.items()
        for alert in alerts
    }
    for receiver, status, severity, name, summary in sorted(said):
        print(f"delivered to {receiver:<8} {status:<9} {severity:<9} {name:<16} {summary}")


if __name__ == "__main__":
    sys.exit(main())
