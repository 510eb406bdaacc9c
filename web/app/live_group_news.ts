/** What became of groups of people, out of the client's notices, in the shape that screens read. */

import type { Message, Notice } from "../client/client.ts";
import { hex } from "../core/bytes.ts";
import { writtenOf } from "./live_people.ts";
import type { Entry } from "./model.ts";
import type { Author, GroupKey, GroupNews, GroupStanding } from "./model_groups.ts";

const KINDS: Readonly<Partial<Record<Notice["kind"], GroupNews>>> = {
  "group invited": "invited",
  "group joined": "joined",
  "group member joined": "memberJoined",
  "group member left": "memberLeft",
  "group member removed": "memberRemoved",
  "group renamed": "renamed",
  "group picture": "picture",
  "group keepers": "keeper",
  "group removed us": "removedUs",
  "group call began": "called",
  "group broken": "broken",
};

type News = Extract<Entry, { kind: "group" }>;

/** Return what was told of one group, oldest first. */
export function newsOf(notices: readonly Notice[], group: GroupKey): News[] {
  const told = notices.filter(({ kind, account }) => KINDS[kind] && hex(account) === group);
  return told.flatMap(({ kind, at, names }, i): News[] => {
    const what = KINDS[kind];
    if (what === undefined || names === undefined) return [];
    const { was: who, name } = names;
    return [{ id: `n${i}`, at, own: false, kind: "group", what, who, name }];
  });
}

/** Return the thread of a group: what was said, and what became of it, by time. */
export function entriesOf(
  messages: readonly Message[],
  news: readonly News[],
  by: (message: Message) => Author | undefined,
): Entry[] {
  return [...writtenOf(messages, by), ...news].toSorted((a, b) => a.at - b.at);
}

/** Say how we stand to a group: one that we came into after it was broken for us is whole again. */
export function standingOf(
  state: Exclude<GroupStanding, "broken">,
  news: readonly News[],
): GroupStanding {
  if (state !== "member") return state;
  const last = news.findLast(({ what }) => what === "joined" || what === "broken");
  return last?.what === "broken" ? "broken" : "member";
}
