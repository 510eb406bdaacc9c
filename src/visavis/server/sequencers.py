"""`/v1/sequencers`: one winner per MLS epoch, without knowing members or content (protocol.md P8).

A sequencer is a counter, the hash of the key that may write next, and encrypted commits. The write
key of epoch n comes from the group's exporter, so a removed member cannot write; the fan-out of a
commit is only a hint, because every member can pull what it lacks.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Request
from pydantic import Field

from visavis.core.envelope import BUCKETS
from visavis.core.errors import AuthorizationError, Code, PeerError
from visavis.ports.stored import CommitResult, NewCommit
from visavis.server.anonymous import Presented, WithAnonymous
from visavis.server.quotas import Spend
from visavis.server.wire import Bytes32, Empty, Message, Wire

router: Final = APIRouter(tags=["sequencers"])

PULL_LIMIT: Final = 16
"""Commits in one answer: at most 4 MiB. The answer's `next` tells whether there are more."""

MAX_EPOCH: Final = 2**53 - 1
"""The largest number that every JSON reader keeps exactly (RFC 8259, 6)."""

Epoch = Annotated[int, Field(ge=0, le=MAX_EPOCH, strict=True)]
SealedCommit = Annotated[bytes, Wire(BUCKETS)]


class NewSequencer(Presented):
    """What a sequencer starts with."""

    handle: Bytes32
    write_key_hash: Bytes32
    first_n: Epoch
    life: Literal["conversation", "call"]


class CommitOffer(Presented):
    """A commit that leads from epoch `n` to `n + 1`, sealed and padded to a bucket."""

    handle: Bytes32
    n: Epoch
    write_key: Bytes32
    commit: SealedCommit
    next_write_key_hash: Bytes32


class Pull(Presented):
    """Which commits are wanted: those numbered above `after`; -1 asks for all."""

    handle: Bytes32
    after: Annotated[int, Field(ge=-1, le=MAX_EPOCH, strict=True)]


class NumberedCommit(Message):
    """One commit."""

    n: int
    commit: SealedCommit


class Pulled(Message):
    """Commits in order, and the number that the next commit will have."""

    commits: list[NumberedCommit]
    next: int


@router.post("/v1/sequencers")
async def create(body: NewSequencer, request: Request, parts: WithAnonymous) -> Empty:
    """Create a sequencer; its handle is a secret of the group."""
    await parts.pay(request, Spend.SEQUENCER, body.mailbox, body.capability)
    if body.life == "call":
        made = parts.call_sequencers.create(
            body.handle, body.first_n, body.write_key_hash, parts.clock.monotonic()
        )
    else:
        made = await parts.store.create_sequencer(
            body.handle, body.first_n, body.write_key_hash, parts.today()
        )
    if not made:
        raise PeerError(Code.CONFLICT, "this handle is in use")
    return Empty()


@router.post("/v1/sequencers/commit")
async def commit(body: CommitOffer, request: Request, parts: WithAnonymous) -> Empty:
    """Offer a commit; of all that are offered for one epoch exactly one is accepted."""
    await parts.pay(request, Spend.SEQUENCER, body.mailbox, body.capability)
    size = len(body.commit)
    await parts.pay(request, Spend.COMMIT, body.mailbox, body.capability, size)
    offer = NewCommit(
        handle=body.handle,
        n=body.n,
        write_key_hash=sha256(body.write_key).digest(),
        body=body.commit,
        next_write_key_hash=body.next_write_key_hash,
    )
    # The handle says which life it has: it is random, so it is in one place at most.
    result = parts.call_sequencers.append(offer, parts.clock.monotonic())
    if result is CommitResult.REFUSED:
        result = await parts.store.append_commit(offer, parts.today())
    if result is not CommitResult.ACCEPTED:
        parts.quotas.give_back(Spend.COMMIT, sha256(body.capability).digest(), size)
    if result is CommitResult.CONFLICT:
        raise PeerError(Code.CONFLICT, "another commit won this epoch")
    if result is CommitResult.REFUSED:
        raise AuthorizationError(Code.REFUSED, "unknown sequencer or not its write key")
    return Empty()


@router.post("/v1/sequencers/pull")
async def pull(body: Pull, request: Request, parts: WithAnonymous) -> Pulled:
    """Return the commits that a member lacks."""
    await parts.pay(request, Spend.SEQUENCER, body.mailbox, body.capability)
    found = parts.call_sequencers.pull(
        body.handle, body.after, parts.clock.monotonic(), limit=PULL_LIMIT
    )
    if found is None:
        found = await parts.store.pull_commits(
            body.handle, body.after, parts.today(), limit=PULL_LIMIT
        )
    if found is None:
        raise AuthorizationError(Code.REFUSED, "unknown sequencer")
    return Pulled(
        commits=[NumberedCommit(n=n, commit=body) for n, body in found.commits],
        next=found.next_n,
    )
