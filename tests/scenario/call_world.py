"""Anna and Ben with any number of devices, an in-memory server and a virtual clock.

Real: identities, device lists, MLS conversation and self groups, sealed content, envelopes, the
call machine and its shell. Faked: the server and network (`LossyNetwork`), media (`call_fakes`).
"""

from __future__ import annotations

import asyncio
import functools
import random
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from unittest import mock

from tests.scenario.call_fakes import FakeEnd, FakeMedia, FakeRelay, FakeSink

from visavis.core.address import ContactAddress
from visavis.core.call_entry import Entry
from visavis.core.contact_rules import Ring, decide
from visavis.core.content import (
    decode_inner,
    decode_outer,
    decode_sibling,
    encode_inner,
    encode_outer,
    encode_sibling,
)
from visavis.core.content_outer import CallWelcome, Mls
from visavis.core.content_records import Media, Rules
from visavis.core.credential import UnverifiedCredential, credential_identity, make_validator
from visavis.core.device_list import DeviceList, ListedDevice, sign_first
from visavis.core.envelope import BUCKETS, open_envelope, seal
from visavis.core.errors import AuthorizationError, Code, VisavisError
from visavis.core.identity import generate_identity_key
from visavis.core.ids import (
    AccountId,
    CallId,
    Capability,
    DeviceId,
    MailboxId,
    SealKey,
    SignatureKey,
)
from visavis.core.mls import (
    SUITE_ID,
    Group,
    KeyPackageBundle,
    generate_signature_key,
    new_key_package,
    peek,
    signature_public_key,
)
from visavis.sdk.call_shell import CallShell
from visavis.sdk.calls import Call, CallService, IncomingCall
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.seam import (
    InnerReceived,
    KeyMaterial,
    OuterReceived,
    SelfReceived,
    TurnServer,
)
from visavis.testing.lossy_network import LossyNetwork, Parcel

NOW = 1_800_000_000
CONVERSATION = b"conversation-id!"


class Dice:
    """Deterministic random bytes."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)

    def __call__(self, length: int) -> bytes:
        return self._dice.randbytes(length)


@dataclass(frozen=True)
class Cast:
    """Who there is: made once, restored for each story."""

    people: Mapping[str, tuple[AccountId, DeviceList]]
    devices: tuple[tuple[str, str, DeviceId, bytes], ...]  # person, name, id, signature private
    groups: Mapping[str, tuple[bytes, bytes | None]]  # device -> conversation, self group
    self_ids: Mapping[str, bytes]


@functools.cache
def cast(annas: int, bens: int) -> Cast:
    rng = Dice(7)
    people: dict[str, tuple[AccountId, DeviceList]] = {}
    devices: list[tuple[str, str, DeviceId, bytes]] = []
    for person, count in (("anna", annas), ("ben", bens)):
        own = [(DeviceId.random(rng), generate_signature_key(SUITE_ID, rng)) for _ in range(count)]
        account = AccountId.random(rng)
        listed = [
            ListedDevice(device, SignatureKey(signature_public_key(SUITE_ID, private)))
            for device, private in own
        ]
        people[person] = (account, sign_first(account, generate_identity_key(rng), listed))
        devices += [
            (person, f"{person}{i + 1}", device, private) for i, (device, private) in enumerate(own)
        ]
    lists = dict(people.values())
    validator = make_validator(lists.get)

    def group_of(group_id: bytes, members: list[tuple[str, str, DeviceId, bytes]]) -> list[Group]:
        def identity(member: tuple[str, str, DeviceId, bytes]) -> bytes:
            return credential_identity(member[2], people[member[0]][1])

        first, *others = members
        group = Group.create(
            group_id=group_id,
            suite_id=SUITE_ID,
            identity=identity(first),
            signature_private=first[3],
            rng=rng,
            validator=validator,
            lifetime=(NOW - 9, NOW + 9_000_000),
        )
        bundles = [
            new_key_package(
                identity=identity(member),
                signature_private=member[3],
                not_before=NOW - 9,
                not_after=NOW + 9_000_000,
                rng=rng,
            )
            for member in others
        ]
        pending = group.commit(add=[b.key_package for b in bundles], rng=rng, now=NOW)
        assert pending.welcome is not None
        joined = [Group.join(pending.welcome, b, now=NOW, validator=validator) for b in bundles]
        return [pending.group, *joined]

    conversation = group_of(CONVERSATION, devices)
    selves: dict[str, bytes] = {}
    self_ids: dict[str, bytes] = {}
    for person in people:
        own_devices = [d for d in devices if d[0] == person]
        self_ids[person] = f"self-of-{person}".ljust(16, "!").encode()
        if len(own_devices) > 1:
            groups = group_of(self_ids[person], own_devices)
            selves |= {d[1]: g.to_bytes() for d, g in zip(own_devices, groups, strict=True)}
    return Cast(
        people,
        tuple(devices),
        {
            d[1]: (g.to_bytes(), selves.get(d[1]))
            for d, g in zip(devices, conversation, strict=True)
        },
        self_ids,
    )


class FakeSession:
    """One device's session: implements `CallSeam` over the fake network."""

    def __init__(self, world: World, number: int) -> None:
        person, name, device, private = world.cast.devices[number]
        self.world, self.name, self.person, self.device = world, name, person, device
        self.rng = Dice(1000 + number)
        lists = dict(world.cast.people.values())
        self.account, device_list = world.cast.people[person]
        self.other = next(p for p in world.cast.people if p != person)
        self.contact = world.cast.people[self.other][0]
        self.validator = make_validator(lists.get)
        self.key_material = KeyMaterial(
            self.account, device, credential_identity(device, device_list), private, self.validator
        )
        conversation, own = world.cast.groups[name]
        self.groups = {CONVERSATION: Group.from_bytes(conversation, validator=self.validator)}
        self.self_id = world.cast.self_ids[person]
        if own is not None:
            self.groups[self.self_id] = Group.from_bytes(own, validator=self.validator)
        self.address = ContactAddress(
            "http://127.0.0.1:1",
            MailboxId.random(self.rng),
            Capability.random(self.rng),
            SealKey.random(self.rng),
        )
        self.may = True
        self.verified = False
        self.rules, self.weekday, self.minute = Rules(), 0, 600
        self.hint = ""
        self.sent: list[tuple[float, str]] = []
        self.dropped = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures: list[BaseException] = []
        self._inbox: asyncio.Queue[Parcel] = asyncio.Queue()
        self._connection: list[Callable[[bool], None]] = []
        self._contact: list[Callable[[AccountId], None]] = []
        self.changed = False
        self.noted: list[tuple[Entry, CallId | None]] = []
        self.tells = True

    def note_call(self, entry: Entry, goes_on: CallId | None) -> None:
        self.noted.append((entry, goes_on))

    def tells_missed(self) -> bool:
        return self.tells

    def now(self) -> int:
        return NOW + int(self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def new_key_package(self, consent: OwnConsent) -> KeyPackageBundle:
        return new_key_package(
            identity=self.key_material.credential,
            signature_private=self.key_material.signature_private,
            not_before=self.now() - 60,
            not_after=self.now() + 600,
            rng=self.rng,
            leaf_extensions=[consent.extension()],
        )

    def may_ring(
        self, contact: AccountId, media: Media = Media.VIDEO, *, called: bool = False
    ) -> Media | None:
        if not self.may or contact != self.contact:
            return None
        if called:
            return media
        decision = decide(self.rules, media, self.weekday, self.minute)
        return decision.media if isinstance(decision, Ring) else None

    def granted(self, contact: AccountId) -> Rules:
        return self.rules if self.may and contact == self.contact else Rules()

    def is_changed(self, contact: AccountId) -> bool:
        return self.changed and contact == self.contact

    def is_verified(self, contact: AccountId) -> bool:
        return self.verified and contact == self.contact

    def contact_name(self, contact: AccountId) -> str:
        return self.other if contact == self.contact else "a stranger"

    def _addresses(self, person: str) -> dict[DeviceId, ContactAddress]:
        return {
            s.device: s.address
            for s in self.world.sessions.values()
            if s.person == person and s.name != self.name
        }

    def contact_devices(self, contact: AccountId) -> Mapping[DeviceId, ContactAddress]:
        return self._addresses(self.other) if contact == self.contact else {}

    def sibling_devices(self) -> Mapping[DeviceId, ContactAddress]:
        return self._addresses(self.person)

    async def send_inner(
        self, contact: AccountId, content: Any, *, durable: bool, to_siblings: bool = False
    ) -> None:
        assert not to_siblings
        if self.changed:
            raise AuthorizationError(Code.IDENTITY_CHANGED, "their identity key changed")
        message = self.groups[CONVERSATION].encrypt(encode_inner(content), rng=self.rng)
        for device in self.contact_devices(contact):
            self._put(device, Mls(message), durable=durable, label=content.TYPE["t"])

    async def send_outer(self, address: ContactAddress, content: Any, *, durable: bool) -> None:
        device = next(s.device for s in self.world.sessions.values() if s.address == address)
        label = "welcome" if isinstance(content, CallWelcome) else self.hint
        self._put(device, content, durable=durable, label=label)

    async def send_self(self, content: Any, *, durable: bool) -> None:
        if self.self_id not in self.groups:
            return
        message = self.groups[self.self_id].encrypt(encode_sibling(content), rng=self.rng)
        for device in self.sibling_devices():
            self._put(device, Mls(message), durable=durable, label=content.TYPE["t"])

    def _put(self, device: DeviceId, content: Any, *, durable: bool, label: str) -> None:
        to = next(s for s in self.world.sessions.values() if s.device == device)
        sealed = seal(to.address.mailbox, to.address.seal_key, encode_outer(content), self.rng)
        assert len(sealed) in BUCKETS
        self.sent.append((self.monotonic(), label))
        self.world.network.send(self.name, to.name, sealed, durable=durable, label=label)

    async def turn(self, address: ContactAddress) -> TurnServer:
        assert address == self.address
        self.world.turn_asked.append((self.monotonic(), self.name))
        return TurnServer(("turn:127.0.0.1:3478",), "u", "c", 600)

    def own_turn_address(self) -> ContactAddress:
        return self.address

    def on_inner(self, handler: Any) -> None:
        self._inner = handler

    def on_unknown_group(self, handler: Any) -> None:
        self._unknown = handler

    def on_self(self, handler: Any) -> None:
        self._self = handler

    def on_contact(self, handler: Callable[[AccountId], None]) -> None:
        self._contact.append(handler)

    def decide(self, rules: Rules) -> None:
        """The person decides: what the session tells of afterwards."""
        self.rules = rules
        for handler in self._contact:
            handler(self.contact)

    def change_key(self) -> None:
        """Let another identity key of the contact turn up."""
        self.changed, self.may = True, False
        for handler in self._contact:
            handler(self.contact)

    def on_connection(self, handler: Callable[[bool], None]) -> None:
        self._connection.append(handler)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._failures.append(task.exception())  # type: ignore[arg-type]

    # For the world.

    def connect(self) -> None:
        self.world.network.attach(self.name, self._inbox.put_nowait, self._connected)

    def disconnect(self) -> None:
        self.world.network.detach(self.name)

    def _connected(self, here: bool) -> None:
        for handler in self._connection:
            handler(here)

    async def read(self) -> None:
        """Take envelopes one at a time, as the SDK's inbox does."""
        while True:
            parcel = await self._inbox.get()
            try:
                await self._take(parcel)
            except VisavisError:
                self.dropped += 1  # A doubled one, for example: MLS has spent its key.

    async def _take(self, parcel: Parcel) -> None:
        opened = open_envelope(self.address.mailbox, {"all": self.address.seal_key}, parcel.body)
        content = decode_outer(opened.content)
        if isinstance(content, Mls) and peek(content.message).group_id in self.groups:
            group_id = peek(content.message).group_id
            assert group_id is not None
            received: Any = self.groups[group_id].process(content.message, now=self.now())
            sender = UnverifiedCredential.parse(received.sender.identity).verify(
                received.sender.signature_key
            )
            if group_id == self.self_id:
                await self._self(SelfReceived(sender.device_id, decode_sibling(received.content)))
                return
            own = sender.account_id == self.account
            await self._inner(
                InnerReceived(
                    self.contact,
                    sender.device_id,
                    own,
                    decode_inner(received.content),
                    not parcel.durable,
                )
            )
            return
        # Whose address it came over; in this world an envelope's sender has one of its own.
        person = self.world.sessions[str(parcel.sender)].person
        await self._unknown(OuterReceived(self.world.cast.people[person][0], content))

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._failures:
            raise self._failures[0]


@dataclass
class Device:
    """One device as a story sees it."""

    session: FakeSession
    service: CallService
    rung: list[IncomingCall] = field(default_factory=list)
    missed: list[Any] = field(default_factory=list)
    ends: list[tuple[FakeEnd, FakeSink]] = field(default_factory=list)

    async def call(self, media: str = "video", *, again: CallId | None = None) -> Call:
        source, sink = self.media()
        return await self.service.call(
            self.session.contact,
            media,
            source=source,
            sink=sink,  # type: ignore[arg-type]
            leave_no_trace=again is not None,
            again=again,
        )

    async def accept(self, ringing: IncomingCall, media: str | None = None) -> Call:
        source, sink = self.media()
        return await ringing.accept(source=source, sink=sink, media=media)  # type: ignore[arg-type]

    def media(self) -> tuple[FakeEnd, FakeSink]:
        pair = (FakeEnd(), FakeSink())
        self.ends.append(pair)
        return pair

    async def rings(self, count: int = 1) -> IncomingCall:
        await until(lambda: len(self.rung) >= count)
        return self.rung[count - 1]

    @property
    def to_contact(self) -> list[str]:
        """What this device sent to the other person, not to its siblings."""
        return [label for _, label in self.session.sent if not label.startswith("self.")]


_tell = CallShell.tell


async def _labelled(shell: Any, content: Any) -> None:
    """Let the network's log say what is inside: the sender's side, and the type of the content."""
    shell._seam.hint = f"{shell._seam.person} {content.TYPE['t']}"
    await _tell(shell, content)


async def until(reached: Callable[[], bool]) -> None:
    """Wait on the virtual clock; `run` fails a story that waits too long."""
    while not reached():
        await asyncio.sleep(0.01)  # The clock jumps: this costs nothing.


class World:
    """A story's stage: `async with World(annas=1, bens=2) as w`."""

    def __init__(self, *, annas: int = 1, bens: int = 1, rule: Any = None) -> None:
        self.cast = cast(annas, bens)
        self.network = LossyNetwork() if rule is None else LossyNetwork(rule)
        self.relay = FakeRelay()
        self.turn_asked: list[tuple[float, str]] = []
        self.sessions: dict[str, FakeSession] = {}
        self.devices: dict[str, Device] = {}
        self._patch = mock.patch.object(CallShell, "tell", _labelled)

    def __getitem__(self, name: str) -> Device:
        return self.devices[name]

    async def __aenter__(self) -> Self:
        for number in range(len(self.cast.devices)):
            session = FakeSession(self, number)
            self.sessions[session.name] = session
        self._patch.start()
        for session in self.sessions.values():
            await self._begin(session)
        return self

    async def _begin(self, session: FakeSession) -> Device:
        service = self.make_service(session)
        await service.start()
        device = self.devices[session.name] = Device(session, service)
        session.spawn(self._collect(device))
        session.spawn(self._collect_missed(device))
        session.spawn(session.read())
        session.connect()
        return device

    async def restart(self, name: str) -> Device:
        """End a device's program in the middle of a call, without a word, and start it again."""
        old = self.devices[name]
        await old.session.close()
        old.session.disconnect()
        old.session._connection.clear()
        for shell in old.service._shells.values():
            await shell.transport.stop()
        device = await self._begin(old.session)
        device.ends.extend(old.ends)
        return device

    async def __aexit__(self, *error: object) -> None:
        self._patch.stop()
        for device in self.devices.values():
            await device.service.close()
        await asyncio.sleep(1)
        for device in self.devices.values():
            await device.session.close()
        if error[0] is None:
            for device in self.devices.values():
                for pair in device.ends:
                    assert [end.closed for end in pair] == [1, 1], "a camera was left on"

    def make_service(self, session: FakeSession) -> CallService:
        """Return the call service under test; another stage has other media."""
        return CallService(session, make_media=functools.partial(FakeMedia, self.relay))

    @staticmethod
    async def _collect(device: Device) -> None:
        async for ringing in device.service.incoming():
            device.rung.append(ringing)

    @staticmethod
    async def _collect_missed(device: Device) -> None:
        async for missed in device.service.missed():
            device.missed.append(missed)
