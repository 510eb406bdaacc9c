"""The calls that have a shell on this device, and the `Call` by which a person sees each of them.

They are not always of one pair: after a glare the person's `Call` goes on with the shell of the
call that stands.

Not for: deciding which calls there are (`calls.py` and its board).
"""

from __future__ import annotations

from collections.abc import Callable

from visavis.core import call_events as on
from visavis.core.call_types import State
from visavis.core.ids import AccountId, CallId
from visavis.sdk.call_media import MediaFactory
from visavis.sdk.call_notes import CallNotes
from visavis.sdk.call_objects import Call, Service
from visavis.sdk.call_shell import CallShell
from visavis.sdk.recording_means import RecordingMeans
from visavis.sdk.seam import CallSeam


class CallTable:
    """Shells and faces, by call.

    Args:
        service: What the calls pass on to that a person wants.
        seam: The session.
        make_media: Makes media connections.
        happened: Takes what a shell says that happened to its call.
        recording: What consenting to recordings takes.
    """

    def __init__(
        self,
        service: Service,
        seam: CallSeam,
        make_media: MediaFactory,
        happened: Callable[[CallId, on.Event], None],
        recording: RecordingMeans,
    ) -> None:
        self._service = service
        self._seam = seam
        self._make_media = make_media
        self._happened = happened
        self._recording = recording
        self.notes = CallNotes(seam)
        self.shells: dict[CallId, CallShell] = {}
        self.faces: dict[CallId, Call] = {}

    def make(
        self, contact: AccountId, call: CallId, *, outgoing: bool, again: CallId | None
    ) -> CallShell:
        """Make a call's shell and its face; they go when it is over, and it is noted."""
        face = Call(self._service, contact, self._seam.contact_name(contact))
        face.began_at = self.notes.begins(call, outgoing=outgoing, again=again)

        def feed(event: on.Event) -> None:
            self._happened(call, event)

        shell = CallShell(self._seam, self._make_media, feed, contact, call, face, self._recording)
        face.bind(shell)
        self.shells[call] = shell
        self.faces[call] = face
        self._seam.spawn(self._forget(shell))
        return shell

    def confide(self, shell: CallShell) -> None:
        """Make a call a confidential one, for good, before its media is made."""
        shell.frames.steady = True
        self.faces[shell.call].confidential = True

    def show(self, call: CallId, state: State) -> None:
        """Show a call's state to its shell and to the person."""
        shell, face = self.shells.get(call), self.faces.get(call)
        if shell is not None:
            shell.state = state
        if face is not None:
            face.on_state(state)

    def exchange(self, given_up: CallId, standing: CallId) -> None:
        """Let the person's call go on as the one that stands (P9, glare)."""
        old = self.shells.get(given_up)
        if old is None:
            return  # Never placed: the person called somebody who was ringing here.
        shell = self.shells[standing]
        shell.transport.lend(*old.transport.take_back())
        face = self.faces[given_up]
        face.bind(shell)
        face.text.start_over()
        face.counted.take_over(self.faces[standing].counted)
        self.faces[standing] = face
        shell.face = face
        if shell.frames.steady or face.confidential:  # What either of the two promised.
            self.confide(shell)
        silent = Call(self._service, old.contact, face.contact_name)
        silent.counted = face.counted  # What is still said of it belongs to the person's call.
        self.faces[given_up] = silent
        old.face = silent

    async def _forget(self, shell: CallShell) -> None:
        await shell.over.wait()
        self.notes.over(shell.call, self.faces[shell.call])
        self.shells.pop(shell.call, None)
        self.faces.pop(shell.call, None)
