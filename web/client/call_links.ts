/**
 * Making, showing and withdrawing call links (docs/protocol/call-link.md); loaded when that is asked
 * for.
 *
 * Not for: guests themselves (`guest.ts`), or who waits for a call (`GroupCall.waiting`).
 */

import { hex } from "../core/bytes.ts";
import { callLinkToText, MAX_LIFETIME_S } from "../core/call_link.ts";
import { AuthorizationError, Code, UsageError } from "../core/errors.ts";
import { identityHash } from "../core/identity.ts";
import { LinkSecret, random } from "../core/ids.ts";
import { lobbyPublicKey } from "../core/lobby.ts";
import { NAME_BYTES, type OwnLink } from "./call_link_book.ts";
import type { PeopleGroup } from "./group_actions.ts";
import type { Session } from "./session.ts";

export const HOURS = 24;
export const GROUP_NAME = "Call by link";
const HOUR_S = 3600;

/** A call link of this device. */
export type ShownLink = Readonly<{
  /** What guests are given. */
  link: string;
  /** Whose call it leads to. */
  group: PeopleGroup;
  /** Unix seconds. */
  expiresAt: number;
  /** It ends with the first guest who is let in. */
  once: boolean;
}>;

/** How a link is made. */
export type CallLinkOptions = Readonly<{
  /** It ends with the first guest who is let in; false unless told otherwise. */
  once?: boolean;
  /** For how long it is good, 1 to 720; 24 unless told otherwise. */
  hours?: number;
}>;

/** Make a link; see `Linking.createCallLink`. */
export async function createCallLink(
  session: Session,
  group: PeopleGroup | undefined,
  { once = false, hours = HOURS }: CallLinkOptions,
): Promise<ShownLink> {
  if (!Number.isInteger(hours) || hours < 1 || hours > MAX_LIFETIME_S / HOUR_S) {
    throw new UsageError("a call link is good for 1 to 720 hours");
  }
  const { actions } = session.people;
  const whose = group ?? (await actions.create(await nameForLinks(session)));
  await actions.require(whose.group);
  const { books } = session;
  const { rng } = books;
  const made: OwnLink = {
    name: rng(NAME_BYTES),
    group: whose.group,
    secret: random(LinkSecret, rng),
    lobbyPrivate: rng(32),
    expiresAt: books.now() + hours * HOUR_S,
    once,
  };
  await books.callLinks.make(made);
  return await shownLink(session, made, whose);
}

/** Return the links of this device that are good, those that end first before others. */
export async function callLinks(session: Session): Promise<readonly ShownLink[]> {
  const { callLinks: book } = session.books;
  await book.purge();
  const groups = await session.people.actions.all();
  const ours = new Map(
    groups.filter(({ state }) => state === "member").map((one) => [hex(one.group), one]),
  );
  const shown = book.all().map(async (link) => {
    const group = ours.get(hex(link.group));
    return group === undefined ? [] : [await shownLink(session, link, group)];
  });
  return (await Promise.all(shown)).flat();
}

/** Have a link lead nowhere; see `Linking.withdrawCallLink`. */
export async function withdrawCallLink(session: Session, link: string): Promise<void> {
  const { callLinks: book } = session.books;
  const wanted = link.trim();
  for (const one of book.all()) {
    if ((await textOf(session, one)) !== wanted) continue;
    await book.end(one);
    session.housekeeping.kick();
    return;
  }
  throw new AuthorizationError(Code.REFUSED, "no call link of this device");
}

async function nameForLinks({ people }: Session): Promise<string> {
  const taken = new Set((await people.actions.all()).map(({ name }) => name));
  for (let number = 1; ; number++) {
    const name = number === 1 ? GROUP_NAME : `${GROUP_NAME} ${number}`;
    if (!taken.has(name)) return name;
  }
}

async function shownLink(session: Session, link: OwnLink, group: PeopleGroup): Promise<ShownLink> {
  const { expiresAt, once } = link;
  return { link: await textOf(session, link), group, expiresAt, once };
}

async function textOf({ books }: Session, link: OwnLink): Promise<string> {
  const { secret, lobbyPrivate, expiresAt } = link;
  const lobby = await lobbyPublicKey(lobbyPrivate);
  const host = identityHash(books.ownList(books.store).identityKey);
  return callLinkToText({ origin: books.profile.origin, secret, lobby, host, expiresAt });
}
