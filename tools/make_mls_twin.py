"""Write what the TypeScript MLS must reproduce byte for byte: `web/tests/fixtures/mls_twin.json`.

python tools/make_mls_twin.py

A story of four members and a joiner, told by Python with all randomness from one seed; the test
`web/tests/mls/persist.test.ts` tells it again in TypeScript, step by step. Suite 1, in which all
randomness is the caller's; of the product suite one stored state, a message, and the state after.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from visavis.core.mls import (
    SUITE_ID,
    Group,
    KeyPackageBundle,
    MemberInfo,
    RequiredCapabilities,
    generate_signature_key,
    new_key_package,
)

NOW = 1_800_000_000
DAY = 86_400
PATH = Path(__file__).parents[1] / "web" / "tests" / "fixtures" / "mls_twin.json"


class Stream:
    """Bytes from a seed; `stream` in `web/tests/mls/refusals.ts` gives the same."""

    def __init__(self, seed: str) -> None:
        self._seed, self._count = seed.encode(), 0

    def __call__(self, size: int) -> bytes:
        self._count += 1
        return hashlib.shake_256(self._seed + self._count.to_bytes(8, "big")).digest(size)


def anyone(_new: MemberInfo, _old: MemberInfo | None) -> None:
    """Accept every credential."""


class Story:
    """Groups of one suite, and the hashes of all that they made."""

    def __init__(self, suite_id: int) -> None:
        self.suite_id = suite_id
        self.rng = Stream(f"twin {suite_id}")
        self.digests: dict[str, str] = {}
        self.groups = [
            Group.create(
                group_id=b"a group",
                suite_id=suite_id,
                identity=b"member 0",
                signature_private=generate_signature_key(suite_id, self.rng),
                rng=self.rng,
                validator=anyone,
                lifetime=(NOW - DAY, NOW + DAY),
            )
        ]
        bundles = [self.package(f"member {i}") for i in (1, 2, 3)]
        commit = self.commit("founding", 0, add=[bundle.key_package for bundle in bundles])
        assert commit is not None
        for bundle in bundles:
            self.groups.append(Group.join(commit, bundle, now=NOW, validator=anyone))
        self.note_states("joined")

    def note(self, name: str, data: bytes) -> bytes:
        assert name not in self.digests
        self.digests[name] = hashlib.sha256(data).hexdigest()
        return data

    def note_states(self, name: str) -> None:
        for index, group in enumerate(self.groups):
            self.note(f"{name}: state {index}", group.to_bytes())

    def package(self, name: str) -> KeyPackageBundle:
        bundle = new_key_package(
            identity=name.encode(),
            signature_private=generate_signature_key(self.suite_id, self.rng),
            not_before=NOW - DAY,
            not_after=NOW + DAY,
            rng=self.rng,
            suite_id=self.suite_id,
        )
        self.note(f"package {name}", bundle.to_bytes())
        return bundle

    def deliver(self, message: bytes, sender: int) -> None:
        for index, group in enumerate(self.groups):
            if index != sender and group.is_active:
                group.process(message, now=NOW)

    def commit(self, name: str, who: int, **options: object) -> bytes | None:
        pending = self.groups[who].commit(rng=self.rng, now=NOW, **options)  # type: ignore[arg-type]
        self.note(f"{name}: commit", pending.message)
        if pending.welcome is not None:
            self.note(f"{name}: welcome", pending.welcome)
        self.deliver(pending.message, who)
        self.groups[who] = pending.group
        self.note_states(name)
        return pending.welcome

    def propose(self, name: str, who: int, **change: object) -> None:
        message = self.groups[who].propose(rng=self.rng, now=NOW, **change)  # type: ignore[arg-type]
        self.deliver(self.note(name, message), who)

    def encrypt(self, name: str, who: int) -> bytes:
        message = self.groups[who].encrypt(name.encode(), rng=self.rng, authenticated_data=b"clear")
        return self.note(name, message)

    def tell(self) -> None:
        letters = [self.encrypt(f"letter {i}", 0) for i in range(5)]
        for index in (3, 1):
            self.deliver(letters[index], 0)
        self.propose("update", 1, update=True)
        self.propose("removal", 2, remove=3, public=True)
        for group in self.groups:
            group.add_psk(b"psk", b"\5" * 32)
        self.note_states("proposed")
        required = RequiredCapabilities((), (), (1,)).extension()
        self.commit("taking up", 0, psks=[b"psk", 1], extensions=[required])
        self.deliver(letters[0], 0)
        self.groups.pop()
        self.commit("public", 2, public=True)
        joined, commit = Group.external_join(
            self.groups[0].group_info(),
            identity=b"joiner",
            signature_private=generate_signature_key(self.suite_id, self.rng),
            rng=self.rng,
            now=NOW,
            validator=anyone,
        )
        self.deliver(self.note("external commit", commit), -1)
        self.groups.append(joined)
        self.note_states("external")
        self.note("group info", self.groups[3].group_info())
        self.commit("last", 3)
        for group in self.groups:
            assert group.epoch_authenticator == self.groups[0].epoch_authenticator


def product_suite() -> dict[str, str]:
    """A state, a commit and the state after it in the product suite."""
    story = Story(SUITE_ID)
    letter = story.encrypt("letter", 0)
    story.deliver(letter, 0)
    story.propose("update", 1, update=True)
    before = story.groups[1].to_bytes()
    pending = story.groups[0].commit(rng=story.rng, now=NOW)
    story.groups[1].process(pending.message, now=NOW)
    return {
        "before": before.hex(),
        "message": pending.message.hex(),
        "after": story.groups[1].to_bytes().hex(),
    }


def main() -> None:
    story = Story(1)
    story.tell()
    fixture = {
        "state": story.groups[1].to_bytes().hex(),
        "digests": story.digests,
        "product": product_suite(),
    }
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(json.dumps(fixture, indent=2) + "\n")
    print(f"{PATH}: {len(story.digests)} steps")


if __name__ == "__main__":
    main()
