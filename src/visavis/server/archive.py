"""What lies in the archive of a backup: names that are ours, or nothing."""

from __future__ import annotations

import re
from typing import Final

DATABASE: Final = "database"
ORIGIN: Final = "origin"
PARTS: Final = "accounts"
BLOBS: Final = "blobs"
BLOB: Final = re.compile(r"blobs/[0-9a-f]{32}", re.ASCII)
PART: Final = re.compile(r"accounts/[0-9a-f]{32}", re.ASCII)
