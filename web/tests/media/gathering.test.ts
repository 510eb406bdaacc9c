/** Gathering on the call's own connection: what counts as a result, and what does not. */

import { expect, test } from "vitest";
import { Code } from "../../core/codes.ts";
import { gather } from "../../media/gathering.ts";

const HOST = "candidate:1 1 udp 2122260223 192.0.2.7 40164 typ host generation 0";
const RELAY = "candidate:2 1 udp 58662911 198.51.100.9 49336 typ relay raddr 0.0.0.0 rport 0";

/** Gather where a browser finds these and is done. */
function gathered(relayOnly: boolean, ...found: readonly string[]): Promise<readonly string[]> {
  const pc = new EventTarget();
  const gathering = gather(pc as RTCPeerConnection, relayOnly, new AbortController().signal);
  for (const candidate of found) tell(pc, { candidate });
  tell(pc, null);
  return gathering;
}

function tell(pc: EventTarget, candidate: object | null): void {
  pc.dispatchEvent(Object.assign(new Event("icecandidate"), { candidate }));
}

const typesOf = (lines: readonly string[]) => lines.map((line) => / typ (\w+)/.exec(line)?.[1]);

test("relayed ones come first on the direct path, and alone on the other", async () => {
  expect(typesOf(await gathered(false, HOST, RELAY))).toEqual(["relay", "host"]);
  expect(typesOf(await gathered(true, HOST, RELAY))).toEqual(["relay"]);
});

test("a direct pair that stands before the relay answered is a direct path", async () => {
  expect(typesOf(await gathered(false, HOST))).toEqual(["host"]);
});

test("without a relayed candidate there is no relayed path, and with none at all no path", async () => {
  await expect(gathered(true, HOST)).rejects.toMatchObject({ code: Code.NO_RELAY });
  await expect(gathered(false)).rejects.toMatchObject({ code: Code.NO_RELAY });
});
