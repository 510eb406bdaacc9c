"""What the columns of the call machine's table are made of; the table is `test_call_table.py`.

Each says by hand what several states have in common. Not from the machine: a table that is computed
by what it checks finds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tests.core.scopes_call import (
    BOTH_DIRECT,
    BOTH_RELAYED,
    CALLEE,
    CALLER,
    DIRECT,
    INVITE,
    LINES,
    OURS_ALLOW,
    RELAYED,
    THEIRS_ALLOW,
    VIDEO,
    VOICE,
    C,
)

from visavis.core import call_effects as do
from visavis.core.call_effects import Effect, EndReason, Handled, HangupReason
from visavis.core.call_types import (
    Accepting,
    CallerLink,
    Calling,
    Connecting,
    Ended,
    InCall,
    Missing,
    Path,
    Paths,
    Reconnecting,
    State,
    Step,
    Taken,
    Trace,
    Turn,
    Welcomed,
)
from visavis.core.errors import Code

TIMES = "at_104 at_105 at_110 at_120 at_130 at_145"
PATHS = "path_direct path_relayed"
GROUP = f"welcome ready reveal reveal_wrong candidates {PATHS} offer offer_direct answer hangup"
DECIDED = "decided_direct decided_relayed"
MEDIA = "gathered media_up media_lost restart_failed restart_failed_late failed failed_unencrypted"
INVITES = "invite invite_may_see invite_other_commitment invite_other_device"
ACCEPTS = "accepted_video accepted_voice accepted_sibling"
TAKENS = "taken_us taken_sibling taken_by_stranger taken_sibling_by_stranger"
ENDS = "cancel cancel_stranger missed missed_stranger"
SIBLINGS = "sibling_accepted sibling_declined"
NETWORK = "network network_late"


@dataclass
class Column:
    """What each event does in one state; every event is named exactly once."""

    same: str = ""
    unexpected: str = ""
    replayed: str = ""
    commitment: str = ""
    usage: str = ""
    goes: dict[str, Step] = field(default_factory=dict)

    def names(self) -> list[str]:
        words = (self.same, self.unexpected, self.replayed, self.commitment, self.usage)
        return [name for word in words for name in word.split()] + list(self.goes)

    def expected(self, state: State, name: str) -> Step | None:
        """Return the expected step, or None for a UsageError."""
        if name in self.goes:
            return self.goes[name]
        if name in self.same.split():
            return Step(state)
        if name in self.unexpected.split():
            return Step(state, (do.Reject(Code.UNEXPECTED),))
        if name in self.replayed.split():
            return Step(state, (do.Reject(Code.REPLAYED),))
        if name in self.commitment.split():
            return Step(state, (do.Reject(Code.BAD_COMMITMENT),))
        assert name in self.usage.split()
        return None


def over(reason: EndReason, *before: Effect, code: Code | None = None) -> Step:
    """The teardown cascade of a call that has media and keys."""
    tail = (do.StopMedia(), do.EraseKeys(), do.ReportEnd(reason, code))
    return Step(Ended(C, reason), (*before, *tail))


def quiet(reason: EndReason, *before: Effect, code: Code | None = None) -> Step:
    """The teardown cascade of a call that only rang."""
    return Step(Ended(C, reason), (*before, do.StopRinging(), do.ReportEnd(reason, code)))


def changed(*before: Effect) -> Step:
    """The teardown cascade of a call whose contact has another key: its frames stop first."""
    return over(EndReason.KEY_CHANGED, do.StopFrames(), *before, code=Code.IDENTITY_CHANGED)


def calling(missed: tuple[Effect, ...], accepts: dict[str, Step], rejected: str) -> Column:
    return Column(
        same="at_104 at_105 at_110 at_120 at_130",
        unexpected=f"{INVITES} {rejected} {TAKENS} {ENDS} {SIBLINGS} {GROUP}",
        usage=(
            f"placed accept_video accept_voice decline {DECIDED} "
            "gathered media_up media_lost restart_failed restart_failed_late"
        ),
        goes=accepts
        | {
            "hang_up": over(EndReason.CANCELLED, do.SendCancel(), *missed),
            "at_145": over(EndReason.NO_ANSWER, do.SendCancel(), *missed),
            "gave_way": over(EndReason.GAVE_WAY, do.SendCancel()),
            "rings_there": Step(state_of(missed), (do.ShowRinging(),)),
            "key_changed": over(EndReason.KEY_CHANGED, do.SendCancel(), code=Code.IDENTITY_CHANGED),
            "failed": over(EndReason.FAILED, do.SendCancel(), code=Code.NO_RELAY),
            "failed_unencrypted": over(EndReason.FAILED, do.SendCancel(), code=Code.NOT_ENCRYPTED),
        }
        | {name: Step(state_of(missed), (do.SendInvite(),)) for name in NETWORK.split()},
    )


def state_of(missed: tuple[Effect, ...]) -> Calling:
    return (
        Calling(C, VIDEO, Trace.KEEP, 145) if missed else Calling(C, VOICE, Trace.LEAVE_NONE, 145)
    )


def accepted(device: object, media: do.Media) -> Step:
    link = CallerLink(C, media, device)  # type: ignore[arg-type]
    return Step(
        Connecting(link, frozenset(Missing), 120),
        (
            do.SetDeadline(120),
            do.SendTaken(link.other),
            do.SendWelcome(link.other),
            do.ApplyAnswer(media),
            do.InstallFrameKeys(),
            do.GatherCandidates(),
        ),
    )


def accepting(media: do.Media) -> Step:
    return Step(
        Accepting(INVITE, media, 105),
        (
            do.StopRinging(),
            do.SetDeadline(105),
            do.SendAccept(media),
            do.TellSiblings(Handled.ACCEPTED),
        ),
    )


def waiting(state: Accepting | Welcomed | Taken, own: Column) -> Column:
    """What the three states between accepting and the Welcome have in common."""
    again = Step(state, (do.SendAccept(state.media),))
    due = over(EndReason.NO_WELCOME, do.SendCancel())
    return Column(
        same=f"{SIBLINGS} at_104 {own.same}",
        unexpected=(
            "invite_other_commitment invite_other_device taken_by_stranger "
            f"taken_sibling_by_stranger cancel_stranger missed_stranger {ACCEPTS} rings_there "
            f"ready reveal reveal_wrong candidates {PATHS} offer offer_direct answer hangup "
            f"{own.unexpected}"
        ),
        replayed=own.replayed,
        usage=(
            f"placed accept_video accept_voice decline {DECIDED} gave_way media_up media_lost "
            f"restart_failed restart_failed_late {own.usage}"
        ),
        goes={
            "hang_up": over(EndReason.HUNG_UP, do.SendCancel()),
            "failed": over(EndReason.FAILED, do.SendCancel(), code=Code.NO_RELAY),
            "failed_unencrypted": over(EndReason.FAILED, do.SendCancel(), code=Code.NOT_ENCRYPTED),
            "cancel": over(EndReason.CANCELLED_THERE),
            "missed": over(EndReason.CANCELLED_THERE),
            "key_changed": changed(do.SendCancel()),
            "invite": again,
            "invite_may_see": again,
            "network": again,
            "network_late": again,
        }
        | dict.fromkeys(["at_105", "at_110", "at_120", "at_130", "at_145"], due)
        | own.goes,
    )


def joined(*, gathered: bool = False, gather: bool = False, deadline: float = 122) -> Step:
    return Step(
        Connecting(CALLEE, frozenset({Missing.REVEAL, Missing.MEDIA}), deadline),
        (
            do.SetDeadline(deadline),
            do.InstallFrameKeys(),
            do.SendReady(),
            do.SendReveal(),
            *((do.SendCandidates(LINES),) if gathered else ()),
            do.StartFrames(),
            *((do.GatherCandidates(),) if gather else ()),
        ),
    )


def connecting(state: Connecting, own: Column) -> Column:
    """What both sides have in common while connecting."""
    due = over(EndReason.NOT_CONNECTED, do.SendHangup(HangupReason.FAILED))
    return Column(
        same=f"{SIBLINGS} {NETWORK} rings_there at_104 at_105 at_110 {own.same}",
        unexpected=(
            f"{INVITES} cancel_stranger missed missed_stranger answer "
            f"taken_sibling taken_by_stranger taken_sibling_by_stranger {own.unexpected}"
        ),
        replayed=f"welcome {own.replayed}",
        commitment=own.commitment,
        usage=(
            f"placed accept_video accept_voice decline {DECIDED} gave_way "
            "restart_failed restart_failed_late"
        ),
        goes={
            "hang_up": over(EndReason.HUNG_UP, do.SendHangup(HangupReason.ENDED)),
            "hangup": over(EndReason.HUNG_UP_THERE),
            "failed": over(
                EndReason.FAILED, do.SendHangup(HangupReason.FAILED), code=Code.NO_RELAY
            ),
            "failed_unencrypted": over(
                EndReason.FAILED,
                do.SendHangup(HangupReason.NOT_ENCRYPTED),
                code=Code.NOT_ENCRYPTED,
            ),
            "candidates": Step(state, (do.AddCandidates(LINES),)),
            "gathered": Step(state, (do.SendCandidates(LINES),)),
            "key_changed": changed(do.SendHangup(HangupReason.FAILED)),
            "path_direct": Step(replace(state, paths=THEIRS_ALLOW)),
            "path_relayed": Step(replace(state, paths=Paths())),
            "offer": Step(state, (do.AnswerRestart("offer", RELAYED),)),
            "offer_direct": Step(state, (do.AnswerRestart("offer", RELAYED),)),
            "at_120": due,
            "at_130": due,
            "at_145": due,
        }
        | own.goes,
    )


def less(state: Connecting, *missing: Missing, effects: tuple[Effect, ...] = ()) -> Step:
    return Step(replace(state, missing=frozenset(missing)), effects)


@dataclass
class Goes:
    """What one word about paths does: the paths afterwards, what is said, what we restart for."""

    paths: Paths
    say: Path | None = None
    restart: Path | None = None

    def step(self, state: InCall | Reconnecting) -> Step:
        say = () if self.say is None else (do.SendPath(self.say),)
        if self.restart is None:
            return Step(replace(state, paths=self.paths), say)
        return Step(
            Reconnecting(state.link, Turn.OURS, 130, 110, self.paths),
            (*say, do.SetDeadline(110), do.RestartIce(self.restart)),
        )


@dataclass
class PathCells:
    """The four words about paths, and the path on which each of the two offers is answered."""

    decided_direct: Goes
    decided_relayed: Goes
    path_direct: Goes
    path_relayed: Goes
    offer_direct: tuple[Paths, Path]


def path_cells(paths: Paths, *, caller: bool) -> PathCells:
    """CK-384, by hand."""
    begins = DIRECT if caller else None
    agreed = BOTH_DIRECT if caller else BOTH_RELAYED
    if paths == Paths():
        return PathCells(
            Goes(OURS_ALLOW, say=DIRECT),
            Goes(Paths()),
            Goes(THEIRS_ALLOW),
            Goes(Paths()),
            (THEIRS_ALLOW, RELAYED),
        )
    if paths == OURS_ALLOW:
        return PathCells(
            Goes(OURS_ALLOW),
            Goes(Paths(), say=RELAYED),
            Goes(agreed, restart=begins),
            Goes(OURS_ALLOW),
            (BOTH_DIRECT, DIRECT),
        )
    if paths == THEIRS_ALLOW:
        return PathCells(
            Goes(agreed, say=DIRECT, restart=begins),
            Goes(THEIRS_ALLOW),
            Goes(THEIRS_ALLOW),
            Goes(Paths()),
            (THEIRS_ALLOW, RELAYED),
        )
    if paths == BOTH_DIRECT:
        return PathCells(
            Goes(BOTH_DIRECT),
            Goes(THEIRS_ALLOW, say=RELAYED, restart=RELAYED),
            Goes(BOTH_DIRECT),
            Goes(OURS_ALLOW, restart=RELAYED),
            (BOTH_DIRECT, DIRECT),
        )
    assert paths == BOTH_RELAYED
    return PathCells(
        Goes(BOTH_RELAYED),
        Goes(THEIRS_ALLOW, say=RELAYED),
        Goes(BOTH_RELAYED),
        Goes(OURS_ALLOW),
        (BOTH_DIRECT, DIRECT),
    )


def path_goes(state: InCall | Reconnecting) -> dict[str, Step]:
    cells = path_cells(state.paths, caller=state.link == CALLER)
    return {
        "decided_direct": cells.decided_direct.step(state),
        "decided_relayed": cells.decided_relayed.step(state),
        "path_direct": cells.path_direct.step(state),
        "path_relayed": cells.path_relayed.step(state),
    }


def offers(state: InCall | Reconnecting) -> dict[str, Step]:
    paths, path = path_cells(state.paths, caller=state.link == CALLER).offer_direct

    def answered(after: Paths, on_path: Path) -> Step:
        return Step(
            Reconnecting(state.link, Turn.THEIRS, 130, 110, after),
            (do.SetDeadline(110), do.AnswerRestart("offer", on_path)),
        )

    return {
        "offer": answered(replace(state.paths, taken=RELAYED), RELAYED),
        "offer_direct": answered(paths, path),
    }


def talking(state: InCall | Reconnecting, own: Column) -> Column:
    """What talking and reconnecting have in common."""
    return Column(
        same=f"{ACCEPTS} {SIBLINGS} rings_there {own.same}",
        unexpected=(
            f"{INVITES} {ENDS} taken_sibling taken_by_stranger taken_sibling_by_stranger "
            f"{own.unexpected}"
        ),
        replayed="ready reveal reveal_wrong welcome",
        usage=f"placed accept_video accept_voice decline {own.usage}",
        goes={
            "gave_way": over(EndReason.GAVE_WAY),
            "hang_up": over(EndReason.HUNG_UP, do.SendHangup(HangupReason.ENDED)),
            "hangup": over(EndReason.HUNG_UP_THERE),
            "failed": over(
                EndReason.FAILED, do.SendHangup(HangupReason.FAILED), code=Code.NO_RELAY
            ),
            "failed_unencrypted": over(
                EndReason.FAILED,
                do.SendHangup(HangupReason.NOT_ENCRYPTED),
                code=Code.NOT_ENCRYPTED,
            ),
            "key_changed": changed(do.SendHangup(HangupReason.FAILED)),
            "candidates": Step(state, (do.AddCandidates(LINES),)),
            "gathered": Step(state, (do.SendCandidates(LINES),)),
        }
        | path_goes(state)
        | own.goes,
    )


def in_call(state: InCall, own: Column) -> Column:
    return talking(
        state,
        Column(
            same=f"media_up {NETWORK} {TIMES} {own.same}",
            unexpected=f"answer {own.unexpected}",
            usage="restart_failed restart_failed_late",
            goes={
                "media_lost": Step(
                    Reconnecting(
                        state.link, Turn.OURS, 130, 110, replace(state.paths, taken=RELAYED)
                    ),
                    (do.SetDeadline(110), do.RestartIce(RELAYED)),
                ),
            }
            | offers(state),
        ),
    )


def reconnecting(state: Reconnecting, own: Column) -> Column:
    def restart(now: float) -> Step:
        retry_at = now + 10
        return Step(
            Reconnecting(state.link, Turn.OURS, 130, retry_at, replace(state.paths, taken=RELAYED)),
            (do.SetDeadline(min(retry_at, 130)), do.RestartIce(RELAYED)),
        )

    due = over(EndReason.LOST, do.SendHangup(HangupReason.LOST))
    return talking(
        state,
        Column(
            same=f"media_lost at_104 at_105 {own.same}",
            unexpected=own.unexpected,
            goes={
                "media_up": Step(InCall(state.link, state.paths)),
                "at_110": restart(110),
                "at_120": restart(120),
                "at_130": due,
                "at_145": due,
                "network": restart(100),
                "network_late": restart(125),
                "restart_failed": Step(replace(state, retry_at=102), (do.SetDeadline(102),)),
                "restart_failed_late": Step(replace(state, retry_at=131), (do.SetDeadline(130),)),
            }
            | own.goes,
        ),
    )
