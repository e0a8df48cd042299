"""The other side speaks a protocol that its venue has replaced."""

from __future__ import annotations

from contracts.errors import BadInputError


class OldProtocolError(BadInputError):
    """A frame of an older protocol: the address is wrong, and every other frame would be refused as well.

    Parameters
    ----------
    speaks
        The protocol that was expected.
    address
        Where the venue speaks it.
    got
        The protocol that came.
    """

    def __init__(self, speaks: str, address: str, got: str) -> None:
        super().__init__("WebSocket address", f"one that speaks {speaks}, such as {address}", got)
