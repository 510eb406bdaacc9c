/** Never record me, in all calls: what screens show of it, and how they change it. */

import type { Client } from "../client/client.ts";

/** Whether the person is never to be recorded, in no call. */
export function neverRecordOf(client: Pick<Client, "settings">): boolean {
  return client.settings().neverRecord;
}

/** Say so, or no longer; it holds on all devices, for calls that begin from now on. */
export async function setNeverRecord(
  client: Pick<Client, "setSettings">,
  never: boolean,
): Promise<void> {
  await client.setSettings({ neverRecord: never });
}
