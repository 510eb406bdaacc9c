"""Random histories of one group whose members are of several implementations.

A seed fixes every choice of the history (keys of the other implementations stay random). After
each commit all members must export the same secrets and see the same members. A failure carries
the seed and the last steps: run `History(seed, ...)` again to see it.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from tests.interop.peers import JsPeer, OurPeer, Peer, Plan, RsPeer
from tests.interop.ts_mls import NodePeer
from tests.interop.web_twin import WebNode, WebPeer

from visavis.core.errors import VisavisError

EXPORTS = (("SFrame 1.0 Base Key", b"", 32), ("visavis sequencer", b"context", 48))
MAX_LATE_EPOCHS = 2
"""Messages may come this many epochs late; every implementation here keeps at least that."""


class HistoryError(AssertionError):
    """Two implementations disagree, or one refused what it must accept."""


@dataclass
class Late:
    """An application message that has not arrived yet."""

    epoch: int
    due: int
    to: Peer
    sender: Peer
    message: bytes
    data: bytes


class History:
    """One group and its members.

    Args:
        seed: Fixes all choices.
        kinds: Kinds of members besides Python's: "ts" (ours, too), "js", "rs".
        suite: 1 or 0xF04D.
        node: Runs the ts-mls members.
        founder: Kind of the member that makes the group: "py", "ts" or "js".
        max_members: The group grows no larger.
        ours: Class of our members; the controls put faulty ones in.
        twin: Runs the members of `web/core`, if there are any.
    """

    def __init__(
        self,
        seed: int,
        kinds: tuple[str, ...],
        suite: int,
        node: NodePeer,
        *,
        founder: str = "py",
        max_members: int = 8,
        ours: type[OurPeer] = OurPeer,
        twin: WebNode | None = None,
    ) -> None:
        self.seed, self.kinds, self.suite, self.node = seed, kinds, suite, node
        self.max_members = max_members
        self.our_peer = ours
        self.twin = twin
        self.rnd = random.Random(seed)
        self.count = 0
        self.step = 0
        self.epoch = 0
        self.log: list[str] = []
        self.done: Counter[str] = Counter()
        self.late: list[Late] = []
        self.proposed: list[tuple[Peer, Plan, list[Peer]]] = []
        first = self.new_peer(founder)
        assert isinstance(first, OurPeer | JsPeer)
        first.create(self.rnd.randbytes(16))
        self.members: list[Peer] = [first]

    def run(self, steps: int) -> Counter[str]:
        """Play this many steps.

        Returns:
            How often each kind of step was played.

        Raises:
            HistoryError: With seed, step and the last steps.
        """
        # From two of each kind on, every implementation has met every other.
        self.guard("begin", lambda: self.commit([*self.kinds, "py"], []))
        for _ in range(steps):
            self.step += 1
            self.guard("late", self.deliver_due)
            name = self.choose()
            self.guard(name, getattr(self, f"do_{name}"))
        self.guard("late", lambda: self.deliver_due(everything=True))
        return self.done

    def choose(self) -> str:
        names = {"message": 5, "add": 4, "update": 4, "remove": 3, "mixed": 2, "propose": 3}
        names |= {"external": 2, "race": 2, "lost": 1, "tampered": 2, "reload": 1, "psk": 1}
        names |= {"gce": 1, "resync": 1, "gap": 1}
        if not self.all_are("py", "ts", "js"):
            del names["psk"]
        return self.rnd.choices(list(names), list(names.values()))[0]

    def guard(self, name: str, play: Callable[[], None]) -> None:
        """Play a step; a failure tells how to get there again."""
        try:
            play()
        except Exception as error:
            tail = "; ".join(self.log[-6:])
            kinds = ",".join(self.kinds)
            raise HistoryError(
                f"seed {self.seed}, kinds {kinds}, suite {self.suite:#x}, step {self.step}"
                f" ({name}): {type(error).__name__}: {error} | members"
                f" {[member.name for member in self.members]} | before: {tail}"
            ) from error
        self.done[name] += 1

    # Members.

    def new_peer(self, kind: str) -> Peer:
        name = f"{kind}{self.count}"
        self.count += 1
        match kind:
            case "py":
                return self.our_peer(name, self.suite, self.seed)
            case "js":
                return JsPeer(f"{name}-{self.seed}", self.suite, self.node)
            case "ts":
                assert self.twin is not None
                return WebPeer(name, self.suite, self.twin)
        return RsPeer(name)

    def all_are(self, *kinds: str) -> bool:
        return all(member.kind in kinds for member in self.members)

    def ours(self) -> list[OurPeer | WebPeer]:
        return [member for member in self.members if isinstance(member, OurPeer | WebPeer)]

    def leaf_of(self, peer: Peer) -> int:
        for member in self.members:
            look = member.look()
            if look is not None:
                return next(leaf for leaf, name in look.members if name == peer.name.encode())
        raise AssertionError("nobody to ask")

    def removable(self, committer: Peer) -> list[Peer]:
        """Return who may go: never the committer, and one of ours always stays."""
        keep = (
            committer,
            committer if isinstance(committer, OurPeer | WebPeer) else self.ours()[0],
        )
        return [member for member in self.members if member not in keep]

    def check_equal(self) -> None:
        """All members must export and believe the same."""
        for label, context, length in EXPORTS:
            secrets = {m.exporter(label, context, length) for m in self.members}
            if len(secrets) != 1 or len(secrets.pop()) != length:
                raise HistoryError(f"exporters differ ({label})")
        looks = {look for m in self.members if (look := m.look()) is not None}
        if len(looks) != 1:
            raise HistoryError(f"members see different groups: {looks}")
        look = looks.pop()
        self.epoch = look.epoch
        if sorted(name for _, name in look.members) != sorted(
            m.name.encode() for m in self.members
        ):
            raise HistoryError("the group has other members than it should")

    # Commits.

    def plan(self, add: list[Peer], remove: list[Peer], **more: object) -> Plan:
        return Plan(
            add=[peer.key_package() for peer in add],
            remove={peer.name: self.leaf_of(peer) for peer in remove},
            **more,  # type: ignore[arg-type]
        )

    def committer(self, test: Callable[[Peer], bool] = lambda _: True) -> Peer | None:
        able = [member for member in self.members if test(member)]
        return self.rnd.choice(able) if able else None

    def commit(
        self, add: list[str], remove: list[Peer], committer: Peer | None = None, **more: object
    ) -> None:
        """Make a commit of pending proposals and these, and let everybody apply it."""
        who = committer or self.members[0]
        joiners = [self.new_peer(kind) for kind in add]
        plan = self.plan(joiners, remove, **more)
        if isinstance(who, RsPeer) and not who.can(plan):
            who = self.ours()[0]
        if who in remove:
            return
        message, welcome = who.commit(plan)
        self.note(f"{who.name} commits +{len(add)} -{[peer.name for peer in remove]} {more or ''}")
        self.apply(who, message, welcome, joiners, remove, plan)

    def apply(
        self,
        who: Peer,
        message: bytes,
        welcome: bytes | None,
        joiners: list[Peer],
        gone: list[Peer],
        plan: Plan,
    ) -> None:
        """Deliver the accepted commit to all members and the Welcome to the joiners."""
        for _, proposed, proposed_joiners in self.proposed:
            joiners = [*joiners, *proposed_joiners]
            gone = [*gone, *(m for m in self.members if m.name in proposed.remove)]
        self.proposed.clear()
        for member in self.members:
            if member is who:
                member.accept()
                continue
            result = member.process(message, who.name, plan.psks)
            if result.active == (member in gone):
                raise HistoryError(f"{member.name}: active={result.active} after a commit")
        for member in gone:
            self.members.remove(member)
            member.forget()
        for joiner in joiners:
            assert welcome is not None
            joiner.join(welcome, plan.psks)
            self.members.append(joiner)
        self.check_equal()

    def note(self, what: str) -> None:
        self.log.append(f"{self.step}: {what}")

    def some_kinds(self) -> list[str]:
        room = self.max_members - len(self.members)
        count = min(room, self.rnd.choice([1, 1, 2, 3]))
        return [self.rnd.choice(("py", *self.kinds)) for _ in range(max(0, count))]

    def victims(self, committer: Peer) -> list[Peer]:
        able = self.removable(committer)
        return (
            self.rnd.sample(able, min(len(able), self.rnd.choice([1, 1, 2])))
            if len(self.members) > 3
            else []
        )

    # Steps.

    def do_add(self) -> None:
        path = self.rnd.random() < 0.5
        self.commit(self.some_kinds(), [], self.committer(), public=self.is_public(), path=path)

    def do_update(self) -> None:
        self.commit([], [], self.committer(), public=self.is_public())

    def do_remove(self) -> None:
        who = self.committer()
        assert who is not None
        self.commit([], self.victims(who), who)

    def do_mixed(self) -> None:
        who = self.committer(lambda m: m.kind != "rs")
        if who is not None:
            self.commit(self.some_kinds(), self.victims(who), who, public=self.is_public())

    def do_psk(self) -> None:
        psks = {self.rnd.randbytes(8): self.rnd.randbytes(32)}
        self.commit([k for k in self.some_kinds() if k != "rs"], [], self.committer(), psks=psks)

    def do_gce(self) -> None:
        self.commit([], [], self.committer(lambda m: m.kind != "rs"), required_capabilities=True)

    def is_public(self) -> bool:
        return self.rnd.random() < 0.2

    def do_propose(self) -> None:
        """One member proposes, another commits by reference."""
        who = self.committer()
        assert who is not None
        able = self.removable(who)
        joiners: list[Peer] = []
        gone: list[Peer] = []
        update = isinstance(who, OurPeer | WebPeer) and self.rnd.random() < 0.5
        if update:
            pass
        elif len(self.members) > 3 and able and self.rnd.random() < 0.5:
            gone = [self.rnd.choice(able)]
        elif len(self.members) < self.max_members:
            joiners = [self.new_peer(self.rnd.choice(("py", *self.kinds)))]
        else:
            return
        plan = self.plan(joiners, gone, public=self.is_public(), update=update)
        if isinstance(who, RsPeer) and not who.can(plan):
            return
        message = who.propose(plan)
        self.note(f"{who.name} proposes +{len(joiners)} -{[p.name for p in gone]} {update=}")
        for member in self.members:
            if member is not who:
                member.process(message, who.name, {})
        self.proposed.append((who, plan, joiners))
        # Nobody commits their own Update or their own removal (RFC 9420, 12.2).
        committer = self.committer(lambda m: m not in gone and not (update and m is who))
        if committer is None:
            return
        self.commit([], [], committer)

    def do_external(self) -> None:
        """Somebody joins by itself from a GroupInfo."""
        if len(self.members) >= self.max_members:
            return
        joiner = self.new_peer(self.rnd.choice([k for k in ("py", *self.kinds) if k != "rs"]))
        helper = self.committer(lambda m: m.kind != "rs")
        assert isinstance(helper, OurPeer | JsPeer)
        assert isinstance(joiner, OurPeer | JsPeer)
        message = joiner.external_join(helper.group_info())
        self.note(f"{joiner.name} joins by itself, helped by {helper.name}")
        for member in self.members:
            member.process(message, joiner.name, {})
        joiner.accept()
        self.members.append(joiner)
        self.check_equal()

    def do_resync(self) -> None:
        """One of ours lost its state and replaces its old self by an external commit."""
        lost = self.rnd.choice(self.ours())
        helper = self.committer(lambda m: m.kind != "rs" and m is not lost)
        if helper is None:
            return
        assert isinstance(helper, OurPeer | JsPeer)
        if isinstance(lost, WebPeer):
            fresh: OurPeer | WebPeer = WebPeer(lost.name, self.suite, lost.node)
        else:
            fresh = self.our_peer(lost.name, self.suite, f"{self.seed}/{self.step}")
        message = fresh.external_join(helper.group_info(), resync_leaf=self.leaf_of(lost))
        self.note(f"{lost.name} replaces itself, helped by {helper.name}")
        for member in self.members:
            result = member.process(message, fresh.name, {})
            if result.active == (member is lost):
                raise HistoryError(f"{member.name}: active={result.active} after a resync")
        fresh.accept()
        self.members[self.members.index(lost)] = fresh
        self.check_equal()

    def do_gap(self) -> None:
        """Most of a long burst is lost: receivers skip ahead, and still read what comes late."""
        who = self.committer()
        assert who is not None
        leaf = self.leaf_of(who)
        sent = [(who.send(data), data) for data in (bytes([i]) for i in range(60))]
        self.note(f"{who.name} sends {len(sent)}, most are lost")
        for member in self.members:
            if member is not who:
                # ts-mls keeps the keys of ten skipped messages, so only the last ones come late.
                for index in (59, 55, 58):
                    self.deliver(member, who, leaf, *sent[index])
        self.late = [
            each
            for each in self.late
            if each.to.kind != "js" or each.sender is not who or each.epoch != self.epoch
        ]

    def do_race(self) -> None:
        """Two members commit at once; the loser applies the winner's and nobody the loser's."""
        if len(self.members) < 2:
            return
        winner, loser = self.rnd.sample(self.members, 2)
        lost, _ = loser.commit(Plan())
        self.note(f"{loser.name} loses a race")
        self.commit([], [], winner)
        for member in self.ours():
            if member is not loser:
                self.refuse(member, lost)

    def do_lost(self) -> None:
        """A commit of ours that the sequencer never took must cost nothing."""
        who = self.rnd.choice(self.ours())
        who.commit(self.plan([], self.victims(who)))
        self.note(f"{who.name} makes a commit that is lost")
        self.check_equal()

    def do_tampered(self) -> None:
        """One flipped bit in a commit: ours refuses it, stays as it was, and takes the true one."""
        who = self.committer()
        assert who is not None
        message, _ = who.commit(Plan(public=self.is_public() and who.kind != "rs"))
        for member in self.ours():
            if member is not who:
                broken = bytearray(message)
                broken[self.rnd.randrange(len(broken))] ^= 1 << self.rnd.randrange(8)
                self.refuse(member, bytes(broken))
        self.note(f"{who.name} commits, tampered copies first")
        self.apply(who, message, None, [], [], Plan())

    def refuse(self, member: OurPeer | WebPeer, message: bytes) -> None:
        before = member.look(), member.exporter(*EXPORTS[0])
        try:
            member.process(message, "nobody", {})
        except VisavisError:
            if (member.look(), member.exporter(*EXPORTS[0])) != before:
                raise HistoryError(f"{member.name} changed by a refused message") from None
            return
        raise HistoryError(f"{member.name} took a message that it must refuse")

    def do_reload(self) -> None:
        self.rnd.choice(self.ours()).reload()
        self.check_equal()

    def do_message(self) -> None:
        """A burst of application messages: some now, some late, some never, in any order."""
        who = self.committer()
        assert who is not None
        leaf = self.leaf_of(who)
        burst = [self.rnd.randbytes(self.rnd.choice([0, 1, 40, 300])) for _ in range(4)]
        sent = [(who.send(data), data) for data in burst]
        self.note(f"{who.name} sends {len(sent)}")
        for member in self.members:
            if member is who:
                continue
            for message, data in self.rnd.sample(sent, len(sent)):
                fate = self.rnd.random()
                if fate < 0.2:
                    due = self.step + self.rnd.randint(1, 6)
                    self.late.append(Late(self.epoch, due, member, who, message, data))
                elif fate < 0.9:
                    self.deliver(member, who, leaf, message, data)
                else:
                    self.done["lost messages"] += 1

    def deliver(
        self, to: Peer, sender: Peer, leaf: int | None, message: bytes, data: bytes
    ) -> None:
        result = to.process(message, sender.name, {})
        if result.data != data:
            raise HistoryError(f"{to.name} read something else than {sender.name} wrote")
        if leaf is not None and result.sender not in {None, leaf}:
            raise HistoryError(f"{to.name} takes {result.sender} for the sender, not {leaf}")
        self.done["messages"] += 1

    def deliver_due(self, *, everything: bool = False) -> None:
        """Deliver what is due, and what would become too old; forget what removed members miss."""
        waiting, self.late = self.late, []
        self.rnd.shuffle(waiting)
        for each in waiting:
            age = self.epoch - each.epoch
            if each.to not in self.members or age > MAX_LATE_EPOCHS:
                continue
            # mls-rs 0.55 looks the sender up in the present tree and fails if it has left since.
            if isinstance(each.to, RsPeer) and each.sender not in self.members:
                continue
            if everything or each.due <= self.step or age == MAX_LATE_EPOCHS:
                self.deliver(each.to, each.sender, None, each.message, each.data)
                self.done["late messages"] += 1
                self.done["messages of an earlier epoch"] += age > 0
            else:
                self.late.append(each)
