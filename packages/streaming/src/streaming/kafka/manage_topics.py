"""`python -m streaming.kafka.manage_topics`: create the topics that are missing, and say where others differ."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from contracts.topics import TOPICS
from streaming.broker_address import is_embedded
from streaming.clients import create_named_topics
from streaming.errors import ServiceError, SettingsError
from streaming.kafka.topic_admin import Difference, TopicAdmin, compare, wanted_changelogs, wanted_topics
from streaming.settings import ServiceSettings, load_settings

EXIT_OK, EXIT_DIFFERENT, EXIT_FAILED = 0, 1, 2
_MINUTES_PER_DAY = 24 * 60
#: A service that starts after that has its offsets, or it refuses to start.
_LEAST_OFFSETS_KEPT_MINUTES = 365 * _MINUTES_PER_DAY
_DESCRIPTION = "Print, create and reconcile the topics of TRADESTREAM_BROKER_ADDRESS as contracts have them."


def main(arguments: Sequence[str]) -> int:
    """Run the command; the exit code is 1 while a topic is missing or differs."""
    parser = argparse.ArgumentParser(prog="python -m streaming.kafka.manage_topics", description=_DESCRIPTION)
    parser.add_argument("--dry-run", action="store_true", help="create and alter nothing")
    parser.add_argument("--alter", action="store_true", help="give existing topics the settings they should have")
    given = parser.parse_args(arguments)
    settings = load_settings(ServiceSettings)
    if is_embedded(settings.broker_address):
        _say(f"{settings.broker_address}: {len(TOPICS)} topics, which the services create when they first need them")
        return EXIT_OK
    try:
        return reconcile(settings, create=not given.dry_run, alter=given.alter and not given.dry_run)
    except (ServiceError, SettingsError) as error:
        sys.stderr.write(f"topics: {error}\n")
        return EXIT_FAILED


def reconcile(settings: ServiceSettings, *, create: bool, alter: bool) -> int:
    """Create what is missing, alter what may be altered, print every topic; return the exit code.

    Parameters
    ----------
    create, alter
        Whether to do it, or only to say what there is to do.

    Raises
    ------
    SettingsError, ServiceError
        If the broker refuses the user, does not answer or does not allow it.
    """
    admin = TopicAdmin(settings)
    wanted = wanted_topics(settings) | wanted_changelogs(settings, admin.names())
    actual = admin.describe(wanted)
    before = {name: compare(name, config, actual.get(name)) for name, config in wanted.items()}
    created = {name: wanted[name] for name, each in before.items() if each.missing and create}
    create_named_topics(settings, created)
    if alter:
        admin.alter(before.values())
    actual = admin.describe_when(wanted, lambda found: created.keys() <= found.keys())
    after = {name: compare(name, config, actual.get(name)) for name, config in wanted.items()}
    for name, config in wanted.items():
        configured = ", ".join(f"{key}={value}" for key, value in (config.extra_config or {}).items())
        layout = f"{config.num_partitions}x{config.replication_factor}"
        _say(f"{name:<32} {layout}  {configured}  {_words(before[name], after[name])}")
    kept = admin.offsets_kept_minutes()
    if kept is not None and kept < _LEAST_OFFSETS_KEPT_MINUTES:
        days = f"{kept / _MINUTES_PER_DAY:g} days"
        _say(f"brokers forget the offsets of a service that was stopped for {days} (offsets.retention.minutes)")
    return EXIT_DIFFERENT if any(after.values()) else EXIT_OK


def _words(before: Difference, after: Difference) -> str:
    """Return what is or was the matter with a topic."""
    if after.missing:
        return "MISSING"
    open_points = [f"{name} is {now}" for name, (now, _) in {**after.layout, **after.settings}.items()]
    if after.layout:
        open_points.append("partitions and replicas are not altered here")
    elif after.settings:
        open_points.append("--alter changes it")
    if open_points:
        return "DIFFERS: " + "; ".join(open_points)
    if before.missing:
        return "created"
    return "altered" if before.settings else "as it should be"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
