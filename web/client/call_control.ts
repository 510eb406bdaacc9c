/**
 * What the person decides about their history of calls, on this device and all others of theirs
 * (twin of `src/visavis/sdk/call_control.py`).
 *
 * It is kept with what our other devices have yet to be told, in one unit of work, so that a crash
 * between the two loses nothing. The vault has it within the hour; until then a device that we cannot
 * reach, or that comes to the account, may still show what was deleted.
 */

import { equal, fromHex } from "../core/bytes.ts";
import { decodeSibling, encodeSibling } from "../core/content.ts";
import { MAX_FORGET } from "../core/content_inner.ts";
import { MAX_GONE, type Sibling } from "../core/content_self.ts";
import { type AccountId, CallId, MessageId, random } from "../core/ids.ts";
import { type Choices, decided, PRESETS, type Preset, type Settings } from "../core/keeping.ts";
import type { Books } from "./books.ts";
import type { Conversations } from "./conversation.ts";
import { NoticeKind } from "./history.ts";
import { tellSoon } from "./never_record.ts";
import type { Unit } from "./unit.ts";

/** By random key: what our other devices have yet to be told. */
const UNTOLD_KIND = "calls.untold";

/** What a person adds to a call; what is not given stays. */
export type Marking = Readonly<{ pinned?: boolean; note?: string }>;

/** Deletes, marks, and sets how long calls are kept. */
export class CallControl {
  readonly #books: Books;
  readonly #conversations: Pick<Conversations, "sendInner" | "sendSelfMade">;
  readonly #after: () => void;

  /**
   * @param books What this device keeps.
   * @param conversations To tell others.
   * @param after Told when contacts are to be told something.
   */
  constructor(
    books: Books,
    conversations: Pick<Conversations, "sendInner" | "sendSelfMade">,
    after: () => void,
  ) {
    this.#books = books;
    this.#conversations = conversations;
    this.#after = after;
  }

  /** Delete calls, here and on all our devices. */
  async delete(calls: Iterable<CallId>): Promise<void> {
    await this.#books.store.transaction((unit) => {
      const gone = this.#books.calls.delete(unit, calls);
      for (let at = 0; at < gone.length; at += MAX_GONE) {
        const some = gone.slice(at, at + MAX_GONE);
        this.#haveTold(unit, { kind: "self.calls_gone", gone: some });
      }
    });
    await this.tell();
  }

  /** Delete every call, here and on all our devices. */
  async deleteAll(): Promise<void> {
    await this.#books.store.transaction((unit) => {
      const cut = this.#books.calls.deleteAll(unit);
      this.#haveTold(unit, { kind: "self.calls_cut", ...cut });
    });
    await this.tell();
  }

  /**
   * Pin a call, or note something about it; our other devices have it from the vault.
   *
   * @throws PeerError TOO_LARGE; REFUSED, there is no such call any more.
   */
  async mark(call: CallId, { pinned, note }: Marking): Promise<void> {
    const { calls, store } = this.#books;
    await store.transaction((unit) => {
      const before = calls.get(unit, call)?.mark;
      calls.mark(unit, call, {
        pinned: pinned ?? before?.pinned ?? false,
        note: note ?? before?.note ?? "",
      });
    });
  }

  /**
   * Change settings, on all our devices; see `decided` of `core/keeping.ts`.
   *
   * @throws UsageError Out of bounds.
   */
  async setSettings(chosen: Partial<Choices>): Promise<Settings> {
    const { calls, contacts, device, store } = this.#books;
    const settings = await store.transaction((unit) => {
      const before = calls.settings(unit);
      const fresh = decided(before, device, chosen);
      if (fresh.neverRecord !== before.neverRecord) {
        const everybody = contacts.all(unit).map(({ account }) => account);
        tellSoon(unit, this.#books, everybody);
        unit.after(this.#after);
      }
      calls.setSettings(unit, fresh);
      this.#haveTold(unit, { kind: "self.settings", settings: fresh });
      return fresh;
    });
    await this.tell();
    return settings;
  }

  /** Take a preset. */
  async choose(preset: Preset): Promise<Settings> {
    const { keep, details, sync, trace } = PRESETS[preset];
    return await this.setSettings({ keep, details, sync, trace });
  }

  /**
   * Ask a contact to delete calls from its history. Whether it does, nobody can see.
   *
   * @throws As `sendInner`.
   */
  async askToForget(contact: AccountId, calls: readonly CallId[]): Promise<void> {
    const { now, rng } = this.#books;
    for (let at = 0; at < calls.length; at += MAX_FORGET) {
      const wish = {
        kind: "calls.forget",
        id: random(MessageId, rng),
        at: now(),
        calls: calls.slice(at, at + MAX_FORGET),
      } as const;
      await this.#conversations.sendInner(contact, wish, { durable: true });
    }
  }

  /**
   * Delete what a contact wishes deleted, or keep it; returns how many calls that are.
   *
   * Nothing is sent to the contact either way.
   */
  async answerWish(
    contact: AccountId,
    { delete: isGranted }: Readonly<{ delete: boolean }>,
  ): Promise<number> {
    const { calls, history, store } = this.#books;
    const wished = await store.transaction((unit) => {
      const theirs = [...calls.wishes(unit)].filter(([, account]) => equal(account, contact));
      history.forgetNotice(unit, NoticeKind.ASKED_TO_FORGET, contact);
      if (!isGranted) calls.refuseWishes(unit, contact);
      return theirs.map(([call]) => new CallId(fromHex(call)));
    });
    if (isGranted) await this.delete(wished);
    return wished.length;
  }

  /** Tell our other devices what they were not told yet; again after a crash. */
  async tell(): Promise<void> {
    const { store } = this.#books;
    for (const [key] of store.items(UNTOLD_KIND)) {
      await this.#conversations.sendSelfMade(
        (unit) => {
          const data = unit.get(UNTOLD_KIND, key);
          unit.delete(UNTOLD_KIND, key);
          return data && decodeSibling(data);
        },
        { durable: true },
      );
      // There was nobody to be told.
      await store.transaction((unit) => unit.delete(UNTOLD_KIND, key));
    }
  }

  #haveTold(unit: Unit, content: Sibling): void {
    unit.put(UNTOLD_KIND, this.#books.rng(16), encodeSibling(content));
  }
}
