"""Whether an embedded log can live in a folder."""

from __future__ import annotations

from pathlib import Path

from streaming.embedded.errors import UnsuitableFolderError

_MOUNTS = Path("/proc/mounts")
#: File systems without coherent shared memory or POSIX locks between the processes (or machines) that mount them.
_NETWORK_FILESYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb", "smbfs", "smb3", "9p", "afs", "ceph", "glusterfs", "lustre", "beegfs", "gpfs"}
)


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
