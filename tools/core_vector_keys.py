"""Envelopes, wrapped keys, recovery codes, what people compare, work, and requests by handle."""

from __future__ import annotations

import json
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any, Final

from core_vector_kit import OK, Json, flipped, outcome, plain, randbytes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from visavis.core import cbor, sas, work
from visavis.core.envelope import (
    BUCKETS,
    MAX_CONTENT,
    MAX_SEAL_KEYS,
    OVERHEAD,
    open_bytes,
    open_envelope,
    seal,
    seal_bytes,
)
from visavis.core.handle import is_handle
from visavis.core.handle_request import (
    HandleAddress,
    handle_destination,
    open_request,
    pay,
    seal_request,
    sealing_key_of,
)
from visavis.core.ids import AccountId, Capability, IdentityKey, MailboxId, Nonce32
from visavis.core.keywrap import OVERHEAD as WRAP_OVERHEAD
from visavis.core.keywrap import Purpose, derive_key, unwrap, wrap
from visavis.core.recovery import RecoveryCode
from visavis.core.safety_number import Party, check_qr, check_text, safety_number

# Envelopes


def _sealed(mailbox: MailboxId, key: bytes, nonce: bytes, content: bytes) -> Json:
    envelope = seal(mailbox, key, content, lambda _: nonce)
    return {
        "nonce": nonce.hex(),
        # Long contents are zeros.
        "content": content.hex() if len(content) < 2000 else None,
        "length": len(content),
        "size": len(envelope),
        # Whole only where that is short.
        "envelope": envelope.hex() if len(envelope) == BUCKETS[0] else None,
        "sha256": sha256(envelope).hexdigest(),
    }


def envelope_vectors() -> Json:
    """Content sealed with a given nonce, padding of every kind, and envelopes that do not open."""
    rng = randbytes("envelope")
    mailbox, elsewhere, key, other = MailboxId.random(rng), MailboxId.random(rng), rng(32), rng(32)
    contents = [b"", b"\x80", b"\x80\0", b"hello", rng(500), bytes(1024 - OVERHEAD)]
    contents += [bytes(size - OVERHEAD + 1) for size in BUCKETS[:-1]]
    contents += [bytes(size - OVERHEAD) for size in BUCKETS[1:]]
    good = seal(mailbox, key, b"hello", rng)
    names = {"own": key, "other": other, "twin": key}
    tries: list[tuple[MailboxId, list[str], bytes]] = [
        *((mailbox, keys, good) for keys in (["own"], ["other", "own"], ["other"], [])),
        *((mailbox, ["own", "twin"], good), (elsewhere, ["own"], good)),
        *((mailbox, ["own"], flipped(good, at)) for at in (0, 11, 12, 500, 1007, 1008, 1023)),
        *((mailbox, ["own"], bytes(size)) for size in (0, 1, 1023, 1024, 1025, 8191, 262145)),
    ]
    paddings = [bytes(996), b"hi".ljust(996, b"\0"), b"\x81".ljust(996, b"\0"), b"\x80" * 996]
    paddings += [b"hi\x80".ljust(996, b"\0"), b"\x80".ljust(996, b"\0"), b"\x80".rjust(996, b"x")]
    padded = []
    for plaintext in paddings:
        nonce = rng(12)
        envelope = nonce + AESGCM(key).encrypt(nonce, plaintext, mailbox)
        found = outcome(open_envelope, mailbox, {0: key}, envelope)
        content = open_envelope(mailbox, {0: key}, envelope).content if found == OK else None
        padded.append([envelope.hex(), found, plain(content)])
    opened = [
        [
            *(box.hex(), keys, envelope.hex() if len(envelope) == 1024 else len(envelope)),
            outcome(open_envelope, box, {name: names[name] for name in keys}, envelope),
            outcome(open_bytes, names[keys[0]] if keys else other, box, envelope),
        ]
        for box, keys, envelope in tries
    ]
    return {
        "mailbox": mailbox.hex(),
        "key": key.hex(),
        "other": other.hex(),
        "sealed": [_sealed(mailbox, key, rng(12), content) for content in contents],
        "bound": seal_bytes(key, b"epoch 3", b"commit", lambda n: bytes(range(n))).hex(),
        "largest": [MAX_CONTENT, outcome(seal, mailbox, key, bytes(MAX_CONTENT + 1), rng)],
        "most": MAX_SEAL_KEYS,
        "opened": opened,
        "padded": padded,
    }


def keywrap_vectors() -> Json:
    """A key for each purpose, and one wrapped key tried in every wrong way."""
    rng = randbytes("keywrap")
    wrapped = []
    for purpose, context in zip(
        Purpose, (b"", b"a", rng(16), b"", b"x" * 300, b"", b"y", b"z" * 29), strict=True
    ):
        secret, payload, nonce = rng(32), rng(len(wrapped) * 7), rng(12)
        wrapped.append(
            {
                "purpose": purpose.value,
                "secret": secret.hex(),
                "key": derive_key(secret, purpose).hex(),
                "context": context.hex(),
                "nonce": nonce.hex(),
                "payload": payload.hex(),
                "wrapped": wrap(
                    purpose, secret, payload, lambda _, n=nonce: n, context=context
                ).hex(),
            }
        )
    secret = rng(64)
    good = wrap(Purpose.VAULT_ITEM, secret, b"payload", rng, context=b"a")
    tries = [
        (Purpose.VAULT_ITEM, secret, good, b"a"),
        (Purpose.STORE_VALUE, secret, good, b"a"),
        (Purpose.VAULT_ITEM, rng(64), good, b"a"),
        *((Purpose.VAULT_ITEM, secret, good, context) for context in (b"b", b"", b"a\0")),
        *((Purpose.VAULT_ITEM, secret, good[:n], b"a") for n in (0, 5, WRAP_OVERHEAD - 1, 30)),
        *((Purpose.VAULT_ITEM, secret, flipped(good, at), b"a") for at in (0, 12, len(good) - 1)),
        (Purpose.VAULT_ITEM, secret[:31], good, b"a"),
    ]
    return {
        "wrapped": wrapped,
        "unwrapped": [
            [
                *(purpose.value, key.hex(), data.hex(), context.hex()),
                outcome(unwrap, purpose, key, data, context=context),
            ]
            for purpose, key, data, context in tries
        ],
    }


# What people write down and compare


def recovery_vectors() -> Json:
    """Codes, how people write them, and what is mistyped."""
    rng = randbytes("recovery")
    codes = []
    for entropy in (bytes(16), b"\xff" * 16, *(rng(16) for _ in range(6))):
        code, challenge = RecoveryCode(entropy), rng(32)
        codes.append(
            {
                "entropy": entropy.hex(),
                "text": code.to_text(),
                "wrap_key": code.wrap_key().hex(),
                "login_private_key": code.login_private_key().hex(),
                "login_public_key": code.login_public_key().hex(),
                "challenge": challenge.hex(),
                "signature": code.sign_challenge(challenge).hex(),
            }
        )
    text = codes[0]["text"], codes[3]["text"]
    bare = text[1].replace("-", "")
    wide = "".join(chr(ord(char) + 0xFEE0) for char in bare)
    written = [text[1].lower(), bare, wide, f" {bare} ", "\u2013".join(bare), "\n_".join(bare)]
    written += ["\u00a0\u3000\u200b\u00ad\ufeff\u2028"[:5].join((bare[:9], bare[9:]))]
    written += [text[0].replace("0", "O"), text[0].replace("0", "o"), bare.replace("1", "l")]
    written += [
        bare.replace("1", "I"),
        "",
        bare[:-1],
        bare + "0",
        "!" * 28,
        "\u0660" * 28,
        "u" * 28,
    ]
    written += [
        bare[:-1] + "\U0001f600",
        bare[:-1] + "\ufb01",
        bare[:-2] + "\ufb01",
        bare + "\u2028",
    ]
    written += [bare[:at] + char + bare[at + 1 :] for at in (0, 13, 27) for char in "0Z7"]
    written += [bare[1] + bare[0] + bare[2:], "\u00df" * 14]
    return {
        "codes": codes,
        "written": [
            [each, RecoveryCode.from_text(each).to_text()]
            if outcome(RecoveryCode.from_text, each) == OK
            else [each, None]
            for each in written
        ],
    }


def compare_vectors() -> Json:
    """Commitments, words of calls, digits of pairings, safety numbers and their QR codes."""
    rng = randbytes("compare")
    nonces = [Nonce32.random(rng) for _ in range(3)]
    words: list[Json] = []
    for number in range(40):
        authenticator, caller, callee = rng(32 if number % 2 else 48), rng(32), rng(32)
        words.append(
            {
                "authenticator": authenticator.hex(),
                "caller": caller.hex(),
                "callee": callee.hex(),
                "words": list(sas.call_words(authenticator, Nonce32(caller), Nonce32(callee))),
            }
        )
    digits: list[Json] = []
    for number in range(12):
        parts = {
            "link": b"https://a.example/d#" + rng(number),
            "existing_device": rng(16),
            "existing_key": rng(32),
            "new_device": rng(16),
            "new_key": rng(32),
        }
        transcript = sas.pairing_transcript(**parts)
        digits.append(
            {
                **{name: part.hex() for name, part in parts.items()},
                "transcript": transcript.hex(),
                "nonces": [nonces[0].hex(), nonces[1].hex()],
                "digits": sas.pairing_digits(transcript, nonces[0], nonces[1]),
            }
        )
    parties = [Party(AccountId.random(rng), IdentityKey.random(rng)) for _ in range(3)]
    pairs = [(own, contact, safety_number(own, contact)) for own in parties for contact in parties]
    both = safety_number(parties[0], parties[1])
    shown, said = both.qr, both.text
    texts = [said, f" {said}\n", "", said[:-1], said.upper(), said.partition(":")[2], f"{said}="]
    texts.append(safety_number(parties[2], parties[1]).text)
    scans = [shown, b"", shown[:-1], shown + b"x", b"X" + shown[1:], flipped(shown, -1)]
    return {
        "commitments": [
            [
                nonce.hex(),
                sas.commit(nonce).hex(),
                outcome(sas.check_reveal, sas.commit(nonces[0]), nonce),
            ]
            for nonce in nonces
        ],
        "words": words,
        "digits": digits,
        "safety_numbers": [
            {
                "own": plain(own),
                "contact": plain(contact),
                "groups": list(number.groups),
                "qr": number.qr.hex(),
                "text": number.text,
            }
            for own, contact, number in pairs
        ],
        "scans": [[scan.hex(), outcome(check_qr, parties[1], parties[0], scan)] for scan in scans],
        "texts": [[text, outcome(check_text, parties[1], parties[0], text)] for text in texts],
    }


# Work, and requests by handle


def _work() -> list[list[Any]]:
    rng = randbytes("work")
    rows: list[list[Any]] = []
    for bits in (0, 1, 7, 8, 9, 12):
        challenge = rng(bits * 5)
        nonce = work.solve(challenge, bits)
        lazy = next(
            n for n in (i.to_bytes(8, "big") for i in count()) if not work.check(challenge, n, 3)
        )
        rows += [
            [challenge.hex(), bits, each.hex(), work.check(challenge, each, bits)]
            for each in (nonce, lazy, nonce[:-1], b"")
        ]
    return rows


_HANDLES: Final = [
    *("anna.48213", "a_-9.00000", "ab.12345", "a" * 24 + ".12345", "a" * 25 + ".12345", "anna"),
    *("Anna.48213", "anna.4821", "anna.482133", "anna.4821\u0663", " anna.48213", "anna.48213\n"),
    *("a.48213", "../x.48213", "9a.48213", "anna..48213", "", "\u00e4nna.48213"),
]
CONTENT: Final = b"a signed contact request"


def handle_vectors(committed: Path | None) -> Json:
    """Work, handles, and a paid and an unpaid request that were sealed once.

    ML-KEM draws its coins inside OpenSSL, so sealing again gives other bytes: envelopes that were
    committed stay as long as they open to the right content.
    """
    rng = randbytes("handle")
    seed, other_seed, mailbox, elsewhere = (
        rng(32),
        rng(32),
        MailboxId.random(rng),
        MailboxId(rng(16)),
    )
    address = HandleAddress(
        "https://a.example", mailbox, Capability.random(rng), sealing_key_of(seed)
    )
    old = json.loads(committed.read_text()) if committed and committed.exists() else {}
    paid = old.get("paid") or pay(address, CONTENT, work.REQUEST_BITS).hex()
    unpaid = (bytes(8) + CONTENT).hex()
    envelopes = [bytes.fromhex(each) for each in old.get("envelopes", ())]
    expected = [OK, "refused CK-288"]
    if [outcome(open_request, mailbox, seed, e) for e in envelopes] != expected:
        source = randbytes("handle sealing")
        envelopes = [seal_request(address, bytes.fromhex(p), source) for p in (paid, unpaid)]
    tries: list[tuple[MailboxId, bytes, int, int | None, int | None]] = [
        (mailbox, seed, 0, None, None),
        (mailbox, seed, 1, None, None),
        (elsewhere, seed, 0, None, None),
        (mailbox, other_seed, 0, None, None),
        *((mailbox, seed, 0, at, None) for at in (5, 1100, 1121, 8191)),
        *((mailbox, seed, 0, None, length) for length in (0, 500, 1120, 8191)),
    ]

    def changed(which: int, at: int | None, length: int | None) -> bytes:
        data = envelopes[which][:length]
        return data if at is None else flipped(data, at)

    return {
        "work": _work(),
        "handles": [[text, is_handle(text)] for text in _HANDLES],
        "seed": seed.hex(),
        "mailbox": mailbox.hex(),
        "address": cbor.encode(address.to_cbor()).hex(),
        "destination": handle_destination(mailbox, address.sealing_key).hex(),
        "content": CONTENT.hex(),
        "bits": work.REQUEST_BITS,
        "paid": paid,
        "envelopes": [envelope.hex() for envelope in envelopes],
        "opened": [
            [
                *(box.hex(), key.hex(), which, at, length),
                outcome(open_request, box, key, changed(which, at, length)),
            ]
            for box, key, which, at, length in tries
        ],
    }
