"""Settings of the history service, from `HISTORY_*`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from streaming.settings import ServiceSettings


class HistorySettings(ServiceSettings):
    """Where files are kept and when they roll; a checkpoint is a file, so it has other intervals than elsewhere."""

    model_config = SettingsConfigDict(env_prefix="HISTORY_")

    folder: Path | None = Field(None, description="folder of the files; by default <data_dir>/history")
    commit_interval_seconds: float = Field(60.0, gt=0, le=3_600, description="seconds after which a file rolls")
    commit_every_messages: int = Field(200, ge=1, description="messages of the topic after which a file rolls")
    compact_after_s: int = Field(
        3_600, ge=0, description="seconds of event time after midnight UTC at which a day's files are merged"
    )
    retry_seconds: float = Field(10.0, gt=0, description="seconds between attempts while the disk is full")

    @property
    def root(self) -> Path:
        """The folder of the files."""
        return self.folder or self.data_dir / "history"
