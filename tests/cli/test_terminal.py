"""At a real terminal: passwords typed unseen, typed again, and Ctrl-C."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
import time

from tests.cli.conftest import PASSWORD, PATIENCE_S, Terminal


class AtTheTerminal:
    """A command on a pseudo-terminal, as in `xterm`: what is shown, what is typed."""

    def __init__(self, terminal: Terminal, *words: str) -> None:
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "visavis.cli.main", *words],
            env=terminal.environment(password=None) | {"TERM": "xterm"},
            cwd=terminal.home,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
        )
        os.close(slave)
        self.shown = ""
        self._read_to = 0

    def expect(self, text: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while text not in self.shown[self._read_to :]:
            assert time.monotonic() < deadline, self.shown
            if select.select([self._master], [], [], 0.1)[0]:
                try:
                    self.shown += os.read(self._master, 4096).decode(errors="replace")
                except OSError:  # the other end is closed
                    break
        assert text in self.shown[self._read_to :], self.shown
        # What came in the same breath after it is still to be expected.
        self._read_to = self.shown.index(text, self._read_to) + len(text)

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def end(self) -> int:
        try:
            return self.process.wait(PATIENCE_S)
        finally:
            self.process.kill()
            self.process.wait()
            os.close(self._master)


def test_a_mistyped_password_may_be_typed_again(terminal: Terminal) -> None:
    at = AtTheTerminal(terminal, "--profile", "anna", "contacts")
    at.expect("Password: ")
    at.type("wrong\n")
    at.expect("does not open the profile.")
    at.expect("Password: ")
    at.type(PASSWORD + "\n")
    at.expect("bert.")
    assert at.end() == 0
    assert PASSWORD not in at.shown, "typed unseen"


def test_ctrl_c_at_the_password_stops(terminal: Terminal) -> None:
    at = AtTheTerminal(terminal, "--profile", "anna", "contacts")
    at.expect("Password: ")
    at.type("\x03")
    at.expect("Stopped.")
    assert at.end() == 130


def test_choosing_a_password(terminal: Terminal) -> None:
    link = terminal.server.signup_link()
    at = AtTheTerminal(terminal, "--profile", "noemi", "signup", link, "--name", "noemi")
    at.expect("Choose a password")
    at.type("short\n")
    at.expect("It is too short.")
    at.expect("Choose a password")
    at.type("seven purple otters\n")
    at.expect("The same again: ")
    at.type("seven purple otterz\n")
    at.expect("The two were not the same.")
    at.expect("Choose a password")
    at.type("seven purple otters\n")
    at.expect("The same again: ")
    at.type("seven purple otters\n")
    at.expect("Your recovery code")
    assert at.end() == 0
