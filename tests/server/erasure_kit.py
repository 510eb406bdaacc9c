"""What the tests of erasure share: people with rows everywhere, and all that keys still open."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

from tests.server.full_account import Tables, fill, projection
from tests.server.people import ORIGIN, Person, Server, bearer

from visavis.server.archive import PARTS
from visavis.server.backup import BackupReport, backup
from visavis.server.backup_form import BackupHeader, PartKey
from visavis.server.config import remember_origin
from visavis.server.erasure_keys import backup_name
from visavis.server.restore import RestoreReport, restore
from visavis.server.sealed_stream import OpeningReader

PASSPHRASE = b"correct horse battery staple"


async def people(server: Server) -> tuple[tuple[Person, bytes], tuple[Person, bytes]]:
    """Return anna and bert with their account ids, each with a row in every table."""
    anna, bert = await server.sign_up("anna"), await server.sign_up("bert")
    return (anna, await fill(server, anna)), (bert, await fill(server, bert))


def back_up(server: Server, file: Path) -> BackupReport:
    """Back up a running server, on its own clock."""
    data = server.services.config.data_dir
    remember_origin(data, ORIGIN)
    file.parent.mkdir(exist_ok=True)
    return backup(data, file, PASSPHRASE, now=server.clock.now())


def put_back(file: Path, target: Path, now: float, **more: Any) -> RestoreReport:
    """Restore with the right passphrase."""
    return restore(file, target, PASSPHRASE, now=now, **more)


async def close(server: Server, person: Person) -> Any:
    """Close an account as its owner does; returns the answer."""
    token = await server.account_token(person.handle)
    return await server.http.delete("/v1/account", headers=bearer(token))


def needles(rows: Tables) -> set[bytes]:
    """Return every value of an account's rows that is long enough to be nobody else's.

    Of long ones the beginning, which SQLite does not divide between pages.
    """
    found = {v for table in rows.values() for row in table for v in row.values()}
    return {v[:64] for v in found if isinstance(v, bytes) and len(v) >= 16}


def of(server: Server, account_id: bytes) -> Tables:
    """Return an account's rows in the live database."""
    return projection(server.services.config.data_dir, account_id)


def bytes_below(folder: Path) -> bytes:
    """Return all files below a folder behind each other."""
    return b"\0".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def living_keys(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder of erasure keys."""
    return {path.name: path.read_bytes() for path in (folder / "erasure").iterdir()}


def opened(file: Path, keys: dict[str, bytes]) -> bytes | None:
    """Return all that passphrase and keys open of a backup, without our restoring; None: nothing.

    Each part is tried with each key, whatever it is called.
    """
    with file.open("rb") as source:
        header = BackupHeader.read(source)
        key = keys.get(backup_name(header.day, header.backup_id))
        if key is None:
            return None
        reader = OpeningReader(source, header.key(PASSPHRASE, key), header.to_bytes())
        outer = reader.read()
    out = [outer]
    with tarfile.open(fileobj=io.BytesIO(outer)) as archive:
        for entry in archive:
            if not entry.name.startswith(f"{PARTS}/"):
                continue
            content = archive.extractfile(entry)
            assert content is not None
            sealed = content.read()
            for secret in keys.values():
                part = PartKey.of(secret, header.backup_id)
                if entry.name == f"{PARTS}/{part.name}":
                    out.append(part.reader(io.BytesIO(sealed)).read())
    return b"\0".join(out)
