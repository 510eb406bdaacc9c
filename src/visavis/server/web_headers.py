"""What a page may do: the headers that browsers hold it to.

The pages are trusted with people's keys. So nothing runs, loads or connects but what came with
them from this origin (R-62, R-97), no other page can hold a handle on them or read them, and
nothing tells another site where a person came from.
"""

from __future__ import annotations

from typing import Final

LIBRARY_STYLES: Final = (
    # React Aria, interactions/usePress: how touch scrolls over what can be pressed.
    "'sha256-38RhXrc7EdReTKsOm23ZPOCUgniTUUcjky8QOOrQx6o='",
    # React Aria, overlays/usePreventScroll (iOS): no scrolling behind a dialog.
    "'sha256-gYiS/BvZvRcK27JIXTuwhZ3hs2+VJ1X+2gUlE+farlg='",
)
"""The only <style> elements that a library puts into the page, by the hash of their text.

Stronger than a nonce, which would let any style in that learns it, and leaves index.html the same
for everybody, so that it can be kept for use offline. `tests/server/test_web.py` takes the texts
from the library and fails when they change."""

CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        f"style-src 'self' {' '.join(LIBRARY_STYLES)}",
        "img-src 'self' blob: data:",
        "media-src 'self' blob: mediastream:",
        # Covers the WebSockets of this origin too (CSP 3, "does url match expression").
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "font-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types visavis",
    )
)

OWN_FEATURES: Final = (
    "camera",
    "display-capture",
    "fullscreen",
    "microphone",
    "picture-in-picture",
    "publickey-credentials-create",
    "publickey-credentials-get",
    "screen-wake-lock",
)
"""What a call needs."""

NO_FEATURES: Final = (
    "accelerometer",
    "browsing-topics",
    "captured-surface-control",
    "clipboard-read",
    "compute-pressure",
    "deferred-fetch",
    "deferred-fetch-minimal",
    "digital-credentials-create",
    "digital-credentials-get",
    "encrypted-media",
    "gamepad",
    "geolocation",
    "gyroscope",
    "hid",
    "identity-credentials-get",
    "idle-detection",
    "keyboard-map",
    "language-detector",
    "language-model",
    "local-fonts",
    "magnetometer",
    "midi",
    "on-device-speech-recognition",
    "otp-credentials",
    "payment",
    "private-state-token-issuance",
    "private-state-token-redemption",
    "serial",
    "storage-access",
    "summarizer",
    "sync-xhr",
    "translator",
    "unload",
    "usb",
    "window-management",
    "xr-spatial-tracking",
)
"""What it does not. Not named, and so left to this origin as browsers have it: `autoplay` and
`media-playback-while-not-visible` (ring tone, the other person's picture), `clipboard-write` and
`web-share` (invites), `speaker-selection`, `local-network` (direct calls in one house),
`aria-notify`, `cross-origin-isolated`. A list, because there is no word for "everything else"."""

PERMISSIONS_POLICY: Final = ", ".join(
    (*(f"{name}=(self)" for name in OWN_FEATURES), *(f"{name}=()" for name in NO_FEATURES))
)

READING_FEATURES: Final = ", ".join(f"{name}=()" for name in (*OWN_FEATURES, *NO_FEATURES))
"""A page that is only read asks the browser for nothing."""

EVERYWHERE: Final = (
    # On scripts as well: a worker is held to what came with its own file.
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
)

DOCUMENTS: Final = (
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", PERMISSIONS_POLICY),
)

OVER_TLS: Final = (
    # A year. Other names under this one are not ours to speak for, so no includeSubDomains.
    ("strict-transport-security", "max-age=31536000"),
)


def security(*, document: bool, https: bool) -> tuple[tuple[str, str], ...]:
    """Return the headers that hold a page to its own origin.

    Args:
        document: It is a page, not something that a page loads.
        https: People reach this server over TLS, its own or a proxy's.
    """
    return (*EVERYWHERE, *(DOCUMENTS if document else ()), *(OVER_TLS if https else ()))


def reading(style: str, *, https: bool) -> tuple[tuple[str, str], ...]:
    """Return the headers of a page that is only read: no script, no form, nothing to load.

    Args:
        style: Source of its one stylesheet, such as `'sha256-...'`.
        https: As for `security`.
    """
    policy = "; ".join(
        (
            "default-src 'none'",
            f"style-src {style}",
            "img-src 'self'",  # its icon
            "form-action 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )
    # Those that every answer of the API gets (`hygiene.ALWAYS`) are not given twice.
    return (
        ("content-security-policy", policy),
        ("cross-origin-embedder-policy", "require-corp"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", READING_FEATURES),
        *(OVER_TLS if https else ()),
    )
