/** What `Group` (`group.ts`) is asked with: one type for each of its calls. */

import type { Bytes, Rng } from "../bytes.ts";
import type { CommitOptions } from "./commit_create.ts";
import type { CredentialValidator } from "./leaf_check.ts";
import type { Extensions } from "./leaf_node.ts";
import type { PskChoice } from "./sending.ts";
import type { ExternalPsks, ResumptionPsks } from "./state.ts";

/** Who creates which group. */
export type CreateOptions = Readonly<{
  /** Its id; unique among our groups. */
  groupId: Bytes;
  /** Its suite; the product uses `SUITE_ID`. */
  suiteId: number;
  /** Identity for our basic credential. */
  identity: Bytes;
  /** Our signature key. */
  signaturePrivate: Bytes;
  rng: Rng;
  /** Judges credentials. */
  validator: CredentialValidator;
  /** Of our leaf: first and last second, unix time. */
  lifetime: readonly [notBefore: number, notAfter: number];
  /** Of the group context. */
  extensions?: Extensions;
  /** Extension types that our leaf supports besides the ordinary. */
  supports?: readonly number[];
  /** Of our leaf, which supports their types too. */
  leafExtensions?: Extensions;
}>;

/** What a joiner brings to a Welcome. */
export type JoinOptions = Readonly<{
  /** Unix seconds. */
  now: number;
  /** Judges credentials from now on. */
  validator: CredentialValidator;
  /** Judges those of the members that are in the group, if not the same. */
  presentValidator?: CredentialValidator;
  /** The tree, if the Welcome has none. */
  ratchetTree?: Bytes;
  /** External PSKs by the hex of their id. */
  psks?: ExternalPsks;
  /** Resumption PSKs by `resumptionKey`. */
  resumptionPsks?: ResumptionPsks;
}>;

/** Who joins without being added. */
export type ExternalJoinOptions = Readonly<{
  /** Identity for our basic credential. */
  identity: Bytes;
  /** Our signature key. */
  signaturePrivate: Bytes;
  rng: Rng;
  /** Unix seconds. */
  now: number;
  /** Judges credentials. */
  validator: CredentialValidator;
  /** The tree, if the GroupInfo has none. */
  ratchetTree?: Bytes;
  /** Leaf of our own old self, to be replaced. */
  resyncLeaf?: number;
}>;

/** What a commit does, and how it is made. */
export type GroupCommitOptions = CommitOptions &
  Readonly<{
    rng: Rng;
    /** Unix seconds. */
    now: number;
    /** Key packages (MLSMessages) to add. */
    add?: readonly Bytes[];
    /** Leaf indices to remove. */
    remove?: readonly number[];
    /** PSKs to mix in. */
    psks?: readonly PskChoice[];
    /** New extensions of the group context. */
    extensions?: Extensions;
    /** Take up the pending proposals that fit, unless this is false. */
    includePending?: boolean;
  }>;

/** One change to propose. */
export type ProposeOptions = Readonly<{
  rng: Rng;
  /** Unix seconds. */
  now: number;
  /** A key package to add. */
  add?: Bytes;
  /** A leaf index to remove; our own to leave. */
  remove?: number;
  /** Fresh keys for our leaf. */
  update?: boolean;
  /** A PSK to mix in. */
  psk?: PskChoice;
  /** New extensions of the group context. */
  extensions?: Extensions;
  /** As PublicMessage. */
  public?: boolean;
}>;

/** How an application message is encrypted. */
export type EncryptOptions = Readonly<{
  rng: Rng;
  /** Travels in the clear, authenticated. */
  authenticatedData?: Bytes;
  /** Pad to a multiple of this many bytes; 0 for no padding. */
  padTo?: number;
}>;
