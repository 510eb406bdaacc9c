"""What one call on one device keeps secret (nonces, key package, call group), and its end.

Nothing here is written to disk, and `erase` leaves nothing (R-22).

Not for: deciding when (the call machine), or sending (`call_shell`).
"""

from __future__ import annotations

from typing import Final

from visavis.core.content_call import InCall
from visavis.core.content_inner import CallAccept, CallInvite
from visavis.core.errors import Code, UnavailableError, UsageError
from visavis.core.ids import AccountId, CallId, DeviceId, Nonce32
from visavis.core.mls import KeyPackageBundle, MemberInfo
from visavis.media.call_frames import CallFrames
from visavis.sdk.call_group import CallGroup, Device, Rekeyed, is_for
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.seam import CallSeam

MAX_EARLY: Final = 16
"""Messages of the call group that may wait for the Welcome (CK-366)."""

REKEY_AFTER: Final = 3
"""Transports in one epoch after which the caller moves the call group to fresh keys. Higher:
fewer commits; lower: more room for the callee, which may need two transports for our one."""

MAX_TRANSPORTS: Final = 7
"""Transports in one epoch: two encoders each, one context for text, and SFrame has 15 (P10)."""


class CallSecrets:
    """The secrets of one call.

    Args:
        seam: The session.
        contact: Whom the call is with.
        call: Its id.
        never: Whether we are never to be recorded in it.
    """

    def __init__(
        self, seam: CallSeam, contact: AccountId, call: CallId, *, never: bool = False
    ) -> None:
        self.consent = OwnConsent.make(seam.rng, never=never)
        self.invite: CallInvite | None = None  # The caller's own, or the one received.
        self.inviter: DeviceId | None = None  # None on the caller's side.
        self.accept: CallAccept | None = None  # Ours, or the one that we took.
        self.nonce: Nonce32 | None = None  # The one that `call.reveal` reveals.
        self.bundle: KeyPackageBundle | None = None
        self._seam = seam
        self._contact = contact
        self._call = call
        self._accepts: dict[DeviceId, CallAccept] = {}
        self._group: CallGroup | None = None
        self._welcome: bytes | None = None
        self._open = False
        self._early: list[bytes] = []
        self._transports = 1  # In this epoch: the one that the call begins with.

    @property
    def other(self) -> DeviceId | None:
        """The device at the other end, once one is agreed on."""
        if self.inviter is not None:
            return self.inviter
        return None if self.accept is None else self.accept.device

    def keep_accept(self, accept: CallAccept) -> None:
        """Keep a checked accept; a device's first one stands."""
        self._accepts.setdefault(accept.device, accept)

    def make_group(self, device: DeviceId) -> bytes:
        """Return the Welcome for the device we took; the same when asked again."""
        if self._welcome is None:
            accept = self.accept = self._accepts[device]
            self._group, self._welcome = CallGroup.create(
                self._call,
                Device(self._contact, device),
                accept.key_package,
                self._seam.key_material,
                self.consent,
                self._seam.now(),
                self._seam.rng,
            )
        return self._welcome

    def join(self, welcome: bytes) -> bool:
        """Process a Welcome if it is for the key package of this call.

        Returns:
            False if it is another's, or there is a group already.

        Raises:
            VisavisError: As `CallGroup.join`; nothing was changed.
        """
        bundle, invite, inviter = self.bundle, self.invite, self.inviter
        if bundle is None or invite is None or inviter is None or self._group is not None:
            return False
        if not is_for(welcome, bundle):
            return False
        keys = self._seam.key_material
        self._group = CallGroup.join(
            welcome,
            bundle,
            invite.call,
            Device(self._contact, inviter),
            keys,
            self.consent,
            self._seam.now(),
            self._seam.rng,
        )
        return True

    @property
    def other_member(self) -> MemberInfo | None:
        """The other device, with what its leaf says now; None without a group."""
        return None if self._group is None else self._group.other

    def encrypt(self, content: InCall) -> bytes | None:
        """Return an MLSMessage for the other device; None if there is no group (any more)."""
        return None if self._group is None else self._group.encrypt(content)

    def open(self, message: bytes) -> InCall | Rekeyed | None:
        """Open a message of the call group; early ones wait for it to be in use (CK-366).

        Returns:
            What was said; None if it waits.

        Raises:
            VisavisError: As `CallGroup.decrypt`.
        """
        if not self._open:
            if len(self._early) < MAX_EARLY:  # CK-366
                self._early.append(message)
            return None
        assert self._group is not None  # Open means that it is there.
        return self._group.decrypt(message, now=self._seam.now())

    def install(self, frames: CallFrames) -> list[bytes]:
        """Be ready to receive, and return the messages that waited for it."""
        self._receive_in_epoch(frames)
        self._open = True
        early, self._early = self._early, []
        return early

    def _receive_in_epoch(self, frames: CallFrames) -> None:
        keys = self._need_group().frame_keys()
        frames.install(keys.epoch, keys.base_key, set(keys.others))

    def send_in_epoch(self, frames: CallFrames) -> None:
        """Open the gate for our own frames."""
        keys = self._need_group().frame_keys()
        frames.send_in(keys.epoch, keys.base_key, keys.own)

    def enter_epoch(self, frames: CallFrames) -> None:
        """Go on under the group's new epoch; old receive keys live for 2 s (P10)."""
        self._receive_in_epoch(frames)
        self.send_in_epoch(frames)
        self._transports = 1

    def rekey_if_due(self) -> bytes | None:
        """Return a commit to fresh keys if it is for us, the caller, to make one now."""
        group = self._need_group()
        if self.inviter is not None or self._transports < REKEY_AFTER:
            return None
        return group.rekey(now=self._seam.now())

    def count_transport(self) -> None:
        """Count one more transport in this epoch (P10).

        Raises:
            UnavailableError: NOT_ENCRYPTED: no SFrame context is left.
        """
        if self._transports >= MAX_TRANSPORTS:
            raise UnavailableError(Code.NOT_ENCRYPTED, "no SFrame context is left in this epoch")
        self._transports += 1

    def words(self, theirs: Nonce32) -> str:
        """Return the words of the call, now that the other side revealed its nonce."""
        assert self.accept is not None  # Both sides have it by now.
        ours, first = self.need_nonce(), self.accept.nonce
        caller, late = (ours, theirs) if self.inviter is None else (theirs, ours)
        return self._need_group().words(caller, (first, late))

    def need_nonce(self) -> Nonce32:
        """Return our nonce; UsageError if there is none yet."""
        if self.nonce is None:
            raise UsageError("there is no nonce yet")
        return self.nonce

    def erase(self) -> None:
        """Erase everything; nothing can be made of this call afterwards."""
        if self._group is not None:
            self._group.wipe()
        if self.bundle is not None:
            self.bundle.wipe()
        self._group = self.bundle = self._welcome = self.nonce = None
        self.accept = self.invite = None
        self._accepts.clear()
        self._early.clear()
        self._open = False

    def _need_group(self) -> CallGroup:
        if self._group is None:
            raise UsageError("there is no call group yet")
        return self._group
