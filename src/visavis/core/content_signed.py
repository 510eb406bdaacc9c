"""Contents that carry a signature of their own, because no MLS group stands behind them yet.

A contact request, its answer and a rejoin arrive from whoever holds an address; what makes them
somebody's is a signature over the whole content and over where it was meant to go. Without the
latter a contact of Anna's could pass Anna's key packages on to a stranger under Anna's name, with
addresses of its own, and collect the answer.

    signed = label || deterministic CBOR of [context, content without `signature`]
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from visavis.core import cbor
from visavis.core.content_fields import Content, encode_fields
from visavis.core.content_outer import ContactAccept, ContactRejoin, ContactRequest
from visavis.core.device_list import DeviceList, UnverifiedDeviceList, accept_list
from visavis.core.errors import Code, PeerError
from visavis.core.identity import sign, verify
from visavis.core.ids import AccountId, DeviceId, MailboxId, RequestToken, Signature
from visavis.core.invite import Invite

_Signed = TypeVar("_Signed", ContactRequest, ContactAccept, ContactRejoin)


def sign_request(
    request: ContactRequest, device_private: bytes, destination: bytes
) -> ContactRequest:
    """Sign a contact request with the signature key of `request.device`.

    Args:
        request: With `UNSIGNED` for a signature.
        device_private: 32 bytes.
        destination: The mailbox in the invite it answers, or `handle_destination`.
    """
    return _sign(request, device_private, destination)


def verify_request(request: ContactRequest, destination: bytes) -> DeviceList:
    """Check a contact request that arrived in our mailbox.

    Key packages in it are opaque here: `UnverifiedKeyPackage` checks each, and the validator that
    its device is on the list returned here.

    Args:
        request: As decoded.
        destination: Our mailbox that it was taken from, or `handle_destination`.

    Returns:
        The requester's device list.

    Raises:
        PeerError: `BAD_SIGNATURE` (CK-273), `BAD_CREDENTIAL` for a device that is not on the list
            or stands twice (CK-274), or as `UnverifiedDeviceList.verify`.
    """
    device_list = UnverifiedDeviceList.parse(request.list).verify()
    _require_listed(device_list, (entry.device for entry in request.devices))
    _verify(request, _listed_key(device_list, request.device), destination)
    return device_list


def sign_accept(
    accept: ContactAccept, device_private: bytes, request_mailbox: MailboxId
) -> ContactAccept:
    """Sign the answer to a request with the signature key of `accept.device`.

    Args:
        accept: With `UNSIGNED` for a signature.
        device_private: 32 bytes.
        request_mailbox: The requester's mailbox that this copy goes to: sign one per device.
    """
    return _sign(accept, device_private, request_mailbox)


def verify_accept(
    accept: ContactAccept, invite: Invite | None, token: RequestToken, own_mailbox: MailboxId
) -> DeviceList:
    """Check the answer to our request.

    Args:
        accept: As decoded.
        invite: The invite we answered; its hash pins who may accept. None if we asked by handle:
            then whoever could open the request may.
        token: The token of our request.
        own_mailbox: Our mailbox that it was taken from.

    Returns:
        The inviter's device list, under the pinned identity if there is one.

    Raises:
        PeerError: `UNEXPECTED` for another token (CK-275), `IDENTITY_CHANGED` for another identity
            (CK-270), else as `verify_request`.
    """
    # CK-275: an answer pairs with one request of ours; a replayed one pairs with none.
    if accept.token != token:
        raise PeerError(Code.UNEXPECTED, "CK-275 answer to no request of ours")
    device_list = UnverifiedDeviceList.parse(accept.list).verify()
    if invite is not None:
        invite.check_inviter(device_list.identity_key)
    _require_listed(device_list, (entry.device for entry in accept.devices))
    _verify(accept, _listed_key(device_list, accept.device), own_mailbox)
    return device_list


def sign_rejoin(
    rejoin: ContactRejoin, identity_private: bytes, contact: AccountId
) -> ContactRejoin:
    """Sign a rejoin with the account identity key, for one contact.

    Args:
        rejoin: With `UNSIGNED` for a signature.
        identity_private: 32 bytes.
        contact: The account it goes to, so that this contact cannot pass it on to another.
    """
    return _sign(rejoin, identity_private, contact)


def verify_rejoin(rejoin: ContactRejoin, known: DeviceList, own_account: AccountId) -> DeviceList:
    """Check a contact's rejoin against the newest list we know of it.

    Args:
        rejoin: As decoded.
        known: The newest list we hold of the contact whose address it came to.
        own_account: Our account.

    Returns:
        The contact's newer device list.

    Raises:
        PeerError: `REPLAYED`, the list is not newer than ours (CK-276); `IDENTITY_CHANGED` or
            `BAD_CREDENTIAL` as `accept_list`; else as `verify_request`.
    """
    offered = UnverifiedDeviceList.parse(rejoin.list).verify()
    newest = accept_list(known, offered)
    # CK-276: a rejoin always comes with a new device, so with a new list. An old one, replayed by
    # the server, would have us remove leaves that live.
    if newest is known:
        raise PeerError(Code.REPLAYED, "CK-276 rejoin with a list we know")
    _require_listed(offered, (entry.device for entry in rejoin.devices))
    _verify(rejoin, offered.identity_key, own_account)
    return offered


def verify_late_rejoin(rejoin: ContactRejoin, known: DeviceList, own_account: AccountId) -> None:
    """Check a rejoin that another one overtook: its list is not newer than the one we know.

    Two devices that join at the same moment send lists that follow each other, and mailboxes
    deliver in any order. The caller has to make sure that it never heard of these devices, or a
    rejoin that was repeated would bring back an address that was replaced (CK-686).

    Args:
        rejoin: As decoded.
        known: As in `verify_rejoin`; it stays the newest.
        own_account: Our account.

    Raises:
        PeerError: `REPLAYED`, a device of it is not on the newest list with the same key (CK-686);
            else as `verify_rejoin`.
    """
    offered = UnverifiedDeviceList.parse(rejoin.list).verify()
    accept_list(known, offered)
    devices = [entry.device for entry in rejoin.devices]
    _require_listed(offered, devices)
    _verify(rejoin, offered.identity_key, own_account)
    # CK-686: only the newest list says who stands. The rejoin of a device that was revoked since,
    # kept back or repeated by the server, brings nobody in.
    if any(known.find(device) != offered.find(device) for device in devices):
        raise PeerError(Code.REPLAYED, "CK-686 rejoin of a device that is not on the newest list")


def _label(content: Content) -> bytes:
    return b"visavis " + content.TYPE["k"].encode() + b" v1\0"


def _signed_bytes(content: Content, context: bytes) -> bytes:
    fields = encode_fields(content)
    del fields["signature"]
    return cbor.encode([context, fields])


def _sign(content: _Signed, private: bytes, context: bytes) -> _Signed:
    signature = Signature(sign(private, _label(content), _signed_bytes(content, context)))
    return replace(content, signature=signature)


def _verify(content: _Signed, public: bytes, context: bytes) -> None:
    # CK-273: binds every field and the destination to a key on the list.
    verify(public, _label(content), _signed_bytes(content, context), content.signature)


def _require_listed(device_list: DeviceList, devices: Iterable[DeviceId]) -> None:
    # CK-274: no address for a device that the account's owner did not sign, none twice.
    named = list(devices)
    if len(set(named)) != len(named) or any(device_list.find(d) is None for d in named):
        raise PeerError(Code.BAD_CREDENTIAL, "CK-274 device not on the list, or named twice")


def _listed_key(device_list: DeviceList, device: DeviceId) -> bytes:
    listed = device_list.find(device)
    if listed is None:
        raise PeerError(Code.BAD_CREDENTIAL, "CK-274 signed by a device not on the list")
    return listed.signature_key
