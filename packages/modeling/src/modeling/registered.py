"""What a registry says of a model, and what it keeps of one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from contracts.errors import TradestreamError, without_credentials
from modeling.model_card import ModelCard


class NoModelError(TradestreamError):
    """There is no model under this name and alias, or its files are gone."""


class RegistryUnavailableError(TradestreamError):
    """The registry cannot be asked now; it may be another time."""


#: Of what a library says where no system does: enough to know what is the matter, in one line.
_MOST_LETTERS = 300


def cause_of(error: BaseException) -> str:
    """Return why a registry or its store could not be asked, in a line: the system's words if there are any.

    What libraries wrap around them, address and request and all, the message has already.

    Returns
    -------
    str
        Of the innermost error of the system that led to `error`, else of `error` itself.

    Examples
    --------
    >>> cause_of(RuntimeError("no luck"))
    'no luck'
    """
    words, each = str(error), error.__cause__ or error.__context__
    if isinstance(error, OSError) and error.strerror:
        words = error.strerror
    while each is not None:
        if isinstance(each, OSError):
            words = each.strerror or str(each)
        each = each.__cause__ or each.__context__
    first_line = words.strip().partition("\n")[0]
    return " ".join(first_line.split())[:_MOST_LETTERS]


def unavailable(uri: str, why: str) -> RegistryUnavailableError:
    """Return the error of a registry that cannot be asked.

    Parameters
    ----------
    uri
        Where it is; its user and password are not shown.
    why
        Of which the beginning is.

    Returns
    -------
    RegistryUnavailableError
        In a line.
    """
    words = f"the model registry at {without_credentials(uri)} cannot be asked: {why[:_MOST_LETTERS]}"
    return RegistryUnavailableError(words)


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model as it was registered.

    Parameters
    ----------
    version
        The registry's, from 1.
    card
        What it says of itself.
    onnx
        The model's file.
    """

    version: int
    card: ModelCard
    onnx: bytes


@dataclass(frozen=True, slots=True)
class RegisteredVersion:
    """A version as the registry lists it.

    Parameters
    ----------
    version
        From 1.
    aliases
        What points to it.
    tags
        What was written on it when it was registered, and since.
    """

    version: int
    aliases: tuple[str, ...]
    tags: Mapping[str, str]


def digest_of(onnx: bytes, card: str) -> str:
    """Return the SHA-256 of a model's file and its card's text: a version is bound to it.

    Returns
    -------
    str
        Of 64 digits.
    """
    return hashlib.sha256(onnx + card.encode()).hexdigest()
