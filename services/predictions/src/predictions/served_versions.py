"""Which version of a model spoke for which row: what a replay needs to say the same again."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from contracts.errors import BadInputError
from contracts.feature_row import FeatureRow

#: Registered name and version number.
ModelVersion = tuple[str, int]


class Served(BaseModel):
    """These versions, in this order, spoke for a pair's rows up to the one that starts at `until_ms`.

    Attributes
    ----------
    in_shadow
        Whether they spoke in shadow; without versions nobody did.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    exchange: str
    pair: str
    until_ms: int
    versions: tuple[ModelVersion, ...]
    in_shadow: bool = False


class ServedVersions:
    """Answers for each row which versions speak for it.

    A row belongs to the first entry of its pair that ends at it or later, after the last to the last one. So a row
    between two versions that nobody predicted belongs to the later one, which is silent about what it was trained on.
    A pair without an entry has that of the first pair: its predictions are all missing.

    Parameters
    ----------
    entries
        At least one.
    """

    def __init__(self, entries: Sequence[Served]) -> None:
        self._by_pair: dict[tuple[str, str], list[Served]] = {}
        for entry in sorted(entries, key=lambda entry: entry.until_ms):
            self._by_pair.setdefault((entry.exchange, entry.pair), []).append(entry)

    @classmethod
    def read(cls, path: Path) -> tuple[ServedVersions, ServedVersions | None]:
        """Read the JSON list of `Served` in `path`.

        Returns
        -------
        tuple[ServedVersions, ServedVersions | None]
            Who served, and who spoke in shadow if anybody did.

        Raises
        ------
        BadInputError
            If it is none, or nobody served.
        """
        try:
            entries = TypeAdapter(list[Served]).validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise BadInputError(str(path), "a JSON list of served versions", str(error)) from error
        served = [each for each in entries if not each.in_shadow]
        if not served:
            raise BadInputError(str(path), "at least one served version", "none")
        shadows = [each for each in entries if each.in_shadow]
        return cls(served), cls(shadows) if shadows else None

    def all(self) -> Iterator[ModelVersion]:
        """Yield every version once."""
        entries = (entry for entries in self._by_pair.values() for entry in entries)
        yield from dict.fromkeys(version for entry in entries for version in entry.versions)

    def of(self, row: FeatureRow) -> tuple[ModelVersion, ...]:
        """Return the versions that speak for `row`."""
        entries = self._by_pair.get((row.exchange, row.pair)) or next(iter(self._by_pair.values()))
        place = bisect_left(entries, row.window_start_ms, key=lambda entry: entry.until_ms)
        return entries[min(place, len(entries) - 1)].versions
