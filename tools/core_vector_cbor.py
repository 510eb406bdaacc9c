"""CBOR, base64url, origins and addresses: what is read, what is refused, and as what."""

from __future__ import annotations

import json
from random import Random
from typing import Any, Final

from core_vector_kit import OK, Json, outcome, words

from visavis.core import base64url, cbor
from visavis.core.address import ContactAddress, check_origin
from visavis.core.handle_request import any_address

# CBOR


def diagnostic(value: object) -> str:
    """Return a value in CBOR's diagnostic notation (RFC 8949, 8), as the tests print it."""
    match value:
        case None | bool():
            return {None: "null", False: "false", True: "true"}[value]
        case int():
            return str(value)
        case bytes():
            return f"h'{value.hex()}'"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case list():
            return f"[{', '.join(map(diagnostic, value))}]"
        case dict():
            pairs = (f"{diagnostic(key)}: {diagnostic(item)}" for key, item in value.items())
            return f"{{{', '.join(pairs)}}}"
    raise TypeError(type(value).__name__)


_TEXTS: Final = (
    *("", "a", "v", "__proto__", "constructor", "Grüße 👋", "\ufeffmark", "\x00\n\x7f\u2028"),
    *("x" * 23, "x" * 24, "x" * 255, "x" * 256, "\u1e9b\u0323", "가", "\U0001f469\u200d\U0001f4bb"),
)
_POWERS: Final = [2**exponent for exponent in (0, 3, 4, 5, 8, 16, 24, 32, 53, 63, 64)]
_INTEGERS: Final = [
    *(23, 24, -24, -25),
    *(
        sign * power + off
        for power in _POWERS
        for sign in (1, -1)
        for off in (-1, 0, 1)
        if -(2**64) <= sign * power + off < 2**64
    ),
]
# What each byte of a head can go wrong in; the reasons stand in tests/core/test_cbor.py.
_REFUSED: Final = words("""
    - 18 1817 1900ff 1a0000ffff 1b00000000ffffffff 5803aabb 43aabb 5bffffffffffffffff
    9bffffffffffffffff bbffffffffffffffff 5b7fffffffffffffff 9b8000000000000000 9a00ffffff00
    5a7fffffff ba7fffffff 830102 a2616101 5f41aaff 9f01ff bf616101ff ff 1c 1d 1e 1f fc
    c11a00000000 d9d9f700 c249010000000000000000 f90000 f93e00 fa47c35000 fb3ff199999999999a
    f7 f0 f820 f818 f8ff 0000 61ff 62c080 63eda080 64f4908080 6365cc81 66efbbbf65cc81
    a10101 a1416101 a1f601 a2616201616102 a2616101616102 a262616101616202 a1a001
""")


def _value(rng: Random, depth: int) -> Any:
    kinds = 5 if depth == 0 else 8
    match rng.randrange(kinds):
        case 0:
            return rng.choice((None, True, False))
        case 1:
            return rng.choice(_INTEGERS)
        case 2:
            return rng.randbytes(rng.choice((0, 1, 16, 23, 24, 40)))
        case 3 | 4:
            return rng.choice(_TEXTS)
        case 5 | 6:
            return [_value(rng, depth - 1) for _ in range(rng.randrange(4))]
    return {rng.choice(_TEXTS): _value(rng, depth - 1) for _ in range(rng.randrange(5))}


def cbor_vectors() -> Json:
    """Values of every kind, encodings that are refused, and random changes of good ones."""
    rng = Random("visavis cbor")
    deep: list[Any] = []
    for _ in range(cbor.MAX_DEPTH - 1):
        deep = [deep]
    values = [*_TEXTS, *_INTEGERS, None, True, False, b"", bytes(24), [], {}, deep]
    values += [_value(rng, 4) for _ in range(150)]
    good = [cbor.encode(value) for value in values]
    refused = [*_REFUSED, "81" * 17 + "00", "81" * 16 + "a0", "81" * 16 + "80", "a161788180" * 4]
    changed: list[tuple[str, str]] = []
    for data in good:
        for _ in range(3):
            at = rng.randrange(len(data))
            mutant = data[:at] + bytes([rng.randrange(256)]) + data[at + rng.randrange(3) :]
            if mutant != data:
                changed.append((mutant.hex(), outcome(cbor.decode, mutant)))
    for hexed in refused:
        assert outcome(cbor.decode, bytes.fromhex(hexed)) == "malformed CK-250", hexed
    return {
        "accepted": [
            [data.hex(), diagnostic(value)] for value, data in zip(values, good, strict=True)
        ],
        "refused": refused,
        "changed": changed,
    }


# Base64url and addresses

_TEXTS64: Final = words("- A AA AB AAA AAB AA== AA= A+ A/ AAAAA _-8 _-9 AAAA= Zm9v Zg Zm8")
_ORIGINS: Final = words("""
    - https:// http://localhost https://a.example https://a.example:8443 http://127.0.0.1:8420
    http://localhost:8420 https://[::1]:8443 https://[2001:db8::1] https://1a.example
    https://xn--bcher-kva.example https://a-b.example https://a.1 https://0.0.0.0
    http://a.example:443 https://a.example:80 https://a.example:1 https://a.example:65535
    https://a.example/ https://a.example/path https://a.example?x https://a.example#x
    https://user@a.example https://A.example HTTPS://a.example ftp://a.example
    https://a.example:443 http://a.example:80 https://a.example:0443 https://a.example:0
    https://a.example:65536 https://a.example:999999 https://a.example: https://a..example
    https://-a.example https://a-.example https://a.example. https://.a https://127.0.0.01
    https://256.0.0.1 https://1.2.3 https://1 https://1.2.3.4.5 https://0x7f.1 https://[::0001]
    https://[zz] https://[1:2] https://[::1::2] https://[1.2.3.4] https://[] https://[:::]
    https://[1:2:3:4:5:6:7:8] https://[1:2:3:4:5:6:7::] https://[1::3:4:5:6:7:8] https://[0:0::1]
    https://[1:0:0:2:0:0:0:3] https://[1:0:0:2::3] https://[1::2:0:0:0:3] https://[2001:DB8::1]
    https://a_b.example
""")


def address_vectors() -> Json:
    """Base64url, origins, and contact addresses of both kinds."""
    texts = [*_TEXTS64, "A A", "AA\n", "\u0661A"]
    origins = [
        *_ORIGINS,
        "https://\u0661.1.1.1",
        "https://a.example\uff0f",
        "https://b\u00fc.example",
    ]
    origins += [" https://a.example", "https://a.example\n", "https://" + "a." * 130 + "example"]
    origins += ["https://" + "a" * 63 + ".b", "https://" + "a" * 64 + ".b"]
    origins += ["https://" + "a." * 123 + "b", "https://" + "a." * 123 + "bc"]
    contact: Json = {"o": "https://a.example", "m": b"m" * 16, "c": b"c" * 32, "s": b"s" * 32}
    handle: Json = {"o": "https://a.example", "m": b"m" * 16, "c": b"c" * 32, "x": b"x" * 1216}
    variants: list[object] = []
    for whole in (contact, handle):
        variants += [whole, [], 7, None, whole | {"z": 1}, whole | {"x": b"short"}]
        variants += [{k: v for k, v in whole.items() if k != key} for key in whole]
        for key, value in whole.items():
            variants += [whole | {key: other} for other in (None, 1, "text", b"short", [value])]
        variants += [whole | {"o": "HTTPS://a.example"}, whole | {"o": "https://b.example"}]
    return {
        "base64url": [
            [t, base64url.decode(t).hex()] if outcome(base64url.decode, t) == OK else [t, None]
            for t in texts
        ],
        "origins": [[o, outcome(check_origin, o)] for o in origins],
        "addresses": [
            [
                cbor.encode(variant).hex(),
                outcome(ContactAddress.from_cbor, variant),
                outcome(any_address, variant),
            ]
            for variant in variants
        ],
    }
