/**
 * Messages and notices as this device keeps them, and the feeds an application reads.
 *
 * Everything here is in the encrypted store first; the feeds only say that something came.
 */

import { type Bytes, concat, copy, equal, hex, uint } from "../core/bytes.ts";
import { decode, encode, isBytes, isList } from "../core/cbor.ts";
import { decodeInner, encodeInner } from "../core/content.ts";
import type { MessageFile, MessageText } from "../core/content_inner.ts";
import { Media } from "../core/content_records.ts";
import { Code, FatalError } from "../core/errors.ts";
import { safeName } from "../core/file_name.ts";
import { AccountId, DeviceId, type MessageId } from "../core/ids.ts";
import { thumbnailOf } from "../core/thumbnail.ts";
import { Feed } from "./lock.ts";
import type { Item, Reader, Unit } from "./unit.ts";

const MESSAGE_KIND = "message/";
const SEEN_KIND = "message.seen/";
const NOTICE_KIND = "notice";

/** What an entry of a conversation is; the last two are kept by whoever shows calls. */
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
  /** Whose conversation. */
  contact: AccountId;
  /** Unix seconds, as its sender's clock said. */
  at: number;
  /** Sent by us (from any of our devices). */
  outgoing: boolean;
  /** What was written; for a missed call what to call it, for a file its name. */
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
  KEYS_ROLLED_BACK: "keys rolled back",
} as const;
export type NoticeKind = (typeof NoticeKind)[keyof typeof NoticeKind];

/** Something about contacts or devices that a person should see. */
export type Notice = Readonly<{
  kind: NoticeKind;
  /** The contact it is about, or our own account. */
  account: AccountId;
  /** The device, if it is about one. */
  device: DeviceId | undefined;
  /** Unix seconds. */
  at: number;
}>;

const MESSAGE_KINDS: readonly string[] = Object.values(MessageKind);
const MEDIA: readonly string[] = Object.values(Media);
const NOTICE_KINDS: readonly string[] = Object.values(NoticeKind);

/** Is told whose conversation changed; undefined when it was the notices. */
export type HistoryListener = (contact: AccountId | undefined) => void;

/** The messages and notices of this device. */
export class History {
  /** Messages from contacts, since the profile was opened. */
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
    const contact = hex(message.contact);
    if (unit.get(SEEN_KIND + contact, copy(messageId)) !== undefined) return false;
    const key = concat(uint(message.at, 8), uint(count, 8), messageId);
    const { call, file } = message;
    const ofCall = call === undefined ? [] : [call.media, call.seconds];
    const facts = file === undefined ? ofCall : [encodeInner(file)];
    const value = encode([message.at, message.outgoing, message.text, message.kind, ...facts]);
    unit.put(SEEN_KIND + contact, copy(messageId), new Uint8Array());
    unit.put(MESSAGE_KIND + contact, key, value);
    if (!message.outgoing) unit.after(() => this.incoming.push(message));
    this.#changed(unit, message.contact);
    return true;
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
    return reader.items(MESSAGE_KIND + hex(contact)).map(([, data]) => messageOf(contact, data));
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

function messageOf(contact: AccountId, data: Bytes): Message {
  const value = decode(data);
  const [at, outgoing, text, kind, media, seconds] = isList(value) ? value : [];
  if (
    typeof at !== "number" ||
    typeof outgoing !== "boolean" ||
    typeof text !== "string" ||
    !isMessageKind(kind)
  ) {
    throw new FatalError(Code.MALFORMED, "a message of the store cannot be read");
  }
  const message = { contact, at, outgoing, text, kind };
  if (media === undefined) return message;
  if (isBytes(media)) return { ...message, file: fileOf(media) };
  if (!isMedia(media) || typeof seconds !== "number") {
    throw new FatalError(Code.MALFORMED, "a call of the store cannot be read");
  }
  return { ...message, call: { media, seconds } };
}

function fileOf(data: Bytes): MessageFile {
  const file = decodeInner(data);
  if (file.kind === "message.file") return file;
  throw new FatalError(Code.MALFORMED, "a file of the store cannot be read");
}

function noticeOf([key, data]: Item): Notice {
  const [name, at] = [decode(key), decode(data)];
  const [kind, account, device] = isList(name) && name.length === 3 ? name : [];
  if (
    !isNoticeKind(kind) ||
    !isBytes(account) ||
    !(device === null || isBytes(device)) ||
    typeof at !== "number"
  ) {
    throw new FatalError(Code.MALFORMED, "a notice of the store cannot be read");
  }
  const which = device === null ? undefined : new DeviceId(device);
  return { kind, account: new AccountId(account), device: which, at };
}

function isMessageKind(value: unknown): value is MessageKind {
  return typeof value === "string" && MESSAGE_KINDS.includes(value);
}

function isMedia(value: unknown): value is Media {
  return typeof value === "string" && MEDIA.includes(value);
}

function isNoticeKind(value: unknown): value is NoticeKind {
  return typeof value === "string" && NOTICE_KINDS.includes(value);
}
