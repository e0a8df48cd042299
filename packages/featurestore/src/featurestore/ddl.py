"""RisingWave's statements: into files, onto the screen, or into a running RisingWave.

::

    python -m featurestore.ddl write deployments/base/risingwave
    python -m featurestore.ddl show  --environment dev --broker kafka:9092
    python -m featurestore.ddl apply --environment dev --broker kafka:9092 --store risingwave://root@localhost:4567/dev
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from contracts.errors import BadSettingError, TradestreamError
from featurestore.risingwave_ddl import create_parts, create_tables, create_trades, create_views
from featurestore.target import Target, read_properties

_HEADER = (
    "-- Written by `python -m featurestore.ddl write`: change packages/featurestore, not this file.\n"
    "-- ${ENVIRONMENT}, ${BOOTSTRAP_SERVERS} and ${PROPERTIES} are filled in by `python -m featurestore.ddl apply`.\n"
)


def statements_by_file() -> dict[str, tuple[str, ...]]:
    """Return the statements of each file, in the order in which they are to be applied."""
    return {
        "1-tables.sql": create_tables(),
        "2-trades.sql": create_trades(),
        "3-views.sql": (*create_parts(), *create_views()),
    }


def statements() -> list[str]:
    """Return all statements in their order."""
    return [statement for part in statements_by_file().values() for statement in part]


def render(part: Sequence[str]) -> str:
    """Return the text of a file."""
    return _HEADER + "".join(f"\n{statement};\n" for statement in part)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    asked = _parser().parse_args(arguments)
    try:
        return int(asked.run(asked))
    except TradestreamError as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, BadSettingError) else 1


def _write(asked: argparse.Namespace) -> int:
    asked.folder.mkdir(parents=True, exist_ok=True)
    for name, part in statements_by_file().items():
        (asked.folder / name).write_text(render(part), encoding="utf-8")
    return 0


def _show(asked: argparse.Namespace) -> int:
    target = _target(asked)
    print("".join(f"{target.fill(statement)};\n\n" for statement in statements()), end="")
    return 0


def _apply(asked: argparse.Namespace) -> int:
    from featurestore.risingwave_apply import apply  # needs psycopg, which the others do not

    for done in apply(asked.store, _target(asked), views_anew=asked.views_anew):
        print(done)
    return 0


def _target(asked: argparse.Namespace) -> Target:
    return Target(asked.environment, asked.broker, read_properties(asked.properties) if asked.properties else {})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m featurestore.ddl", description="RisingWave's tables and views")
    commands = parser.add_subparsers(required=True)
    write = commands.add_parser("write", help="write the files of a folder anew, with placeholders")
    write.add_argument("folder", type=Path)
    write.set_defaults(run=_write)
    show = commands.add_parser("show", help="print the statements, filled in")
    show.set_defaults(run=_show)
    apply = commands.add_parser("apply", help="make what is missing in a running RisingWave")
    apply.add_argument("--store", required=True, help="risingwave://user@host:port/database")
    apply.add_argument("--views-anew", action="store_true", help="drop our views and make them again")
    apply.set_defaults(run=_apply)
    for command in (show, apply):
        command.add_argument("--environment", default="dev", help="suffix of the topics (dev)")
        command.add_argument("--broker", required=True, help="host:port of Kafka, as RisingWave reaches it")
        command.add_argument("--properties", type=Path, help="file of properties.<name>=<value> for a secured Kafka")
    return parser


if __name__ == "__main__":
    sys.exit(main())
