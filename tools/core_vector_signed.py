"""Requests, answers and rejoins, signed by the people of `core_vector_people`."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from core_vector_kit import Json, flipped, outcome
from core_vector_people import (
    ACCOUNT,
    BOB,
    BOBS_LIST,
    EVIL,
    EVIL_FIRST,
    EVIL_NEXT,
    FIRST,
    FORK,
    IDENTITY,
    INVITE,
    LAPTOP,
    LISTS,
    PHONE,
    REKEYED_LIST,
    RNG,
    SECOND,
    TABLET,
    THIRD,
    Person,
    a_new_address,
    number_of,
)

from visavis.core.content import encode_outer
from visavis.core.content_outer import ContactAccept, ContactRejoin, ContactRequest
from visavis.core.content_records import UNSIGNED, DeviceAddress, JoiningDevice
from visavis.core.content_signed import (
    sign_accept,
    sign_rejoin,
    sign_request,
    verify_accept,
    verify_late_rejoin,
    verify_rejoin,
    verify_request,
)
from visavis.core.ids import GroupId, MailboxId, RequestToken, SequencerHandle
from visavis.core.invite import Invite

MAILBOX, ELSEWHERE = MailboxId.random(RNG), MailboxId.random(RNG)
TOKEN, OTHER_TOKEN = RequestToken.random(RNG), RequestToken.random(RNG)
CONTACT: Final = BOB


def _joining(*people: Person) -> tuple[JoiningDevice, ...]:
    return tuple(JoiningDevice(p.listed.device_id, RNG(40), a_new_address()) for p in people)


def _reachable(*people: Person) -> tuple[DeviceAddress, ...]:
    return tuple(DeviceAddress(p.listed.device_id, a_new_address()) for p in people)


def _requests() -> list[Json]:
    unsigned = ContactRequest(
        TOKEN, FIRST.data, "anna.48213", _joining(PHONE), PHONE.listed.device_id, UNSIGNED
    )
    good = sign_request(unsigned, PHONE.private, MAILBOX)
    other = replace(unsigned, device=LAPTOP.listed.device_id)
    tries: list[tuple[ContactRequest, bytes]] = [
        (good, MAILBOX),
        (good, ELSEWHERE),
        (replace(good, token=OTHER_TOKEN), MAILBOX),
        (replace(good, name="mallory.1"), MAILBOX),
        (replace(good, devices=_joining(PHONE)), MAILBOX),
        (replace(good, list=SECOND.data), MAILBOX),
        (replace(good, list=flipped(FIRST.data, -1)), MAILBOX),
        (replace(good, list=b"x"), MAILBOX),
        (unsigned, MAILBOX),
        (sign_request(unsigned, LAPTOP.private, MAILBOX), MAILBOX),
        (sign_request(other, LAPTOP.private, MAILBOX), MAILBOX),
    ]
    for people in ([LAPTOP], [PHONE, LAPTOP], [PHONE, PHONE]):
        named = replace(unsigned, devices=_joining(*people))
        tries.append((sign_request(named, PHONE.private, MAILBOX), MAILBOX))
    return [
        {
            "private": PHONE.private.hex() if number == 0 else None,
            "content": encode_outer(content).hex(),
            "context": context.hex(),
            "outcome": outcome(verify_request, content, context),
        }
        for number, (content, context) in enumerate(tries)
    ]


def _accepts() -> list[Json]:
    unsigned = ContactAccept(
        TOKEN,
        FIRST.data,
        "anna.48213",
        _reachable(PHONE),
        RNG(90),
        GroupId.random(RNG),
        SequencerHandle.random(RNG),
        PHONE.listed.device_id,
        UNSIGNED,
    )
    good = sign_accept(unsigned, PHONE.private, MAILBOX)
    evil = sign_accept(replace(unsigned, list=EVIL_FIRST.data), PHONE.private, MAILBOX)
    tries: list[tuple[ContactAccept, Invite | None, RequestToken, MailboxId]] = [
        (good, INVITE, TOKEN, MAILBOX),
        (good, None, TOKEN, MAILBOX),
        (good, INVITE, OTHER_TOKEN, MAILBOX),
        (good, INVITE, TOKEN, ELSEWHERE),
        (evil, INVITE, TOKEN, MAILBOX),
        (evil, None, TOKEN, MAILBOX),
        (replace(good, message=b"other"), INVITE, TOKEN, MAILBOX),
        (replace(good, group=GroupId.random(RNG)), INVITE, TOKEN, MAILBOX),
        (replace(good, sequencer=SequencerHandle.random(RNG)), INVITE, TOKEN, MAILBOX),
        (unsigned, INVITE, TOKEN, MAILBOX),
    ]
    for people in ([LAPTOP], [PHONE, LAPTOP], [PHONE, PHONE]):
        named = replace(unsigned, devices=_reachable(*people))
        tries.append((sign_accept(named, PHONE.private, MAILBOX), INVITE, TOKEN, MAILBOX))
    return [
        {
            "private": PHONE.private.hex() if number == 0 else None,
            "content": encode_outer(each[0]).hex(),
            "pinned": each[1] is not None,
            "token": each[2].hex(),
            "context": each[3].hex(),
            "outcome": outcome(verify_accept, *each),
        }
        for number, each in enumerate(tries)
    ]


def _rejoins() -> list[Json]:
    unsigned = ContactRejoin(SECOND.data, _joining(LAPTOP), UNSIGNED)
    good = sign_rejoin(unsigned, IDENTITY, CONTACT)
    contents = [
        good,
        unsigned,
        sign_rejoin(unsigned, PHONE.private, CONTACT),
        sign_rejoin(replace(unsigned, devices=_joining(TABLET)), IDENTITY, CONTACT),
        sign_rejoin(replace(unsigned, devices=_joining(LAPTOP, LAPTOP)), IDENTITY, CONTACT),
        sign_rejoin(replace(unsigned, list=EVIL_NEXT.data), EVIL, CONTACT),
        sign_rejoin(replace(unsigned, devices=_joining(PHONE)), IDENTITY, CONTACT),
    ]
    rows = []
    for number, content in enumerate(contents):
        for known in (FIRST, SECOND, THIRD, FORK, REKEYED_LIST, EVIL_FIRST, BOBS_LIST):
            for own in (CONTACT, ACCOUNT) if number == 0 else (CONTACT,):
                arguments = (content, known, own)
                rows.append(
                    {
                        "private": IDENTITY.hex() if not rows else None,
                        "content": encode_outer(content).hex(),
                        "known": number_of(known),
                        "context": own.hex(),
                        "outcome": outcome(verify_rejoin, *arguments),
                        "late": outcome(verify_late_rejoin, *arguments),
                    }
                )
    return rows


def signed_vectors() -> Json:
    """Requests, answers and rejoins; the lists they are checked against; the invite that pins."""
    return {
        "lists": [each.data.hex() for each in LISTS],
        "invite": INVITE.to_link(),
        "requests": _requests(),
        "accepts": _accepts(),
        "rejoins": _rejoins(),
    }
