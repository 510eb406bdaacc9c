/**
 * Messages and notices as this device keeps them, and the feeds an application reads.
 *
 * Everything here is in the encrypted store first; the feeds only say that something came.
 */

import { type Bytes, concat, copy, equal, hex, uint } from "../core/bytes.ts";
import { Direction, type Entry, Outcome } from "../core/call_entry.ts";
import { decode, encode, isBytes, isList } from "../core/cbor.ts";
import { decodeInner, encodeInner } from "../core/content.ts";
import type { MessageFile, MessageText } from "../core/content_inner.ts";
import { Media } from "../core/content_records.ts";
import { Code, FatalError } from "../core/errors.ts";
import { safeName } from "../core/file_name.ts";
import { AccountId, DeviceId, type GroupId, type MessageId } from "../core/ids.ts";
import { thumbnailOf } from "../core/thumbnail.ts";
import { groupThread } from "./group_thread.ts";
import { Feed } from "./lock.ts";
import type { Item, Reader, Unit } from "./unit.ts";

export const MESSAGE_KIND = "message/";
export const SEEN_KIND = "message.seen/";
const NOTICE_KIND = "notice";

/**
 * What an entry of a conversation is. Calls are in the history of calls (`call_history.ts`); a thread
 * shows them among the rest.
 */
export const MessageKind = {
  TEXT: "text",
  FILE: "file",
  MISSED_CALL: "call.missed",
  CALL_ENDED: "call.ended",
  CALL_UNANSWERED: "call.unanswered",
} as const;
export type MessageKind = (typeof MessageKind)[keyof typeof MessageKind];

/** What is known of a call that is over. */
export type CallFacts = Readonly<{
  media: Media;
  /** How long it was talked in; 0 if it was not. */
  seconds: number;
}>;

/** An entry of a conversation: a text message, a file, or a call. */
export type Message = Readonly<{
  /** Whose conversation; in a group who said it. */
  contact: AccountId;
  /** In which group; undefined: in the conversation of two. */
  group?: GroupId;
  /** Unix seconds, as its sender's clock said. */
  at: number;
  /** Sent by us (from any of our devices). */
  outgoing: boolean;
  /** What was written; for a call what to call it, for a file its name. */
  text: string;
  kind: MessageKind;
  /** Of a call. */
  call?: CallFacts;
  /**
   * Of a file what opens it. Its name and thumbnail are safe to show; its type and size are the
   * sender's word until it was fetched.
   */
  file?: MessageFile;
}>;

/** Make an entry of what was said; of a file, name and thumbnail are made safe (CK-300). */
export function entryOf(
  contact: AccountId,
  content: MessageText | MessageFile,
  { outgoing }: Readonly<{ outgoing: boolean }>,
): Message {
  const { at } = content;
  if (content.kind === "message.text") {
    return { contact, at, outgoing, text: content.body, kind: MessageKind.TEXT };
  }
  const name = safeName(content.name);
  const file = { ...content, name, thumbnail: thumbnailOf(content.thumbnail) ?? null };
  return { contact, at, outgoing, text: name, kind: MessageKind.FILE, file };
}

/** Make an entry of what a member said in a group; as `entryOf`. */
export function entryInGroup(
  group: GroupId,
  author: AccountId,
  content: MessageText | MessageFile,
  how: Readonly<{ outgoing: boolean }>,
): Message {
  return { ...entryOf(author, content, how), group };
}

/** Make the entry of a call that was missed here. */
export function missedMessage(contact: AccountId, at: number, media: Media): Message {
  const text = `Missed ${media} call`;
  const call = { media, seconds: 0 };
  return { contact, at, outgoing: false, text, kind: MessageKind.MISSED_CALL, call };
}

/** Make the entry of a call with a contact. */
export function callMessage(contact: AccountId, entry: Entry): Message {
  const { at, media, outcome, seconds } = entry;
  if (outcome === Outcome.MISSED) return missedMessage(contact, at, media);
  const outgoing = entry.direction === Direction.OUTGOING;
  const name = media === Media.VIDEO ? "Video call" : "Voice call";
  const call = { media, seconds };
  if (outcome !== Outcome.ANSWERED) {
    const text = `${name}, ${outcome}`;
    return { contact, at, outgoing, text, kind: MessageKind.CALL_UNANSWERED, call };
  }
  const text = `${name}, ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  return { contact, at, outgoing, text, kind: MessageKind.CALL_ENDED, call };
}

/** What a person should be told. */
export const NoticeKind = {
  CONTACT_ADDED: "contact added",
  CONTACT_BY_HANDLE: "contact added by handle",
  REQUEST_WAITING: "request waiting",
  NEW_DEVICE: "new device",
  DEVICE_REMOVED: "device removed",
  REJOINED: "rejoined",
  IDENTITY_CHANGED: "identity changed",
  OWN_DEVICE_ADDED: "own device added",
  OWN_DEVICE_REMOVED: "own device removed",
  REVOKED: "this device was revoked",
  VAULT_ROLLED_BACK: "vault rolled back",
  VAULT_ALTERED: "vault altered",
  ASKED_TO_FORGET: "asked to forget calls",
  KEYS_ROLLED_BACK: "keys rolled back",
  CONTACT_RENAMED: "contact renamed",
  OWN_HANDLE_CHANGED: "own handle changed",
  GROUP_INVITED: "group invited",
  GROUP_JOINED: "group joined",
  GROUP_MEMBER_JOINED: "group member joined",
  GROUP_MEMBER_LEFT: "group member left",
  GROUP_MEMBER_REMOVED: "group member removed",
  GROUP_RENAMED: "group renamed",
  GROUP_PICTURE: "group picture",
  GROUP_KEEPERS: "group keepers",
  GROUP_REMOVED_US: "group removed us",
  GROUP_BROKEN: "group broken",
  GROUP_CALL_BEGAN: "group call began",
} as const;
export type NoticeKind = (typeof NoticeKind)[keyof typeof NoticeKind];

/** Something about contacts or devices that a person should see. */
export type Notice = Readonly<{
  kind: NoticeKind;
  /** The contact it is about, or our own account; of a group its id. */
  account: AccountId;
  /** The device, if it is about one. */
  device: DeviceId | undefined;
  /** Unix seconds. */
  at: number;
  /**
   * If it says that a name was changed: the one of before, and the one that took its place. Of a
   * group: whom it is about, and what the group is called.
   */
  names?: Readonly<{ was: string; name: string }>;
}>;

/** What took the place of what, and the how manieth change it is. */
export type Names = Readonly<{ was: string; name: string; count: number }>;

const MESSAGE_KINDS: readonly string[] = Object.values(MessageKind);
const NOTICE_KINDS: readonly string[] = Object.values(NoticeKind);

/** Is told whose conversation changed; undefined when it was the notices. */
export type HistoryListener = (contact: AccountId | undefined) => void;

/** The messages and notices of this device. */
export class History {
  readonly incoming = new Feed<Message>();
  /** Notices, since the profile was opened. */
  readonly notices = new Feed<Notice>();
  readonly #listeners = new Set<HistoryListener>();

  /** Have `listener` called after each change that is on disk; returns how to end that. */
  onChange(listener: HistoryListener): () => void {
    const own: HistoryListener = (contact) => listener(contact);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  /**
   * Keep a message, once; say whether it was new.
   *
   * @param message The message.
   * @param messageId To know a repetition.
   * @param count Of its sender in this conversation: orders what was said within one second.
   */
  add(unit: Unit, message: Message, messageId: MessageId, count: number): boolean {
    const thread = message.group ? groupThread(message.group) : hex(message.contact);
    if (unit.get(SEEN_KIND + thread, copy(messageId)) !== undefined) return false;
    const key = concat(uint(message.at, 8), uint(count, 8), messageId);
    const { file } = message;
    const facts = file === undefined ? [] : [encodeInner(file)];
    if (message.group !== undefined) {
      if (facts.length === 0) facts.push(new Uint8Array());
      facts.push(copy(message.contact)); // who said it
    }
    const value = encode([message.at, message.outgoing, message.text, message.kind, ...facts]);
    unit.put(SEEN_KIND + thread, copy(messageId), new Uint8Array());
    unit.put(MESSAGE_KIND + thread, key, value);
    if (!message.outgoing) unit.after(() => this.incoming.push(message));
    this.#changed(unit, message.group ? new AccountId(message.group) : message.contact);
    return true;
  }

  /** Tell readers of an entry that is kept elsewhere, once it is on disk. */
  tell(unit: Unit, message: Message): void {
    unit.after(() => this.incoming.push(message));
  }

  /** Remove a message that could not be sent to anybody. */
  takeBack(unit: Unit, contact: AccountId, messageId: MessageId): void {
    const kind = MESSAGE_KIND + hex(contact);
    for (const [key] of unit.items(kind)) {
      if (equal(key.subarray(-messageId.length), messageId)) unit.delete(kind, key);
    }
    this.#changed(unit, contact);
  }

  /** Keep a notice, once per kind, account and device. */
  notice(
    unit: Unit,
    kind: NoticeKind,
    account: AccountId,
    device: DeviceId | undefined,
    now: number,
  ): void {
    const key = noticeKey(kind, account, device);
    if (unit.get(NOTICE_KIND, key) !== undefined) return;
    unit.put(NOTICE_KIND, key, encode(now));
    unit.after(() => this.notices.push({ kind, account, device, at: now }));
    this.#changed(unit, undefined);
  }

  /** Keep a notice that a name was changed: each change is one. */
  renamed(
    unit: Unit,
    kind: NoticeKind,
    account: AccountId,
    { was, name, count }: Names,
    now: number,
  ): void {
    unit.put(NOTICE_KIND, encode([kind, account, null, count]), encode([now, was, name]));
    const notice = { kind, account, device: undefined, at: now, names: { was, name } };
    unit.after(() => this.notices.push(notice));
    this.#changed(unit, undefined);
  }

  /**
   * Keep a notice about a group.
   *
   * @param about.count Tells it from others of its kind: a repetition is one.
   * @param about.name What the group is called.
   * @param about.by Whom it is about, by name.
   */
  groupNotice(
    unit: Unit,
    kind: NoticeKind,
    group: GroupId,
    { count, name, by = "" }: Readonly<{ count: number; name: string; by?: string }>,
    now: number,
  ): void {
    const key = encode([kind, group, null, count]);
    if (unit.get(NOTICE_KIND, key) !== undefined) return;
    unit.put(NOTICE_KIND, key, encode([now, by, name]));
    const names = { was: by, name };
    const notice = { kind, account: new AccountId(group), device: undefined, at: now, names };
    unit.after(() => this.notices.push(notice));
    this.#changed(unit, undefined);
  }

  /** Forget under which names a contact stood here. */
  forgetRenamed(unit: Unit, account: AccountId): void {
    for (const item of unit.items(NOTICE_KIND)) {
      const notice = noticeOf(item);
      const isTheirs = equal(notice.account, account);
      if (!isTheirs || notice.kind !== NoticeKind.CONTACT_RENAMED) continue;
      unit.delete(NOTICE_KIND, item[0]);
      this.#changed(unit, undefined);
    }
  }

  /** Let a notice come again (its cause was dealt with). */
  forgetNotice(unit: Unit, kind: NoticeKind, account: AccountId, device?: DeviceId): void {
    if (unit.delete(NOTICE_KIND, noticeKey(kind, account, device))) this.#changed(unit, undefined);
  }

  /**
   * Return the conversation with a contact, oldest first.
   *
   * @throws FatalError MALFORMED.
   */
  messages(reader: Reader, contact: AccountId): Message[] {
    return reader
      .items(MESSAGE_KIND + hex(contact))
      .flatMap(([, data]) => messageOf(contact, data) ?? []);
  }

  /**
   * Return what was said in a group, oldest first.
   *
   * @throws FatalError MALFORMED.
   */
  groupMessages(reader: Reader, group: GroupId): Message[] {
    return reader
      .items(MESSAGE_KIND + groupThread(group))
      .map(([, data]) => messageInGroup(group, data));
  }

  /**
   * Return every notice, oldest first.
   *
   * @throws FatalError MALFORMED.
   */
  allNotices(reader: Reader): Notice[] {
    return reader
      .items(NOTICE_KIND)
      .map(noticeOf)
      .sort((one, other) => one.at - other.at);
  }

  #changed(unit: Unit, contact: AccountId | undefined): void {
    unit.after(() => {
      for (const listener of [...this.#listeners]) listener(contact);
    });
  }
}

function noticeKey(kind: NoticeKind, account: AccountId, device: DeviceId | undefined): Bytes {
  return encode([kind, account, device ?? null]);
}

/** Read a message; undefined for a call, as they were kept here once (`call_rows_before.ts`). */
function messageOf(contact: AccountId, data: Bytes): Message | undefined {
  const value = decode(data);
  const [at, outgoing, text, kind, file] = isList(value) ? value : [];
  if (
    typeof at !== "number" ||
    typeof outgoing !== "boolean" ||
    typeof text !== "string" ||
    !isMessageKind(kind)
  ) {
    throw new FatalError(Code.MALFORMED, "a message of the store cannot be read");
  }
  if (kind === MessageKind.TEXT) return { contact, at, outgoing, text, kind };
  if (kind !== MessageKind.FILE) return undefined;
  if (!isBytes(file)) throw new FatalError(Code.MALFORMED, "a file of the store cannot be read");
  return { contact, at, outgoing, text, kind, file: fileOf(file) };
}

function messageInGroup(group: GroupId, data: Bytes): Message {
  const value = decode(data);
  const [at, outgoing, text, kind, file, author] = isList(value) ? value : [];
  if (!isBytes(file) || !isBytes(author)) {
    throw new FatalError(Code.MALFORMED, "a message of the store cannot be read");
  }
  const facts = file.length > 0 ? [file] : [];
  const row = encode([at ?? null, outgoing ?? null, text ?? null, kind ?? null, ...facts]);
  const message = messageOf(new AccountId(author), row);
  if (message === undefined) {
    throw new FatalError(Code.MALFORMED, "a message of the store cannot be read");
  }
  return { ...message, group };
}

function fileOf(data: Bytes): MessageFile {
  const file = decodeInner(data);
  if (file.kind === "message.file") return file;
  throw new FatalError(Code.MALFORMED, "a file of the store cannot be read");
}

function noticeOf([key, data]: Item): Notice {
  const [about, said] = [decode(key), decode(data)];
  const [kind, account, device, count] = isList(about) ? about : [];
  // Of a change of name: its count besides, and the two names.
  const [at, was, name] = count === undefined ? [said] : isList(said) ? said : [];
  if (
    !isNoticeKind(kind) ||
    !isBytes(account) ||
    !(device === null || isBytes(device)) ||
    typeof at !== "number"
  ) {
    throw new FatalError(Code.MALFORMED, "a notice of the store cannot be read");
  }
  const which = device === null ? undefined : new DeviceId(device);
  const notice = { kind, account: new AccountId(account), device: which, at };
  if (count === undefined) return notice;
  if (typeof was !== "string" || typeof name !== "string") {
    throw new FatalError(Code.MALFORMED, "a notice of the store cannot be read");
  }
  return { ...notice, names: { was, name } };
}

function isMessageKind(value: unknown): value is MessageKind {
  return typeof value === "string" && MESSAGE_KINDS.includes(value);
}

function isNoticeKind(value: unknown): value is NoticeKind {
  return typeof value === "string" && NOTICE_KINDS.includes(value);
}
