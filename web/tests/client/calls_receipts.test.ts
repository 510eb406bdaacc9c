/** A signed receipt of a call of two, asked for and signed over the call group. */

import { expect, it } from "vitest";
import { verifyFile } from "../../core/call_receipt_file.ts";
import { play, type World } from "./call_world.ts";

async function talking(w: World, confidential = false) {
  const [anna, ben] = [w.device("anna1"), w.device("ben1")];
  anna.seam.verified = confidential;
  const call = await anna.service.call(anna.seam.contact, "video", {
    ...anna.media(),
    confidential,
  });
  const theirs = await ben.accept(await ben.rings());
  await Promise.all([call.firstFrame(), theirs.firstFrame()]);
  return [call, theirs] as const;
}

it(
  "is signed by both, and outlasts the call as long as the page",
  play(async (w) => {
    const [call, theirs] = await talking(w);
    let told = 0;
    theirs.subscribe(() => {
      told += 1;
    });
    const id = await call.recording.receipts.ask();
    await w.clock.wait(1);
    expect(theirs.recording.receipts.asked).toMatchObject({ id, by: "anna", media: "video" });
    expect(told).toBeGreaterThan(0);
    await theirs.recording.receipts.sign(id);
    await w.clock.wait(10); // Each word is said twice.
    for (const { recording } of [call, theirs]) {
      expect(recording.receipts.ended).toMatchObject([{ id, why: "complete" }]);
    }
    await call.hangUp();
    await theirs.ended();
    const file = await theirs.recording.receipts.file(id, []);
    expect(await verifyFile(file)).toMatchObject({ disclosed: new Map(), shown: new Map() });
  }),
);

it(
  "is refused, and the call goes on",
  play(async (w) => {
    const [call, theirs] = await talking(w);
    const id = await theirs.recording.receipts.ask();
    await w.clock.wait(1);
    await call.recording.receipts.refuse(id);
    await w.clock.wait(1);
    expect(theirs.recording.receipts.ended).toMatchObject([
      { own: true, why: "refused", by: "anna" },
    ]);
    expect([call.state, theirs.state]).toEqual(["in_call", "in_call"]);
    await call.hangUp();
  }),
);

it(
  "cannot be asked for in a confidential call",
  play(async (w) => {
    const [call, theirs] = await talking(w, true);
    const why = [call, theirs].map(({ recording }) => recording.receipts.mayNotAsk);
    expect(why).toEqual(["confidential", "confidential"]);
    await call.hangUp();
  }),
);
