"""One example of each sealed content, and the map that each travels as.

Random bytes are made from a seed, so that a failure repeats.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from visavis.core import content as codec
from visavis.core import content_call as call
from visavis.core import content_group as group
from visavis.core import content_group_call as group_call
from visavis.core import content_inner as inner
from visavis.core import content_outer as outer
from visavis.core import content_self as own
from visavis.core.address import ContactAddress
from visavis.core.content_fields import Content
from visavis.core.content_receipt import ReceiptAsk, ReceiptRefused, ReceiptSigned
from visavis.core.content_recording import RecordingSaid
from visavis.core.content_records import (
    ContactRecord,
    Decided,
    DeviceAddress,
    Hours,
    JoiningDevice,
    MayAdd,
    MayCall,
    MayGo,
    MaySee,
    Media,
    MemberDevice,
    NeverSaid,
    Path,
    Rules,
    Settings,
    Standing,
)
from visavis.core.device_list import ListedDevice, sign_first
from visavis.core.file_type import FileType
from visavis.core.ids import (
    AccountId,
    BlobId,
    CallId,
    Capability,
    DeviceId,
    Digest,
    DoorKey,
    FeedId,
    FileKey,
    GroupId,
    IdentityKey,
    MailboxId,
    MessageId,
    Nonce32,
    RequestToken,
    RoomId,
    SealKey,
    SequencerHandle,
    ShareKey,
    ShareSlot,
    Signature,
    SignatureKey,
)

_SOURCE: Final = random.Random(2)
rng: Final = _SOURCE.randbytes


def address() -> ContactAddress:
    return ContactAddress(
        "https://host.example:8443",
        MailboxId.random(rng),
        Capability.random(rng),
        SealKey.random(rng),
    )


DEVICE: Final = DeviceId.random(rng)
LIST: Final = sign_first(
    AccountId.random(rng), rng(32), [ListedDevice(DEVICE, SignatureKey.random(rng))]
).data
AT: Final = DeviceAddress(DEVICE, address())
JOINING: Final = JoiningDevice(DEVICE, rng(300), address())
GROUP, SEQUENCER = GroupId.random(rng), SequencerHandle.random(rng)
ID, CALL, NOW = MessageId.random(rng), CallId.random(rng), 1_800_000_000
RULES: Final = Rules(
    MayCall.VOICE,
    (Hours(31, 540, 1080), Hours(96, 1320, 120)),
    MaySee.RINGING,
    MayGo.DIRECT,
    24,
    MayAdd.AT_ONCE,
    never_record=True,
)
SETTINGS: Final = Settings(
    2_160, details=True, sync=True, trace=False, count=3, device=DEVICE, never_record=True
)
RECORD: Final = ContactRecord(
    LIST,
    "anna.48213",
    (AT,),
    SEQUENCER,
    GROUP,
    Standing.CONTACT,
    IdentityKey.random(rng),
    GROUP,
    RULES,
    Decided(NOW, 0, NOW + 1),
    3,
    NeverSaid(never=False, at=NOW),
)
BARE_RECORD: Final = ContactRecord(
    LIST, "bob.1", (AT, AT), SEQUENCER, GROUP, Standing.BLOCKED, None, None
)
TOKEN, SIGNATURE = RequestToken.random(rng), Signature.random(rng)
DIGEST, NONCE, KEY = Digest.random(rng), Nonce32.random(rng), SignatureKey.random(rng)
FILE: Final = inner.MessageFile(
    *(ID, NOW, "IMG_2041.jpg", FileType.JPEG, 3_400_000),
    *(DIGEST, FileKey(bytes(range(32))), BlobId(bytes(range(16)))),
)
MEMBER: Final = MemberDevice(AccountId.random(rng), DEVICE, "anna.48213", address())
DEPARTURE: Final = group.Departure(MEMBER.account, DEVICE, DIGEST, SIGNATURE)
TERMS: Final = group.GroupTerms("Sunday hikes", (MEMBER.account,), DIGEST)
BARE_TERMS: Final = group.GroupTerms("Chor", (AccountId(bytes(16)), MEMBER.account))


@dataclass(frozen=True)
class Family:
    """A place where contents travel: its CDDL rule, its two functions, its examples."""

    rule: str
    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Content]
    examples: tuple[Content, ...]


OUTER: Final = Family(
    "outer",
    codec.encode_outer,
    codec.decode_outer,
    (
        outer.Mls(rng(100)),
        outer.CommitHint(GROUP, 7),
        outer.CallWelcome(rng(90)),
        outer.ConversationWelcome(rng(90), GROUP, SEQUENCER, LIST, "anna.48213", (AT,), None),
        outer.ConversationWelcome(rng(90), GROUP, SEQUENCER, LIST, "anna.48213", (AT, AT), GROUP),
        outer.SelfWelcome(rng(90), GROUP, SEQUENCER, (AT,)),
        outer.GroupWelcome(rng(90), GROUP, SEQUENCER, (MEMBER, MEMBER)),
        outer.ContactRequest(TOKEN, LIST, "anna.48213", (JOINING,), DEVICE, SIGNATURE),
        outer.ContactAccept(
            TOKEN, LIST, "bob.1", (AT,), rng(90), GROUP, SEQUENCER, DEVICE, SIGNATURE
        ),
        outer.ContactRejoin(LIST, (JOINING, JOINING), SIGNATURE),
        outer.PairOffer(DIGEST, DEVICE, KEY, address()),
        outer.PairAnswer(DEVICE, KEY, NONCE),
        outer.PairReveal(NONCE, 3),
        outer.PairRequest(LIST, address(), (rng(40), rng(50))),
        outer.DeviceLink(rng(90), GROUP, SEQUENCER, (AT,), 0),
    ),
)
INNER: Final = Family(
    "inner",
    codec.encode_inner,
    codec.decode_inner,
    (
        inner.MessageText(ID, NOW, "Grüße, bis gleich 👋"),
        FILE,
        inner.MessageFile(
            ID, NOW, "Ausflug 🏔 2.pdf", FileType.PDF, 1, DIGEST, FILE.key, FILE.blob, b"\xff\xd8"
        ),
        inner.CallInvite(ID, NOW, CALL, Media.VIDEO, "v=0\r\n", DIGEST, 45, confidential=True),
        inner.CallInvite(
            ID,
            NOW,
            CALL,
            Media.VOICE,
            "v=0\r\n",
            DIGEST,
            45,
            confidential=False,
            again=CallId(bytes(16)),
        ),
        inner.CallRinging(ID, NOW, CALL),
        inner.CallAccept(ID, NOW, CALL, DEVICE, Media.VOICE, "v=0\r\n", NONCE, rng(40)),
        inner.CallTaken(ID, NOW, CALL, DEVICE),
        inner.CallCancel(ID, NOW, CALL),
        inner.CallMissed(ID, NOW, CALL, Media.VOICE),
        inner.CallsForget(ID, NOW, (CALL, CALL)),
        inner.ContactDevices(ID, NOW, LIST, (AT,)),
        inner.ContactName(ID, NOW, "maria.10077", 1),
        inner.GroupInvite(ID, NOW, GROUP, "Sunday hikes", 3, TOKEN),
        inner.GroupJoin(ID, NOW, TOKEN, "maria.10077", (JOINING,)),
        inner.RecordingNever(ID, NOW, never=True),
        inner.RecordingWithdrawn(ID, NOW, b"what was signed"),
    ),
)
IN_CALL: Final = Family(
    "in-call",
    codec.encode_in_call,
    codec.decode_in_call,
    (
        call.CallReveal(NONCE),
        call.CallCandidates("0", ("candidate:1 1 udp 1 relay 1 typ relay",)),
        call.CallReady(),
        call.CallHangup(call.HangupReason.ENDED),
        call.CallPath(Path.DIRECT),
        call.CallOffer("v=0\r\n", Path.RELAYED),
        call.CallAnswer("v=0\r\n", DIGEST),
        RecordingSaid(b"what was signed"),
        RecordingSaid(b"what was signed", ShareSlot(rng(16)), ShareKey(rng(32))),
        ReceiptAsk(b"terms", (b"at", b"media", b"since"), SIGNATURE),
        ReceiptSigned(DIGEST, SIGNATURE),
        ReceiptRefused(DIGEST),
    ),
)
SIBLING: Final = Family(
    "sibling",
    codec.encode_sibling,
    codec.decode_sibling,
    (
        own.SelfContacts((RECORD, BARE_RECORD)),
        own.SelfCallHandled(CALL, own.Handled.DECLINED),
        own.SelfDeviceAdded(DEVICE, "Anna's laptop"),
        own.SelfDevices(LIST, (AT,)),
        own.SelfVault(12),
        own.SelfCallsGone((bytes(GROUP), bytes(SEQUENCER[:16]))),
        own.SelfCallsCut(1, NOW),
        own.SelfSettings(SETTINGS),
        own.SelfHandle("maria.10077", 2),
    ),
)
IN_GROUP_CALL: Final = Family(
    "in-group-call",
    codec.encode_in_group_call,
    codec.decode_in_group_call,
    (
        group_call.GroupCallReady(7, 3),
        group_call.GroupCallReady(7, 3, FeedId(rng(16))),
        group_call.GroupCallReady(7, 3, None, (DIGEST, Digest(rng(32)))),
        group_call.GroupCallLeaving(),
        group_call.GroupCallOffer(1, "v=0\r\n", ("candidate:1 1 udp 1 192.0.2.1 9 typ relay",)),
        group_call.GroupCallAnswer(1, "v=0\r\n", ("candidate:1 1 udp 1 192.0.2.1 9 typ relay",)),
        group_call.GroupCallState(hand=True, microphone=True, camera=False, screen=False),
        group_call.GroupCallReaction(group_call.Reaction.CLAP),
        group_call.GroupCallPleaseMute(),
        RecordingSaid(b"what was signed"),
        ReceiptAsk(b"terms", (b"at", b"media", b"since"), SIGNATURE),
        ReceiptSigned(DIGEST, SIGNATURE),
        ReceiptRefused(DIGEST),
    ),
)
IN_GROUP: Final = Family(
    "in-group",
    codec.encode_in_group,
    codec.decode_in_group,
    (
        inner.MessageText(ID, NOW, "To everybody"),
        FILE,
        group.GroupDevices(ID, NOW, LIST, "maria.10077", (AT,)),
        group.GroupLeave(ID, NOW, DEPARTURE),
        group.GroupPicture(ID, NOW, b"\xff\xd8"),
        group.GroupCallBegan(
            ID, NOW, CallId(rng(16)), RoomId(rng(16)), DoorKey(rng(32)), Media.VOICE
        ),
        group.GroupCallOver(ID, NOW, CallId(rng(16))),
        inner.RecordingWithdrawn(ID, NOW, b"what was signed"),
    ),
)
CHANGE: Final = Family(
    "group-change",
    codec.encode_change,
    codec.decode_change,
    (group.GroupChange((MEMBER,), (DEPARTURE, DEPARTURE)),),
)
FAMILIES: Final = (OUTER, INNER, IN_CALL, IN_GROUP_CALL, SIBLING, IN_GROUP, CHANGE)
EXAMPLES: Final = [(family, example) for family in FAMILIES for example in family.examples]
EXAMPLE_NAMES: Final = [
    f"{family.rule}-{type(example).__name__}-{number}"
    for number, (family, example) in enumerate(EXAMPLES)
]
