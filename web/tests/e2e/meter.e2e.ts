/**
 * R-37 in a browser: after a call the list says how many envelopes of which size there were, as the
 * browser's own sockets carried them, and more bytes at the relay than its statistics can deny.
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page } from "puppeteer-core";
import { en } from "../../app/i18n/en.ts";
import { bytes } from "../../app/i18n/text.ts";
import { meet, Person } from "./person.ts";
import { Stage } from "./stage.ts";

const stage = new Stage();
before(() => stage.startServer());
after(() => stage.close());

const SEND_HEADER = 53;
const DELIVERY_HEADER = 18;

/** Kept by the page; the product knows nothing of it. */
type Counted = { envelopes: { sent: boolean; durable: boolean; size: number }[] };

/** Stand at the page's sockets, and count what passes. */
function count(sendHeader: number, deliveryHeader: number): void {
  const counted = globalThis as unknown as Counted;
  counted.envelopes = [];
  globalThis.WebSocket = class extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      this.addEventListener("message", ({ data }: MessageEvent<ArrayBuffer>) => {
        const frame = new Uint8Array(data);
        if (!this.url.endsWith("/v1/receive") || frame[0] !== 1) return;
        const size = frame.length - deliveryHeader;
        counted.envelopes.push({ sent: false, durable: frame[1] === 1, size });
      });
    }

    override send(data: Uint8Array<ArrayBuffer>): void {
      super.send(data);
      if (!this.url.endsWith("/v1/send")) return;
      const size = data.length - sendHeader;
      counted.envelopes.push({ sent: true, durable: data[4] === 1, size });
    }
  };
}

/** Forget what was counted so far. */
async function begin(person: Person): Promise<void> {
  await person.page.evaluate(() => {
    (globalThis as unknown as Counted).envelopes = [];
  });
}

/** The lines that the list must have, from what passed the sockets. */
async function expected(person: Person): Promise<string[]> {
  const seen = await person.page.evaluate(() => (globalThis as unknown as Counted).envelopes);
  const counts = new Map<string, number>();
  for (const { sent, durable, size } of seen) {
    const key = `meter.${sent ? "sent" : "received"}_${durable ? "durable" : "live"} ${size}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].map(([key, envelopes]) => {
    const [what = "", size = ""] = key.split(" ");
    return en[what as "meter.sent_live"]
      .replace("{envelopes}", String(envelopes))
      .replace("{size}", bytes(Number(size)).replace(" ", "\u00a0"));
  });
}

async function lines(page: Page): Promise<string[]> {
  return page.$$eval(".seen li p:first-child", (found) => found.map((p) => p.textContent ?? ""));
}

test("the list says what the sockets carried", async () => {
  const prepare = async (page: Page) => {
    await page.evaluateOnNewDocument(count, SEND_HEADER, DELIVERY_HEADER);
  };
  const anna = await Person.signUp(stage, "chromium", "anna", prepare);
  const bert = await Person.signUp(stage, "chromium", "bert", prepare);
  await meet(anna, bert);
  await bert.read("anna");
  await anna.page.goto(stage.origin);
  await anna.openThread("bert");
  await anna.write("Have you got a minute?");
  await bert.read("Have you got a minute?");
  await new Promise((resolve) => setTimeout(resolve, 2000)); // what is still on its way
  await Promise.all([begin(anna), begin(bert)]);

  await anna.call("video");
  await bert.see("incoming.video");
  await bert.press("incoming.acceptVideo");
  await Promise.all([anna.seesAndHears(), bert.seesAndHears()]);
  await anna.press("call.hangUp");
  for (const person of [anna, bert]) {
    await person.see("ended.title");
    await person.press("meter.title");
    await person.see("meter.network");
    const said = await lines(person.page);
    const wanted = await expected(person);
    assert.ok(wanted.length >= 3, `envelopes passed: ${wanted}`);
    const envelopes = said.filter((line) => line.includes("\u00a0×\u00a0"));
    assert.deepEqual(envelopes.toSorted(), wanted.toSorted());
    const relayed = said.find((line) => /^At least .* up and .* down in /.test(line));
    assert.match(relayed ?? "", /MB|kB/, `over the relay: ${said}`);
    // The control: one envelope more, and the list is not right any more.
    await person.page.evaluate(() => {
      const { envelopes: passed } = globalThis as unknown as Counted;
      passed.push({ sent: true, durable: false, size: 1024 });
    });
    assert.notDeepEqual(envelopes.toSorted(), (await expected(person)).toSorted());
  }
  assert.deepEqual([...anna.complaints, ...bert.complaints], []);
  await anna.leave();
  await bert.leave();
});
