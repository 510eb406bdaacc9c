"""Suites, KEMs, HPKE, signatures: agreement with independent code, and hostile keys."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives import hpke as library
from cryptography.hazmat.primitives.asymmetric import ed25519, mlkem, x25519
from tests.core.mls.world import ALL_SUITES, Stream, refused

from visavis.core.errors import UsageError
from visavis.core.mls import SUITE_ID, generate_signature_key, signature_public_key
from visavis.core.mls.curves import P256, P521, X448, X25519, Weierstrass
from visavis.core.mls.hpke import AES256, Hpke
from visavis.core.mls.kdf import SHA256, SHA384, Kdf
from visavis.core.mls.kem import DhKem, XWing
from visavis.core.mls.secret_tree import SecretTree
from visavis.core.mls.suite import suite_of
from visavis.core.small_order import _SMALL_Y, is_small_order

# The encodings of all points of small order on Curve25519 (RFC 7748 inputs with a zero result).
SMALL_25519 = [
    0,
    1,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
    2**255 - 20,
    2**255 - 19,
    2**255 - 18,
]
SMALL_448 = [0, 1, 2**448 - 2**224 - 2, 2**448 - 2**224 - 1, 2**448 - 2**224]


@pytest.mark.parametrize("suite_id", ALL_SUITES)
def test_encrypt_and_export_reach_the_holder_only(suite_id: int) -> None:
    suite, rng = suite_of(suite_id), Stream("hpke")
    private, public = suite.kem.derive_key_pair(rng(suite.kem.nsk))
    other, _ = suite.kem.derive_key_pair(rng(suite.kem.nsk))
    assert suite.kem.public_key(private) == public
    suite.kem.check_public_key(public)
    sealed = suite.encrypt_with_label(public, b"label", b"context", b"secret", rng)
    assert suite.decrypt_with_label(private, b"label", b"context", sealed) == b"secret"
    for key, label, context in (
        (other, b"label", b"context"),
        (private, b"other", b"context"),
        (private, b"label", b"other"),
    ):
        with refused("CK-015"):
            suite.decrypt_with_label(key, label, context, sealed)
    output, secret = suite.hpke.send_export(public, b"info", b"what for", 32, rng)
    assert suite.hpke.receive_export(private, output, b"info", b"what for", 32) == secret
    assert suite.hpke.receive_export(private, output, b"info", b"other", 32) != secret


@pytest.mark.parametrize("suite_id", ALL_SUITES)
def test_signatures(suite_id: int) -> None:
    suite = suite_of(suite_id)
    private = generate_signature_key(suite_id, Stream("sign"))
    public = signature_public_key(suite_id, private)
    signature = suite.sign_with_label(private, b"label", b"content")
    suite.verify_with_label(public, b"label", b"content", signature)
    other = signature_public_key(suite_id, generate_signature_key(suite_id, Stream("other")))
    for key, label, content, given in (
        (public, b"label", b"content", signature[:-1] + bytes([signature[-1] ^ 1])),
        (public, b"label", b"content", signature[:-1]),
        (public, b"label", b"content", b""),
        (public, b"label", b"contents", signature),
        (public, b"labels", b"content", signature),
        (other, b"label", b"content", signature),
    ):
        with refused("CK-014"):
            suite.verify_with_label(key, label, content, given)
    with refused("CK-011"):
        suite.verify_with_label(public[:-1], b"label", b"content", signature)
    with refused("CK-016"):
        suite.sign_with_label(private[:-1], b"label", b"content")


def test_ck_014_a_signature_key_that_is_no_point() -> None:
    suite = suite_of(1)
    with refused("CK-014"):
        suite.verify_with_label(b"\xff" * 32, b"label", b"content", bytes(64))


@pytest.mark.parametrize(("suite_id", "point"), [(1, 1), (1, 2**255 - 20), (4, 1)])
def test_ck_014_a_key_of_small_order_signs_nothing(suite_id: int, point: int) -> None:
    """Under the neutral element any message has this signature, and OpenSSL takes Ed25519's."""
    suite = suite_of(suite_id)
    size = 32 if suite_id == 1 else 57
    public = point.to_bytes(size, "little")
    forged = (1).to_bytes(size, "little") + bytes(size)
    if (size, point) == (32, 1):  # the control: it does
        library = ed25519.Ed25519PublicKey.from_public_bytes(public)
        library.verify(forged, b"any message at all")
    with refused("CK-014"):
        suite.signature.verify(public, b"any message at all", forged)


@pytest.mark.parametrize("size", [32, 57])
def test_points_of_small_order_in_every_encoding(size: int) -> None:
    """Eight (four) times such a point is the neutral element; and no honest key is one."""
    prime, small = _SMALL_Y[size]
    for y in small:
        for encoded in (y, y + prime):
            for sign in (0, 2 ** (8 * size - 1)):
                if encoded < 2 ** (8 * size - 1):
                    assert is_small_order((encoded + sign).to_bytes(size, "little"))
    suite_id = 1 if size == 32 else 4
    for name in ("one", "two", "three"):
        private = generate_signature_key(suite_id, Stream(name))
        assert not is_small_order(signature_public_key(suite_id, private))


def test_the_points_of_order_eight_of_ed25519() -> None:
    """-x^2 + y^2 = 1 + d x^2 y^2; doubled they have y = 0, so x^2 = -y^2 on them."""
    prime, small = _SMALL_Y[32]
    d = -121665 * pow(121666, -1, prime) % prime
    order_8 = small - {0, 1, prime - 1}
    assert len(order_8) == 2
    for y in order_8:
        assert (2 * y**2 - 1 + d * y**4) % prime == 0


def test_ck_047_a_leaf_outside_the_tree_has_no_keys() -> None:
    suite = suite_of(1)
    tree = SecretTree.start(suite, bytes(32), 4)
    for leaf in (4, 5, 2**31):
        with refused("CK-047"):
            tree.key_at(leaf, 0, handshake=False)
    tree.key_at(3, 0, handshake=False)  # the control


def test_ck_010_unknown_suites() -> None:
    for suite_id in (0, 8, 83, 0xF00D):
        with refused("CK-010"):
            suite_of(suite_id)


@pytest.mark.parametrize("suite_id", ALL_SUITES)
def test_ck_011_public_keys_have_one_length(suite_id: int) -> None:
    kem, rng = suite_of(suite_id).kem, Stream("length")
    _, public = kem.derive_key_pair(rng(kem.nsk))
    for bad in (b"", public[:-1], public + b"\0"):
        with refused("CK-011"):
            kem.check_public_key(bad)
        with refused("CK-011"):
            kem.encapsulate(bad, rng)


@pytest.mark.parametrize("suite_id", ALL_SUITES)
def test_ck_016_private_keys_have_one_length(suite_id: int) -> None:
    kem = suite_of(suite_id).kem
    with refused("CK-016"):
        kem.public_key(bytes(range(1, kem.nsk)))


def test_ck_012_small_order_keys() -> None:
    rng = Stream("small")
    for u in SMALL_25519:
        for top in (0, 1 << 255) if u < 2**255 else (0,):
            public = (u | top).to_bytes(32, "little")
            with refused("CK-012"):
                X25519.check_public_key(public)
            with refused("CK-012"):
                X25519.agree(rng(32), public)
    for u in SMALL_448:
        with refused("CK-012"):
            X448.check_public_key(u.to_bytes(56, "little"))


def test_the_list_of_small_orders_is_the_librarys_too() -> None:
    private = x25519.X25519PrivateKey.from_private_bytes(Stream("x")(32))
    for u in SMALL_25519:
        with pytest.raises(ValueError, match=r".*"):
            private.exchange(x25519.X25519PublicKey.from_public_bytes(u.to_bytes(32, "little")))
    X25519.check_public_key((9).to_bytes(32, "little"))
    X448.check_public_key((5).to_bytes(56, "little"))


def test_ck_012_small_order_inside_x_wing() -> None:
    kem, rng = XWing(), Stream("x-wing")
    seed, public = kem.derive_key_pair(rng(32))
    with refused("CK-012"):
        kem.check_public_key(public[:1184] + bytes(32))
    _, encapsulation = kem.encapsulate(public, rng)
    with refused("CK-012"):
        kem.decapsulate(encapsulation[:1088] + bytes(32), seed)
    with refused("CK-011"):
        kem.decapsulate(encapsulation[:-1], seed)


def test_ck_011_ml_kem_coefficients_above_the_modulus() -> None:
    kem = XWing()
    _, public = kem.derive_key_pair(bytes(32))
    with refused("CK-011"):
        kem.check_public_key(b"\xff" * 3 + public[3:])


def test_a_tampered_ml_kem_ciphertext_gives_another_secret() -> None:
    kem, rng = XWing(), Stream("implicit")
    seed, public = kem.derive_key_pair(rng(32))
    shared, encapsulation = kem.encapsulate(public, rng)
    assert kem.decapsulate(encapsulation, seed) == shared
    tampered = bytes([encapsulation[0] ^ 1]) + encapsulation[1:]
    assert kem.decapsulate(tampered, seed) != shared


def test_x_wing_public_key_of_the_drafts_first_vector() -> None:
    seed = bytes.fromhex("7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26")
    public = XWing().public_key(seed)
    assert public.hex().startswith(
        "e2236b35a8c24b39b10aa1323a96a919a2ced88400633a7b07131713fc14b2b5"
    )
    assert len(public) == 1216


def _library_suite() -> library.Suite:
    return library.Suite(
        library.KEM.MLKEM768_X25519, library.KDF.HKDF_SHA384, library.AEAD.AES_256_GCM
    )


def test_hpke_with_x_wing_agrees_with_another_implementation() -> None:
    """`cryptography` has its own X-Wing HPKE, in Rust: both directions."""
    seed, public = XWing().derive_key_pair(b"ikm")
    expanded = hashlib.shake_256(seed).digest(96)
    theirs = library.MLKEM768X25519PrivateKey(
        mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64]),
        x25519.X25519PrivateKey.from_private_bytes(expanded[64:]),
    )
    ours = Hpke(XWing(), SHA384, AES256)
    rng = Stream("both ways")
    output, ciphertext = ours.seal(public, b"info", b"to them", rng)
    assert _library_suite().decrypt(output + ciphertext, theirs, b"info") == b"to them"
    sent = _library_suite().encrypt(b"to us", theirs.public_key(), b"info")
    assert ours.open(seed, sent[:1120], b"info", sent[1120:]) == b"to us"


def test_ck_016_scalars() -> None:
    for bad in (0, P256.order, P256.order + 1):
        with refused("CK-016"):
            P256.public_key(bad.to_bytes(32, "big"))
    assert P256.public_key((P256.order - 1).to_bytes(32, "big"))


def test_ck_011_points() -> None:
    public = P256.public_key((7).to_bytes(32, "big"))
    P256.check_public_key(public)
    off_curve = public[:-1] + bytes([public[-1] ^ 1])
    compressed = bytes([2 + (public[-1] & 1)]) + public[1:33]
    hybrid = bytes([6 + (public[-1] & 1)]) + public[1:]
    for bad in (off_curve, compressed, hybrid, b"\0"):
        with refused("CK-011"):
            P256.check_public_key(bad)


def test_p521_clears_the_bits_above_its_order() -> None:
    candidate = b"\xff" * 66
    assert P521.mask(candidate) == b"\x01" + candidate[1:]
    private, public = DhKem(0x12, SHA256, P521).derive_key_pair(b"ikm")
    assert (len(private), len(public)) == (66, 133)


def test_montgomery_curves_clamp_by_themselves() -> None:
    assert X25519.mask(b"\xff" * 32) == b"\xff" * 32
    assert X25519.public_key(b"\xff" * 32) == X25519.public_key(b"\xf8" + b"\xff" * 30 + b"\x7f")


def test_derive_key_pair_gives_up_on_a_broken_curve() -> None:
    never = Weierstrass(P256.curve, 0, 32, 0xFF)
    with pytest.raises(UsageError):
        DhKem(0x10, SHA256, never).derive_key_pair(b"ikm")


def test_generating_a_scalar_tries_again() -> None:
    answers = iter([b"\xff" * 32, b"\0" * 32, bytes(31) + b"\5"])
    assert generate_signature_key(2, lambda _size: next(answers)) == bytes(31) + b"\5"


def test_hkdf_expands_over_several_blocks() -> None:
    # RFC 5869, test case 2.
    kdf = Kdf("sha256", 1, 32)
    prk = kdf.extract(bytes(range(0x60, 0xB0)), bytes(range(0x50)))
    okm = kdf.expand(prk, bytes(range(0xB0, 0x100)), 82)
    assert okm.hex().startswith("b11e398dc80327a1c8e7f78c596a4934")
    assert okm.hex().endswith("cc30c58179ec3e87c14c01d5c1f3434f1d87")


def test_the_product_suite() -> None:
    suite = suite_of(SUITE_ID)
    assert suite.kem.kem_id == 0x647A
    assert (suite.kdf, suite.aead) == (SHA384, AES256)
    private = generate_signature_key(SUITE_ID, Stream("p"))
    assert len(signature_public_key(SUITE_ID, private)) == 32
