"""Decoders of recordings: what is signed, what stands in a leaf, and whole files."""

from __future__ import annotations

import io
from typing import Final

from fuzz.engine import Target, round_trip
from visavis.core import recording_statements as s
from visavis.core.errors import Code, PeerError
from visavis.core.identity import identity_public_key
from visavis.core.ids import CallId, ConsentKey, Digest, Secret32
from visavis.core.mls import Extension, MemberInfo
from visavis.core.recording import members_hash
from visavis.core.recording_leaf import EXTENSION, ConsentLeaf, consent_extension, consent_of
from visavis.core.recording_proof import prove
from visavis.core.recording_types import Kind
from visavis.core.vvrec import Among, Part, Said, Writer, seal_part

PRIVATE: Final = (b"\x01" * 32, b"\x02" * 32)
KEYS: Final = tuple(ConsentKey(identity_public_key(one)) for one in PRIVATE)
BOTH: Final = frozenset(KEYS)
SOUND: Final = frozenset({Kind.AUDIO})
CALL: Final = s.call_reference(CallId(bytes(16)))
ASK: Final = s.RecordingAsk(
    CALL,
    KEYS[0],
    1,
    1_800_000_000,
    SOUND,
    "Minutes",
    s.Place.DEVICE,
    30,
    s.Recipients.MEMBERS,
    clear=False,
    withdraw=s.WithdrawBy.APP,
)
ABOUT: Final = s.ask_digest(ASK)
SHARE: Final = Secret32(bytes(32))


def _statements() -> list[tuple[s.Statement, bytes]]:
    own, other = ((CALL, key, 2, 1_800_000_000, ABOUT) for key in KEYS)
    hashed = members_hash(BOTH)
    grant = s.RecordingGrant(*other, SOUND, hashed, clear=False, share=Digest.sha256(SHARE))
    back = s.RecordingWithdrawal(CALL, KEYS[1], 3, 1_800_000_000, ABOUT)
    return [
        (ASK, PRIVATE[0]),
        (grant, PRIVATE[1]),
        (s.RecordingProgress(*own, SOUND, BOTH), PRIVATE[0]),
        (back, PRIVATE[1]),
    ]


def _signed() -> list[bytes]:
    return [s.sign_statement(statement, private) for statement, private in _statements()]


def _read(data: bytes) -> str:
    return type(s.read_statement(data)).__name__


def _consent(data: bytes) -> ConsentLeaf:
    try:
        return consent_of(MemberInfo(0, b"", bytes(32), (Extension(EXTENSION, data),)))
    except PeerError as error:
        if error.code is not Code.BAD_CREDENTIAL:
            raise AssertionError("refused as something else") from error
        raise


def _files() -> list[bytes]:
    ask, grant, progress, back = _signed()
    file = io.BytesIO()
    writer = Writer(file)
    for chunk in (Said(ask), Among(BOTH), Said(grant), Said(progress)):
        writer.put(chunk)
    part = Part(0, KEYS[1], Kind.AUDIO, 0, 2000, b"some webm")
    writer.put(seal_part(part, ABOUT, SHARE, SHARE))
    writer.mark(PRIVATE[0])
    one = file.getvalue()
    writer.put(Said(back))
    writer.mark(PRIVATE[0])
    return [one, file.getvalue()]


def _prove(data: bytes) -> str:
    """Whatever a file holds, a story is told of it; and a good one only of what was signed."""
    proof = prove(io.BytesIO(data))
    if proof.ok and not any(data.startswith(sample) for sample in _SAMPLES):
        raise AssertionError("a file that nobody signed has a proof")
    return f"{proof.ok} {proof.altered} {proof.truncated} {len(proof.problems)}"


_SAMPLES: Final = _files()

TARGETS: Final = [
    Target("recording.statement", _signed, _read),
    Target(
        "recording.leaf",
        lambda: [consent_extension(ConsentLeaf(KEYS[0], never=one)).data for one in (False, True)],
        round_trip(_consent, lambda value: consent_extension(value).data),  # type: ignore[arg-type]
    ),
    Target("recording.file", lambda: _SAMPLES, _prove),
]
