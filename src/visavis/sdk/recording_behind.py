"""A yes that was taken back after the call, put behind a recording that is finished.

The file only grows: the statement, then a mark of who recorded over all before it. What a crash has
left behind the last mark is cut off first, also of an earlier attempt at this: only what was found
to be ours is signed. So it can be done again at any time, and is done once.

Not for: whether the statement may stand there (`recordings_book`).
"""

from __future__ import annotations

import os
from typing import BinaryIO

from visavis.core import recording_statements as s
from visavis.core.errors import Code, PeerError
from visavis.core.identity import identity_public_key
from visavis.core.ids import ConsentKey, Secret32
from visavis.core.vvrec import Mark, Part, Said, Writer, chain_behind, read, verify_mark


def put_behind(file: BinaryIO, statement: bytes, private: Secret32) -> None:
    """Put a statement behind a file, once, and mark it.

    Args:
        file: Open for reading and writing, at its beginning.
        statement: As it was signed.
        private: The private half of the consent key of who recorded, 32 bytes.

    Raises:
        PeerError: The file is not what we wrote: nothing is put behind it.
        OSError: It cannot be written; it can be tried again.
    """
    late, own = s.read_statement(statement), ConsentKey(identity_public_key(private))
    behind: tuple[bytes, int] | None = None
    end = parts = newest = marked = 0
    try:
        for chunk, chain in read(file):
            match chunk:
                case Part():
                    parts += 1
                case Said(data):
                    said = s.read_statement(data)
                    newest = said.number if said.key == late.key else newest
                case Mark():
                    verify_mark(chunk, own, chain)
                    behind, end, marked = (chain_behind(chain, chunk), parts), file.tell(), newest
                case _:
                    pass
    except PeerError as error:
        if not error.detail.startswith("CK-941"):  # a crash; what is marked is whole
            raise
    if behind is None:
        raise PeerError(Code.MALFORMED, "a recording that nobody has signed")
    if marked >= late.number:
        return  # it is there, or they have said something since (CK-930)
    file.seek(end)
    file.truncate()
    writer = Writer(file, behind=behind)
    writer.put(Said(statement))
    writer.mark(private)
    file.flush()
    os.fsync(file.fileno())
