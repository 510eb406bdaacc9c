"""Drives our TypeScript MLS (`web/core/mls`) in a Node process: the twin beside the original."""

from __future__ import annotations

import itertools
import subprocess
import time
from typing import Any

from tests.interop.peers import DAY_S, JsPeer, Plan, accept_all, arguments_of
from tests.interop.ts_mls import NODE, ROOT, JsError, NodePeer

from visavis.core import mls
from visavis.core.errors import Code, PeerError

WEB = ROOT / "web"
PEER = WEB / "tests" / "interop" / "peer.ts"

_numbers = itertools.count()


class WebNode(NodePeer):
    """One Node process with any number of clients of `web/core/mls` in it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            # Native ML-KEM is marked experimental there; it says so once per process.
            [str(NODE), "--disable-warning=ExperimentalWarning", str(PEER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=WEB,
        )


class WebPeer(JsPeer):
    """A client of `web/core/mls`. It can all that ours can, so histories count it as ours."""

    kind = "ts"

    def _make(self, suite: int) -> bytes:
        self._client = f"{self.name} {next(_numbers)}"  # two selves of one name may meet (resync)
        now = int(time.time())
        made = self.call(
            "new",
            identity=self.name,
            suite=suite,
            not_before=now - 60,
            not_after=now + 30 * DAY_S,
        )
        return bytes.fromhex(made["key_package"])

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Run one operation; what the twin refuses is raised as ours raises it."""
        try:
            return self.node.call(self._client, operation, **arguments)
        except JsError as error:
            # Anything but its own refusals is a defect, and stays what it is.
            if ": PeerError: " in str(error):
                raise PeerError(Code.MALFORMED, str(error)) from None
            raise

    def external_join(self, group_info: bytes, resync_leaf: int | None = None) -> bytes:
        made = self.call("external_join", group_info=group_info.hex(), resync=resync_leaf)
        return bytes.fromhex(made["commit"])

    def commit(self, plan: Plan) -> tuple[bytes, bytes | None]:
        made = self.call("commit", path=plan.path, **arguments_of(plan))
        welcome = made["welcome"]
        return bytes.fromhex(made["commit"]), welcome and bytes.fromhex(welcome)

    def propose(self, plan: Plan) -> bytes:
        made = self.call("propose", update=plan.update, **arguments_of(plan))
        return bytes.fromhex(made["message"])

    def reload(self) -> None:
        """Write the state, have Python read it and write the same bytes, and go on with those."""
        stored = bytes.fromhex(self.call("reload")["state"])
        read = mls.Group.from_bytes(stored, validator=accept_all)
        assert read.to_bytes() == stored
        self.call("adopt", data=read.to_bytes().hex())
