/**
 * What a server does for the conversations of a few devices: mailboxes, sequencers, key packages.
 *
 * Maps in memory; its clock and its failures are the test's own.
 */

import { systemRng as rng } from "../../client/books.ts";
import type { AnonymousApi, StoredCommit } from "../../client/transport/anonymous.ts";
import type { Delivery } from "../../client/transport/receive_socket.ts";
import { type Bytes, equal, hex } from "../../core/bytes.ts";
import { seal } from "../../core/envelope.ts";
import { AuthorizationError, Code, PeerError, UnavailableError } from "../../core/errors.ts";
import { type AnyAddress, sealRequest } from "../../core/handle_request.ts";
import { SHA256 } from "../../core/mls/kdf.ts";

type Sequencer = { next: number; writeHash: Bytes; commits: StoredCommit[] };
type Api = Pick<AnonymousApi, "createSequencer" | "commit" | "pull" | "fetchKeyPackage">;
/** What devices ask of it; a test may put its own function in the place of one. */
export type SequencerApi = { -readonly [Name in keyof Api]: Api[Name] };

/** Mailboxes, capabilities that died, sequencers and key packages. */
export class FakeServer {
  time = 1_800_000_000;
  /** Everything fails as when the server cannot be reached. */
  away = false;
  readonly mail = new Map<string, Delivery[]>();
  readonly dead = new Set<string>();
  readonly sequencers = new Map<string, Sequencer>();
  readonly keyPackages = new Map<string, Bytes[]>();

  readonly api: SequencerApi = {
    createSequencer: async (address, handle, writeHash, { firstN }) => {
      this.#present(address);
      const found = this.sequencers.get(hex(handle));
      if (found !== undefined) throw new PeerError(Code.CONFLICT, "the handle is taken");
      const made = { next: firstN, writeHash: new Uint8Array(writeHash), commits: [] };
      this.sequencers.set(hex(handle), made);
    },
    commit: async (address, handle, n, { writeKey, sealed, nextWriteKeyHash }) => {
      this.#present(address);
      const found = this.#sequencer(handle);
      if (n !== found.next) throw new PeerError(Code.CONFLICT, "another was first");
      const isMember = equal(SHA256.hash(new Uint8Array(writeKey)), found.writeHash);
      if (!isMember) throw new AuthorizationError(Code.REFUSED, "not the key of this epoch");
      found.commits.push({ n, sealed: new Uint8Array(sealed) });
      found.writeHash = new Uint8Array(nextWriteKeyHash);
      found.next += 1;
    },
    pull: async (address, handle, after) => {
      this.#present(address);
      const { commits, next } = this.#sequencer(handle);
      return [commits.filter(({ n }) => n > after), next];
    },
    fetchKeyPackage: async (address) => {
      this.#present(address);
      const found = this.keyPackages.get(hex(address.mailbox))?.shift();
      if (found === undefined) throw new UnavailableError(Code.QUOTA, "none left today");
      return found;
    },
  };

  #present(address: Pick<AnyAddress, "capability">): void {
    if (this.away) throw new UnavailableError(Code.UNAVAILABLE, "away");
    if (this.dead.has(hex(SHA256.hash(new Uint8Array(address.capability))))) {
      throw new AuthorizationError(Code.REFUSED, "no such capability");
    }
  }

  #sequencer(handle: Uint8Array): Sequencer {
    const found = this.sequencers.get(hex(handle));
    if (found === undefined) throw new AuthorizationError(Code.REFUSED, "no such sequencer");
    return found;
  }

  async send(address: AnyAddress, content: Bytes, durable: boolean): Promise<void> {
    this.#present(address);
    const envelope =
      "sealingKey" in address
        ? await sealRequest(address, content, rng)
        : await seal(address.mailbox, address.sealKey, content, rng);
    const box = this.mail.get(hex(address.mailbox)) ?? [];
    this.mail.set(hex(address.mailbox), [...box, { deliveryId: rng(16), durable, envelope }]);
  }
}
