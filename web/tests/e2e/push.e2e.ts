/**
 * A call to somebody whose app is closed: one constant push, a nameless notification, and it rings.
 *
 * The one thing that is stood in for is the browser's own push service, which no test reaches: the
 * page subscribes at a loopback one (`push_service.ts`), and what that got is handed to the real
 * service worker by the browser's debugging interface. Chromium only, which has that interface.
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as elapsed } from "node:timers/promises";
import type { CDPSession, Page } from "puppeteer-core";
import { choir } from "./choir.ts";
import { meet, Person } from "./person.ts";
import { PushService } from "./push_service.ts";
import { Stage, until } from "./stage.ts";

const service = new PushService();
const stage = new Stage({ more: { push_services: [service.host] } });
before(async () => {
  await service.start();
  await stage.startServer();
});
after(async () => {
  await stage.close();
  service.stop();
});

type Shown = Readonly<{ title: string; body: string; tag: string }>;

/** Our worker, as seen from a page that is none of ours. */
class Worker {
  readonly #page: Page;
  readonly #session: CDPSession;
  #id = "";

  private constructor(page: Page, session: CDPSession) {
    this.#page = page;
    this.#session = session;
  }

  static async of(person: Person): Promise<Worker> {
    const page = await person.page.browserContext().newPage();
    const session = await page.createCDPSession();
    const worker = new Worker(page, session);
    session.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
      const ours = registrations.find(({ scopeURL }) => scopeURL.startsWith(stage.origin));
      if (ours !== undefined) worker.#id = ours.registrationId;
    });
    await session.send("ServiceWorker.enable");
    await until("the worker", async () => worker.#id !== "");
    return worker;
  }

  async push(data: string): Promise<void> {
    const { origin } = stage;
    await this.#session.send("ServiceWorker.deliverPushMessage", {
      origin,
      registrationId: this.#id,
      data,
    });
  }

  /** What it shows now, as it knows itself. */
  async shown(): Promise<readonly Shown[]> {
    const targets = this.#page.browserContext().targets();
    const target = targets.find((one) => one.type() === "service_worker");
    const worker = await target?.worker();
    if (!worker) return [];
    return await worker.evaluate(async () => {
      const { registration } = globalThis as unknown as {
        registration: ServiceWorkerRegistration;
      };
      const all = await registration.getNotifications();
      return all.map(({ title, body, tag }) => ({ title, body, tag }));
    });
  }

  async close(): Promise<void> {
    await this.#page.close();
  }
}

/** Hand the worker what was pushed, and see that what it shows names nobody. */
async function namesNobody(worker: Worker, pushed: string): Promise<void> {
  await worker.push(pushed);
  const shown = await until("a notification", async () => {
    const all = await worker.shown();
    return all.length > 0 && all;
  });
  assert.deepEqual(shown, [{ title: "Visavis", body: "Somebody is calling", tag: "ring" }]);
}

/** Hang up, or see that it has rung long enough by itself; a busy machine takes its time. */
async function endCall(person: Person): Promise<void> {
  await until("the end of the call", () =>
    person.page.evaluate(
      (hangUp, cancel, done) => {
        const named = (name: string) =>
          [...document.querySelectorAll("button")].find(
            (one) => one.ariaLabel === name || one.textContent === name,
          );
        (named(hangUp) ?? named(cancel))?.click();
        const over = named(done);
        over?.click();
        return over !== undefined;
      },
      person.words("call.hangUp"),
      person.words("call.cancel"),
      person.words("do.done"),
    ),
  );
}

test("a call to a closed app rings it, and nobody is named on the way", async () => {
  const prepared = (page: Page) => service.standIn(page);
  const anna = await Person.signUp(stage, "chromium", "anna");
  let bert = await Person.signUp(stage, "chromium", "bert", prepared);
  await meet(anna, bert);
  await bert.read("anna");
  await anna.page.goto(stage.origin);
  await anna.openThread("bert");

  // Off until it is switched on, after reading; and the list of recipients says so to everybody.
  await bert.page.goto(stage.origin);
  await bert.press("home.settings");
  await bert.see("settings.onlyOpen");
  await bert.press("recipients.title");
  await bert.read(service.host);
  await bert.press("do.back");
  await bert.press("push.title");
  await bert.see("push.serviceSees");
  await bert.press("push.turnOn");
  await bert.see("push.isOn");
  assert.equal(service.got.length, 0, "switching it on rings nobody");

  // While the app is open, no push is sent, and one that came would show nothing.
  let worker = await Worker.of(bert);
  await bert.page.bringToFront();
  await anna.call("voice");
  await bert.see("incoming.voice");
  await worker.push("ring");
  await elapsed(8000);
  assert.equal(service.got.length, 0);
  assert.deepEqual(await worker.shown(), []);
  await worker.close();
  await endCall(anna);
  await until("quiet", () => bert.page.evaluate(() => !document.querySelector(".ring-card")));

  // Closed: exactly one push, which says "ring" and no more.
  await elapsed(2000); // it has acknowledged the end of the call by then
  const closed = bert;
  worker = await Worker.of(bert);
  await closed.page.close();
  await anna.call("voice");
  await until("a push", async () => service.got.length > 0, 40);
  const [pushed] = service.got;
  assert.ok(pushed);
  assert.equal(service.open(pushed), "ring");
  assert.equal(pushed.headers["ttl"], "45");
  assert.equal(pushed.headers["urgency"], "high");
  assert.equal(pushed.headers["topic"], undefined);

  await namesNobody(worker, service.open(pushed));

  // The app opens within the time a call rings, and rings.
  bert = await closed.again(prepared);
  await bert.see("incoming.voice");
  // It rings here, so the worker's notification goes.
  await until("no notification", async () => (await worker.shown()).length === 0);
  assert.equal(service.got.length, 1, "exactly one");
  await worker.close();
  await bert.page.bringToFront();
  await endCall(anna);

  // Switched off: neither the browser nor the server knows of it any more.
  await bert.page.goto(stage.origin);
  await bert.press("home.settings");
  await bert.see("settings.alsoClosed");
  await bert.press("push.title");
  await bert.press("push.turnOff");
  await bert.see("push.turnOn");
  await bert.page.close();
  await anna.page.goto(stage.origin);
  await anna.openThread("bert");
  await anna.call("voice");
  await elapsed(6000);
  assert.equal(service.got.length, 1);
  assert.deepEqual([...anna.complaints, ...bert.complaints], []);
});

test("a call of a group rings a closed app by the same push, and neither group nor people are in it", async () => {
  const prepared = (page: Page) => service.standIn(page);
  const anna = await Person.signUp(stage, "chromium", "anna");
  let bert = await Person.signUp(stage, "chromium", "bert", prepared);
  await choir(anna, [bert]);
  await bert.page.goto(stage.origin);
  await bert.press("home.settings");
  await bert.press("push.title");
  await bert.press("push.turnOn");
  await bert.see("push.isOn");
  const before = service.got.length;
  const closed = bert;
  const worker = await Worker.of(bert);
  await closed.page.close();
  await anna.page.bringToFront();
  await anna.page.goto(stage.origin);
  await anna.openThread("Choir");
  await anna.call("voice");
  await until("a push", async () => service.got.length > before, 40);
  const pushed = service.got[before];
  assert.ok(pushed);
  assert.equal(service.open(pushed), "ring");
  assert.equal(pushed.body.length, service.got[0]?.body.length, "as long as that of a call of two");
  assert.equal(pushed.headers["topic"], undefined);

  await namesNobody(worker, service.open(pushed));
  bert = await closed.again(prepared);
  await bert.see("groupIncoming.voice");
  await until("no notification", async () => (await worker.shown()).length === 0);
  await bert.press("incoming.accept");
  await Promise.all([anna.hears(), bert.hears()]);
  assert.equal(service.got.length, before + 1, "exactly one");
  await worker.close();
  await anna.press("groupCall.leave");
  await bert.press("groupCall.leave");
  assert.deepEqual([...anna.complaints, ...bert.complaints], []);
});
