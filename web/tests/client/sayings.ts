/** What members of a conversation say in tests, by the rules and against them. */

import type { GroupRecord } from "../../client/groups.ts";
import { type Bytes, uint } from "../../core/bytes.ts";
import type { CallMissed, Inner } from "../../core/content_inner.ts";
import type { Outer } from "../../core/content_outer.ts";
import { CallId, MessageId, random } from "../../core/ids.ts";
import type { Party } from "./world.ts";

export function sayTo(other: Party, text: string, from: Party): Promise<void> {
  return from.conversations.sendText(other.account.id, text);
}

/** An `Mls` from a member that says what it likes: any plaintext, any authenticated data. */
export async function crafted(
  from: Party,
  record: GroupRecord,
  plain: Bytes,
  authenticatedData: Bytes = uint(1, 8),
): Promise<Outer> {
  const { groups, rng } = from.books;
  return await from.store.transaction(async (unit) => {
    const state = await groups.state(unit, record);
    const message = await state.encrypt(plain, { authenticatedData, rng });
    groups.save(unit, record, state);
    return { kind: "mls", message };
  });
}

export function text(body: string, from: Party): Inner {
  const { rng, now } = from.books;
  return { kind: "message.text", id: random(MessageId, rng), at: now(), body };
}

export function missed(from: Party, call = random(CallId, from.books.rng)): CallMissed {
  const { rng, now } = from.books;
  const id = random(MessageId, rng);
  return { kind: "call.missed", id, at: now(), call, media: "voice" };
}

export function known(at: Party, other: Party) {
  const found = at.books.contacts.get(at.store, other.account.id);
  if (found === undefined) throw new Error("no contact");
  return found;
}

export async function change(
  at: Party,
  other: Party,
  how: (contact: ReturnType<typeof known>) => void,
) {
  await at.store.transaction((unit) => {
    const contact = at.books.contacts.get(unit, other.account.id);
    if (contact === undefined) throw new Error("no contact");
    how(contact);
    at.books.contacts.save(unit, contact);
  });
}
