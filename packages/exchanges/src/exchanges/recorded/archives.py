"""The one file of a zip."""

from __future__ import annotations

from pathlib import PurePosixPath
from zipfile import ZipFile, ZipInfo

from contracts.errors import BadInputError

#: Hidden files, and what a Mac adds to an archive.
_NOT_DATA = (".", "__MACOSX")
#: What a venue puts beside its files.
_CHECKSUM = ".CHECKSUM"


def only_file(archive: ZipFile, field: str, name: object) -> ZipInfo:
    """Return the file that a zip is around; folders, hidden files, checksums and what a Mac adds do not count.

    Parameters
    ----------
    archive
        The zip.
    field, name
        What a complaint is about, and what the zip is called.

    Returns
    -------
    ZipInfo
        Of the file.

    Raises
    ------
    BadInputError
        If there is none, or several.
    """
    found = [each for each in archive.infolist() if not each.is_dir() and _is_data(PurePosixPath(each.filename))]
    if len(found) != 1:
        names = ", ".join(sorted(each.filename for each in found)[:5]) or "nothing"
        listed = names + (", ..." if len(found) > 5 else "")
        raise BadInputError(field, "a zip with one file in it (unzip it and name the file)", f"{name} with {listed}")
    return found[0]


def _is_data(path: PurePosixPath) -> bool:
    parts = path.parts
    return path.suffix != _CHECKSUM and not (parts[0].startswith(_NOT_DATA) or parts[-1].startswith(_NOT_DATA))
