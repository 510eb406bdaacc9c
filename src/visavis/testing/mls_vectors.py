"""Run MLS test vectors in the official format: `python -m visavis.testing.mls_vectors FILE...`.

Files are `.json` or `.json.gz` with one array; which of the 14 kinds an element is, is told from
its fields, not from the file's name. Each element counts once; it passes if every field it has
was read and every value agrees. The last line of stdout is `N passed, M failed`; the exit code is
1 on a failure, without any element, or on an unknown kind.

The formats: `test-vectors.md` of the MLS working group's implementations repository.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from visavis.testing import mls_vector_basics as basics
from visavis.testing import mls_vector_groups as groups
from visavis.testing.mls_vector_element import Element, MismatchError

Run = Callable[[Element], None]

KINDS: Final[dict[str, tuple[str, Run]]] = {
    "tree-math": ("n_leaves", basics.tree_math),
    "crypto-basics": ("ref_hash", basics.crypto_basics),
    "deserialization": ("vlbytes_header", basics.deserialization),
    "key-schedule": ("initial_init_secret", basics.key_schedule),
    "message-protection": ("membership_key", groups.message_protection),
    "messages": ("mls_welcome", groups.messages),
    "passive-client": ("initial_epoch_authenticator", groups.passive_client),
    "psk_secret": ("psks", basics.psk_secret),
    "secret-tree": ("sender_data", basics.secret_tree),
    "transcript-hashes": ("authenticated_content", basics.transcript_hashes),
    "tree-operations": ("tree_before", groups.tree_operations),
    "tree-validation": ("resolutions", groups.tree_validation),
    "treekem": ("update_paths", groups.treekem),
    "welcome": ("signer_pub", groups.welcome),
}
"""Kind: the field that only this kind has, and its checks."""


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Refuse a JSON object that has a field twice: one of the two would go unchecked."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise MismatchError("a JSON object has a field twice")
    return fields


def load(path: Path) -> list[object]:
    """Read a vector file.

    Args:
        path: `.json` or `.json.gz`.

    Returns:
        The elements of its array.

    Raises:
        MismatchError: Not a JSON array.
        OSError: Not readable.
    """
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    try:
        elements = json.loads(raw, object_pairs_hook=_unique)
    except ValueError as error:
        raise MismatchError("not JSON") from error
    if not isinstance(elements, list):
        raise MismatchError("the top level is not an array")
    return elements


def kind_of(element: object) -> str | None:
    """Tell an element's kind by its fields, None if it is like none."""
    if not isinstance(element, dict):
        return None
    return next((kind for kind, (field, _) in KINDS.items() if field in element), None)


def check(element: object, kind: str) -> str | None:
    """Run one element.

    Args:
        element: The JSON value.
        kind: A key of `KINDS`.

    Returns:
        None if everything agrees, else what went wrong.
    """
    try:
        fields = Element(element)
        KINDS[kind][1](fields)
        fields.finish()
    except Exception as error:  # noqa: BLE001 -- whatever it is, the element did not pass
        return f"{type(error).__name__}: {error}"
    return None


def run_file(path: Path) -> tuple[int, int]:
    """Run a file, printing what fails.

    Args:
        path: The file.

    Returns:
        (passed, failed); (0, 1) for a file that cannot be read or has no element.
    """
    try:
        elements = load(path)
    except (MismatchError, OSError, EOFError) as error:
        print(f"{path.name}: {error}")
        return 0, 1
    kinds = [kind_of(element) for element in elements]
    known = next((kind for kind in kinds if kind is not None), None)
    if known is None:
        print(f"{path.name}: {'unknown kind' if elements else 'no elements'}")
        return 0, max(1, len(elements))
    failed = 0
    for index, (element, kind) in enumerate(zip(elements, kinds, strict=True)):
        problem = check(element, kind or known)
        if problem is not None:
            failed += 1
            print(f"{path.name}[{index}] {problem}")
    print(f"{path.name}: {known}: {len(elements) - failed} of {len(elements)}")
    return len(elements) - failed, failed


def main(arguments: Sequence[str]) -> int:
    """Run all files named on the command line.

    Args:
        arguments: Paths.

    Returns:
        The exit code.
    """
    passed = failed = 0
    for name in arguments:
        good, bad = run_file(Path(name))
        passed, failed = passed + good, failed + bad
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
