"""Runs official SFrame test vectors: `python -m visavis.testing.sframe_vectors FILE...`.

Files are JSON, plain or gzipped. The official file's top level is an object of arrays; one count
per element of each array. A bare array is taken too, each element's kind told from its fields.
Every field of an element must be consumed and compared; a wrong, missing or unchecked field fails
its element. The last line of stdout is `N passed, M failed`; the exit status is 1 on a failure, on
zero elements, or on an unknown kind. What it is not for: vectors of MLS (`mls_vectors`).
"""

from __future__ import annotations

import gzip
import json
import pathlib
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Final

from visavis.core import sframe
from visavis.core.errors import VisavisError


class FieldError(Exception):
    """A field is wrong, missing or was not looked at."""


class Fields:
    """One element of a vectors file, remembering which of its fields were read."""

    def __init__(self, element: object) -> None:
        if not isinstance(element, dict):
            raise FieldError("not an object")
        self._values: dict[str, Any] = element
        self._read: set[str] = set()

    def number(self, name: str) -> int:
        """Read a field that is a JSON integer."""
        value = self._take(name)
        if type(value) is not int:
            raise FieldError(f"{name} is not an integer")
        return value

    def octets(self, name: str) -> bytes:
        """Read a field that is hexadecimal text."""
        value = self._take(name)
        try:
            return bytes.fromhex(value)
        except (TypeError, ValueError):
            raise FieldError(f"{name} is not hexadecimal") from None

    def equal(self, name: str, ours: bytes) -> None:
        """Compare a hexadecimal field with what we computed."""
        if self.octets(name) != ours:
            raise FieldError(f"{name} differs")

    def finish(self) -> None:
        """Fail if a field was not read."""
        unread = sorted(set(self._values) - self._read)
        if unread:
            raise FieldError(f"not checked: {', '.join(unread)}")

    def _take(self, name: str) -> Any:
        if name not in self._values:
            raise FieldError(f"no field {name}")
        self._read.add(name)
        return self._values[name]


def _same(what: str, ours: object, theirs: object) -> None:
    if ours != theirs:
        raise FieldError(f"{what} differs")


def _refuses(what: str, call: Callable[[], object]) -> None:
    try:
        call()
    except VisavisError:
        return
    raise FieldError(f"{what} was accepted")


def check_header(fields: Fields) -> None:
    """Encode, decode, and refuse the header cut short (RFC 9605, appendix C.1)."""
    kid, ctr, encoded = fields.number("kid"), fields.number("ctr"), fields.octets("encoded")
    _same("encoded", sframe.encode_header(kid, ctr), encoded)
    _same("decoded", sframe.decode_header(encoded + b"frame"), (kid, ctr, len(encoded)))
    _refuses("a header cut short", lambda: sframe.decode_header(encoded[:-1]))


def check_ctr_hmac(fields: Fields) -> None:
    """Encrypt and decrypt with AES-CTR and HMAC (RFC 9605, appendix C.2)."""
    suite, key, nonce = fields.number("cipher_suite"), fields.octets("key"), fields.octets("nonce")
    aad, plaintext, sealed = fields.octets("aad"), fields.octets("pt"), fields.octets("ct")
    parameters = sframe.suite_of(suite)
    _same("key length", len(key), parameters.key_length)
    fields.equal("enc_key", key[: parameters.cipher_key_length])
    fields.equal("auth_key", key[parameters.cipher_key_length :])
    _same("ct", sframe.seal(suite, key, nonce, aad, plaintext), sealed)
    _same("pt", sframe.unseal(suite, key, nonce, aad, sealed), plaintext)
    _refuses("other aad", lambda: sframe.unseal(suite, key, nonce, aad + b"x", sealed))


def check_sframe(fields: Fields) -> None:
    """Derive, encrypt and decrypt a whole frame (RFC 9605, appendix C.3)."""
    suite, kid, ctr = (fields.number(name) for name in ("cipher_suite", "kid", "ctr"))
    base_key, metadata = fields.octets("base_key"), fields.octets("metadata")
    plaintext, sealed = fields.octets("pt"), fields.octets("ct")
    fields.equal("sframe_key_label", sframe.key_label(suite, kid))
    fields.equal("sframe_salt_label", sframe.salt_label(suite, kid))
    fields.equal("sframe_secret", sframe.derive_secret(suite, base_key))
    key = sframe.SframeKey.derive(suite, kid, base_key)
    fields.equal("sframe_key", key.key)
    fields.equal("sframe_salt", key.salt)
    fields.equal("nonce", key.nonce(ctr))
    fields.equal("aad", sframe.encode_header(kid, ctr) + metadata)
    _same("ct", key.encrypt(ctr, metadata, plaintext), sealed)
    _same("pt", key.decrypt(metadata, sealed), (ctr, plaintext))
    _refuses("other metadata", lambda: key.decrypt(metadata + b"x", sealed))
    _refuses("a frame cut short", lambda: key.decrypt(metadata, sealed[:-1]))


CHECKS: Final[dict[str, Callable[[Fields], None]]] = {
    "header": check_header,
    "aes_ctr_hmac": check_ctr_hmac,
    "aes_256_ctr_hmac": check_ctr_hmac,
    "sframe": check_sframe,
}

# Fields that only this kind has, for elements of a bare array.
_TELLING: Final = {"encoded": "header", "enc_key": "aes_ctr_hmac", "base_key": "sframe"}


def elements(document: object) -> Iterator[tuple[str, object]]:
    """Yield (kind, element) of a file's content; an unknown kind is "" and fails."""
    if isinstance(document, dict):
        for kind, array in document.items():
            if kind not in CHECKS or not isinstance(array, list):
                yield "", array
                continue
            for element in array:
                yield kind, element
    elif isinstance(document, list):
        for element in document:
            names = element if isinstance(element, dict) else {}
            yield next((kind for name, kind in _TELLING.items() if name in names), ""), element
    else:
        yield "", document


def check(kind: str, element: object) -> None:
    """Check one element, each of its fields.

    Raises:
        FieldError: A field is wrong, missing or unchecked, or the kind is unknown.
        VisavisError: Our code refused what the vector says is right.
    """
    if not kind:
        raise FieldError("unknown kind")
    fields = Fields(element)
    CHECKS[kind](fields)
    fields.finish()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # A name given twice would hide the first value from every comparison.
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a field is given twice")
    return dict(pairs)


def run_file(path: pathlib.Path) -> tuple[int, int]:
    """Check one file and print each failure.

    Returns:
        Elements passed, elements failed.
    """
    try:
        raw = path.read_bytes()
        text = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
        document = json.loads(text, object_pairs_hook=_unique)
    except (OSError, ValueError, EOFError, RecursionError, zlib.error) as error:
        print(f"{path.name}: cannot be read: {type(error).__name__}")
        return 0, 1
    passed = failed = 0
    for number, (kind, element) in enumerate(elements(document)):
        try:
            check(kind, element)
        except (FieldError, VisavisError, ValueError, OverflowError) as error:
            print(f"{path.name} element {number} {kind}: {error}")
            failed += 1
        else:
            passed += 1
    return passed, failed


def main(arguments: list[str]) -> int:
    """Run the files named and return the exit status."""
    passed = failed = empty = 0
    for name in arguments:
        file_passed, file_failed = run_file(pathlib.Path(name))
        if not file_passed + file_failed:
            print(f"{name}: no elements")
            empty += 1
        passed, failed = passed + file_passed, failed + file_failed
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed and not empty else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
