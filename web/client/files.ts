/**
 * Files in conversations: prepared, sealed and sent; fetched and checked (twin of
 * `src/visavis/sdk/files.py`; R-106).
 *
 * Sending: what the file is (`file_type.ts`), what it says besides is stripped, then it is sealed
 * under a fresh key, lies as a blob at the server, and a message names it. Receiving is the reverse:
 * fetched only when somebody asks, and handed out only when every check has passed; what it is is
 * decided anew. A blob lives thirty days at the server, like the envelope that names it: who is away
 * longer gets neither, and who has the message without having fetched the file has to ask for it
 * again. Nothing of a file is kept in the profile but what its message says.
 *
 * Loaded with the first file. Not for: the messages themselves (`conversation.ts`), or showing
 * anything.
 */

import type { ContactAddress } from "../core/address.ts";
import * as base64url from "../core/base64url.ts";
import type { Bytes } from "../core/bytes.ts";
import type { MessageFile } from "../core/content_inner.ts";
import { AuthorizationError, Code, UnavailableError, UsageError } from "../core/errors.ts";
import { isRefused, safeName, withExtension } from "../core/file_name.ts";
import { blobSize, chunkCount, digestOf, openFile as opened, sealFile } from "../core/file_seal.ts";
import { EXTENSIONS, type FileType, fileType } from "../core/file_type.ts";
import { type AccountId, BlobId, FileKey, type GroupId, MessageId, random } from "../core/ids.ts";
import { type Stripped, strip } from "../core/strip.ts";
import { thumbnailOf } from "../core/thumbnail.ts";
import { toldInGroup } from "./group_targets.ts";
import type { Message } from "./history.ts";
import type { Session } from "./session.ts";

/** A file that may be sent. */
export type PreparedFile = Readonly<{
  /** As the contact will see it. */
  name: string;
  /** What it is, by its content. */
  type: FileType;
  /** "not_possible": it may say more than it shows, so ask the person before sending. */
  stripped: Stripped;
  /** What will be sent. */
  data: Bytes;
}>;

/**
 * How far it is. A browser does not tell how much of an upload has left: "sending" is told once, at
 * its beginning.
 */
export type FileProgress = Readonly<{
  step: "sealing" | "sending" | "fetching" | "opening";
  /** Bytes done, of how many. */
  done: number;
  total: number;
}>;

/** Who is told on the way, and what breaks it off. */
export type FileOptions = Readonly<{
  onProgress?: (progress: FileProgress) => void;
  /** Ends the work; its reason is thrown. Once the message is written, it goes out. */
  signal?: AbortSignal;
}>;

export type SendFileOptions = FileOptions &
  Readonly<{
    /** A small JPEG (16 KiB, 512 by 512 at most; 5,000 bytes are best); anything else is left out. */
    thumbnail?: Uint8Array;
  }>;

type Parts = Pick<Session, "books" | "anonymous" | "conversations" | "people" | "sync">;

/** Return where those are reached now for whom a file is. */
type Reached = () => readonly ContactAddress[] | Promise<readonly ContactAddress[]>;

/**
 * Decide what a file is, and strip it. Nothing is sent.
 *
 * @throws AuthorizationError UNSAFE_FILE (CK-295).
 * @throws PeerError TOO_LARGE (CK-301), also for an empty file.
 */
export async function prepareFile(file: Blob, name: string): Promise<PreparedFile> {
  chunkCount(file.size); // before it is read
  const read = new Uint8Array(await file.arrayBuffer());
  chunkCount(read.length);
  const type = fileType(read, name);
  return { name: safeName(name), type, ...strip(read, type) };
}

/**
 * Seal a file, store it at the server, and send the message that names it.
 *
 * @throws AuthorizationError As `Conversations.require`; REFUSED.
 * @throws UnavailableError The server is away, its disk is full, or the day's quota is used up.
 *   Nothing was sent.
 */
export async function sendFile(
  session: Parts,
  contact: AccountId,
  prepared: PreparedFile,
  options: SendFileOptions = {},
): Promise<Message> {
  session.conversations.require(contact);
  const { contacts, store } = session.books;
  const reached = () =>
    [...contacts.addresses(store, contact).values()].map(({ address }) => address);
  const content = await contentOf(session, reached, prepared, options);
  return await session.conversations.say(contact, content);
}

/** Send a file to everybody in a group; as `sendFile`. */
export async function sendGroupFile(
  session: Parts,
  group: GroupId,
  prepared: PreparedFile,
  options: SendFileOptions = {},
): Promise<Message> {
  const { books } = session;
  const { actions } = session.people;
  await actions.require(group);
  const reached = async () => {
    const record = await actions.require(group);
    const told = await toldInGroup(books, books.store, record);
    return told.flatMap((to) => books.resolve(books.store, to.account, to.device) ?? []);
  };
  const content = await contentOf(session, reached, prepared, options);
  return await actions.say(group, content);
}

/** Seal and store a file, and return what names it. */
async function contentOf(
  session: Parts,
  reached: Reached,
  { name, type, data }: PreparedFile,
  { thumbnail, onProgress, signal }: SendFileOptions,
): Promise<MessageFile> {
  const { rng, now } = session.books;
  const key = random(FileKey, rng);
  const sealed = await sealFile(data, key, rng, working("sealing", { onProgress, signal }));
  onProgress?.({ step: "sending", done: 0, total: data.length });
  const blob = await stored(session, reached, sealed, signal);
  signal?.throwIfAborted();
  return {
    kind: "message.file",
    id: random(MessageId, rng),
    at: now(),
    name,
    mediaType: type,
    size: data.length,
    sha256: await digestOf(data),
    key,
    blob,
    thumbnail: thumbnailOf(thumbnail) ?? null,
  };
}

/**
 * Fetch a file, check everything about it, and say what it is.
 *
 * @returns The file: its name is safe to show and to save under, its type is by its content.
 * @throws AuthorizationError UNSAFE_FILE (CK-295): it would run; EXPIRED: the server does not have it
 *   any more.
 * @throws PeerError DECRYPTION (CK-296 to CK-299): it is not what the message speaks of. TOO_LARGE.
 * @throws UnavailableError The server is away.
 */
export async function openFile(
  session: Pick<Parts, "anonymous">,
  { file }: Message,
  { onProgress, signal }: FileOptions = {},
): Promise<File> {
  if (file === undefined) throw new UsageError("this message has no file");
  if (isRefused(file.name)) {
    throw new AuthorizationError(Code.UNSAFE_FILE, "CK-295: a program by its name");
  }
  const blob = await fetched(session, file, { onProgress, signal });
  const work = working("opening", { onProgress, signal });
  const data = await opened(blob, file.key, file.sha256, file.size, work);
  // CK-295: decided here again, for the sender's word is a stranger's program's.
  const type = fileType(data, file.name);
  return new File([data], withExtension(file.name, EXTENSIONS[type]), { type });
}

type Told = Readonly<{
  onProgress: ((progress: FileProgress) => void) | undefined;
  signal: AbortSignal | undefined;
}>;

function working(step: FileProgress["step"], { onProgress, signal }: Told) {
  return {
    onProgress: (done: number, total: number) => onProgress?.({ step, done, total }),
    ...(signal && { signal }),
  };
}

async function fetched(
  { anonymous }: Pick<Parts, "anonymous">,
  file: MessageFile,
  { onProgress, signal }: Told,
): Promise<Bytes> {
  const longest = blobSize(file.size);
  try {
    return await anonymous.getBlob(base64url.encode(file.blob), {
      longest,
      onProgress: (done) => onProgress?.({ step: "fetching", done, total: longest }),
      ...(signal && { signal }),
    });
  } catch (error) {
    if (!(error instanceof AuthorizationError)) throw error;
    throw new AuthorizationError(Code.EXPIRED, "the server does not have this file");
  }
}

/** Store a blob, presenting what lets us write to whom it is for. */
async function stored(
  session: Parts,
  reached: Reached,
  sealed: Bytes,
  signal: AbortSignal | undefined,
): Promise<BlobId> {
  try {
    return await storedByOne(session, await reached(), sealed, signal);
  } catch (error) {
    if (!(error instanceof AuthorizationError)) throw error;
    // Perhaps they have just replaced their address: the new one is in our mailbox then.
    await session.sync().catch(() => undefined);
    return await storedByOne(session, await reached(), sealed, signal);
  }
}

/** Try the address of each device: one may be revoked, or used up for today. */
async function storedByOne(
  { anonymous }: Parts,
  addresses: readonly ContactAddress[],
  sealed: Bytes,
  signal: AbortSignal | undefined,
): Promise<BlobId> {
  let failed: unknown = new UnavailableError(Code.UNAVAILABLE, "no device to send to is known");
  const store = async (address: ContactAddress) =>
    new BlobId(base64url.decode(await anonymous.putBlob(address, sealed, signal && { signal })));
  for (const address of addresses) {
    try {
      return await store(address);
    } catch (error) {
      failed = error;
      if (!isOfThisAddress(error)) break;
    }
  }
  throw failed;
}

function isOfThisAddress(error: unknown): boolean {
  if (error instanceof AuthorizationError) return error.code === Code.REFUSED;
  return error instanceof UnavailableError && error.code === Code.QUOTA;
}
