/** A group of people in pages, and how they come into its call. */

import assert from "node:assert/strict";
import { meet, type Person } from "./person.ts";

/** From the first page: press the invitation, and say yes. */
async function comeIn(person: Person): Promise<void> {
  await person.page.goto(person.stage.origin);
  await person.read("1 invitation into a group");
  await person.page.locator("::-p-text(1 invitation into a group)").click();
  await person.press("group.sayYes");
}

/**
 * Have one begin a group, "Choir", and others come into it; all have it open at the end.
 *
 * @param first Begins it.
 * @param others Pages of people who are no contacts of the first yet.
 * @param more Contacts of the first, not in a page; `bring` makes one say yes.
 * @returns The handles of the others, in their order.
 */
export async function choir(
  first: Person,
  others: readonly Person[],
  more: readonly Readonly<{ handle: string; bring: () => Promise<void> }>[] = [],
): Promise<readonly string[]> {
  const handles: string[] = [];
  for (const other of others) {
    await first.page.goto(first.stage.origin);
    await meet(first, other);
    await other.read("anna");
    await other.page.goto(other.stage.origin);
    handles.push(await other.handle());
  }
  await first.page.goto(first.stage.origin);
  await first.press("home.add");
  await first.press("group.new");
  await first.type("group.name", "Choir");
  for (const handle of [...handles, ...more.map((one) => one.handle)]) await first.choose(handle);
  await first.press("group.begin");
  for (const [i, other] of others.entries()) {
    await comeIn(other);
    await first.see("event.group.memberJoined", { who: handles[i] ?? "" });
    await other.page.goto(other.stage.origin);
    await other.openThread("Choir");
    await other.see("event.group.joined");
  }
  for (const { handle, bring } of more) {
    await bring();
    await first.see("event.group.memberJoined", { who: handle });
  }
  return handles;
}

/** Come into the group's call that rings. */
export async function answer(person: Person): Promise<void> {
  await person.see("groupIncoming.video");
  const { connections } = await person.flow();
  assert.equal(connections, 0, "before a tap nothing stands that could send");
  await person.press("incoming.acceptVideo");
}

/** Wait until the page says that this many can hear. */
export function hearing(person: Person, people: number): Promise<void> {
  return person.see("groupCall.hearCount", { count: String(people) });
}
