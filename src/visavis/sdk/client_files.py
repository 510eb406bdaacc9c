"""What a client does with files: the part of the facade (`client.py`) that sends and opens them.

Not for: what is taken out of a file, or how it is sealed (`files.py`).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from visavis.core.errors import UsageError
from visavis.sdk import files
from visavis.sdk.client_shown import Contact, Shown
from visavis.sdk.history import Message


@dataclass(slots=True)
class Filing(Shown):
    """The part of `Client` that sends and opens files (R-106)."""

    async def prepare_file(self, path: Path, name: str | None = None) -> files.PreparedFile:
        """Read a file, decide what it is, and take out what it says besides. Nothing is sent.

        Args:
            path: The file, 25 MB at most.
            name: What to call it; its own name without this.

        Returns:
            The file as it would be sent. Its `stripped` is "not_possible" for documents, archives
            and some media: tell the person before sending that it may say who made it, and where.

        Raises:
            OSError: It cannot be read.
            AuthorizationError: UNSAFE_FILE, it could run as a program.
            PeerError: TOO_LARGE, also for an empty file.
        """
        data = await asyncio.to_thread(files.read_file, path)
        return await asyncio.to_thread(files.prepare_file, data, name or path.name)

    async def send_file(
        self, contact: Contact, file: Path | files.PreparedFile, thumbnail: bytes | None = None
    ) -> Message:
        """Send a file: sealed under a key of its own, for thirty days at the server.

        Args:
            contact: To whom.
            file: A path, or what `prepare_file` made of one.
            thumbnail: A small JPEG (16 KiB, 512 by 512 at most); anything else is left out.

        Raises:
            OSError: As `prepare_file`.
            AuthorizationError: As `prepare_file` and `send_message`.
            PeerError: As `prepare_file`.
            UnavailableError: The server is away, has no room, or it is enough for one day.
                Nothing was sent.
        """
        prepared = await self.prepare_file(file) if isinstance(file, Path) else file
        return await files.send_file(self._session, contact.account, prepared, thumbnail)

    async def open_file(self, message: Message) -> files.OpenedFile:
        """Fetch the file of a message; it is handed out only when every check has passed.

        Raises:
            AuthorizationError: UNSAFE_FILE, it could run as a program; EXPIRED, the server does
                not have it any more (thirty days).
            PeerError: DECRYPTION, it is not what the message speaks of.
            UnavailableError: The server cannot be reached.
        """
        if message.file is None:
            raise UsageError("this message has no file")
        return await files.fetch_file(self._session, message.file)

    async def save_file(self, message: Message, folder: Path) -> Path:
        """Fetch the file of a message into a folder; never over another one. Returns its path.

        Raises:
            OSError: It cannot be written there.
            AuthorizationError: As `open_file`.
            PeerError: As `open_file`.
            UnavailableError: As `open_file`.
        """
        return await asyncio.to_thread(files.save, await self.open_file(message), folder)
