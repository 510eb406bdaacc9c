"""What a file says besides what it shows, taken out before anything is encrypted (R-106).

    strip(data, type)   the file without it, and how that went (`Stripped`)

Places, times, names of devices and people, comments, thumbnails of what was cut away. What stays
changes how a picture looks: colour profiles, and its orientation as the one entry of a new EXIF
block. Pictures and films are never decoded and encoded again, so nothing is lost.

Not for: documents. What a PDF or an office file says of its author cannot be taken out without
understanding all of it; the person is told so before sending (`NOT_POSSIBLE`). Nor for what a
picture shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from visavis.core.file_type import FileType
from visavis.core.strip_gif import strip_gif
from visavis.core.strip_heif import strip_heif
from visavis.core.strip_jpeg import strip_jpeg
from visavis.core.strip_kit import UnknownShapeError
from visavis.core.strip_mp4 import strip_mp4
from visavis.core.strip_png import strip_png
from visavis.core.strip_webp import strip_webp


class Stripped(StrEnum):
    """How it went."""

    ALL = "all"
    """What was there besides the content is gone."""
    NOTHING_TO_STRIP = "nothing_to_strip"
    """There was nothing; the file is as it was."""
    NOT_POSSIBLE = "not_possible"
    """The file is as it was, and may say more than it shows: tell the person before sending."""


_STRIPPERS: Final[Mapping[FileType, Callable[[bytes], bytes]]] = {
    FileType.JPEG: strip_jpeg,
    FileType.PNG: strip_png,
    FileType.WEBP: strip_webp,
    FileType.GIF: strip_gif,
    FileType.AVIF: strip_heif,
    FileType.HEIC: strip_heif,
    FileType.MP4: strip_mp4,
    FileType.MOV: strip_mp4,
    FileType.M4A: strip_mp4,
    FileType.TEXT: bytes,
}


def strip(data: bytes, file_type: FileType) -> tuple[bytes, Stripped]:
    """Return a file without what it says besides, and how that went.

    Args:
        data: The whole file.
        file_type: As `file_type.file_type` found it.
    """
    stripper = _STRIPPERS.get(file_type)
    if stripper is None:
        return data, Stripped.NOT_POSSIBLE
    try:
        clean = stripper(data)
    except UnknownShapeError:
        # Damaged, or of a kind we do not know: half a cleaning would be a false promise.
        return data, Stripped.NOT_POSSIBLE
    return clean, Stripped.NOTHING_TO_STRIP if clean == data else Stripped.ALL
