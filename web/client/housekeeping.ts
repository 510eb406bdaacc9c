/**
 * What has to be done sooner or later: commits, announcements, revocations, refills, the vault, calls
 * whose time in the history is over.
 *
 * One task looks when it is kicked, and every minute. What fails because the server is away stays to
 * be done; what is due "at a random hour" has its hour chosen and stored beforehand (P7).
 */

import { type Bytes, equal, hex, uint, utf8 } from "../core/bytes.ts";
import { AuthorizationError, FatalError, PeerError, UnavailableError } from "../core/errors.ts";
import type { Books } from "./books.ts";
import type { FirstContact } from "./first_contact.ts";
import type { GroupInvites } from "./group_invites.ts";
import { Signal, withTimeout } from "./lock.ts";
import type { Membership } from "./membership.ts";
import type { MyConsents } from "./my_consents.ts";
import type { Outbox } from "./outbox.ts";
import type { HandleTelling } from "./own_handle.ts";
import type { Recordings } from "./recordings.ts";
import type { DeviceApi } from "./transport/device_api.ts";
import type { Vault } from "./vault.ts";

export const TICK_S = 60;
export const RETRY_S = 2;
/** One-time key packages kept at the server. More last longer while we are away. */
export const KEY_PACKAGES = 16;
export const KEY_PACKAGES_LOW = 4;
const WITHIN_S = 3_600;
const CHECK_EVERY_S = 86_400;

const KIND = "housekeeping";

/** Tells others what they have to know, what is untold from before a restart too. */
type Telling = Readonly<{ tell(): Promise<void> }>;

/** What was recorded, and what was agreed to, as far as it comes to an end. */
type Recorded = Readonly<{
  recordings: Pick<Recordings, "expireIfDue" | "putBehind">;
  consents: Pick<MyConsents, "deleteDue" | "expireIfDue">;
}>;

/** The things that are due, and the task that does them. */
export class Housekeeping {
  /** Why nothing is done any more, if so. */
  failed: FatalError | undefined;
  readonly #books: Books;
  readonly #membership: Membership;
  readonly #firstContact: FirstContact;
  readonly #vault: Vault;
  readonly #outbox: Outbox;
  readonly #api: DeviceApi;
  readonly #handleTelling: Pick<HandleTelling, "tell">;
  readonly #groupInvites: Pick<GroupInvites, "tell" | "expire">;
  readonly #tellings: readonly Telling[];
  readonly #recorded: Recorded;
  readonly #wake = new Signal();
  /** Refused addresses of those who wait for us, already looked up. */
  #lookedUp: ReadonlySet<string> = new Set();
  #rereadWaitS = RETRY_S;
  #rereadAt = 0;
  #rounds = 0;
  /** Set when the present round ends; another one stands here then. */
  #roundOver = new Signal();

  /**
   * @param books What this device keeps.
   * @param membership Commits and announcements.
   * @param firstContact Expiry of links and requests.
   * @param vault Writes, and newer addresses.
   * @param outbox Knows which addresses were refused.
   * @param api Capabilities and key packages.
   * @param handleTelling Tells our handle.
   * @param groupInvites Says yes to invites.
   * @param tellings Tell others what was decided about recording.
   * @param recorded Recordings and consents whose time is over; shares that are to be deleted.
   */
  constructor(
    books: Books,
    membership: Membership,
    firstContact: FirstContact,
    vault: Vault,
    outbox: Outbox,
    api: DeviceApi,
    handleTelling: Pick<HandleTelling, "tell">,
    groupInvites: Pick<GroupInvites, "tell" | "expire">,
    tellings: readonly Telling[],
    recorded: Recorded,
  ) {
    this.#tellings = tellings;
    this.#recorded = recorded;
    this.#books = books;
    this.#membership = membership;
    this.#firstContact = firstContact;
    this.#vault = vault;
    this.#outbox = outbox;
    this.#api = api;
    this.#handleTelling = handleTelling;
    this.#groupInvites = groupInvites;
    this.#wake.set();
  }

  /** Look soon. */
  kick(): void {
    this.#wake.set();
  }

  /** Whether something is marked to be done now. */
  get busy(): boolean {
    return this.#membership.dirty.size > 0 || this.#wake.isSet;
  }

  /** Do nothing any more, and let nobody wait for it. */
  fail(error: FatalError): void {
    this.failed ??= error;
    this.#endRound();
    this.#wake.set();
  }

  /** Wait until a whole round was done after this call. */
  async idle(signal?: AbortSignal): Promise<void> {
    // The round under way may have begun before: wait for the end of the next one.
    const wanted = this.#rounds + 2;
    this.#wake.set();
    while (this.#rounds < wanted && this.failed === undefined) {
      await this.#roundOver.wait(signal);
      this.#wake.set();
    }
  }

  /** Do what is due until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (this.failed === undefined && !signal.aborted) {
      this.#wake.clear();
      let isComplete = true;
      try {
        isComplete = await this.#round();
      } catch (error) {
        if (!(error instanceof FatalError)) throw error;
        this.failed = error;
      }
      this.#endRound();
      await this.#pause(isComplete ? TICK_S : RETRY_S, signal);
    }
  }

  #endRound(): void {
    this.#rounds += 1;
    const over = this.#roundOver;
    this.#roundOver = new Signal();
    over.set();
  }

  async #pause(seconds: number, signal: AbortSignal): Promise<void> {
    try {
      await withTimeout(seconds, (stop) => this.#wake.wait(stop), { signal });
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
    }
  }

  /** Do everything that is due; say whether all of it worked. */
  async #round(): Promise<boolean> {
    let isComplete = true;
    await this.#firstContact.expire();
    await this.#groupInvites.expire();
    await this.#books.calls.expireIfDue();
    await this.#expireRecorded();
    const duties = [
      () => this.#recorded.consents.deleteDue(),
      () => this.#groupInvites.tell(),
      () => this.#membership.reconcileAll(),
      () => this.#books.addresses.flush(this.#books.store, this.#api),
      () => this.#capabilities(),
      () => this.#keyPackages(),
      () => this.#refusedRejoins(),
      () => this.#handleTelling.tell(),
      ...this.#tellings.map((one) => () => one.tell()),
      () => this.#recorded.recordings.putBehind(),
      () => this.#vault.follow(),
      () => this.#vault.write({ ifDue: true }),
    ];
    for (const duty of duties) {
      try {
        await duty();
      } catch (error) {
        if (error instanceof UnavailableError) {
          isComplete = false;
        } else if (error instanceof PeerError || error instanceof AuthorizationError) {
          // A duty that is refused must not keep the others from being done.
          this.#books.counters.drop(`duty ${error.code}`);
        } else {
          throw error;
        }
      }
    }
    // A rejoin that was refused a moment ago is looked after sooner than at the next tick.
    return isComplete && !(this.#lookedUp.size > 0 && this.#rereadWaitS < TICK_S);
  }

  async #expireRecorded(): Promise<void> {
    const { recordings, consents } = this.#recorded;
    try {
      await recordings.expireIfDue();
      await consents.expireIfDue();
    } catch (error) {
      // A full disk, or a profile that another page took: it is tried again.
      if (!(error instanceof UnavailableError)) throw error;
    }
  }

  async #capabilities(): Promise<void> {
    const { addresses, store } = this.#books;
    if (addresses.needsRefill(store) && (await this.#isDue("refill"))) {
      await addresses.refill(store, this.#api);
      await this.#done("refill");
    }
  }

  async #keyPackages(): Promise<void> {
    if (!(await this.#isDue("packages", CHECK_EVERY_S))) return;
    if ((await this.#api.countKeyPackages()) < KEY_PACKAGES_LOW) await this.uploadKeyPackages();
    await this.#done("packages");
  }

  /** Put fresh key packages at the server, and a fresh last resort. */
  async uploadKeyPackages(): Promise<void> {
    const books = this.#books;
    const { oneTime, lastResort } = await books.store.transaction(async (unit) => {
      const made: Bytes[] = [];
      while (made.length < KEY_PACKAGES) made.push(await books.keepKeyPackage(unit));
      return { oneTime: made, lastResort: await books.keepKeyPackage(unit, { lastResort: true }) };
    });
    await this.#api.putKeyPackages(oneTime, lastResort);
    await books.store.transaction((unit) => books.dropOldBundles(unit));
  }

  /**
   * Look for newer addresses of those who did not get our rejoin.
   *
   * A contact, or a device of ours, replaced the address after the vault was read; a sibling knows
   * the new one and is about to write it there. At once, then after 2 s, 4 s and so on, at last
   * hourly.
   */
  async #refusedRejoins(): Promise<void> {
    const { contacts, groups, store, account: own, now } = this.#books;
    const waits = contacts.all(store).filter((known) => !known.member);
    const accounts = waits.map((known) => known.account);
    if (groups.selfGroup(store) === undefined) accounts.push(own);
    const refusals = this.#outbox
      .refusals()
      .filter((refusal) => accounts.some((account) => equal(account, refusal.account)));
    const refused = new Set(refusals.map((r) => hex(r.account) + hex(r.capability)));
    if (![...refused].every((one) => this.#lookedUp.has(one))) {
      this.#rereadWaitS = RETRY_S;
      this.#rereadAt = 0;
    }
    this.#lookedUp = refused;
    if (refused.size > 0 && this.#rereadAt <= now()) {
      this.#rereadAt = now() + this.#rereadWaitS;
      this.#rereadWaitS = Math.min(2 * this.#rereadWaitS, WITHIN_S);
      await this.#vault.reread();
      this.#outbox.kick();
    }
  }

  /** Say whether a duty's hour has come; choose the hour if it has none yet. */
  async #isDue(name: string, everyS = 0): Promise<boolean> {
    const { store, rng, now } = this.#books;
    const data = store.get(KIND, utf8(name));
    if (data !== undefined) return Number(new DataView(data.buffer).getBigUint64(0)) <= now();
    const wait = everyS + (new DataView(rng(4).buffer).getUint32(0) % WITHIN_S);
    await store.transaction((unit) => unit.put(KIND, utf8(name), uint(now() + wait, 8)));
    return false;
  }

  async #done(name: string): Promise<void> {
    await this.#books.store.transaction((unit) => {
      unit.delete(KIND, utf8(name));
    });
  }
}
