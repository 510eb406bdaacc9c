"""Bytes on JSON: base64url without padding, one spelling only, of lengths the field allows.

Each field type states its lengths once; validation and the OpenAPI description come from it. The
description uses `format: base64url-<lengths>`, which other tools may ignore.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from visavis.core import base64url
from visavis.core.deletion_receipt import MAX_RECEIPT
from visavis.core.errors import PeerError

BUCKET_SMALL: Final = 4_096
BUCKET_LARGE: Final = 65_536
KEYSTORE_BYTES: Final = 4_096
KEY_PACKAGE_MAX: Final = 16_384
SEALING_KEY_BYTES: Final = 1_216
SESSION_MAX: Final = 512
LINK_TOKEN_BYTES: Final = 56
CREDENTIAL_ID_MAX: Final = 1_023
"""WebAuthn Level 3, 4 (Credential ID); the other bounds are several times what is seen."""

ROOT_WRAP_BYTES: Final = 156


def text_length(size: int) -> int:
    """Return how many characters `size` bytes take."""
    return (size * 4 + 2) // 3


@dataclass(frozen=True, slots=True)
class Wire:
    """Pydantic annotation: bytes of one of some lengths, or of any length up to a largest.

    Args:
        sizes: Allowed lengths; empty for a range.
        largest: With no sizes: 1 to `largest` bytes.
    """

    sizes: tuple[int, ...] = ()
    largest: int = 0

    def parse(self, value: object) -> bytes:
        """Return the bytes of a JSON value; bytes (from our own code, never from JSON) stay.

        Raises:
            ValueError: Not text, not base64url, or not an allowed length.
        """
        if isinstance(value, bytes):
            return self._sized(value)
        if not isinstance(value, str):
            raise ValueError("not text")  # noqa: TRY004 - pydantic turns ValueError into its own
        if len(value) > text_length(max(self.largest, *self.sizes, 0)):
            raise ValueError("too long")  # before decoding anything
        try:
            return self._sized(base64url.decode(value))
        except PeerError as error:
            raise ValueError(error.detail) from None

    def _sized(self, data: bytes) -> bytes:
        allowed = len(data) in self.sizes if self.sizes else 1 <= len(data) <= self.largest
        if not allowed:
            raise ValueError("wrong length")
        return data

    def __get_pydantic_core_schema__(
        self, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.parse,
            serialization=core_schema.plain_serializer_function_ser_schema(base64url.encode),
        )

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        sizes = self.sizes or (1, self.largest)
        name = "or".join(str(size) for size in self.sizes) if self.sizes else f"upto{self.largest}"
        return {
            "type": "string",
            "format": f"base64url-{name}",
            "minLength": text_length(min(sizes)),
            "maxLength": text_length(max(sizes)),
        }


Bytes16 = Annotated[bytes, Wire((16,))]
Bytes32 = Annotated[bytes, Wire((32,))]
Bytes64 = Annotated[bytes, Wire((64,))]
Bytes65 = Annotated[bytes, Wire((65,))]
Bytes96 = Annotated[bytes, Wire((96,))]
LinkToken = Annotated[bytes, Wire((LINK_TOKEN_BYTES,))]
Bytes192 = Annotated[bytes, Wire((192,))]
Bytes320 = Annotated[bytes, Wire((320,))]
Keystore = Annotated[bytes, Wire((KEYSTORE_BYTES,))]
Bucket = Annotated[bytes, Wire((BUCKET_SMALL, BUCKET_LARGE))]
SealingKey = Annotated[bytes, Wire((SEALING_KEY_BYTES,))]
KeyPackageBytes = Annotated[bytes, Wire((), KEY_PACKAGE_MAX)]
Session = Annotated[bytes, Wire((), SESSION_MAX)]
CredentialId = Annotated[bytes, Wire((), CREDENTIAL_ID_MAX)]
ClientData = Annotated[bytes, Wire((), 2_048)]
Attestation = Annotated[bytes, Wire((), 8_192)]
AuthenticatorData = Annotated[bytes, Wire((), 2_050)]
Signature = Annotated[bytes, Wire((), 1_024)]
ReceiptBytes = Annotated[bytes, Wire((), MAX_RECEIPT)]
RootWrap = Annotated[bytes, Wire((ROOT_WRAP_BYTES,))]


class Message(BaseModel):
    """Base of all request and response bodies: unknown members are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Empty(Message):
    """`{}`: done."""


class Receipted(Message):
    """Done, and the server's receipt for what was deleted; null where nothing was to be."""

    receipt: ReceiptBytes | None


class Deleted(Message):
    """How many were deleted, and the server's receipt for it."""

    deleted: int
    receipt: ReceiptBytes
