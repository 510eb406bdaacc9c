/** Looking at a message without the group: which group and epoch is it for? */

import type { Bytes } from "../bytes.ts";
import { Reader } from "./codec.ts";
import { readGroupMessage } from "./framing.ts";
import { readGroupInfo, readWelcome } from "./group_context.ts";
import { readKeyPackage } from "./key_package.ts";
import { readMessageOf, readWireFormat, WireFormat } from "./wire.ts";

/** What an MLSMessage shows to anybody; nothing of it is verified. */
export type MessageHead = Readonly<{
  kind: "private" | "public" | "welcome" | "group_info" | "key_package";
  /** The group, where the kind shows it. */
  groupId: Bytes | null;
  /** The epoch, where the kind shows it. */
  epoch: bigint | null;
}>;

/**
 * Read the outside of an MLSMessage.
 *
 * @throws PeerError Malformed anywhere.
 */
export function peek(message: Bytes): MessageHead {
  const reader = new Reader(message);
  const head = readHead(reader, readWireFormat(reader));
  reader.finish();
  return head;
}

function readHead(reader: Reader, wireFormat: WireFormat): MessageHead {
  switch (wireFormat) {
    case WireFormat.WELCOME:
      readWelcome(reader);
      return { kind: "welcome", groupId: null, epoch: null };
    case WireFormat.KEY_PACKAGE:
      readKeyPackage(reader);
      return { kind: "key_package", groupId: null, epoch: null };
    case WireFormat.GROUP_INFO: {
      const { groupId, epoch } = readGroupInfo(reader).context;
      return { kind: "group_info", groupId, epoch };
    }
    case WireFormat.PUBLIC_MESSAGE:
    case WireFormat.PRIVATE_MESSAGE: {
      const body = readGroupMessage(reader, wireFormat);
      const { groupId, epoch } = body.kind === "private" ? body : body.framed;
      return { kind: body.kind, groupId, epoch };
    }
  }
}

/**
 * Return the key package references that a Welcome has secrets for.
 *
 * @param welcome The MLSMessage.
 * @returns One reference per new member, to be compared with `KeyPackageBundle.reference`.
 * @throws PeerError Not a Welcome, or malformed.
 */
export function welcomeReferences(welcome: Bytes): Bytes[] {
  const parsed = readMessageOf(welcome, WireFormat.WELCOME, readWelcome);
  return parsed.secrets.map((secret) => secret.newMember);
}
