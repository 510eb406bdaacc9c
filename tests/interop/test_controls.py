"""That the histories notice: a fault put in on purpose must be found, and the set-up is strict."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping

import pytest
from tests.interop.history import History, HistoryError
from tests.interop.peers import OurPeer, Plan, Received
from tests.interop.ts_mls import PATCHES, JsError, NodePeer, apply_patch, installed

from visavis.core.errors import VisavisError

SEED, STEPS = 3, 60


class OtherLabel(OurPeer):
    """Exports under another label than it was asked for."""

    def exporter(self, label: str, context: bytes, length: int) -> bytes:
        wrong = "SFrame 1.0 base key" if self.name == "py2" else label
        return super().exporter(wrong, context, length)


class NoContext(OurPeer):
    """Forgets the exporter's context: a defect of a published package."""

    def exporter(self, label: str, context: bytes, length: int) -> bytes:
        return super().exporter(label, b"" if self.name == "py2" else context, length)


class Deaf(OurPeer):
    """Does not apply the commits of others."""

    def process(self, message: bytes, sender: str, psks: Mapping[bytes, bytes]) -> Received:
        return Received() if self.name == "py2" else super().process(message, sender, psks)


class Credulous(OurPeer):
    """Takes everything."""

    def process(self, message: bytes, sender: str, psks: Mapping[bytes, bytes]) -> Received:
        try:
            return super().process(message, sender, psks)
        except VisavisError:
            return Received()


class Rash(OurPeer):
    """Has changed before it notices that it should have refused."""

    def process(self, message: bytes, sender: str, psks: Mapping[bytes, bytes]) -> Received:
        try:
            return super().process(message, sender, psks)
        except VisavisError:
            self.group = self.group.commit(rng=self.rng, now=self.now).group
            raise


class Garbled(OurPeer):
    """Returns other plaintext than was sent."""

    def process(self, message: bytes, sender: str, psks: Mapping[bytes, bytes]) -> Received:
        made = super().process(message, sender, psks)
        return Received(made.data + b"!", made.sender) if made.data is not None else made


class Impersonated(OurPeer):
    """Takes somebody else for the sender."""

    def process(self, message: bytes, sender: str, psks: Mapping[bytes, bytes]) -> Received:
        made = super().process(message, sender, psks)
        return Received(made.data, (made.sender or 0) + 1) if made.data is not None else made


@pytest.mark.parametrize("kinds", [("js",), ()], ids=["with ts-mls", "ours alone"])
@pytest.mark.parametrize(
    ("faulty", "found"),
    [
        (OtherLabel, "exporters differ"),
        (NoContext, "exporters differ"),
        (Deaf, "exporters differ"),
        (Credulous, "must refuse"),
        (Rash, "changed by a refused message"),
        (Garbled, "read something else"),
        (Impersonated, "for the sender"),
    ],
)
def test_a_fault_of_ours_is_found(
    faulty: type[OurPeer], found: str, kinds: tuple[str, ...], node: NodePeer
) -> None:
    with pytest.raises(HistoryError, match=found) as caught:
        History(SEED, kinds, 1, node, ours=faulty).run(STEPS)
    assert f"seed {SEED}" in str(caught.value)


def test_control_without_a_fault(node: NodePeer) -> None:
    History(SEED, ("js",), 1, node).run(STEPS)


def test_a_tampered_commit_is_found_by_the_other_implementation(node: NodePeer) -> None:
    history = History(SEED, ("js",), 1, node)
    history.run(0)
    ours = history.ours()[0]
    message, _ = ours.commit(Plan())
    broken = bytearray(message)
    broken[-1] ^= 1
    others = [member for member in history.members if member.kind == "js"]
    assert others
    for member in others:
        with pytest.raises(JsError):
            member.process(bytes(broken), ours.name, {})
        member.process(message, ours.name, {})


def test_each_patch_of_ts_mls_is_in_place() -> None:
    source = installed() / "node_modules" / "ts-mls" / "dist" / "src"
    for patch in PATCHES:
        text = (source / patch.file).read_text(encoding="utf-8")
        assert patch.new in text, patch.why
    assert installed() == source.parents[3]


def test_a_patch_that_does_not_fit_is_an_error(tmp_path: pathlib.Path) -> None:
    for text in ("another release", PATCHES[0].old * 2):
        (tmp_path / PATCHES[0].file).write_text(text)
        with pytest.raises(AssertionError, match="not the one we know"):
            apply_patch(tmp_path, PATCHES[0])


def test_the_lock_file_names_no_registry() -> None:
    lock = (pathlib.Path(__file__).parent / "js" / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert lock.count('"integrity"') == 9
