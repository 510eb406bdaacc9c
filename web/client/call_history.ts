/**
 * The history of calls on this device: kept in the store as pages, like in the vault (P6, R-05;
 * twin of `src/visavis/sdk/call_history.py`).
 *
 * What happens to it takes effect at once here, is told to our other devices where a person decided
 * it, and stands in the vault within the hour. Nothing is kept for longer than the person says: what
 * is past that is not shown, and goes with the next look (`expire`).
 *
 * Not for: how entries and pages merge (`core/call_log.ts`), how they lie in the store
 * (`call_pages.ts`), or how calls come to be noted (`call_notes.ts`).
 */

import { type Bytes, copy, equal, fromHex, hex, type Rng, uint, utf8 } from "../core/bytes.ts";
import { type Cut, type Entry, goneMark, type Page } from "../core/call_entry.ts";
import type { PageId, Touched } from "../core/call_log.ts";
import { encodePage, nameOf } from "../core/call_page.ts";
import { AccountId, CallId, type DeviceId } from "../core/ids.ts";
import {
  asKept,
  DEFAULT,
  decodeSettings,
  encodeSettings,
  keepsS,
  newer,
  type Settings,
} from "../core/keeping.ts";
import { believe, believed, believedEnd, firstSeen, numberIn } from "./call_clock.ts";
import { CallPages } from "./call_pages.ts";
import type { Reader, Unit, UnitStore } from "./unit.ts";

/** Pages from which calls were deleted that the vault still has. */
const URGENT_KIND = "calls.urgent";
/** By call: the contact that wishes it deleted here. */
const ASKED_KIND = "calls.asked";
const STATE_KIND = "calls";
const SETTINGS = utf8("settings");
const NEXT = utf8("next");
const NOTHING: Bytes = new Uint8Array();

/** What a contact's rules say of the history (`Rules.keeps`): hours; null: what the settings say. */
export type Keeps = (reader: Reader, account: AccountId) => number | null;

/** Says for how many seconds after its end a call is kept; null: always. */
type Keeping = (entry: Entry) => number | null;

type Shown = Readonly<{
  entries: readonly Entry[];
  /** Unix seconds between which these are the ones. */
  from: number;
  until: number;
}>;

/** Calls, and how long they are kept. */
export class CallHistory {
  readonly #store: UnitStore;
  readonly #device: DeviceId;
  readonly #keeps: Keeps;
  readonly #now: () => number;
  readonly #rng: Rng;
  readonly #pages: CallPages;
  readonly #vaultListeners: ((unit: Unit) => void)[] = [];
  #shown: Shown | undefined;

  /**
   * @param store Open.
   * @param device This one.
   * @param keeps What the person decided for a contact.
   * @param now Unix seconds.
   */
  constructor(store: UnitStore, device: DeviceId, keeps: Keeps, now: () => number, rng: Rng) {
    this.#store = store;
    this.#device = device;
    this.#keeps = keeps;
    this.#now = now;
    this.#rng = rng;
    this.#pages = new CallPages(store, rng);
    this.#pages.onChange(() => {
      this.#shown = undefined;
    });
  }

  /** Have a listener told, inside the unit of work, that the vault is not as it shall be. */
  onVaultStale(listener: (unit: Unit) => void): void {
    this.#vaultListeners.push(listener);
  }

  /** Have a listener told after each change that is on disk; returns what ends that. */
  onChange(listener: () => void): () => void {
    return this.#pages.onChange(listener);
  }

  /** Decode what is in the store, with pauses, so that nobody who asks has to wait for it. */
  async prepare(signal: AbortSignal): Promise<void> {
    await this.#pages.prepare(signal);
  }

  // Settings

  /** Return what the person decided, or what holds until they do. */
  settings(reader: Reader): Settings {
    const data = reader.get(STATE_KIND, SETTINGS);
    return data === undefined ? DEFAULT : decodeSettings(data);
  }

  /** Keep what the person decided here; what may not be kept any more goes. */
  setSettings(unit: Unit, settings: Settings): void {
    const before = this.settings(unit);
    unit.put(STATE_KIND, SETTINGS, encodeSettings(settings));
    const log = this.#pages.work(unit);
    const less = log.amend((entry) => asKept(entry, settings));
    this.#write(unit, less, { urgent: true });
    if (before.sync && !settings.sync) {
      this.#write(unit, new Set(log.pages.keys()), { urgent: true });
    }
    this.expire(unit);
    this.#pages.tell(unit);
    this.#tellVault(unit);
  }

  /** Take over what was decided on another device, if it stands against ours. */
  takeSettings(unit: Unit, settings: Settings): void {
    const known = this.settings(unit);
    if (newer(known, settings) !== known) this.setSettings(unit, settings);
  }

  // Looking

  /**
   * Return the calls on disk that are kept, the newest first; the same array until that changes.
   *
   * Past the end of its time a call is not shown, whether or not the look at what is due has come.
   */
  entries(): readonly Entry[] {
    const { now } = believed(this.#store, this.#now());
    const { from = 0, until = 0 } = this.#shown ?? {};
    if (this.#shown === undefined || now < from || now >= until) this.#shown = this.#show(now);
    return this.#shown.entries;
  }

  #show(now: number): Shown {
    const keeping = this.#keeping(this.#store);
    let until = Number.POSITIVE_INFINITY;
    const entries = this.#pages
      .log(this.#store)
      .entries()
      .filter((entry) => {
        const kept = keeping(entry);
        if (kept === null) return true;
        const end = believedEnd(entry, now) + kept;
        if (end > now) until = Math.min(until, end);
        return end > now;
      });
    return { entries, from: now, until };
  }

  /** Return one call, or undefined. */
  get(reader: Reader, call: CallId): Entry | undefined {
    const found = this.#pages.log(reader).get(call);
    if (found === undefined) return undefined;
    const kept = this.#keeping(reader)(found);
    const { now } = believed(reader, this.#now());
    return kept === null || believedEnd(found, now) + kept > now ? found : undefined;
  }

  // Changing

  /**
   * Keep a call, or what is known better of it; say whether anything was kept.
   *
   * @param goesOn The call that it went on with: the two are one for a person.
   */
  note(unit: Unit, entry: Entry, goesOn: CallId | null = null): boolean {
    if (this.#keeping(unit)(entry) === 0) return false;
    const earlier = goesOn === null ? undefined : this.get(unit, goesOn);
    let whole = entry;
    if (earlier !== undefined) {
      const { call, direction, at, mark } = earlier;
      const seconds = earlier.seconds + entry.seconds;
      const recorded = earlier.recorded || entry.recorded;
      whole = { ...entry, call, direction, at, mark, seconds, recorded };
    }
    const touched = this.#pages.work(unit).add(asKept(whole, this.settings(unit)), this.#rng);
    this.#write(unit, touched);
    return touched.size > 0;
  }

  /** Keep many calls, as they come with a move from another server. */
  noteAll(unit: Unit, entries: Iterable<Entry>): void {
    const [log, settings, keeping] = [
      this.#pages.work(unit),
      this.settings(unit),
      this.#keeping(unit),
    ];
    const touched: Touched = new Set();
    for (const entry of entries) {
      if (keeping(entry) === 0) continue;
      for (const at of log.add(asKept(entry, settings), this.#rng)) touched.add(at);
    }
    this.#write(unit, touched);
  }

  /**
   * Pin a call, or note something about it.
   *
   * @throws PeerError TOO_LARGE; REFUSED, there is no such call any more.
   */
  mark(unit: Unit, call: CallId, what: Readonly<{ pinned: boolean; note: string }>): void {
    const device = this.#device;
    this.#write(unit, this.#pages.work(unit).mark(call, { device, ...what }, this.#rng));
  }

  /** Delete calls; return their marks, for our other devices. */
  delete(unit: Unit, calls: Iterable<CallId>): readonly Bytes[] {
    const doomed = [...calls];
    this.#write(unit, this.#pages.work(unit).delete(doomed, this.#rng), { urgent: true });
    return doomed.map(goneMark);
  }

  /** Delete all calls; return the cut, for our other devices. */
  deleteAll(unit: Unit): Cut {
    const log = this.#pages.work(unit);
    this.#write(unit, log.deleteAll(this.#now(), this.#rng), { urgent: true });
    return log.cut;
  }

  /** Delete what another device of ours has deleted. */
  bury(unit: Unit, gone: Iterable<Uint8Array>): void {
    this.#write(unit, this.#pages.work(unit).bury(gone, this.#rng), { urgent: true });
  }

  /** Delete what was there when another device of ours deleted everything. */
  cut(unit: Unit, cut: Cut): void {
    this.#write(unit, this.#pages.work(unit).raiseCut(cut), { urgent: true });
  }

  // Wishes of contacts

  /** Keep that a contact wishes a call with it to be deleted here. */
  askedToForget(unit: Unit, contact: AccountId, call: CallId): void {
    unit.put(ASKED_KIND, copy(call), copy(contact));
    this.#pages.tell(unit);
  }

  /** Return who wishes which calls deleted, by the hex of their ids, until that is decided. */
  wishes(reader: Reader): ReadonlyMap<string, AccountId> {
    const asked = reader.items(ASKED_KIND);
    const there = asked.filter(([call]) => this.get(reader, new CallId(call)) !== undefined);
    return new Map(there.map(([call, account]) => [hex(call), new AccountId(account)]));
  }

  /** Keep the calls that a contact wishes deleted. */
  refuseWishes(unit: Unit, contact: AccountId): void {
    for (const [call, account] of this.wishes(unit)) {
      if (equal(account, contact)) unit.delete(ASKED_KIND, fromHex(call));
    }
    this.#pages.tell(unit);
  }

  // Time

  /** Take out what has been kept for as long as it shall be. */
  expire(unit: Unit): void {
    const now = believe(unit, this.#now());
    const log = this.#pages.work(unit);
    const keeping = this.#keeping(unit);
    this.#write(unit, log.expire(keeping, now, firstSeen(unit, log, now)), { urgent: true });
    let next = Number.MAX_SAFE_INTEGER;
    for (const page of log.pages.values()) {
      for (const entry of page.entries.values()) {
        const kept = keeping(entry);
        if (kept !== null) next = Math.min(next, believedEnd(entry, now) + kept);
      }
    }
    unit.put(STATE_KIND, NEXT, uint(next, 8));
  }

  /** Do so, if something is due: a look every minute costs no more than one number. */
  async expireIfDue(): Promise<void> {
    const due = this.#store.get(STATE_KIND, NEXT);
    if (due === undefined || this.#now() < numberIn(due)) return;
    await this.#store.transaction((unit) => this.expire(unit));
  }

  // The vault

  /** Return what shall stand in the vault: one page at least, empty if they shall not sync. */
  vaultPages(unit: Unit): ReadonlyMap<PageId, Bytes> {
    return this.#pages.forVault(unit, this.settings(unit).sync);
  }

  /** Return the pages from which calls were deleted that the vault still has, as hex. */
  urgent(reader: Reader): ReadonlySet<PageId> {
    return new Set(reader.items(URGENT_KIND).map(([id]) => hex(id)));
  }

  /** Note that a page stands in the vault as it is here, unless it has changed meanwhile. */
  isWritten(unit: Unit, page: PageId, payload: Bytes): void {
    if (this.#isAs(unit, page, payload)) unit.delete(URGENT_KIND, fromHex(page));
  }

  /** Take over what another device wrote, as far as it is kept here. */
  takePages(unit: Unit, pages: ReadonlyMap<PageId, Page>): void {
    if (pages.size === 0) return;
    const log = this.#pages.work(unit);
    const settings = this.settings(unit);
    const touched: Touched = new Set();
    for (const [id, page] of pages)
      for (const at of log.merge(id, page, this.#rng)) touched.add(at);
    for (const at of log.amend((entry) => asKept(entry, settings))) touched.add(at);
    this.#save(unit, touched);
    this.#dropWishes(unit);
    this.expire(unit);
    const isAsWritten = [...pages].every(([id, page]) => this.#isAs(unit, id, encodePage(page)));
    if (!isAsWritten) this.#tellVault(unit);
  }

  #isAs(unit: Unit, page: PageId, payload: Bytes): boolean {
    return this.#pages.isForVault(unit, page, payload, this.settings(unit).sync);
  }

  // Within

  #save(unit: Unit, pages: Iterable<PageId>): void {
    this.#pages.save(unit, pages);
    unit.put(STATE_KIND, NEXT, uint(0, 8)); // reckoned anew at the next look
  }

  #write(unit: Unit, touched: Touched, { urgent = false } = {}): void {
    if (touched.size === 0) return;
    this.#save(unit, touched);
    if (urgent) {
      this.#dropWishes(unit);
      for (const id of touched) unit.put(URGENT_KIND, fromHex(id), NOTHING);
    }
    this.#tellVault(unit);
  }

  #dropWishes(unit: Unit): void {
    const log = this.#pages.work(unit);
    for (const [call] of unit.items(ASKED_KIND)) {
      if (log.get(new CallId(call)) === undefined) unit.delete(ASKED_KIND, call);
    }
  }

  #tellVault(unit: Unit): void {
    for (const listener of this.#vaultListeners) listener(unit);
  }

  /** Return the rule by which calls are kept now; for one contact it is reckoned once. */
  #keeping(reader: Reader): Keeping {
    const settings = this.settings(reader);
    const known = new Map<string, number | null>();
    const withAll = (members: readonly AccountId[]) =>
      keepsS(
        settings,
        members.map((account) => this.#keeps(reader, account)),
      );
    return ({ members }) => {
      const [first] = members;
      if (first === undefined || members.length > 1) return withAll(members);
      const name = nameOf(first);
      const before = known.get(name);
      if (before !== undefined) return before;
      const kept = withAll(members);
      known.set(name, kept);
      return kept;
    };
  }
}
