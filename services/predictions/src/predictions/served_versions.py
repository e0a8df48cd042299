"""Which version of a model spoke for which row: what a replay needs to say the same again."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from contracts.errors import BadInputError
from contracts.feature_row import FeatureRow

#: Registered name and version number.
ModelVersion = tuple[str, int]


class Served(BaseModel):
    """These versions, in this order, spoke for a pair's rows up to the one that starts at `until_ms`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    exchange: str
    pair: str
    until_ms: int
    versions: tuple[ModelVersion, ...]


class ServedVersions:
    """Answers for each row which versions speak for it.

    A row belongs to the first entry of its pair that ends at it or later, after the last to the last one. So a row
    between two versions that nobody predicted belongs to the later one, which is silent about what it was trained on.
    A pair without an entry has that of the first pair: its predictions are all missing.
    """

    def __init__(self, entries: list[Served]) -> None:
        self._by_pair: dict[tuple[str, str], list[Served]] = {}
        for entry in sorted(entries, key=lambda entry: entry.until_ms):
            self._by_pair.setdefault((entry.exchange, entry.pair), []).append(entry)

    @classmethod
    def read(cls, path: Path) -> ServedVersions:
        """Read the JSON list of `Served` in `path`.

        Raises
        ------
        BadInputError
            If it is none, or empty.
        """
        try:
            entries = TypeAdapter(list[Served]).validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise BadInputError(str(path), "a JSON list of served versions", str(error)) from error
        if not entries:
            raise BadInputError(str(path), "at least one served version", "none")
        return cls(entries)

    def all(self) -> Iterator[ModelVersion]:
        """Yield every version once."""
        entries = (entry for entries in self._by_pair.values() for entry in entries)
        yield from dict.fromkeys(version for entry in entries for version in entry.versions)

    def of(self, row: FeatureRow) -> tuple[ModelVersion, ...]:
        """Return the versions that speak for `row`."""
        entries = self._by_pair.get((row.exchange, row.pair)) or next(iter(self._by_pair.values()))
        place = bisect_left(entries, row.window_start_ms, key=lambda entry: entry.until_ms)
        return entries[min(place, len(entries) - 1)].versions
