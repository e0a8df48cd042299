"""The embedded log: a folder of topics, groups and journals, as one client sees it."""

from __future__ import annotations

from pathlib import Path

from streaming.broker_address import log_folder
from streaming.embedded.errors import TopicMissingError, UnsuitableFolderError
from streaming.embedded.filesystem import require_local_filesystem
from streaming.embedded.topic_log import SUFFIX, TopicLog, TopicSettings, create_topic_file, topic_path
from streaming.embedded.transactions import roll_forward


class EmbeddedLog:
    """A client's view of the log, with connections of its own.

    Every client opens its own, because SQLite tells a connection about the commits of *other* connections only.

    Parameters
    ----------
    folder
        Created if missing.

    Raises
    ------
    UnsuitableFolderError
        If it cannot be created or is on a network file system.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UnsuitableFolderError(
                f"embedded log folder {folder}: expected a folder that can be created, was {error.strerror}"
            ) from error
        require_local_filesystem(folder)
        self._open: dict[str, TopicLog] = {}
        roll_forward(self)

    @classmethod
    def at(cls, broker_address: str) -> EmbeddedLog:
        """Open the log at `embedded://<folder>`.

        Returns
        -------
        EmbeddedLog
            Nothing is created before it is written to.
        """
        return cls(log_folder(broker_address))

    def topic_names(self) -> list[str]:
        """Return the topics that exist.

        Returns
        -------
        list[str]
            Full names, sorted.
        """
        return sorted(path.name.removesuffix(SUFFIX) for path in self.folder.glob(f"*{SUFFIX}"))

    def has_topic(self, name: str) -> bool:
        """Return whether a topic exists.

        Returns
        -------
        bool
            True of one that was created here or by another process.
        """
        return name in self._open or topic_path(self.folder, name).exists()

    def create_topic(self, name: str, settings: TopicSettings) -> bool:
        """Create topic `name`; return False if it exists, whatever its settings.

        Returns
        -------
        bool
            True if it is new.
        """
        return create_topic_file(self.folder, name, settings)

    def topic(self, name: str) -> TopicLog:
        """Return the open topic.

        Returns
        -------
        TopicLog
            Opened once for each log.

        Raises
        ------
        TopicMissingError
            If it was never created.
        """
        log = self._open.get(name)
        if log is None:
            if not self.has_topic(name):
                raise TopicMissingError(
                    f"embedded log {self.folder}: expected topic {name!r} to exist, was not created"
                )
            log = self._open[name] = TopicLog(self.folder, name)
        return log

    def delete_topic(self, name: str) -> None:
        """Remove the topic and its records."""
        if (log := self._open.pop(name, None)) is not None:
            log.close()
        path = topic_path(self.folder, name)
        for file in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
            file.unlink(missing_ok=True)

    def close(self) -> None:
        for log in self._open.values():
            log.close()
        self._open.clear()
