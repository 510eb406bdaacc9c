"""Frame keys (protocol P10): who can open which frame, and until when. CK-204 to CK-217."""

from __future__ import annotations

import random
from typing import Any

import pytest

from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.frame_keys import (
    FIRST_CTR,
    LAST_CTR,
    OLD_EPOCH_S,
    REPLAY_WINDOW,
    FrameKind,
    FrameReceiver,
    FrameSender,
    SendingEpoch,
    clear_bytes,
)
from visavis.core.sframe import PRODUCT_SUITE, SframeKey, decode_header, encode_header, mls_kid

KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))
ALICE, BOB = 0, 1
KEY_FRAME = b"\x10" + bytes(range(60))
DELTA_FRAME = b"\x11" + bytes(range(60))


def sender(epoch: int = 1, leaf: int = ALICE, context: int = 1, key: bytes = KEY) -> FrameSender:
    return FrameSender(PRODUCT_SUITE, key, epoch, leaf, context)


def receiver(epoch: int = 1, leaves: set[int] | None = None, key: bytes = KEY) -> FrameReceiver:
    made = FrameReceiver(PRODUCT_SUITE)
    made.install(epoch, key, {ALICE} if leaves is None else leaves)
    return made


def refused(
    target: FrameReceiver, frame: bytes, kind: FrameKind, check: str, now_s: float = 0.0
) -> None:
    with pytest.raises(PeerError) as caught:
        target.decrypt(frame, kind, now_s)
    assert caught.value.code is Code.DECRYPTION
    assert check in caught.value.detail


@pytest.mark.parametrize(
    ("kind", "frame", "clear"),
    [
        ("video", KEY_FRAME, 10),
        ("video", KEY_FRAME[:10], 10),
        ("video", DELTA_FRAME, 1),
        ("video", b"\x01", 1),
        ("screen", KEY_FRAME, 10),
        ("screen", DELTA_FRAME, 1),
        ("audio", b"\x78opus", 0),
        ("audio", b"", 0),
        ("text", KEY_FRAME, 0),
    ],
)
def test_layout(kind: FrameKind, frame: bytes, clear: int) -> None:
    assert clear_bytes(kind, frame) == clear
    wire = sender().encrypt(frame, kind)
    assert wire[:clear] == frame[:clear]
    assert decode_header(wire[clear:]) == (
        mls_kid(1, 0, 1, epoch_bits=8, leaf_bits=12),
        FIRST_CTR,
        8,
    )
    assert len(wire) == len(frame) + 24
    if len(frame) > clear + 8:
        assert frame[clear:] not in wire
    assert receiver().decrypt(wire, kind, 0.0) == (ALICE, frame)


@pytest.mark.parametrize("frame", [b"", b"\x00", KEY_FRAME[:9]])
def test_ck_215_a_video_frame_without_its_clear_bytes(frame: bytes) -> None:
    with pytest.raises(UsageError):
        sender().encrypt(frame, "video")
    refused(receiver(), frame, "video", "")


def test_ck_215_the_count_of_clear_bytes_is_authenticated() -> None:
    # A relay that turns bit 0 of byte 0 moves the header and breaks the tag.
    wire = bytearray(sender().encrypt(KEY_FRAME, "video"))
    wire[0] ^= 1
    refused(receiver(), bytes(wire), "video", "")


def test_ck_204_only_the_product_suite() -> None:
    for suite in (1, 2, 3, 4, 6, 7, 8):
        for make in (
            lambda suite=suite: FrameSender(suite, KEY, 1, 0, 1),
            lambda suite=suite: FrameReceiver(suite),
            lambda suite=suite: SendingEpoch(suite, KEY, 1, 0),
        ):
            with pytest.raises(PeerError, match="CK-204") as caught:
                make()
            assert caught.value.code is Code.WRONG_SUITE


@pytest.mark.parametrize(
    "arguments",
    [
        {"key": KEY[:16]},
        {"context": 0},
        {"context": 16},
        {"leaf": 4096},
        {"leaf": -1},
        {"epoch": -1},
    ],
)
def test_ck_207_arguments_out_of_range(arguments: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        sender(**arguments)


def test_ck_207_context_0_is_refused_even_from_a_member() -> None:
    kid = mls_kid(1, 4000, 0, epoch_bits=8, leaf_bits=12)
    wire = SframeKey.derive(PRODUCT_SUITE, kid, KEY).encrypt(FIRST_CTR, b"", b"frame")
    assert decode_header(wire)[2] == 8
    refused(receiver(leaves={4000}), wire, "audio", "CK-207")


def test_header_length_never_changes() -> None:
    for leaf in (0, 15, 255, 256, 4095):
        for epoch in (0, 1, 255, 256, 2**40):
            for context in (1, 15):
                made = sender(epoch, leaf, context)
                wires = [made.encrypt(b"opus", "audio")]
                made._next_ctr = LAST_CTR
                wires.append(made.encrypt(b"opus", "audio"))
                assert [decode_header(wire)[2] for wire in wires] == [8, 8]


def test_ck_205_counter_used_up() -> None:
    made = sender()
    made._next_ctr = LAST_CTR
    made.encrypt(b"opus", "audio")
    for _ in range(2):
        with pytest.raises(UsageError, match="CK-205"):
            made.encrypt(b"opus", "audio")


def test_ck_216_wiped_keys_never_send() -> None:
    epoch = SendingEpoch(PRODUCT_SUITE, KEY, 1, 0)
    made = epoch.new_sender()
    made.encrypt(b"opus", "audio")
    epoch.wipe()
    with pytest.raises(UsageError, match="CK-216"):
        made.encrypt(b"opus", "audio")
    with pytest.raises(UsageError, match="CK-216"):
        epoch.new_sender()


def test_ck_217_no_context_twice() -> None:
    epoch = SendingEpoch(PRODUCT_SUITE, KEY, 1, 0)
    kids = {decode_header(epoch.new_sender().encrypt(b"", "audio"))[0] for _ in range(15)}
    assert len(kids) == 15
    with pytest.raises(UsageError, match="CK-207"):
        epoch.new_sender()


@pytest.mark.parametrize(
    ("kid", "ctr"),
    [
        (0x100001, 0),  # the counter too short
        (0x100001, FIRST_CTR - 1),
        (0x100001, LAST_CTR + 1),
        (0x1000001, FIRST_CTR),  # the KID too long
        (0x1000001, 2**23),  # together eight bytes, but split otherwise
        (0x0001, FIRST_CTR),
    ],
)
def test_ck_206_headers_of_another_shape(kid: int, ctr: int) -> None:
    wire = SframeKey.derive(PRODUCT_SUITE, kid, KEY).encrypt(ctr, b"", b"frame")
    refused(receiver(), wire, "audio", "CK-206")


@pytest.mark.parametrize("kind", ["audio", "video", "screen", "text"])
def test_every_flipped_bit_is_refused_and_changes_nothing(kind: FrameKind) -> None:
    wire = sender().encrypt(KEY_FRAME, kind)
    target = receiver()
    for position in range(len(wire) * 8):
        broken = bytearray(wire)
        broken[position // 8] ^= 1 << position % 8
        refused(target, bytes(broken), kind, "")
    for length in range(len(wire)):
        refused(target, wire[:length], kind, "")
    assert target.decrypt(wire, kind, 0.0) == (ALICE, KEY_FRAME)


def test_wrong_key() -> None:
    wire = sender(key=OTHER_KEY).encrypt(b"opus", "audio")
    refused(receiver(), wire, "audio", "CK-203")
    assert receiver(key=OTHER_KEY).decrypt(wire, "audio", 0.0)[1] == b"opus"


@pytest.mark.parametrize("kind", ["audio", "video", "screen"])
def test_ck_218_text_opens_as_nothing_else_and_nothing_else_as_text(kind: FrameKind) -> None:
    text = sender(context=1).encrypt(DELTA_FRAME, "text")
    other = sender(context=2).encrypt(DELTA_FRAME, kind)
    refused(receiver(), text, kind, "")
    refused(receiver(), text[8:], kind, "")
    refused(receiver(), other, "text", "")
    assert receiver().decrypt(text, "text", 0.0) == (ALICE, DELTA_FRAME)
    assert receiver().decrypt(other, kind, 0.0) == (ALICE, DELTA_FRAME)


@pytest.mark.parametrize("kind", ["audio", "video", "text"])
@pytest.mark.parametrize("frame", [KEY_FRAME, DELTA_FRAME])
def test_ck_219_a_screen_opens_as_nothing_else_and_nothing_else_as_a_screen(
    kind: FrameKind, frame: bytes
) -> None:
    screen = sender(context=1).encrypt(frame, "screen")
    other = sender(context=2).encrypt(frame, kind)
    refused(receiver(), screen, kind, "")
    refused(receiver(), other, "screen", "")
    assert receiver().decrypt(screen, "screen", 0.0) == (ALICE, frame)
    assert receiver().decrypt(other, kind, 0.0) == (ALICE, frame)


def test_ck_219_a_picture_tells_what_it_is_of() -> None:
    made, target = sender(), receiver()
    for kind in ("video", "screen", "screen", "video", "screen"):
        for frame in (KEY_FRAME, DELTA_FRAME):
            wire = made.encrypt(frame, kind)  # type: ignore[arg-type]
            assert target.decrypt_picture(wire, 0.0) == (ALICE, kind, frame)
            with pytest.raises(PeerError, match="CK-210"):
                target.decrypt_picture(wire, 0.0)


def test_ck_219_what_is_neither_is_refused_once_and_changes_nothing() -> None:
    made, target = sender(), receiver()
    screen = made.encrypt(KEY_FRAME, "screen")
    for wire in (
        screen[:-1] + bytes([screen[-1] ^ 1]),
        sender(key=OTHER_KEY).encrypt(KEY_FRAME, "screen"),
        made.encrypt(DELTA_FRAME, "text"),
        made.encrypt(DELTA_FRAME, "audio"),
    ):
        with pytest.raises(PeerError) as caught:
            target.decrypt_picture(wire, 0.0)
        assert caught.value.code is Code.DECRYPTION
    # A try as the other kind moved no window: what it failed at still opens, and once.
    assert target.decrypt_picture(screen, 0.0) == (ALICE, "screen", KEY_FRAME)
    refused(target, screen, "screen", "CK-210")


def test_audio_cannot_be_passed_off_as_video_nor_video_as_audio() -> None:
    audio = sender(context=1).encrypt(DELTA_FRAME, "audio")
    video = sender(context=2).encrypt(DELTA_FRAME, "video")
    refused(receiver(), audio, "video", "")
    refused(receiver(), video, "audio", "")
    refused(receiver(), video[1:], "audio", "CK-203")


def test_ck_210_replay() -> None:
    made, target = sender(), receiver()
    wires = [made.encrypt(b"%d" % i, "audio") for i in range(REPLAY_WINDOW + 3)]
    assert target.decrypt(wires[0], "audio", 0.0)[1] == b"0"
    refused(target, wires[0], "audio", "CK-210")
    target.decrypt(wires[2], "audio", 0.0)
    target.decrypt(wires[1], "audio", 0.0)
    for wire in wires[:3]:
        refused(target, wire, "audio", "CK-210")
    # The window ends exactly 1,024 frames behind the highest.
    last = REPLAY_WINDOW + 2
    target.decrypt(wires[last], "audio", 0.0)
    assert target.decrypt(wires[last - REPLAY_WINDOW + 1], "audio", 0.0)
    (kid,) = target._epochs[1].kids.values()
    assert kid.seen.bit_length() == REPLAY_WINDOW
    fresh = receiver()
    fresh.decrypt(wires[last], "audio", 0.0)
    refused(fresh, wires[last - REPLAY_WINDOW], "audio", "CK-210")
    assert fresh.decrypt(wires[last - REPLAY_WINDOW + 1], "audio", 0.0)


def test_each_frame_opens_exactly_once_in_any_order() -> None:
    rnd = random.Random(2)
    made, target = sender(), receiver()
    wires = [made.encrypt(b"%d" % i, "audio") for i in range(600)]
    order = [i for i in range(600) for _ in range(2)]
    rnd.shuffle(order)
    opened: list[int] = []
    for i in order:
        if i in opened:
            refused(target, wires[i], "audio", "CK-210")
        else:
            opened.append(int(target.decrypt(wires[i], "audio", 0.0)[1]))
    assert sorted(opened) == list(range(600))


def test_a_long_jump_keeps_the_window_small() -> None:
    made, target = sender(), receiver()
    first = made.encrypt(b"a", "audio")
    target.decrypt(first, "audio", 0.0)
    made._next_ctr = LAST_CTR - 1
    target.decrypt(made.encrypt(b"b", "audio"), "audio", 0.0)
    refused(target, first, "audio", "CK-210")
    assert target.decrypt(made.encrypt(b"c", "audio"), "audio", 0.0)[1] == b"c"
    (kid,) = target._epochs[1].kids.values()
    assert kid.seen.bit_length() <= REPLAY_WINDOW


def test_ck_211_forged_frames_move_no_window_and_cost_no_memory() -> None:
    target, made = receiver(leaves=set(range(4096))), sender()
    for context in range(1, 16):
        for leaf in range(0, 4096, 64):
            kid = mls_kid(1, leaf, context, epoch_bits=8, leaf_bits=12)
            forged = encode_header(kid, LAST_CTR) + bytes(40)
            refused(target, forged, "audio", "CK-203")
    assert not target._epochs[1].kids
    assert target.decrypt(made.encrypt(b"opus", "audio"), "audio", 0.0)[1] == b"opus"
    # Nor does one for a sender who was heard already.
    forged = encode_header(mls_kid(1, ALICE, 1, epoch_bits=8, leaf_bits=12), LAST_CTR) + bytes(40)
    refused(target, forged, "audio", "CK-203")
    assert target.decrypt(made.encrypt(b"more", "audio"), "audio", 0.0)[1] == b"more"


def test_ck_208_unknown_epoch() -> None:
    refused(receiver(epoch=1), sender(epoch=2).encrypt(b"opus", "audio"), "audio", "CK-208")
    refused(FrameReceiver(), sender().encrypt(b"opus", "audio"), "audio", "CK-208")


def test_ck_209_a_leaf_that_is_not_a_member() -> None:
    refused(receiver(leaves={ALICE}), sender(leaf=BOB).encrypt(b"x", "audio"), "audio", "CK-209")


def test_ck_209_a_removed_leaf_dies_at_once_in_every_epoch() -> None:
    target = receiver(epoch=1, leaves={ALICE, BOB})
    target.install(2, OTHER_KEY, {ALICE, BOB})
    alice, bob = sender(epoch=1), sender(epoch=1, leaf=BOB)
    bob_new = sender(epoch=2, leaf=BOB, key=OTHER_KEY)
    for made in (alice, bob, bob_new):
        target.decrypt(made.encrypt(b"before", "audio"), "audio", 0.0)
    target.remove_leaf(BOB)
    for made in (bob, bob_new):
        refused(target, made.encrypt(b"after", "audio"), "audio", "CK-209", now_s=0.1)
    assert all(
        not e.kids or {k >> 8 & 0xFFF for k in e.kids} == {ALICE} for e in target._epochs.values()
    )
    assert target.decrypt(alice.encrypt(b"after", "audio"), "audio", 0.1)[1] == b"after"
    # The slot may be given to somebody else in a later epoch.
    target.install(3, KEY, {ALICE, BOB})
    assert (
        target.decrypt(sender(epoch=3, leaf=BOB).encrypt(b"new", "audio"), "audio", 0.2)[0] == BOB
    )


def test_ck_212_an_old_epoch_lives_two_seconds() -> None:
    old, new = sender(epoch=1), sender(epoch=2, key=OTHER_KEY)
    target = receiver(epoch=1)
    for now_s in (0.0, 100.0, 200.0):
        target.decrypt(old.encrypt(b"alone", "audio"), "audio", now_s)
    target.install(2, OTHER_KEY, {ALICE})
    target.tick(300.0)
    target.decrypt(old.encrypt(b"late", "audio"), "audio", 300.0 + OLD_EPOCH_S - 0.001)
    refused(target, old.encrypt(b"dead", "audio"), "audio", "CK-208", now_s=300.0 + OLD_EPOCH_S)
    assert [epoch.number for epoch in target._epochs.values()] == [2]
    target.decrypt(new.encrypt(b"stays", "audio"), "audio", 10_000.0)


def test_ck_212_without_a_tick_the_first_frame_starts_the_time() -> None:
    old, target = sender(epoch=1), receiver(epoch=1)
    target.install(2, OTHER_KEY, {ALICE})
    target.decrypt(old.encrypt(b"a", "audio"), "audio", 5.0)
    refused(target, old.encrypt(b"b", "audio"), "audio", "CK-208", now_s=5.0 + OLD_EPOCH_S)


def test_ck_212_each_old_epoch_has_its_own_time() -> None:
    target = receiver(epoch=1)
    target.tick(0.0)
    target.install(2, OTHER_KEY, {ALICE})
    target.tick(0.0)
    target.install(3, KEY[::-1], {ALICE})
    target.tick(1.5)
    target.tick(2.0)
    assert sorted(epoch.number for epoch in target._epochs.values()) == [2, 3]
    target.tick(3.5)
    assert sorted(epoch.number for epoch in target._epochs.values()) == [3]


def test_ck_213_an_epoch_whose_low_bits_return_evicts_the_old_one() -> None:
    old, new = sender(epoch=5), sender(epoch=5 + 256, key=OTHER_KEY)
    target = receiver(epoch=5)
    target.decrypt(old.encrypt(b"old", "audio"), "audio", 0.0)
    target.install(5 + 256, OTHER_KEY, {ALICE})
    refused(target, old.encrypt(b"old", "audio"), "audio", "CK-203")
    assert target.decrypt(new.encrypt(b"new", "audio"), "audio", 0.0)[1] == b"new"
    assert len(target._epochs) == 1


def test_ck_214_an_epoch_is_installed_once() -> None:
    target = receiver(epoch=7)
    for epoch in (7, 6, -1):
        with pytest.raises(UsageError):
            target.install(epoch, KEY, {ALICE})
    with pytest.raises(UsageError):
        target.install(8, KEY, {4096})
    with pytest.raises(UsageError):
        target.install(8, KEY[:16], {ALICE})
    target.install(8, KEY, set())


def test_the_callers_set_of_leaves_is_copied() -> None:
    leaves = {ALICE}
    target = receiver(leaves=leaves)
    leaves.add(BOB)
    refused(target, sender(leaf=BOB).encrypt(b"x", "audio"), "audio", "CK-209")


def test_wipe_at_the_end_of_a_call() -> None:
    made, target = sender(), receiver()
    target.decrypt(made.encrypt(b"x", "audio"), "audio", 0.0)
    target.wipe()
    refused(target, made.encrypt(b"y", "audio"), "audio", "CK-208")
