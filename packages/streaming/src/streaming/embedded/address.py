"""`embedded://<folder>`: where the log lives, and whether it can live there."""

from __future__ import annotations

from pathlib import Path

from streaming.embedded.errors import UnsuitableFolderError

SCHEME = "embedded://"

_MOUNTS = Path("/proc/mounts")
#: File systems without coherent shared memory or POSIX locks between the processes (or machines) that mount them.
_NETWORK_FILESYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb", "smbfs", "smb3", "9p", "afs", "ceph", "glusterfs", "lustre", "beegfs", "gpfs"}
)


def is_embedded(broker_address: str) -> bool:
    """Whether `broker_address` names an embedded log rather than a Kafka broker.

    Examples
    --------
    >>> is_embedded("embedded://data/log"), is_embedded("localhost:9092")
    (True, False)
    """
    return broker_address.startswith(SCHEME)


def log_folder(broker_address: str) -> Path:
    """Return the folder that `embedded://<folder>` names.

    Raises
    ------
    ValueError
        If the address has another scheme or no folder.

    Examples
    --------
    >>> log_folder("embedded://data/log")
    PosixPath('data/log')
    """
    folder = broker_address.removeprefix(SCHEME)
    if not is_embedded(broker_address) or not folder:
        raise ValueError(f"broker address: expected '{SCHEME}<folder>', was {broker_address!r}")
    return Path(folder)


def require_local_filesystem(folder: Path, mounts: Path = _MOUNTS) -> None:
    """Refuse a folder on a network file system; on systems without `/proc/mounts` nothing is checked.

    Raises
    ------
    UnsuitableFolderError
        Naming the folder and its file system.
    """
    if not mounts.exists():
        return
    kind = _filesystem_of(folder.resolve(), mounts.read_text(encoding="utf-8", errors="replace"))
    if kind in _NETWORK_FILESYSTEMS or kind.startswith("fuse."):
        raise UnsuitableFolderError(
            f"embedded log folder {folder}: expected a local disk, was a network file system ({kind}), where "
            "SQLite's locks lose data. Choose a local folder, or Kafka: TRADESTREAM_BROKER_ADDRESS=host:9092"
        )


def _filesystem_of(folder: Path, mounts: str) -> str:
    """Return the type of the mount with the longest path above `folder`; of equals, the last mounted."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        _, mount_point, this_kind, *_ = line.split(" ")
        point = mount_point.replace("\\040", " ")
        if folder.is_relative_to(point) and len(point) >= best:
            best, kind = len(point), this_kind
    return kind
