/** What arrives while cryptography for the same call is under way: turns (`call_shell.ts`). */

import { describe, expect, it, vi } from "vitest";
import { CallSecrets } from "../../client/call_secrets.ts";
import type { OuterReceived } from "../../client/seam.ts";
import { Code } from "../../core/errors.ts";
import type { FakeSeam } from "./call_seam.ts";
import { play, type World } from "./call_world.ts";

describe("a Welcome", () => {
  /** Hold Ben's Welcome back until the next message comes, and hand over both in one breath. */
  function both(seam: FakeSeam, second: (take: FakeSeam["outer"], held: OuterReceived) => void) {
    const take = seam.outer;
    let held: OuterReceived | undefined;
    seam.outer = async (received) => {
      if (received.content.kind === "welcome.call") {
        held = received;
        return;
      }
      const welcome = held;
      held = undefined;
      if (welcome === undefined) return await take(received);
      const joining = take(welcome);
      second(take, received);
      await joining;
    };
  }

  it(
    "is being processed while a message arrives: that waits, and is not lost",
    play(async (w) => {
      const [anna, ben] = [w.device("anna1"), w.device("ben1")];
      let heldUp = 0;
      both(ben.seam, (take, message) => {
        heldUp += 1;
        void take(message);
      });
      const call = await anna.call();
      const theirs = await ben.accept(await ben.rings());
      // Without Anna's candidates, which are that message, the two would never connect.
      await Promise.all([call.connected(), theirs.connected()]);
      expect(heldUp).toBe(1);
      await call.hangUp();
    }),
  );

  /** Let what this device checks of a leaf take a while. */
  function slowly(w: World, seam: FakeSeam): void {
    const { validator } = seam.keys;
    seam.keys = {
      ...seam.keys,
      validator: async (...leaves) => {
        await w.clock.wait(0.2);
        await validator(...leaves);
      },
    };
  }

  it(
    "that comes twice at once is processed once",
    play(async (w) => {
      const [anna, ben] = [w.device("anna1"), w.device("ben1")];
      const take = ben.seam.outer;
      ben.seam.outer = async (received) => {
        if (received.content.kind !== "welcome.call") return await take(received);
        await Promise.all([take(received), take(received)]);
      };
      const call = await anna.call();
      const ringing = await ben.rings();
      slowly(w, ben.seam);
      const theirs = await ben.accept(ringing);
      await Promise.all([call.connected(), theirs.connected()]);
      expect(ben.dropped(Code.UNEXPECTED)).toBe(1);
      await call.hangUp();
    }),
  );

  it(
    "is being processed while the person hangs up: the group that comes of it is erased too",
    play(async (w) => {
      const [anna, ben] = [w.device("anna1"), w.device("ben1")];
      const call = await anna.call();
      const ringing = await ben.rings();
      slowly(w, ben.seam);
      const joining = vi.spyOn(CallSecrets.prototype, "join");
      const theirs = await ben.accept(ringing);
      await w.clock.until(() => joining.mock.calls.length > 0);
      await w.clock.wait(0.1); // The key package has been used, the leaves are being checked.
      await theirs.hangUp();
      expect(await joining.mock.results[0]?.value).toBe(true); // It did get that far.
      joining.mockRestore();
      expect(w.shell("ben1").secrets.isEmpty).toBe(true);
      await call.ended();
    }),
  );
});
