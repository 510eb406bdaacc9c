"""One element of a test vector file, read so that no field can be passed over unnoticed.

Every read is recorded; `finish` fails on whatever was not read. A vector with a field that a
runner does not know is thus a failure, not a silent pass.
"""

from __future__ import annotations

from collections.abc import Mapping


class MismatchError(Exception):
    """A field is missing, of the wrong type, not read, or not what we computed."""


def same(what: str, ours: object, given: object) -> None:
    """Compare a value of ours with the given one."""
    if ours != given:
        raise MismatchError(f"{what} differs")


def require(what: str, *, ok: bool) -> None:
    """Fail unless something holds."""
    if not ok:
        raise MismatchError(f"{what}: does not hold")


class Element:
    """A JSON object whose fields are read by type and at least once."""

    def __init__(self, fields: object, name: str = "element") -> None:
        """Wrap one JSON value that must be an object."""
        if not isinstance(fields, Mapping):
            raise MismatchError(f"{name} is not an object")
        self._fields = fields
        self._name = name
        self._read: set[str] = set()
        self._children: list[Element] = []

    def _get(self, key: str) -> object:
        if key not in self._fields:
            raise MismatchError(f"{self._name}.{key} is missing")
        self._read.add(key)
        return self._fields[key]

    def has(self, key: str) -> bool:
        """Tell whether a field is there."""
        return key in self._fields

    def keys(self) -> list[str]:
        """Return the names of all fields."""
        return [str(key) for key in self._fields]

    def number(self, key: str) -> int:
        """Read an unsigned integer."""
        return self._number(self._get(key), key)

    def _number(self, value: object, key: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise MismatchError(f"{self._name}.{key} is not an unsigned integer")
        return value

    def text(self, key: str) -> str:
        """Read a string."""
        value = self._get(key)
        if not isinstance(value, str):
            raise MismatchError(f"{self._name}.{key} is not a string")
        return value

    def data(self, key: str) -> bytes:
        """Read bytes in hex."""
        return bytes.fromhex(self.text(key))

    def secret(self, key: str, size: int) -> bytes:
        """Read bytes of a known length: HMAC takes a key and the same key with zeros for one."""
        value = self.data(key)
        if len(value) != size:
            raise MismatchError(f"{self._name}.{key} is not {size} bytes")
        return value

    def maybe_data(self, key: str) -> bytes | None:
        """Read bytes in hex, or null."""
        return None if self._get(key) is None else self.data(key)

    def values(self, key: str) -> list[object]:
        """Read a list of plain values."""
        value = self._get(key)
        if not isinstance(value, list):
            raise MismatchError(f"{self._name}.{key} is not a list")
        return value

    def maybe_numbers(self, key: str) -> list[int | None]:
        """Read a list of integers and nulls."""
        return [None if v is None else self._number(v, key) for v in self.values(key)]

    def number_lists(self, key: str) -> list[list[int]]:
        """Read a list of lists of integers."""
        rows: list[list[int]] = []
        for row in self.values(key):
            if not isinstance(row, list):
                raise MismatchError(f"{self._name}.{key} is not a list of lists")
            rows.append([self._number(value, key) for value in row])
        return rows

    def datas(self, key: str) -> list[bytes]:
        """Read a list of bytes in hex."""
        values = self.maybe_datas(key)
        if None in values:
            raise MismatchError(f"{self._name}.{key} has a null")
        return [value for value in values if value is not None]

    def maybe_datas(self, key: str) -> list[bytes | None]:
        """Read a list of bytes in hex and nulls."""
        values = self.values(key)
        if not all(value is None or isinstance(value, str) for value in values):
            raise MismatchError(f"{self._name}.{key} is not a list of hex strings")
        return [None if value is None else bytes.fromhex(str(value)) for value in values]

    def child(self, key: str) -> Element:
        """Read a nested object."""
        child = Element(self._get(key), f"{self._name}.{key}")
        self._children.append(child)
        return child

    def children(self, key: str) -> list[Element]:
        """Read a list of objects."""
        found = [
            Element(value, f"{self._name}.{key}[{i}]") for i, value in enumerate(self.values(key))
        ]
        self._children += found
        return found

    def grandchildren(self, key: str) -> list[list[Element]]:
        """Read a list of lists of objects."""
        rows: list[list[Element]] = []
        for i, row in enumerate(self.values(key)):
            if not isinstance(row, list):
                raise MismatchError(f"{self._name}.{key}[{i}] is not a list")
            rows.append([Element(v, f"{self._name}.{key}[{i}][{j}]") for j, v in enumerate(row)])
            self._children += rows[-1]
        return rows

    def finish(self) -> None:
        """Fail if any field, at any depth, was never read."""
        unread = set(self.keys()) - self._read
        if unread:
            raise MismatchError(f"{self._name} has fields nobody checked: {sorted(unread)}")
        for child in self._children:
            child.finish()
