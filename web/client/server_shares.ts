/** Shares of recording keys, as a call's consent lays, reads and deletes them at the server (P16). */

import type { ContactAddress } from "../core/address.ts";
import type { Shares } from "./recording_means.ts";
import type { AnonymousApi } from "./transport/anonymous.ts";

/**
 * Return the port to a server.
 *
 * @param api Without account credentials: the server learns of no share whose it is.
 * @param address What is presented to lay one.
 */
export function serverShares(
  api: AnonymousApi,
  address: () => ContactAddress | Promise<ContactAddress>,
): Shares {
  return {
    lay: async (laid) => await api.layShare(await address(), laid),
    read: (slot, key) => api.readShare(slot, key),
    delete: (slot, key) => api.deleteShare(slot, key),
  };
}
