/** The outermost frame, MLSMessage (RFC 9420, 6): version, wire format, body. */

import { type Bytes, concat } from "../bytes.ts";
import { ensure } from "./checks.ts";
import * as codec from "./codec.ts";
import { type Read, Reader } from "./codec.ts";

const MLS10 = 1;

/** What an MLSMessage holds (RFC 9420, 17.2). */
export const WireFormat = {
  PUBLIC_MESSAGE: 1,
  PRIVATE_MESSAGE: 2,
  WELCOME: 3,
  GROUP_INFO: 4,
  KEY_PACKAGE: 5,
} as const;

export type WireFormat = (typeof WireFormat)[keyof typeof WireFormat];

/** Encode an MLSMessage. */
export function wrapMessage(wireFormat: WireFormat, body: Uint8Array): Bytes {
  return concat(codec.u16(MLS10), codec.u16(wireFormat), body);
}

/** Read version and wire format (CK-005, CK-006). */
export function readWireFormat(reader: Reader): WireFormat {
  ensure("CK-006", reader.uint(2) === MLS10);
  return codec.readTag(reader, 2, WireFormat);
}

/** Decode an MLSMessage that must be of one kind (CK-008). */
export function readMessageOf<T>(data: Uint8Array, wanted: WireFormat, read: Read<T>): T {
  const reader = new Reader(data);
  ensure("CK-008", readWireFormat(reader) === wanted);
  const body = read(reader);
  reader.finish();
  return body;
}
