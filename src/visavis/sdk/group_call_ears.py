"""What one member hears in the group of a call: opened, and handed to whom it concerns.

Not for: when it is heard, or what the machine makes of it (`group_call_shell`).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from typing import assert_never

from visavis.core import group_call_types as t
from visavis.core.content import decode_in_group_call
from visavis.core.content_group_call import (
    GroupCallAnswer,
    GroupCallLeaving,
    GroupCallOffer,
    GroupCallPleaseMute,
    GroupCallReaction,
    GroupCallReady,
    GroupCallState,
)
from visavis.core.content_receipt import ReceiptAsk, ReceiptRefused, ReceiptSigned
from visavis.core.content_recording import RecordingSaid
from visavis.sdk import group_call_seam as seam
from visavis.sdk.group_call_keys import GroupCallKeys
from visavis.sdk.group_call_presence import Presence
from visavis.sdk.group_call_recording import GroupRecording


class Ears:
    """Opens what members say.

    Args:
        keys: Our membership.
        presence: Learns which number in the room is whose.
        watcher: Told what members show.
        recording: Told what is signed in the call.
        unix: Unix seconds.

    Attributes:
        media: Whoever sends and gets media, once there is one.
    """

    def __init__(
        self,
        keys: GroupCallKeys,
        presence: Presence,
        watcher: seam.Watcher,
        recording: GroupRecording,
        unix: Callable[[], int],
    ) -> None:
        self._keys = keys
        self._presence = presence
        self._watcher = watcher
        self._recording = recording
        self._unix = unix
        self.media: seam.Media | None = None

    def hear(
        self, number: int, body: bytes, members: Container[int], now: float
    ) -> Iterator[t.Event]:
        """Hand on what a member said; yield what the machine has to know of it, in order.

        Raises:
            PeerError: It is not to be opened, malformed, or says another's number (CK-867).
        """
        leaf, sender, content = self._keys.decrypt(body, now=self._unix())
        said = decode_in_group_call(content)
        if leaf not in members:
            return
        match said:
            case GroupCallReady(epoch, member, feed, asks):
                if self.media is not None:
                    self.media.announced(leaf, feed)
                if self._presence.is_here(leaf, member, number):
                    yield t.MemberBack(now, leaf)
                self._recording.ready(sender, asks)
                yield t.ReadyReceived(now, leaf, epoch)
            case GroupCallLeaving():
                yield t.MemberGoing(now, leaf)
            case GroupCallOffer() | GroupCallAnswer():
                if self.media is not None:
                    self.media.told(leaf, said)
            case GroupCallState() | GroupCallReaction() | GroupCallPleaseMute():
                self._watcher.said(leaf, said)
            case RecordingSaid() | ReceiptAsk() | ReceiptSigned() | ReceiptRefused():
                self._recording.hear(sender, said)
            case _:
                assert_never(said)
