"""The model that was served last, kept beside the state: what speaks while the registry does not."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from loguru import logger

from contracts.errors import BadInputError
from modeling.model_card import ModelCard
from modeling.progress import write_json
from modeling.registered import StoredModel, digest_of


class LastGood:
    """Keeps one model for each name and alias.

    Parameters
    ----------
    folder
        Where; made if missing.
    name, alias
        Whose model.
    """

    def __init__(self, folder: Path, name: str, alias: str) -> None:
        key = hashlib.sha256(f"{name}@{alias}".encode()).hexdigest()[:16]
        self._place = folder / key
        self._head = folder / f"{key}.json"

    def write(self, stored: StoredModel) -> None:
        """Keep `stored` in the place of what was kept; without room for it that stays, and a warning says so."""
        card = stored.card.to_json()
        digest = digest_of(stored.onnx, card)
        try:
            self._place.mkdir(parents=True, exist_ok=True)
            file = self._place / f"{digest}.onnx"
            if not file.is_file() or file.read_bytes() != stored.onnx:  # never truncates what may be needed
                file.write_bytes(stored.onnx)
            write_json(self._head, {"version": stored.version, "card": card, "sha256": digest})
            for old in self._place.iterdir():
                if old.stem != digest:
                    old.unlink()
        except OSError as error:
            logger.warning("the model is not kept for when the registry is down: {}", error)

    def read(self) -> StoredModel | None:
        """Return what was kept; None if nothing was, or it is not whole any more."""
        try:
            head = json.loads(self._head.read_text(encoding="utf-8"))
            onnx = (self._place / f"{head['sha256']}.onnx").read_bytes()
            if digest_of(onnx, head["card"]) != head["sha256"]:
                raise BadInputError(str(self._place), f"what was kept, sha256 {head['sha256']}", "another file")
            return StoredModel(head["version"], ModelCard.read(head["card"]), onnx)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, BadInputError) as error:
            logger.warning("the model that was kept cannot be used: {}", error)
            return None
