/**
 * Asks the browser to keep the profile when space is short. Some ask the person in turn: so that is
 * wanted only when there is something to lose and it is clear why, just after the profile was made.
 */

/** @param ask Whether the person may be asked; else only what is granted anyway is taken. */
export async function keepStorage({ ask }: { ask: boolean }): Promise<void> {
  try {
    const { storage, permissions } = navigator;
    if (await storage.persisted()) return;
    const name = "persistent-storage";
    if (ask || (await permissions.query({ name })).state === "granted") await storage.persist();
  } catch {
    // This browser has no such thing. The doctor page says what that means.
  }
}
