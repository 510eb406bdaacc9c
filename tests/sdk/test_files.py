"""Files from one person to another: what arrives, what the server sees, what is refused (R-106)."""

from __future__ import annotations

import os
import socket
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.core import file_fixtures as fixtures
from tests.sdk.conftest import People, drops, folder_bytes, settle

from visavis.core import base64url, cbor
from visavis.core.content_fields import encode_fields
from visavis.core.content_inner import MessageFile
from visavis.core.errors import AuthorizationError, Code, PeerError, UnavailableError, UsageError
from visavis.core.file_seal import blob_size, seal_file
from visavis.core.file_type import MAX_FILE_BYTES, FileType
from visavis.core.ids import BlobId, Digest, FileKey, MessageId
from visavis.core.strip import Stripped, strip
from visavis.ports.blobs import BLOB_SIZES
from visavis.sdk import conversation, files
from visavis.sdk.client import Client, Contact
from visavis.sdk.files import OpenedFile, prepare_file, read_file, save
from visavis.sdk.history import Message, MessageKind

PLACE = fixtures.GPS_TEXT


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "IMG_2041.jpg"
    path.write_bytes(fixtures.JPEG_PHOTO)
    return path


async def only(client: Client, contact: Contact) -> Message:
    await client.sync()
    (message,) = await client.history(contact)
    return message


async def test_a_photo_arrives_without_its_place(own: People, photo: Path, tmp_path: Path) -> None:
    anna, bob = await own.pair()
    at_bob, at_anna = await bob.find_contact("anna"), await anna.find_contact("bob")
    thumbnail = fixtures.jpeg(fixtures.exif_segment())
    sent = await bob.send_file(at_bob, photo, thumbnail)
    assert (sent.kind, sent.text, sent.outgoing) == (MessageKind.FILE, "IMG_2041.jpg", True)
    message = await only(anna, at_anna)
    assert message == replace(sent, contact=at_anna.account, outgoing=False)
    assert message.file is not None
    assert message.file.media_type is FileType.JPEG
    assert message.file.thumbnail == strip(thumbnail, FileType.JPEG)[0] != thumbnail
    opened = await anna.open_file(message)
    assert (opened.name, opened.file_type) == ("IMG_2041.jpg", FileType.JPEG)
    assert opened.data.startswith(b"\xff\xd8\xff")
    assert PLACE in fixtures.JPEG_PHOTO
    assert PLACE not in opened.data
    # The sender's own entry opens, too, and what is kept survives a restart.
    assert (await bob.open_file(sent)).data == opened.data
    await own.close(anna)
    anna = await own.open("anna")
    assert await anna.history(at_anna) == [message]
    path = await anna.save_file(message, tmp_path)
    assert path.name == "IMG_2041 (2).jpg"
    assert path.read_bytes() == opened.data
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert drops(anna) == drops(bob) == {}
    # The server has one blob, of a fixed size, and nothing of the picture.
    kept = folder_bytes(own.folder / "server")
    blobs = list((own.folder / "server" / "blobs").iterdir())
    assert [blob.stat().st_size for blob in blobs] == [256 * 1024 + 28]
    for secret in (b"IMG_2041", opened.data[:24], bytes(message.file.key), PLACE):
        assert secret not in kept
    assert bytes(message.file.blob).hex().encode() in kept, "the control: what is there is found"


async def test_my_other_device_has_the_file_too(people: People, photo: Path) -> None:
    anna, bob = await people.pair()
    tablet = await people.login("tablet", bob.handle, recovery_code=bob.recovery_code)
    await settle(anna, bob, tablet, rounds=5)
    sent = await bob.send_file(await bob.find_contact("anna"), photo)
    await tablet.sync()
    message = await only(tablet, await tablet.find_contact("anna"))
    assert message == sent
    assert (await tablet.open_file(message)).file_type is FileType.JPEG


async def test_twenty_five_megabytes_pass_and_one_byte_more_does_not(
    people: People, tmp_path: Path
) -> None:
    anna, bob = await people.pair()
    at_bob = await bob.find_contact("anna")
    # By chance it would begin like a page or a program once in some hundred runs.
    data = bytes(16) + os.urandom(MAX_FILE_BYTES - 16)
    large, larger, empty = (tmp_path / name for name in ("large", "larger", "empty"))
    large.write_bytes(data)
    larger.write_bytes(data + b"x")
    empty.touch()
    for path in (larger, empty):
        with pytest.raises(PeerError, match="CK-301") as caught:
            await bob.send_file(at_bob, path)
        assert caught.value.code is Code.TOO_LARGE
    await bob.send_file(at_bob, large)
    message = await only(anna, await anna.find_contact("bob"))
    assert (await anna.open_file(message)).data == data


async def test_programs_are_refused_by_the_sender(people: People, tmp_path: Path) -> None:
    anna, bob = await people.pair()
    at_bob = await bob.find_contact("anna")
    for name, data in (("a.txt", b"#!/bin/sh\n"), ("a.jpg.exe", b"hello"), ("a", b"<svg/>")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(AuthorizationError, match="CK-295") as caught:
            await bob.send_file(at_bob, tmp_path / name)
        assert caught.value.code is Code.UNSAFE_FILE
    assert await bob.history(at_bob) == []
    await anna.sync()
    assert await anna.history(await anna.find_contact("bob")) == []


def test_what_cannot_be_stripped_says_so_before_anything_is_sent(tmp_path: Path) -> None:
    assert prepare_file(b"%PDF-1.7", "a.pdf").stripped is Stripped.NOT_POSSIBLE
    assert prepare_file(b"hello", "a.txt").stripped is Stripped.NOTHING_TO_STRIP
    prepared = prepare_file(fixtures.JPEG_PHOTO, "../\u202eb.jpg")
    assert (prepared.name, prepared.stripped) == ("b.jpg", Stripped.ALL)
    assert PLACE not in prepared.data


def test_only_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        for bad in ("pipe", "socket", ".", "missing"):
            with pytest.raises(OSError, match=r"regular|Errno"):
                read_file(tmp_path / bad)


# A hostile contact: says what it likes, with the keys of an honest one


async def hostile(sender: Client, to: Contact, data: bytes, **said: Any) -> None:
    """Send a file as somebody who has changed the program would."""
    session, books = sender._session, sender._session.books
    key = FileKey.random(books.rng)
    address = next(iter(books.contacts.addresses(to.account).values()))
    blob = await session.anonymous.put_blob(address, seal_file(data, key, books.rng))
    content = MessageFile(
        MessageId.random(books.rng),
        books.now(),
        "a.txt",
        FileType.TEXT,
        len(data),
        Digest.sha256(data),
        key,
        BlobId(base64url.decode(blob)),
    )
    await session.conversations.send_inner(to.account, replace(content, **said), durable=True)


async def test_programs_are_refused_by_the_receiver(people: People, tmp_path: Path) -> None:
    """CK-295: the sender's word counts for nothing, and nothing is written."""
    anna, bob = await people.pair()
    at_bob, at_anna = await bob.find_contact("anna"), await anna.find_contact("bob")
    await hostile(bob, at_bob, b"\x7fELF\2\1\1", name="photo.jpg", media_type=FileType.JPEG)
    await hostile(bob, at_bob, b"hello", name="photo.jpg.exe")
    await hostile(bob, at_bob, b"<html>", name="a.txt")
    await anna.sync()
    messages = await anna.history(at_anna)
    assert len(messages) == 3
    folder = tmp_path / "saved"
    folder.mkdir()
    for message in messages:
        with pytest.raises(AuthorizationError, match="CK-295") as caught:
            await anna.save_file(message, folder)
        assert caught.value.code is Code.UNSAFE_FILE
    assert list(folder.iterdir()) == []


async def test_lies_about_a_file_give_nothing(people: People, tmp_path: Path) -> None:
    anna, bob = await people.pair()
    at_bob, at_anna = await bob.find_contact("anna"), await anna.find_contact("bob")
    for said in (
        {"sha256": Digest(bytes(32))},
        {"size": 6},
        {"size": 4},
        {"size": 300_000},
        {"key": FileKey(bytes(32))},
    ):
        await hostile(bob, at_bob, b"hello", **said)
    await anna.sync()
    messages = await anna.history(at_anna)
    assert len(messages) == 5
    for message in messages:
        with pytest.raises(PeerError) as caught:
            await anna.save_file(message, tmp_path / "nowhere")
        assert caught.value.code is Code.DECRYPTION


@pytest.mark.parametrize(
    ("said", "saved"),
    [
        ("../../../etc/cron.d/x", "x"),
        ("C:\\Windows\\x.txt", "x.txt"),
        ("..", "file"),
        ("CON.txt", "_CON.txt"),
        (".bashrc", "bashrc"),
        ("a" * 255, "a" * 200),
    ],
)
async def test_names_choose_no_folder(
    people: People, tmp_path: Path, said: str, saved: str
) -> None:
    anna, bob = await people.pair()
    folder = tmp_path / "in" / "here"
    folder.mkdir(parents=True)
    await hostile(bob, await bob.find_contact("anna"), b"hello", name=said)
    message = await only(anna, await anna.find_contact("bob"))
    assert message.text == saved
    assert await anna.save_file(message, folder) == folder / saved
    assert [path.name for path in folder.parent.rglob("*")] == ["here", saved]


async def test_a_name_that_turns_direction_never_arrives(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-271: what no honest client sends is malformed, and the message is dropped."""
    anna, bob = await people.pair()
    at_bob = await bob.find_contact("anna")

    def unchecked(content: MessageFile) -> bytes:
        return cbor.encode({"v": 1, **content.TYPE, **encode_fields(content)})

    monkeypatch.setattr(conversation, "encode_inner", unchecked)
    await hostile(bob, at_bob, b"hello", name="a.txt")
    await hostile(bob, at_bob, b"hello", name="a\u202egpj.txt")
    message = await only(anna, await anna.find_contact("bob"))
    assert message.text == "a.txt", "the control: a good name arrives this way"
    assert drops(anna) == {"malformed": 1}


async def test_a_thumbnail_that_is_none_is_left_out(people: People) -> None:
    """CK-300."""
    anna, bob = await people.pair()
    for bad in (b"<svg/>", fixtures.jpeg(picture=fixtures.jpeg_picture(8, 60_000))):
        await hostile(bob, await bob.find_contact("anna"), b"hello", thumbnail=bad)
    await anna.sync()
    messages = await anna.history(await anna.find_contact("bob"))
    assert [m.file.thumbnail for m in messages if m.file] == [None, None]


# The server


async def test_a_hostile_server_gives_nothing(
    people: People, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, bob = await people.pair()
    await bob.send_file(await bob.find_contact("anna"), photo)
    message = await only(anna, await anna.find_contact("bob"))
    api = anna._session.anonymous
    honest = await api.get_blob(base64url.encode(message.file.blob))  # type: ignore[union-attr]
    chunk = 65_536
    swapped = honest[:28] + honest[28 + chunk : 28 + 2 * chunk] + honest[28 : 28 + chunk]
    for bad in (b"", honest[:-1], swapped + honest[28 + 2 * chunk :], os.urandom(len(honest))):

        async def give(*_: Any, given: bytes = bad, **__: Any) -> bytes:
            return given

        monkeypatch.setattr(api, "get_blob", give)
        with pytest.raises(PeerError) as caught:
            await anna.open_file(message)
        assert caught.value.code is Code.DECRYPTION


async def test_more_than_a_file_asks_is_not_read(people: People, photo: Path) -> None:
    """CK-556: no answer is larger than the blob must be."""
    anna, bob = await people.pair()
    await bob.send_file(await bob.find_contact("anna"), photo)
    message = await only(anna, await anna.find_contact("bob"))
    assert message.file is not None
    blob = base64url.encode(message.file.blob)
    longest = blob_size(message.file.size)
    assert longest in BLOB_SIZES
    assert len(await anna._session.anonymous.get_blob(blob, longest=longest)) == longest
    with pytest.raises(PeerError, match="CK-556"):
        await anna._session.anonymous.get_blob(blob, longest=longest - 1)


async def test_after_thirty_days_the_file_is_gone(own: People, photo: Path) -> None:
    anna, bob = await own.pair()
    await bob.send_file(await bob.find_contact("anna"), photo)
    message = await only(anna, await anna.find_contact("bob"))
    for blob in (own.folder / "server" / "blobs").iterdir():
        blob.unlink()
    with pytest.raises(AuthorizationError) as caught:
        await anna.open_file(message)
    assert caught.value.code is Code.EXPIRED
    assert await anna.history(await anna.find_contact("bob")) == [message]


async def test_with_the_server_away_nothing_is_sent(own: People, photo: Path) -> None:
    anna, bob = await own.pair()
    at_bob = await bob.find_contact("anna")
    await own.server.stop()
    with pytest.raises(UnavailableError):
        await bob.send_file(at_bob, photo)
    assert await bob.history(at_bob) == []
    await own.server.start()
    await bob.send_file(at_bob, photo)
    assert (await only(anna, await anna.find_contact("bob"))).kind is MessageKind.FILE


async def test_a_forgotten_contact_stores_nothing(people: People, photo: Path) -> None:
    anna, bob = await people.pair()
    at_bob = await bob.find_contact("anna")
    await anna.forget_contact(await anna.find_contact("bob"))
    await anna.sync()
    with pytest.raises(AuthorizationError) as caught:
        await bob.send_file(at_bob, photo)
    assert caught.value.code is Code.REFUSED
    assert await bob.history(at_bob) == []


async def test_no_file_no_opening(people: People) -> None:
    anna, bob = await people.pair()
    await bob.send_message(await bob.find_contact("anna"), "hello")
    with pytest.raises(UsageError):
        await anna.open_file(await only(anna, await anna.find_contact("bob")))


# Saving


def test_nothing_is_overwritten_and_no_link_is_followed(tmp_path: Path) -> None:
    """CK-302."""
    opened = OpenedFile("a.txt", FileType.TEXT, b"new")
    (tmp_path / "a.txt").write_bytes(b"old")
    (tmp_path / "a (2).txt").symlink_to(tmp_path / "elsewhere")
    assert save(opened, tmp_path) == tmp_path / "a (3).txt"
    assert (tmp_path / "a.txt").read_bytes() == b"old"
    assert not (tmp_path / "elsewhere").exists()
    plain = OpenedFile("a", FileType.BINARY, b"new")
    assert [save(plain, tmp_path).name for _ in range(3)] == ["a", "a (2)", "a (3)"]
    assert repr(opened) == f"OpenedFile(name='a.txt', file_type={FileType.TEXT!r})"


def test_half_a_file_is_not_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise OSError(28, "no space")

    monkeypatch.setattr(files.os, "fdopen", full)
    with pytest.raises(OSError, match="no space"):
        save(OpenedFile("a.txt", FileType.TEXT, b"new"), tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(FileNotFoundError):
        save(OpenedFile("a.txt", FileType.TEXT, b"new"), tmp_path / "nowhere")
