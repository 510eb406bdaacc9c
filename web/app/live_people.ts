/** Contacts, conversations and notices of the client in the shape that screens read. */

import type { AwaitedContact, Contact, Message, Notice } from "../client/client.ts";
import { type Bytes, hex } from "../core/bytes.ts";
import { MayGo, MaySee } from "../core/content_records.ts";
import type {
  Alert,
  AwaitedPerson,
  Entry,
  NoticeKind,
  Person,
  PersonId,
  Rules,
  Thread,
} from "./model.ts";
import type { Author } from "./model_groups.ts";
import { resembles } from "./names.ts";

const KINDS: Readonly<Partial<Record<Notice["kind"], NoticeKind>>> = {
  "contact added": "added",
  "contact added by handle": "addedByHandle",
  "new device": "newDevice",
  "device removed": "deviceRemoved",
  rejoined: "rejoined",
  "identity changed": "identityChanged",
  "own device added": "ownDeviceAdded",
  "own device removed": "ownDeviceRemoved",
  "vault rolled back": "vaultRolledBack",
  "keys rolled back": "keysRolledBack",
  "contact renamed": "renamed",
  "own handle changed": "ownHandleChanged",
};
const WEEK = [0, 1, 2, 3, 4, 5, 6] as const;
const OF_ACCOUNT: ReadonlySet<NoticeKind> = new Set([
  "ownDeviceAdded",
  "ownDeviceRemoved",
  "vaultRolledBack",
  "keysRolledBack",
  "ownHandleChanged",
]);

/** Return the people of a contact list; what notices say of them is taken along. */
export function peopleOf(contacts: readonly Contact[], notices: readonly Notice[]): Person[] {
  const met = new Map<PersonId, Notice>();
  for (const notice of notices) {
    const added = notice.kind === "contact added" || notice.kind === "contact added by handle";
    if (added) met.set(hex(notice.account), notice);
  }
  return contacts.map((contact) => {
    const since = met.get(contact.key);
    return {
      id: contact.key,
      name: contact.name,
      state: contact.state === "identity changed" ? "changed" : contact.state,
      verified: contact.verified,
      devices: contact.devices,
      byHandle: since?.kind === "contact added by handle",
      since: since?.at,
      resembles: contacts.find(
        (other) => other.key !== contact.key && resembles(other.name, contact.name),
      )?.name,
      neverRecorded: contact.neverRecorded,
      rules: rulesOf(contact.rules),
    };
  });
}

const AWAITED = new WeakMap<readonly AwaitedContact[], readonly AwaitedPerson[]>();

/** Return who is not here yet; the same list for the same list. */
export function awaitedOf(contacts: readonly AwaitedContact[]): readonly AwaitedPerson[] {
  const known = AWAITED.get(contacts);
  if (known !== undefined) return known;
  const people = contacts.map(({ key, name, verified, blocked, keeps }) => ({
    id: key,
    name,
    verified,
    blocked,
    rules: { keepsHours: keeps ?? undefined },
  }));
  AWAITED.set(contacts, people);
  return people;
}

/** What an entry was made of: a file is opened with it. */
const SOURCES = new WeakMap<Entry, Message>();

export function messageOf(entry: Entry): Message | undefined {
  return SOURCES.get(entry);
}

function rulesOf({ calls, hours, sees, path, keeps, adds, neverRecord }: Contact["rules"]): Rules {
  const days = (mask: number) => WEEK.filter((day) => ((mask >> day) & 1) === 1);
  return {
    calls,
    hours: hours?.map((one) => ({ ...one, days: days(one.days) })),
    seesRinging: sees === MaySee.RINGING,
    direct: path === MayGo.DIRECT,
    keepsHours: keeps ?? undefined,
    adds: adds ?? undefined,
    neverRecord,
  };
}

/** Return rules as the client takes them. */
export function clientRules(rules: Rules): Contact["rules"] {
  const { calls, hours, seesRinging, direct, keepsHours, adds, neverRecord } = rules;
  const mask = (days: readonly number[]) => days.reduce((bits, day) => bits | (1 << day), 0);
  return {
    calls,
    hours: hours?.map((one) => ({ ...one, days: mask(one.days) })) ?? null,
    sees: seesRinging ? MaySee.RINGING : null,
    path: direct ? MayGo.DIRECT : null,
    keeps: keepsHours ?? null,
    adds: adds ?? null,
    neverRecord: neverRecord ?? false,
  };
}

/** What an entry says, whoever made it and whenever. */
type Said = DistributiveOmit<Entry, "id" | "at" | "own">;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

function said({ kind, text, call, file }: Message): Said {
  switch (kind) {
    case "file": {
      const thumbnail = file?.thumbnail ? pictureOf(file.thumbnail) : undefined;
      return { kind: "file", name: text, size: file?.size ?? 0, thumbnail };
    }
    case "text":
      return { kind: "text", text };
    case "call.missed":
      return { kind: "missed", media: call?.media };
    case "call.ended":
      return { kind: "ended", media: call?.media ?? "voice", seconds: call?.seconds ?? 0 };
    case "call.unanswered":
      return { kind: "unanswered", media: call?.media ?? "voice" };
  }
}

const PICTURES = new WeakMap<Uint8Array, Blob>();

/** Return the same picture for the same bytes, so that it is not loaded again with each change. */
function pictureOf(bytes: Bytes): Blob {
  const picture = PICTURES.get(bytes) ?? new Blob([bytes], { type: "image/jpeg" });
  PICTURES.set(bytes, picture);
  return picture;
}

/**
 * Return messages and calls as entries.
 *
 * @param by Says who wrote one, in a group.
 */
export function writtenOf(
  messages: readonly Message[],
  by: (message: Message) => Author | undefined = () => undefined,
): Entry[] {
  return messages.map((message, i): Entry => {
    const { at, outgoing: own } = message;
    const author = by(message);
    const entry = { id: `m${i}`, at, own, ...(author && { by: author }), ...said(message) };
    SOURCES.set(entry, message);
    return entry;
  });
}

/** Return a conversation: messages, calls, and notices about the contact, by time. */
export function threadOf(
  messages: readonly Message[],
  notices: readonly Notice[],
  unread: number,
): Thread {
  const written = writtenOf(messages);
  const told = notices.flatMap((notice): Entry[] => {
    const what = KINDS[notice.kind];
    if (what === undefined || OF_ACCOUNT.has(what)) return [];
    const { at, names } = notice;
    const device = notice.device === undefined ? "" : hex(notice.device);
    const id = `n${what}${device}${names === undefined ? "" : ` ${names.was} ${names.name} ${at}`}`;
    return [{ id, at, own: false, kind: "notice", what, ...(names && { names }) }];
  });
  const entries = [...written, ...told].toSorted((a, b) => a.at - b.at);
  return { entries, unread };
}

/** How many entries came from somebody else, for the count of what is unread. */
export function countOfTheirs(messages: readonly Message[]): number {
  const came = ({ outgoing, kind }: Message) =>
    !outgoing && (kind === "text" || kind === "file" || kind === "call.missed");
  return messages.reduce((count, message) => count + (came(message) ? 1 : 0), 0);
}

/** Return what about the account should be seen, newest first; what was seen is left out. */
export function alertsOf(notices: readonly Notice[], seenUntil: number): Alert[] {
  return notices
    .flatMap((notice): Alert[] => {
      const what = KINDS[notice.kind];
      if (what === undefined || !OF_ACCOUNT.has(what) || notice.at <= seenUntil) return [];
      const device = notice.device === undefined ? undefined : hex(notice.device).slice(0, 6);
      const { at, names } = notice;
      return [{ id: `${what} ${device ?? ""} ${at}`, at, what, device, ...(names && { names }) }];
    })
    .toReversed();
}
