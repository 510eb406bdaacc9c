"""One face for three MLS implementations: ours, mls-rs (Rust) and ts-mls (TypeScript)."""

from __future__ import annotations

import platform
import random
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import mls_rs_uniffi as rust
from tests.interop.ts_mls import NodePeer

from visavis.core import mls

if sys.platform == "linux" and platform.machine() == "x86_64":
    import mls_rs_uniffi as rust

    OTHERS: tuple[str, ...] = ("js", "rs")
else:
    # mls-rs has no wheel elsewhere; ts-mls runs everywhere.
    OTHERS = ("js",)

DAY_S = 86_400


@dataclass(frozen=True)
class Plan:
    """What a commit or proposal does. Leaf indices and names both, as each side wants its own."""

    add: Sequence[bytes] = ()
    remove: Mapping[str, int] = field(default_factory=dict)
    psks: Mapping[bytes, bytes] = field(default_factory=dict)
    required_capabilities: bool = False
    public: bool = False
    update: bool = False
    path: bool = True
    """False: ours leaves the path out where RFC 9420 allows it, as ts-mls always does."""


@dataclass(frozen=True)
class Received:
    """What came out of a message: application data with its sender's leaf, or a handshake."""

    data: bytes | None = None
    sender: int | None = None
    active: bool = True


@dataclass(frozen=True)
class Look:
    """What a member believes: two members of one group must believe the same."""

    epoch: int
    authenticator: bytes
    members: tuple[tuple[int, bytes], ...]


NO_REQUIREMENTS = bytes(3)
"""required_capabilities that require nothing: three empty lists (RFC 9420, 7.2)."""


class Peer(ABC):
    """A client of one implementation, in at most one group."""

    kind: str

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def key_package(self) -> bytes: ...
    @abstractmethod
    def join(self, welcome: bytes, psks: Mapping[bytes, bytes]) -> None: ...
    @abstractmethod
    def commit(self, plan: Plan) -> tuple[bytes, bytes | None]: ...
    @abstractmethod
    def accept(self) -> None: ...
    @abstractmethod
    def process(self, message: bytes, sender: str, psks: Mapping[bytes, bytes]) -> Received: ...
    @abstractmethod
    def send(self, data: bytes) -> bytes: ...
    @abstractmethod
    def exporter(self, label: str, context: bytes, length: int) -> bytes: ...
    @abstractmethod
    def propose(self, plan: Plan) -> bytes: ...

    def look(self) -> Look | None:
        """Return what this member believes, if its implementation tells."""
        return None

    def forget(self) -> None:  # noqa: B027 - most have nothing to free
        """Free what a removed member holds."""


class OurPeer(Peer):
    """visavis.core.mls."""

    kind = "py"

    def __init__(self, name: str, suite: int, seed: object) -> None:
        super().__init__(name)
        self.rng = random.Random(f"{seed}/{name}").randbytes
        self.suite = suite
        self.signature_private = mls.generate_signature_key(suite, self.rng)
        self.bundle = mls.new_key_package(
            suite_id=suite,
            identity=name.encode(),
            signature_private=self.signature_private,
            not_before=self.now - 60,
            not_after=self.now + 30 * DAY_S,
            rng=self.rng,
        )
        self.pending: mls.Group | None = None
        self.group: mls.Group

    @property
    def now(self) -> int:
        # Not fixed: the others' key packages begin at the moment they are made.
        return int(time.time())

    def create(self, group_id: bytes) -> None:
        self.group = mls.Group.create(
            group_id=group_id,
            suite_id=self.suite,
            identity=self.name.encode(),
            signature_private=self.signature_private,
            rng=self.rng,
            validator=accept_all,
            lifetime=(self.now - 60, self.now + 30 * DAY_S),
        )

    def key_package(self) -> bytes:
        return self.bundle.key_package

    def join(self, welcome: bytes, psks: Mapping[bytes, bytes]) -> None:
        assert self.bundle.reference in mls.welcome_references(welcome)
        self.group = mls.Group.join(
            welcome, self.bundle, now=self.now, validator=accept_all, psks=psks
        )

    def external_join(self, group_info: bytes, resync_leaf: int | None = None) -> bytes:
        self.pending, commit = mls.Group.external_join(
            group_info,
            identity=self.name.encode(),
            signature_private=self.signature_private,
            rng=self.rng,
            now=self.now,
            validator=accept_all,
            resync_leaf=resync_leaf,
        )
        return commit

    def commit(self, plan: Plan) -> tuple[bytes, bytes | None]:
        self.learn(plan.psks)
        made = self.group.commit(
            add=plan.add,
            remove=tuple(plan.remove.values()),
            psks=tuple(plan.psks),
            extensions=_extensions(plan),
            rng=self.rng,
            now=self.now,
            public=plan.public,
            path=plan.path,
        )
        self.pending = made.group
        return made.message, made.welcome

    def accept(self) -> None:
        assert self.pending is not None
        self.group, self.pending = self.pending, None

    def process(self, message: bytes, sender: str, psks: Mapping[bytes, bytes]) -> Received:
        self.learn(psks)
        result = self.group.process(message, now=self.now)
        self.pending = None
        match result:
            case mls.ApplicationMessage():
                return Received(result.content, result.sender.leaf_index)
            case mls.CommitApplied():
                return Received(active=not result.self_removed)
        return Received()

    def send(self, data: bytes) -> bytes:
        return self.group.encrypt(data, rng=self.rng)

    def exporter(self, label: str, context: bytes, length: int) -> bytes:
        return self.group.exporter(label, context, length)

    def propose(self, plan: Plan) -> bytes:
        self.learn(plan.psks)
        return self.group.propose(
            rng=self.rng,
            now=self.now,
            add=next(iter(plan.add), None),
            remove=next(iter(plan.remove.values()), None),
            update=plan.update,
            psk=next(iter(plan.psks), None),
            extensions=_extensions(plan),
            public=plan.public,
        )

    def learn(self, psks: Mapping[bytes, bytes]) -> None:
        """Supply external PSKs, as the application does."""
        for psk_id, psk in psks.items():
            self.group.add_psk(psk_id, psk)

    def group_info(self) -> bytes:
        return self.group.group_info(with_tree=True)

    def look(self) -> Look:
        group = self.group
        members = tuple((m.leaf_index or 0, m.identity) for m in group.members())
        return Look(group.epoch, group.epoch_authenticator, members)

    def reload(self) -> None:
        """Write the state out and go on with what was read back."""
        stored = self.group.to_bytes()
        self.group = mls.Group.from_bytes(stored, validator=accept_all)
        assert self.group.to_bytes() == stored


def _extensions(plan: Plan) -> list[mls.Extension] | None:
    if not plan.required_capabilities:
        return None
    return [mls.Extension(mls.ExtensionType.REQUIRED_CAPABILITIES, NO_REQUIREMENTS)]


def accept_all(new: mls.MemberInfo, replaces: mls.MemberInfo | None) -> None:
    """Stand in for the credential check, which has tests of its own."""


class JsPeer(Peer):
    """ts-mls 1.6.4, mended (see ts_mls.py)."""

    kind = "js"

    def __init__(self, name: str, suite: int, node: NodePeer) -> None:
        super().__init__(name)
        self.node = node
        self._key_package = self._make(suite)

    def _make(self, suite: int) -> bytes:
        now = int(time.time())
        span = {"not_before": now - 60, "not_after": now + 30 * DAY_S}
        return bytes.fromhex(self.call("new", suite=suite, **span)["key_package"])

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Run one operation of this client."""
        return self.node.call(self.name, operation, **arguments)

    def key_package(self) -> bytes:
        return self._key_package

    def create(self, group_id: bytes) -> None:
        self.call("create", group_id=group_id.hex())

    def join(self, welcome: bytes, psks: Mapping[bytes, bytes]) -> None:
        self.call("join", welcome=welcome.hex(), psk=_hex(psks))

    def external_join(self, group_info: bytes) -> bytes:
        made = self.call("external_join", group_info=group_info.hex())
        return bytes.fromhex(made["commit"])

    def commit(self, plan: Plan) -> tuple[bytes, bytes | None]:
        made = self.call("commit", **arguments_of(plan))
        welcome = made["welcome"]
        return bytes.fromhex(made["commit"]), welcome and bytes.fromhex(welcome)

    def accept(self) -> None:
        self.call("accept")

    def process(self, message: bytes, sender: str, psks: Mapping[bytes, bytes]) -> Received:
        made = self.call("process", message=message.hex(), psk=_hex(psks))
        if "data" in made:
            return Received(bytes.fromhex(made["data"]), made["sender"])
        return Received(active=made["active"])

    def send(self, data: bytes) -> bytes:
        return bytes.fromhex(self.call("send", data=data.hex())["message"])

    def exporter(self, label: str, context: bytes, length: int) -> bytes:
        arguments = {"label": label, "context": context.hex(), "length": length}
        return bytes.fromhex(self.call("exporter", **arguments)["secret"])

    def propose(self, plan: Plan) -> bytes:
        return bytes.fromhex(self.call("propose", **arguments_of(plan))["message"])

    def group_info(self) -> bytes:
        return bytes.fromhex(self.call("group_info")["group_info"])

    def look(self) -> Look:
        made = self.call("look")
        members = tuple((leaf, bytes.fromhex(identity)) for leaf, identity in made["members"])
        return Look(made["epoch"], bytes.fromhex(made["epoch_authenticator"]), members)

    def forget(self) -> None:
        self.call("forget")


def _hex(psks: Mapping[bytes, bytes]) -> dict[str, str]:
    return {key.hex(): value.hex() for key, value in psks.items()}


def arguments_of(plan: Plan) -> dict[str, Any]:
    """Return a plan as the Node processes read it."""
    arguments: dict[str, Any] = {
        "add": [package.hex() for package in plan.add],
        "remove": list(plan.remove.values()),
        "psk": _hex(plan.psks),
        "public": plan.public,
    }
    if plan.required_capabilities:
        arguments["extensions"] = [["required_capabilities", NO_REQUIREMENTS.hex()]]
    return arguments


class RsPeer(Peer):
    """mls-rs through its small Python face: suite 1, no PSK, no external join, no leaf indices."""

    kind = "rs"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        keys = rust.generate_signature_keypair(rust.CipherSuite.CURVE25519_AES128)
        config = rust.client_config_default()
        config.use_ratchet_tree_extension = True
        self.client = rust.Client(name.encode(), keys, config)
        self.known: dict[str, rust.SigningIdentity] = {}
        self.pending: rust.Message | None = None
        self.group: rust.Group

    def key_package(self) -> bytes:
        return self.client.generate_key_package_message().to_bytes()

    def join(self, welcome: bytes, psks: Mapping[bytes, bytes]) -> None:
        self.group = self.client.join_group(None, rust.Message.from_bytes(welcome)).group

    def can(self, plan: Plan) -> bool:
        """Tell whether the Python face of mls-rs offers this."""
        if plan.psks or plan.required_capabilities or plan.public or (plan.add and plan.remove):
            return False
        return set(plan.remove) <= set(self.known)

    def commit(self, plan: Plan) -> tuple[bytes, bytes | None]:
        if plan.add:
            made = self.group.add_members([rust.Message.from_bytes(each) for each in plan.add])
        elif plan.remove:
            made = self.group.remove_members([self.known[name] for name in plan.remove])
        else:
            made = self.group.commit()
        self.pending = made.commit_message
        welcome = made.welcome_message
        return made.commit_message.to_bytes(), welcome and welcome.to_bytes()

    def accept(self) -> None:
        self.group.process_incoming_message(self.pending)

    def process(self, message: bytes, sender: str, psks: Mapping[bytes, bytes]) -> Received:
        result = self.group.process_incoming_message(rust.Message.from_bytes(message))
        if result.is_application_message():
            self.known[sender] = result.sender
            return Received(result.data)
        return Received(active=not (result.is_commit() and result.effect.is_removed()))

    def send(self, data: bytes) -> bytes:
        return self.group.encrypt_application_message(data).to_bytes()

    def exporter(self, label: str, context: bytes, length: int) -> bytes:
        return self.group.export_secret(label.encode(), context, length)

    def propose(self, plan: Plan) -> bytes:
        if plan.add:
            packages = [rust.Message.from_bytes(each) for each in plan.add]
            (made,) = self.group.propose_add_members(packages)
        else:
            (made,) = self.group.propose_remove_members([self.known[name] for name in plan.remove])
        return made.to_bytes()
