"""Where the store is: a mixin for services' settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field, field_validator

from contracts.errors import BadSettingError
from contracts.message import Message
from featurestore.opening import store_at
from featurestore.store import Store

if TYPE_CHECKING:
    from pathlib import Path

OFF = "off"
FILE_NAME = "store.sqlite"


class StoreSettings(BaseModel):
    """Adds TRADESTREAM_STORE_URL to settings that have a `data_dir`.

    Examples
    --------
    ::

        class IndicatorsSettings(StoreSettings, ServiceSettings): ...
    """

    if TYPE_CHECKING:
        data_dir: Path

    store_url: str | None = Field(
        None,
        validation_alias="TRADESTREAM_STORE_URL",
        description="sqlite:///<path>, postgresql://..., risingwave://... (which reads the topics itself) or off; "
        f"by default <data_dir>/{FILE_NAME}",
    )

    @field_validator("store_url")
    @classmethod
    def _known(cls, url: str | None) -> str | None:
        if url is not None and url != OFF:
            try:
                store_at(url)
            except BadSettingError as error:
                raise ValueError(f"{error.expected}, or {OFF}") from error
        return url

    def open_store(self) -> Store | None:
        """Return the store, not connected yet; None if it is off.

        Returns
        -------
        Store | None
            It connects with the first use.
        """
        if self.store_url == OFF:
            return None
        return store_at(self.store_url or f"sqlite:///{self.data_dir / FILE_NAME}")

    def store_writer(self) -> Callable[[Iterable[Message]], None] | None:
        """Return the batch writer that `streaming.service.sink.keep` takes; None if there is no store.

        Returns
        -------
        Callable[[Iterable[Message]], None] | None
            It keeps a batch of messages.
        """
        store = self.open_store()
        return store.write if store is not None and store.writable else None
