/** Why the server knows this device no more. */

import { AuthorizationError, Code, PeerError, type VisavisError } from "../core/errors.ts";
import { verifyFarewell } from "../core/farewell.ts";
import type { Books } from "./books.ts";
import type { DeviceApi } from "./transport/device_api.ts";

/**
 * Return `SHUT_OUT` if the account has signed that this device is; else what the server said.
 *
 * A server's word alone changes nothing here (CK-750).
 *
 * @param api With this device's token.
 * @throws UnavailableError It could not be asked; ask again later.
 */
export async function explainRefusal(
  books: Books,
  api: DeviceApi,
  refused: VisavisError,
): Promise<VisavisError> {
  if (refused.code !== Code.REFUSED) return refused;
  const farewell = await api.farewell();
  if (farewell === undefined) return refused;
  const { identityKey } = books.ownList(books.store);
  try {
    await verifyFarewell(identityKey, books.account, books.device, farewell);
  } catch (error) {
    if (error instanceof PeerError) return refused;
    throw error;
  }
  return new AuthorizationError(Code.SHUT_OUT, "this device was shut out of its account");
}
