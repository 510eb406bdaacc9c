/** What a client does with files; the code that does it is loaded with the first one. */

import { Shown } from "./client_shown.ts";
import type { FileOptions, PreparedFile, SendFileOptions } from "./files.ts";
import type { Message } from "./history.ts";
import type { Contact } from "./snapshots.ts";

/** The part of `Client` that sends and opens files. */
export class Filing extends Shown {
  /**
   * Read a file, decide what it is, and take out what it says besides. Nothing is sent.
   *
   * @returns The file as it would be sent. If `stripped` is "not_possible" (documents, archives, some
   *   media), tell the person before sending that it may say who made it, when and where.
   * @throws AuthorizationError UNSAFE_FILE, it could run as a program.
   * @throws PeerError TOO_LARGE, more than 25 MB, or empty.
   */
  async prepareFile(file: Blob, name: string): Promise<PreparedFile> {
    return await (await import("./files.ts")).prepareFile(file, name);
  }

  /**
   * Send a file: sealed under a key of its own, for thirty days at the server.
   *
   * @param file A file, or what `prepareFile` made of one (then its own name counts).
   * @throws As `prepareFile` and `sendMessage`.
   * @throws UnavailableError The server is away, has no room, or it is enough for one day. Nothing
   *   was sent.
   */
  async sendFile(
    contact: Contact,
    file: Blob | PreparedFile,
    name: string,
    options: SendFileOptions = {},
  ): Promise<Message> {
    const files = await import("./files.ts");
    const prepared = file instanceof Blob ? await files.prepareFile(file, name) : file;
    return await files.sendFile(this.session, contact.account, prepared, options);
  }

  /**
   * Fetch the file of a message; it is handed out only when every check has passed. Its name is safe
   * to save under, its type is by its content. Show `SHOWN_TYPES` by themselves, offer the rest.
   *
   * @throws AuthorizationError UNSAFE_FILE, it could run as a program; EXPIRED, the server does not
   *   have it any more (thirty days).
   * @throws PeerError DECRYPTION, it is not what the message speaks of.
   * @throws UnavailableError The server cannot be reached.
   */
  async openFile(message: Message, options: FileOptions = {}): Promise<File> {
    return await (await import("./files.ts")).openFile(this.session, message, options);
  }
}
