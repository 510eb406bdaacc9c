"""Files in conversations: prepared, sealed and sent; fetched, checked and saved (R-106).

Sending: what the file is (`file_type`), what it says besides is stripped, then it is sealed under a
fresh key, lies as a blob at the server, and a message names it. Receiving is the reverse: fetched
only when somebody asks, and handed out only when every check has passed; what it is is decided
anew. A blob lives thirty days at the server, like the envelope that names it: who is away longer
gets neither, and who opened the message without fetching the file has to ask for it again.

Not for: the messages themselves (`conversation`), or showing anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from visavis.core import base64url
from visavis.core.address import ContactAddress
from visavis.core.content_inner import MessageFile
from visavis.core.errors import (
    AuthorizationError,
    Code,
    PeerError,
    UnavailableError,
    VisavisError,
)
from visavis.core.file_name import is_refused, safe_name, with_extension
from visavis.core.file_seal import blob_size, chunk_count, open_file, seal_file
from visavis.core.file_type import EXTENSIONS, MAX_FILE_BYTES, FileType, file_type
from visavis.core.ids import AccountId, BlobId, Digest, FileKey, GroupId, MessageId
from visavis.core.strip import Stripped, strip
from visavis.core.thumbnail import thumbnail_of
from visavis.sdk.group_targets import told_in_group
from visavis.sdk.history import Message
from visavis.sdk.session import Session

MAX_SAME_NAME: Final = 1000
"""Files of one name in one folder, before saving gives up."""


@dataclass(frozen=True, slots=True)
class PreparedFile:
    """A file that may be sent.

    Args:
        name: As the contact will see it.
        file_type: What it is, by its content.
        stripped: `NOT_POSSIBLE`: it may say more than it shows, so ask the person before sending.
        data: What will be sent.
    """

    name: str
    file_type: FileType
    stripped: Stripped
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file that came, with every check passed.

    Args:
        name: Safe to show and to save under; it ends as the content asks.
        file_type: What it is, by its content.
        data: Its bytes.
    """

    name: str
    file_type: FileType
    data: bytes = field(repr=False)


def read_file(path: Path) -> bytes:
    """Read a file that shall be sent; never more of it than may be.

    Raises:
        OSError: It cannot be read, or is no regular file.
        PeerError: TOO_LARGE (CK-301), also for an empty file.
    """
    # Without waiting: a pipe of this name would never come to an end.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError("not a regular file")
        data = file.read(MAX_FILE_BYTES + 1)
    chunk_count(len(data))
    return data


def prepare_file(data: bytes, name: str) -> PreparedFile:
    """Decide what a file is, and strip it. Nothing is sent.

    Raises:
        AuthorizationError: UNSAFE_FILE (CK-295).
        PeerError: TOO_LARGE (CK-301), also for an empty file.
    """
    chunk_count(len(data))
    kind = file_type(data, name)
    clean, stripped = strip(data, kind)
    return PreparedFile(safe_name(name), kind, stripped, clean)


async def send_file(
    session: Session, contact: AccountId, prepared: PreparedFile, thumbnail: bytes | None = None
) -> Message:
    """Seal a file, store it at the server, and send the message that names it.

    Args:
        session: Whose.
        contact: To whom.
        prepared: By `prepare_file`.
        thumbnail: A small JPEG; anything else is left out (CK-300).

    Raises:
        AuthorizationError: As `Conversations.require`; REFUSED.
        UnavailableError: The server is away, its disk is full, or the day's quota is used up.
            Nothing was sent.
    """
    session.conversations.require(contact)
    contacts = session.books.contacts

    def reached() -> list[ContactAddress]:
        return list(contacts.addresses(contact).values())

    content = await _content(session, reached, prepared, thumbnail)
    return await session.conversations.send_file(contact, content)


async def send_group_file(
    session: Session, group: GroupId, prepared: PreparedFile, thumbnail: bytes | None = None
) -> Message:
    """Send a file to everybody in a group; as `send_file`."""
    books, record = session.books, session.group_actions.require(group)

    def reached() -> list[ContactAddress]:
        found = (books.resolve(*target) for target in told_in_group(books, record))
        return [address for address in found if address is not None]

    content = await _content(session, reached, prepared, thumbnail)
    return await session.group_actions.say(group, content)


async def _content(
    session: Session,
    reached: Callable[[], list[ContactAddress]],
    prepared: PreparedFile,
    thumbnail: bytes | None,
) -> MessageFile:
    """Seal and store a file, and return what names it."""
    books = session.books
    key = FileKey.random(books.rng)
    sealed = await asyncio.to_thread(seal_file, prepared.data, key, books.rng)
    blob = await _stored(session, reached, sealed)
    return MessageFile(
        id=MessageId.random(books.rng),
        at=books.now(),
        name=prepared.name,
        media_type=prepared.file_type,
        size=len(prepared.data),
        sha256=Digest.sha256(prepared.data),
        key=key,
        blob=blob,
        thumbnail=thumbnail_of(thumbnail),
    )


async def fetch_file(session: Session, file: MessageFile) -> OpenedFile:
    """Fetch a file, check everything about it, and say what it is.

    Raises:
        AuthorizationError: UNSAFE_FILE (CK-295): it would run; EXPIRED: the server does not have
            it any more.
        PeerError: DECRYPTION (CK-296 to CK-299): it is not what the message speaks of. TOO_LARGE.
        UnavailableError: The server is away.
    """
    if is_refused(file.name):
        raise AuthorizationError(Code.UNSAFE_FILE, "CK-295: a program by its name")
    try:
        longest = blob_size(file.size)
        blob = await session.anonymous.get_blob(base64url.encode(file.blob), longest=longest)
    except AuthorizationError as error:
        raise AuthorizationError(Code.EXPIRED, "the server does not have this file") from error
    data = await asyncio.to_thread(open_file, blob, file.key, file.sha256, file.size)
    # CK-295: decided here again, for the sender's word is a stranger's program's.
    kind = file_type(data, file.name)
    return OpenedFile(with_extension(file.name, EXTENSIONS.get(kind, ())), kind, data)


def save(opened: OpenedFile, folder: Path) -> Path:
    """Write a file into a folder, never over another one, readable by its owner only.

    Raises:
        OSError: The folder is not there or not ours to write in, or has no room.
    """
    for path in _names(folder, opened.name):
        try:
            # CK-302: made anew, so nothing is overwritten and no link is followed.
            made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            continue
        try:
            with os.fdopen(made, "wb") as file:
                file.write(opened.data)
        except OSError:
            path.unlink(missing_ok=True)  # half a file would pass for a whole one
            raise
        return path
    raise FileExistsError("a thousand files of this name")


def _names(folder: Path, name: str) -> Iterator[Path]:
    yield folder / name
    stem, dot, ending = name.rpartition(".")
    for number in range(2, MAX_SAME_NAME):
        yield folder / (f"{stem} ({number}).{ending}" if dot else f"{name} ({number})")


async def _stored(
    session: Session, reached: Callable[[], list[ContactAddress]], sealed: bytes
) -> BlobId:
    """Store a blob, presenting what lets us write to whom it is for."""
    try:
        return await _stored_by_one(session, reached(), sealed)
    except AuthorizationError:
        # Perhaps they have just replaced their address: the new one is in our mailbox then.
        with contextlib.suppress(VisavisError):
            await session.sync()
        return await _stored_by_one(session, reached(), sealed)


async def _stored_by_one(
    session: Session, addresses: list[ContactAddress], sealed: bytes
) -> BlobId:
    """Try the address of each device: one may be revoked, or used up for today."""
    failed: VisavisError = UnavailableError(Code.UNAVAILABLE, "no device to send to is known")
    for address in addresses:
        try:
            return await _store(session, address, sealed)
        except (AuthorizationError, UnavailableError) as error:
            failed = error
            if error.code not in {Code.REFUSED, Code.QUOTA}:
                break
    raise failed


async def _store(session: Session, address: ContactAddress, sealed: bytes) -> BlobId:
    blob_id = await session.anonymous.put_blob(address, sealed)
    try:
        return BlobId(base64url.decode(blob_id))
    except PeerError:
        raise PeerError(Code.MALFORMED, "the server's id of a blob is none") from None
