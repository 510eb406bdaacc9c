/**
 * A yes that was taken back after the call, put behind a recording that is finished (twin of
 * `sdk/recording_behind.py`).
 *
 * The file only grows: the statement, then a mark of who recorded over all before it. Each chunk is one
 * row, so a crash leaves whole chunks; what stands there without a mark is marked the next time.
 *
 * Not for: whether the statement may stand there (`recordings_book.ts`).
 */

import { type Bytes, equal } from "../core/bytes.ts";
import type { ConsentKey, Secret32 } from "../core/ids.ts";
import { readStatement } from "../core/recording_statements.ts";
import { behindOf, type Said, Writer } from "../core/vvrec.ts";
import type { RecordingFile } from "./recording_store.ts";

/**
 * Put a statement behind a file, once, and mark it.
 *
 * @param key Who says it.
 * @param privateKey The private half of the consent key of who recorded.
 * @throws PeerError The file cannot be read any more: nothing is put behind it.
 * @throws UnavailableError DISK_FULL: it can be tried again.
 */
export async function putBehind(
  file: RecordingFile,
  statement: Bytes,
  key: ConsentKey,
  privateKey: Secret32,
): Promise<void> {
  const { number } = await readStatement(statement);
  // The head is a row as well.
  let [rows, isMarked, isThere] = [1, true, false];
  const behind = await behindOf(file.source(), async (chunk) => {
    rows += 1;
    isMarked = chunk.word === "mark";
    if (chunk.word === "said") isThere ||= await reaches(chunk, key, number);
  });
  if (isThere && isMarked) return;
  const writer = Writer.resume((chunk) => file.put(rows++, chunk), behind);
  if (!isThere) await writer.put({ word: "said", statement });
  await writer.mark(privateKey);
}

/** Whether it is of this member, and not older: what is said after it would count for nothing. */
async function reaches({ statement }: Said, key: ConsentKey, number: number): Promise<boolean> {
  const said = await readStatement(statement);
  return equal(said.key, key) && said.number >= number;
}
