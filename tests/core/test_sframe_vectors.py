"""The official SFrame vectors, and that the runner cannot be satisfied by anything else."""

from __future__ import annotations

import copy
import gzip
import json
import os
import pathlib
from typing import Any

import pytest

from visavis.testing import sframe_vectors

FOLDER = pathlib.Path(os.environ.get("VISAVIS_VECTORS", "../shared/vectors"))
OFFICIAL = FOLDER / "sframe" / "test-vectors.json"


def run(path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    status = sframe_vectors.main([str(path)])
    return status, capsys.readouterr().out.splitlines()[-1]


def own_vectors() -> dict[str, list[dict[str, Any]]]:
    """RFC 9605, appendix C: one of each kind, so that the runner is tested without the file too."""
    return {
        "header": [
            {"kid": 0, "ctr": 0, "encoded": "00"},
            {"kid": 256, "ctr": 7, "encoded": "970100"},
        ],
        "aes_ctr_hmac": [
            {
                "cipher_suite": 1,
                "key": bytes(range(48)).hex(),
                "enc_key": bytes(range(16)).hex(),
                "auth_key": bytes(range(16, 48)).hex(),
                "nonce": "101112131415161718191a1b",
                "aad": "4945544620534672616d65205747",
                "pt": "64726166742d696574662d736672616d652d656e63",
                "ct": "6339af04ada1d064688a442b8dc69d5b6bfa40f4bef0583e8081069cc60705",
            }
        ],
        "sframe": [
            {
                "cipher_suite": 1,
                "kid": 291,
                "ctr": 17767,
                "base_key": "000102030405060708090a0b0c0d0e0f",
                "sframe_key_label": b"SFrame 1.0 Secret key ".hex() + "00000000000001230001",
                "sframe_salt_label": b"SFrame 1.0 Secret salt ".hex() + "00000000000001230001",
                "sframe_secret": "d926952ca8b7ec4a95941d1ada3a5203ceff8cceee34f574d23909eb314c40c0",
                "sframe_key": "3f7d9a7c83ae8e1c8a11ae695ab59314b367e359fadac7b9"
                "c46b2bc6f81f46e16b96f0811868d59402b7e870102720b3",
                "sframe_salt": "50b29329a04dc0f184ac3168",
                "metadata": "4945544620534672616d65205747",
                "nonce": "50b29329a04dc0f184ac740f",
                "aad": "99012345674945544620534672616d65205747",
                "pt": "64726166742d696574662d736672616d652d656e63",
                "ct": "9901234567449408b6f490086165b9d6f62b24ae1a59a56486b4ae8ed036b88912e24f11",
            }
        ],
    }


def document() -> dict[str, list[dict[str, Any]]]:
    if OFFICIAL.is_file():
        loaded: dict[str, list[dict[str, Any]]] = json.loads(OFFICIAL.read_bytes())
        return loaded
    return own_vectors()


@pytest.mark.vectors
def test_official_file(capsys: pytest.CaptureFixture[str]) -> None:
    if not OFFICIAL.is_file():
        # `make test` has said so; the RFC's own examples below run in any case.
        assert os.environ.get("CI") != "true", "CI needs the official vectors"
        return
    count = sum(len(array) for array in document().values())
    assert count >= 297
    assert run(OFFICIAL, capsys) == (0, f"{count} passed, 0 failed")


def test_own_copy_of_the_rfc_examples(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "v.json.gz"
    path.write_bytes(gzip.compress(json.dumps(own_vectors()).encode()))
    assert run(path, capsys) == (0, "4 passed, 0 failed")


def test_a_bare_array_tells_kinds_from_content(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flat = [element for array in document().values() for element in array]
    path = tmp_path / "v.json"
    path.write_text(json.dumps(flat))
    assert run(path, capsys) == (0, f"{len(flat)} passed, 0 failed")


def _mutants(element: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the element with each field changed in turn, dropped in turn, and one too many."""
    made: list[tuple[str, dict[str, Any]]] = []
    for name, value in element.items():
        changed: list[object] = (
            [value ^ 1, value + 2**64, -1, str(value), float(value), True, None]
            if isinstance(value, int)
            else [
                f"{int(value[:2] or '0', 16) ^ 1:02x}{value[2:]}",
                value + "00",
                value[2:] + "zz",
                7,
            ]
        )
        made.extend((f"{name}={new!r}", {**element, name: new}) for new in changed)
        made.append((f"without {name}", {k: v for k, v in element.items() if k != name}))
    made.append(("unknown field", {**element, "surprise": "00"}))
    return made


def test_every_mutated_field_fails_its_element() -> None:
    survivors: list[str] = []
    tried = 0
    for kind, array in document().items():
        for element in array[:1] + array[-1:]:
            sframe_vectors.check(kind, copy.deepcopy(element))
            for what, mutant in _mutants(element):
                tried += 1
                try:
                    sframe_vectors.check(kind, mutant)
                except (
                    sframe_vectors.FieldError,
                    sframe_vectors.VisavisError,
                    ValueError,
                    OverflowError,
                ):
                    continue
                survivors.append(f"{kind}: {what}")
    assert tried > 100
    assert not survivors


@pytest.mark.parametrize(
    ("content", "last"),
    [
        ("{}", "0 passed, 0 failed"),
        ("[]", "0 passed, 0 failed"),
        ('{"header": []}', "0 passed, 0 failed"),
        ('{"headers": [{"kid": 0, "ctr": 0, "encoded": "00"}]}', "0 passed, 1 failed"),
        ('[{"kid": 0, "ctr": 0}]', "0 passed, 1 failed"),
        ('{"header": [{"kid": 0, "ctr": 0, "encoded": "00"}, 7]}', "1 passed, 1 failed"),
        ('{"header": {"kid": 0}}', "0 passed, 1 failed"),
        ('{"header": [{"kid": 1, "kid": 0, "ctr": 0, "encoded": "00"}]}', "0 passed, 1 failed"),
        ('{"header": [{"kid": 0, "ctr": 0, "encoded": "0 0 "}]}', "0 passed, 1 failed"),
        ("7", "0 passed, 1 failed"),
        ("{", "0 passed, 1 failed"),
        ("\x1f\x8bnot gzip", "0 passed, 1 failed"),
    ],
)
def test_files_that_must_not_pass(
    content: str, last: str, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "v.json"
    path.write_bytes(content.encode("latin-1"))
    assert run(path, capsys) == (1, last)


def test_one_empty_file_among_good_ones_fails(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, empty = tmp_path / "good.json", tmp_path / "empty.json"
    good.write_text(json.dumps(own_vectors()))
    empty.write_text("[]")
    assert sframe_vectors.main([str(good), str(empty)]) == 1
    assert sframe_vectors.main([str(tmp_path / "absent.json")]) == 1
    assert sframe_vectors.main([str(good)]) == 0
    assert capsys.readouterr().out.endswith("4 passed, 0 failed\n")
