/**
 * The client at work, as screens see it.
 *
 * The client's code (MLS, OPAQUE, the store) is loaded when it is needed first, not before the first
 * screen. This file turns what the client tells into snapshots, and what a person asks for into
 * calls of the client; it decides nothing about keys, contacts or calls.
 */

import type { Client, Contact, Notice, Topic, Waiting } from "../client/client.ts";
import { hex } from "../core/bytes.ts";
import { Code, UsageError, VisavisError } from "../core/errors.ts";
import { forgetChoices } from "./forget_choices.ts";
import { keepListening } from "./listening.ts";
import { deviceActions, doorActions, peopleActions, profile } from "./live_actions.ts";
import { LiveCalls } from "./live_calls.ts";
import { dataActions } from "./live_data.ts";
import { EMPTY_DESK, LiveDesk, type Noted } from "./live_desk.ts";
import { fileActions } from "./live_files.ts";
import { type GroupCallsLater, groupCallActions } from "./live_group_calls.ts";
import { LiveGroups, NO_GROUPS } from "./live_groups.ts";
import { followHistory, historyActions, NO_HISTORY } from "./live_history.ts";
import { moveActions } from "./live_move.ts";
import { neverRecordOf, setNeverRecord } from "./live_never.ts";
import { alertsOf, awaitedOf, countOfTheirs, peopleOf, threadOf } from "./live_people.ts";
import { LivePush } from "./live_push.ts";
import { LiveRecording, NO_RECORDING, recordingActions } from "./live_recording.ts";
import { keepStorage } from "./live_storage.ts";
import type { AppModel, AppState, Entry, Feature, Person, PersonId, Thread } from "./model.ts";
import type { Permitted } from "./model_actions.ts";
import type { RecordingActions } from "./model_recording.ts";
import { passkeysHere } from "./passkey_here.ts";

const SEEN = "visavis.alerts-seen";
const UNSUPPORTED: readonly Feature[] = ["blur", "noise"];
const NO_SHARE: readonly Feature[] = ["screenShare"];

/** What a thread was made of, to make it again only when something of it changed. */
type Parts = readonly [history: unknown, notices: unknown, unread: number];

function isCall({ kind }: Entry): boolean {
  return kind === "missed" || kind === "ended" || kind === "unanswered";
}

export class LiveModel implements AppModel {
  readonly door = doorActions(this);
  readonly people = peopleActions(this);
  readonly groups = new LiveGroups(this);
  readonly files = fileActions(this);
  readonly devices = deviceActions(this);
  readonly push = new LivePush(() => this.client());
  readonly history = historyActions(this);
  readonly data = dataActions(this);
  readonly move = moveActions(this);
  readonly calls: LiveCalls;
  readonly groupCall: GroupCallsLater;
  readonly recording: RecordingActions;
  readonly #recording: LiveRecording;
  readonly #desk: LiveDesk;
  readonly #listeners = new Set<() => void>();
  #state: AppState;
  #client: Client | undefined;
  #isLeaving = false;
  #life = new AbortController();
  #waiting = new Map<PersonId, Waiting>();
  readonly #threads = new Map<PersonId, { parts: Parts; thread: Thread }>();
  readonly #read = new Map<PersonId, number>();

  constructor() {
    const canShare = "getDisplayMedia" in (navigator.mediaDevices ?? {});
    this.#state = {
      phase: { kind: "starting" },
      connection: "connecting",
      self: undefined,
      people: [],
      awaited: [],
      threads: new Map(),
      groups: NO_GROUPS,
      history: NO_HISTORY,
      requests: [],
      alerts: [],
      incoming: undefined,
      call: undefined,
      incomingGroup: undefined,
      groupCall: undefined,
      desk: EMPTY_DESK,
      unsupported: new Set([...UNSUPPORTED, ...(canShare ? [] : NO_SHARE)]),
      passkeys: passkeysHere(),
      recording: NO_RECORDING,
    };
    this.#recording = new LiveRecording((call) => {
      this.set({ recording: { ...(this.#state.recording ?? NO_RECORDING), call } });
    });
    this.recording = recordingActions(
      this.#recording,
      () => this.client(),
      async (never) => {
        await setNeverRecord(this.client(), never);
        this.#followNever();
      },
    );
    const deskChanged = (desk: AppState["desk"]) => {
      this.set({ desk });
      this.calls.refresh();
      this.groupCall.refresh();
    };
    this.#desk = new LiveDesk(deskChanged, (kind) => this.note(kind));
    this.calls = new LiveCalls({
      client: () => this.client(),
      desk: this.#desk,
      person: (id) => this.#state.people.find((one) => one.id === id),
      calledBefore: (id) => this.#state.threads.get(id)?.entries.some(isCall) ?? false,
      show: (call) => this.set({ call }),
      recording: (recording) => this.#recording.follow(recording),
      ring: (incoming) => this.set({ incoming }),
      comeBackInGroup: (left) => this.groupCall.comeBack(left),
    });
    this.groupCall = groupCallActions({
      client: () => this.client(),
      desk: this.#desk,
      person: (id) => this.#state.people.find((one) => one.id === id),
      show: (groupCall) => this.set({ groupCall }),
      recording: (recording) => this.#recording.follow(recording),
      ring: (incomingGroup) => this.set({ incomingGroup }),
    });
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  snapshot(): AppState {
    return this.#state;
  }

  set(change: Partial<AppState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of [...this.#listeners]) listener();
  }

  /** Return the client. Screens that use it are shown only while there is one. */
  client(): Client {
    if (this.#client === undefined) throw new UsageError("no profile is open");
    return this.#client;
  }

  /** Note on this device that something is used from now on; without a profile nothing is noted. */
  note(kind: Permitted): Noted | undefined {
    return this.#client?.uses.begin(kind);
  }

  contact(id: PersonId): Contact {
    const found = this.client()
      .contacts()
      .find((contact) => contact.key === id);
    if (found === undefined) throw new VisavisError(Code.UNKNOWN_CONTACT);
    return found;
  }

  waiting(id: PersonId): Waiting {
    const found = this.#waiting.get(id);
    if (found === undefined) throw new VisavisError(Code.UNKNOWN_CONTACT);
    return found;
  }

  /** Look whether there is a profile, and open it. */
  start(): void {
    void this.#start({ steal: false });
  }

  /** Take the profile over from the tab that has it. */
  takeOver(): void {
    void this.#start({ steal: true });
  }

  async #start({ steal }: { steal: boolean }): Promise<void> {
    this.set({ phase: { kind: "starting" } });
    try {
      const { Client } = await import("../client/client.ts");
      const state = await Client.profileState(profile().profile);
      if (state === "none") this.set({ phase: { kind: "welcome" } });
      else if (state === "locked") this.set({ phase: { kind: "locked", handle: undefined } });
      else await this.attach(await Client.open({ ...profile(), steal }), false);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Show why a profile could not be opened. */
  fail(error: unknown): void {
    const code = error instanceof VisavisError ? error.code : Code.USAGE;
    const busy = code === Code.STORE_BUSY;
    this.set({ phase: busy ? { kind: "elsewhere" } : { kind: "broken", code } });
  }

  /** Show a client that was just opened or made. */
  async attach(client: Client, locked: boolean): Promise<void> {
    await this.detach();
    this.#client = client;
    this.#life = new AbortController();
    const { signal } = this.#life;
    await this.groups.follow(client, signal);
    if (signal.aborted) return;
    const stop = client.subscribe((topic) => this.#told(topic));
    signal.addEventListener("abort", stop);
    followHistory(client, (history) => this.set({ history }), signal);
    for (const contact of client.contacts()) {
      this.#read.set(contact.key, countOfTheirs(client.history(contact)));
    }
    this.set({ self: { handle: client.handle, id: hex(client.account), locked } });
    this.#retell();
    this.#connection();
    const { recoveryCode: code } = client;
    this.set({ phase: code === undefined ? { kind: "ready" } : { kind: "recovery", code } });
    void keepStorage({ ask: false });
    void this.#learnEffects();
    this.push.watch(signal);
    void keepListening(this.calls, signal);
    this.#listenToGroups(signal);
  }

  /** Only once there is a group: until then none can ring, and its code is loaded for nothing. */
  #listenToGroups(signal: AbortSignal): void {
    const look = () => {
      if (this.#state.groups.all.length === 0) return;
      stop();
      void keepListening(this.groupCall, signal);
    };
    const stop = this.subscribe(look);
    signal.addEventListener("abort", stop);
    look();
  }

  /** Look what this browser can do to picture and sound; until then the screens leave it out. */
  async #learnEffects(): Promise<void> {
    const { blurSupport, noiseSupport } = await import("../media/effects/support.ts");
    const unsupported = new Set(this.#state.unsupported);
    if (blurSupport() !== "none") unsupported.delete("blur");
    if (noiseSupport() === "own") unsupported.delete("noise"); // the browser's own is on anyway
    this.set({ unsupported });
  }

  /** Let the client go; the store is locked when this returns. */
  async detach(): Promise<void> {
    this.#life.abort();
    const client = this.#client;
    this.#client = undefined;
    await client?.close();
  }

  read(id: PersonId): void {
    const count = countOfTheirs(this.client().history(this.contact(id)));
    if (this.#read.get(id) === count) return;
    this.#read.set(id, count);
    this.#retell();
  }

  dismissAlert(id: string): void {
    const seen = this.#state.alerts.find((alert) => alert.id === id);
    if (seen === undefined) return;
    try {
      localStorage.setItem(SEEN, String(seen.at));
    } catch {
      // A private window keeps nothing: the alert comes again with the next start.
    }
    this.set({ alerts: this.#state.alerts.filter((alert) => alert.at > seen.at) });
  }

  #told(topic: Topic): void {
    if (topic === "connection") this.#connection();
    else if (topic === "calls")
      this.#followNever(); // settings are among them
    else if (topic !== "devices") this.#retell();
  }

  /** Have nothing said of the server's hanging up until what this returns is called. */
  leave(): () => void {
    this.#isLeaving = true;
    return () => {
      this.#isLeaving = false;
      if (this.#client !== undefined) this.#connection();
    };
  }

  /** Forget what was seen, with everything else that is kept of a profile. */
  forgetSeen(): void {
    try {
      localStorage.removeItem(SEEN);
    } catch {
      // Where nothing can be kept, nothing is.
    }
  }

  #connection(): void {
    if (this.#isLeaving) return;
    const { connection } = this.client();
    if (typeof connection === "string") {
      this.set({ connection });
      return;
    }
    const elsewhere = connection.stopped === Code.STORE_BUSY;
    const refused = connection.stopped === Code.REFUSED;
    if (connection.stopped === Code.SHUT_OUT) {
      void this.#shutOut();
      return;
    }
    void this.detach();
    if (elsewhere) this.set({ phase: { kind: "elsewhere" } });
    else if (refused) this.set({ phase: { kind: "refused" } });
    else this.set({ phase: { kind: "broken", code: connection.stopped } });
  }

  /** Show our handle as it is now: this device changed it, or heard of it. */
  followHandle(): void {
    const { self } = this.#state;
    const { handle } = this.client();
    if (self !== undefined && self.handle !== handle) this.set({ self: { ...self, handle } });
  }

  /** The client erases its store by itself; what a page keeps beside it goes as well. */
  async #shutOut(): Promise<void> {
    try {
      await this.detach();
    } catch {
      this.set({ phase: { kind: "refused" } }); // it is not erased: the page offers to do that
      return;
    }
    await this.push.forget().catch(() => undefined);
    forgetChoices();
    this.set({ phase: { kind: "shutOut" } });
  }

  /** Show whether one is never to be recorded: this device decided it, or heard of it. */
  #followNever(): void {
    const recording = this.#state.recording ?? NO_RECORDING;
    const never = neverRecordOf(this.client());
    if (recording.never !== never) this.set({ recording: { ...recording, never } });
  }

  /** Make new snapshots of what may have changed. */
  #retell(): void {
    const client = this.client();
    this.followHandle();
    this.#followNever();
    const contacts = client.contacts();
    const notices = client.notices();
    const requests = client.requests();
    this.#waiting = new Map(requests.map((one) => [hex(one.account), one]));
    const people = peopleOf(contacts, notices).map((person) => this.#same(person));
    const threads = contacts.map((one) => [one.key, this.#thread(one, notices)] as const);
    const before = this.#state;
    // What did not change stays the same object, so that nothing is drawn again for it.
    const samePeople =
      people.length === before.people.length && people.every((one, i) => one === before.people[i]);
    const isSame =
      threads.length === before.threads.size &&
      threads.every(([key, thread]) => before.threads.get(key) === thread);
    this.set({
      people: samePeople ? before.people : people,
      awaited: awaitedOf(client.awaited()),
      threads: isSame ? before.threads : new Map(threads),
      requests: requests.map((one) => ({
        id: hex(one.account),
        name: one.name,
        byHandle: one.byHandle,
        was: one.was,
      })),
      alerts: alertsOf(notices, Number(localStorage.getItem(SEEN) ?? 0)),
    });
    this.calls.refresh();
  }

  /** Return the person as shown before, if nothing about them changed. */
  #same(person: Person): Person {
    const before = this.#state.people.find((one) => one.id === person.id);
    return before && JSON.stringify(before) === JSON.stringify(person) ? before : person;
  }

  #thread(contact: Contact, notices: readonly Notice[]): Thread {
    const history = this.client().history(contact);
    const unread = Math.max(0, countOfTheirs(history) - (this.#read.get(contact.key) ?? 0));
    const parts: Parts = [history, notices, unread];
    const kept = this.#threads.get(contact.key);
    if (kept?.parts.every((part, i) => part === parts[i])) return kept.thread;
    const about = notices.filter((notice) => hex(notice.account) === contact.key);
    const thread = threadOf(history, about, unread);
    this.#threads.set(contact.key, { parts, thread });
    return thread;
  }
}
