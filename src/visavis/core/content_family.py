"""Contents of one place, encoded and decoded there and nowhere else.

Not for: which contents there are (`content`, `content_room`), or their fields (`content_fields`).
"""

from __future__ import annotations

from typing import Generic, TypeVar, cast, get_args

from visavis.core import cbor
from visavis.core.content_fields import VERSION, Content, decode_fields, encode_fields
from visavis.core.errors import Code, PeerError, UsageError

_Contents = TypeVar("_Contents", bound=Content)


class Family(Generic[_Contents]):
    """The contents that may stand in one place.

    Args:
        contents: A union of content classes, or one of them.
        most: Bytes of the longest that is encoded.
        unknown: The detail of the error for what is none of them; begins with the check's id.
    """

    def __init__(self, contents: object, *, most: int, unknown: str) -> None:
        found: tuple[type[Content], ...] = get_args(contents) or (cast("type[Content]", contents),)
        self._types = {tuple(sorted(cls.TYPE.items())): cls for cls in found}
        self._most = most
        self._unknown = unknown

    def encode(self, content: _Contents) -> bytes:
        """Encode a content.

        Raises:
            PeerError: `TOO_LARGE`.
            UsageError: The content is one that receivers would refuse.
        """
        if self._types.get(tuple(sorted(content.TYPE.items()))) is not type(content):
            raise UsageError("this content belongs elsewhere")
        data = cbor.encode({"v": VERSION, **content.TYPE, **encode_fields(content)})
        if len(data) > self._most:
            raise PeerError(Code.TOO_LARGE, f"content beyond {self._most} bytes")
        try:
            self.decode(data)
        except PeerError as error:
            raise UsageError(f"would send what others refuse: {error.detail}") from None
        return data

    def decode(self, data: bytes) -> _Contents:
        """Decode a content.

        Raises:
            PeerError: `MALFORMED` (CK-250, CK-271, `unknown`, or what its content requires).
        """
        raw = cbor.decode_versioned(data, VERSION)
        # The type is looked up among those of this place only: an in-call message that turns up in
        # a conversation, or a request inside a group, is refused and not acted upon.
        names = ("k", "w") if raw.get("k") == "welcome" else ("k", "t")
        found = {name: raw.pop(name) for name in names if name in raw}
        key = tuple(sorted((name, word) for name, word in found.items() if isinstance(word, str)))
        cls = self._types.get(key) if len(key) == len(found) else None
        if cls is None:
            raise PeerError(Code.MALFORMED, self._unknown)
        content = decode_fields(cls, raw)
        content.require_fits()
        return cast("_Contents", content)
