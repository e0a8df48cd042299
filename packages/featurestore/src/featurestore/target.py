"""Which RisingWave reads which Kafka: what is put into the placeholders of the statements."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from contracts.errors import BadSettingError
from featurestore.tables import quoted_text

_ENVIRONMENT = re.compile(r"[a-z][a-z0-9]*")
_BROKERS = re.compile(r"[A-Za-z0-9._-]+:\d{1,5}(,[A-Za-z0-9._-]+:\d{1,5})*")
_PROPERTY = re.compile(r"properties\.[a-z0-9_.]+")


@dataclass(frozen=True)
class Target:
    """What differs between environments.

    Parameters
    ----------
    environment
        Suffix of the topics.
    broker
        ``host:port`` of Kafka as RisingWave reaches it, several separated by commas.
    properties
        What else Kafka wants, by RisingWave's names (``properties.security.protocol``).

    Raises
    ------
    BadSettingError
        If one of them is not what it must be.
    """

    environment: str
    broker: str
    properties: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _ENVIRONMENT.fullmatch(self.environment):
            raise BadSettingError("environment", "small letters and digits, such as dev", self.environment)
        if not _BROKERS.fullmatch(self.broker):
            raise BadSettingError("broker", "host:port, or several separated by commas", self.broker)
        for name in self.properties:
            if not _PROPERTY.fullmatch(name):
                raise BadSettingError("properties", "names such as properties.security.protocol", name)

    def fill(self, statement: str) -> str:
        """Return `statement` with its placeholders filled in.

        Examples
        --------
        >>> Target("dev", "localhost:9092").fill("topic = 'candles-${ENVIRONMENT}'${PROPERTIES}")
        "topic = 'candles-dev'"
        """
        further = "".join(f",\n    {name} = {quoted_text(value)}" for name, value in self.properties.items())
        return Template(statement).substitute(
            ENVIRONMENT=self.environment, BOOTSTRAP_SERVERS=self.broker, PROPERTIES=further
        )


def read_properties(path: Path) -> dict[str, str]:
    """Return the properties of a file: ``name=value`` a line, lines that begin with ``#`` left out.

    Passwords belong into such a file rather than on a command line, where every process can read them.

    Raises
    ------
    BadSettingError
        If it cannot be read, or a line is none.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettingError("properties", "a file of name=value lines", str(path)) from error
    found: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip() and not line.startswith("#"):
            name, equals, value = line.partition("=")
            if not equals:  # the line may hold a password: it is counted, not shown
                raise BadSettingError("properties", f"name=value on line {number} of {path}", "no =")
            found[name.strip()] = value.strip()
    return found
