"""TLS 1.3 and nothing older, with certificates that may be renewed while the server runs.

Certificates live for weeks and calls must not end when one is renewed: the files are looked at
once in a while, and a changed pair is loaded into the context that new handshakes use. A pair that
does not fit (half written, wrong key) is not loaded; the old one stays (CK-493).
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final

from visavis.core.errors import UsageError

CHECK_EVERY_S: Final = 10.0
"""Seconds between two looks at the files."""


class ServerTls:
    """The server's TLS context.

    Args:
        cert: PEM certificate chain.
        key: PEM private key.

    Raises:
        UsageError: The files cannot be read, or do not belong together.
    """

    def __init__(self, cert: Path, key: Path) -> None:
        self._cert = cert
        self._key = key
        self._seen: tuple[object, ...] = ()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # RFC 8446 only: no renegotiation, no old ciphers, forward secrecy always.
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.maximum_version = ssl.TLSVersion.TLSv1_3
        # No session tickets: they are encrypted under a key that lives as long as the process, so
        # whoever takes it later could link connections (and early data could be replayed).
        context.num_tickets = 0
        context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_COMPRESSION
        self.context = context
        problem = self._load()
        if problem is not None:
            raise UsageError(f"cannot use the certificate: {problem}")

    def unchanged(self) -> bool:
        """Return whether the files are still those that were last looked at."""
        return self._stamp() == self._seen

    def reload(self) -> bool:
        """Load the pair again; False if it cannot be used and the old one stays."""
        return self._load() is None

    def _load(self) -> str | None:
        self._seen = self._stamp()
        try:
            # Tried on a context of its own first: a failed load may leave half a pair behind.
            trial = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            trial.load_cert_chain(self._cert, self._key)
            self.context.load_cert_chain(self._cert, self._key)
        except ssl.SSLError:
            return "certificate and key are damaged or do not belong together"
        except OSError:
            return "the certificate or key file cannot be read"
        return None

    def _stamp(self) -> tuple[object, ...]:
        stamp: list[object] = []
        for path in (self._cert, self._key):
            try:
                # stat follows links, which is how certbot replaces a certificate.
                state = path.stat()
            except OSError:
                stamp.append(None)
            else:
                stamp += [state.st_mtime_ns, state.st_size, state.st_ino]
        return tuple(stamp)
