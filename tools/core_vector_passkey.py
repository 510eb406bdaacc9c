"""The account root under a passkey."""

from __future__ import annotations

from core_vector_kit import Json, flipped, outcome, randbytes

from visavis.core import cbor
from visavis.core.ids import AccountId
from visavis.core.keywrap import Purpose, wrap
from visavis.core.passkey import PADDED, PRF_SALT, PasskeyRoot, open_root, wrap_root


def passkey_vectors() -> Json:
    """Wraps of roots and handles of every length, and what does not open or is not whole."""
    rng = randbytes("passkey")
    account, other = AccountId.random(rng), AccountId.random(rng)
    wrapped = []
    for handle in ("ab.00000", "anna.48213", "a" * 24 + ".99999"):
        prf, root, nonce = rng(32), rng(32), rng(12)
        sealed = wrap_root(prf, account, PasskeyRoot(root, handle), lambda _, n=nonce: n)
        wrapped.append(
            {
                "prf": prf.hex(),
                "root": root.hex(),
                "handle": handle,
                "nonce": nonce.hex(),
                "wrapped": sealed.hex(),
            }
        )
    prf, root = rng(32), rng(32)
    good = wrap_root(prf, account, PasskeyRoot(root, "anna.48213"), rng)

    def of(value: object) -> bytes:
        padded = (cbor.encode(value) + b"\x80").ljust(PADDED, b"\0")
        return wrap(Purpose.ROOT_BY_PASSKEY, prf, padded, rng, context=bytes(account))

    bodies: list[object] = [
        {"v": 1, "root": root, "handle": "anna.48213"},
        {"v": 2, "root": root, "handle": "anna.48213"},
        {"v": 1, "root": root[:31], "handle": "anna.48213"},
        {"v": 1, "root": root, "handle": "anna"},
        {"v": 1, "root": root, "handle": b"anna.48213"},
        {"v": 1, "root": root},
        {"v": 1, "root": root, "handle": "anna.48213", "more": 1},
        [1, root, "anna.48213"],
    ]
    tries = [
        (prf, account, good),
        (rng(32), account, good),
        (prf, other, good),
        (prf[:31], account, good),
        *((prf, account, flipped(good, at)) for at in (0, 12, 100, len(good) - 1)),
        *((prf, account, good[:size]) for size in (0, 27, 155)),
        *((prf, account, of(body)) for body in bodies),
    ]
    return {
        "salt": PRF_SALT.hex(),
        "account": account.hex(),
        "wrapped": wrapped,
        "refused_handle": outcome(wrap_root, prf, account, PasskeyRoot(root, "anna"), rng),
        "opened": [
            [key.hex(), whose.hex(), data.hex(), outcome(open_root, key, whose, data)]
            for key, whose, data in tries
        ],
    }
