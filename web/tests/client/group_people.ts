/** People in groups, for tests at a real server: what a browser or a Python device sees of them. */

import type { Client, PeopleGroup } from "../../client/client.ts";
import type { Session } from "../../client/session.ts";
import { settle, state } from "./live_people.ts";
import type { TestServer } from "./server.ts";

/** A group as both kinds of devices tell it. */
export type Seen = Readonly<{
  name: string;
  state: string;
  members: readonly string[];
  keepers: readonly string[];
  picture: string | null;
}>;

/** A group as a browser sees it, in the form that Python tells. */
export async function seen(client: Client, name: string): Promise<Seen> {
  const { members, state: how, ...group } = await client.findGroup(name);
  const names = (some: PeopleGroup["members"]) => some.map((member) => member.name).sort();
  return {
    name: group.name,
    state: how,
    members: names(members),
    keepers: names(members.filter(({ keeper }) => keeper)),
    picture: group.picture ? Buffer.from(group.picture).toString("hex") : null,
  };
}

/** What was said in a group, and by whom, as a browser has it. */
export async function said(client: Client, name: string): Promise<string[][]> {
  const group = await client.findGroup(name);
  const history = client.groupHistory(group);
  return await Promise.all(
    history.map(async (one) => [await client.nameOfAuthor(group, one), one.text]),
  );
}

/** What notices of groups say: the kind, whom it is about, what the group is called. */
export function told(client: Client): string[][] {
  return client
    .notices()
    .filter(({ kind }) => kind.startsWith("group"))
    .map(({ kind, names }) => [kind, names?.was ?? "", names?.name ?? ""]);
}

/** Say yes to the invite that waits. */
export async function accept(client: Client): Promise<void> {
  await client.sync();
  const [invitation] = client.groupInvitations();
  if (invitation === undefined) throw new Error(`no invitation: ${state(client)}`);
  await client.acceptGroup(invitation);
}

/** Make a group of browsers, who are contacts of the first. */
export async function groupOf(name: string, founder: Client, ...others: Client[]): Promise<void> {
  const group = await founder.createGroup(name);
  for (const other of others) {
    await founder.inviteToGroup(group, founder.findContact(other.handle));
    await accept(other);
  }
  await settle(founder, ...others);
}

/** The member of a group with this name. */
export async function memberOf(client: Client, group: string, name: string) {
  const { members } = await client.findGroup(group);
  const found = members.find((member) => member.name === name);
  if (found === undefined) throw new Error(`no such member: ${state(client)}`);
  return found;
}

/** What is under the facade, for what no page may see. */
export function underneath(client: Client): Session {
  return (client as unknown as { session: Session }).session;
}

/** Let browsers and Python devices read and answer until nothing is under way. */
export async function all(
  server: TestServer,
  browsers: readonly Client[],
  pythons: readonly string[],
): Promise<void> {
  for (let round = 0; round < 3; round++) {
    for (const who of pythons) await server.ask("sync", { who });
    await settle(...browsers);
  }
}
