/**
 * The call that this device is in, kept so that a page that is reloaded goes on with it.
 *
 * Sealed in the store like everything else, and there only while the call lasts: whoever opens the
 * profile takes it out. No key and nothing of the media is kept: what comes back is a new call
 * (P10), which names the one that was lost (CK-380).
 *
 * Not for confidential calls: of those nothing is kept.
 */

import { type Bytes, copy } from "../core/bytes.ts";
import { decode, encode, isBytes, isList } from "../core/cbor.ts";
import { Media } from "../core/content_records.ts";
import { AccountId, CallId } from "../core/ids.ts";
import type { Books } from "./books.ts";

const KIND = "call.left";
/** There is one call at a time. */
const KEY: Bytes = new Uint8Array();

/** What a page needs to go on with a call as it was. */
export type LeftCall = Readonly<{
  contact: AccountId;
  call: CallId;
  media: Media;
  /** This side had placed it. */
  outgoing: boolean;
  /** Since when it is talked in, in unix milliseconds. */
  since: number;
  /** What was on. */
  microphone: boolean;
  camera: boolean;
}>;

/** Keep the call, in the place of the one before; with undefined, keep none. */
export async function keepCall({ store }: Books, left: LeftCall | undefined): Promise<void> {
  await store.transaction((unit) => {
    if (left === undefined) {
      unit.delete(KIND, KEY);
      return;
    }
    const { contact, call, media, outgoing, since, microphone, camera } = left;
    const value = [copy(contact), copy(call), media, outgoing, since, microphone, camera];
    unit.put(KIND, KEY, encode(value));
  });
}

/** Take out the call that was left, if one was. */
export async function takeLeftCall({ store }: Books): Promise<LeftCall | undefined> {
  return await store.transaction((unit) => {
    const data = unit.get(KIND, KEY);
    if (data === undefined) return undefined;
    unit.delete(KIND, KEY);
    return leftCallOf(data);
  });
}

/** What does not read is not gone on with. */
function leftCallOf(data: Bytes): LeftCall | undefined {
  const value = decode(data);
  const [contact, call, media, outgoing, since, microphone, camera] = isList(value) ? value : [];
  const isMedia = media === Media.VOICE || media === Media.VIDEO;
  if (!isBytes(contact) || !isBytes(call) || !isMedia || typeof since !== "number") {
    return undefined;
  }
  return {
    contact: new AccountId(contact),
    call: new CallId(call),
    media,
    outgoing: outgoing === true,
    since,
    microphone: microphone === true,
    camera: camera === true,
  };
}
