/**
 * Messaging Layer Security (RFC 9420): our own, because no package was fit (docs/adr/0001).
 *
 * Twin of `src/visavis/core/mls/`. Begin with `Group`. Pure: randomness and time are arguments,
 * nothing is read or written. Every check on what others send has an id; the table is
 * `checks_table.ts` and `docs/protocol/mls.md`. Not for media: frames are SFrame's, keyed by
 * `Group.exporter`.
 */

export type { Rng } from "../bytes.ts";
export type { CommitApplied } from "./commit_process.ts";
export { Group, type PendingCommit } from "./group.ts";
export {
  type KeyPackage,
  KeyPackageBundle,
  newKeyPackage,
  UnverifiedKeyPackage,
} from "./key_package.ts";
export {
  type CredentialValidator,
  type RequiredCapabilities,
  requiredCapabilitiesExtension,
} from "./leaf_check.ts";
export { type Extension, ExtensionType, type MemberInfo } from "./leaf_node.ts";
export { type MessageHead, peek, welcomeReferences } from "./peek.ts";
export type { ApplicationMessage, ProposalReceived, Received } from "./receive.ts";
export { resumptionKey } from "./state.ts";
export { generateSignatureKey, SUITE_ID, signaturePublicKey } from "./suite.ts";
