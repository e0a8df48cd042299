"""The errors of this package that others catch or raise."""

from __future__ import annotations

from contracts.errors import TradestreamError


class ServiceError(TradestreamError):
    """Raise it in a topology when no message can be processed: the service stops, nothing is dead-lettered."""


class SettingsError(TradestreamError):
    """The settings are wrong; the message names each environment variable."""


class RecoveryError(TradestreamError):
    """Offsets, state, changelog and input of a service do not belong together; going on would lose one in silence."""
