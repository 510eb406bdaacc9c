/**
 * Which screen is open, kept in the browser's history as state and never in its addresses: whom you
 * talk to is nobody's business who looks at the address bar or the list of visited pages.
 */

import { useSyncExternalStore } from "react";
import type { DataClass } from "../core/account_data.ts";
import type { Media, PersonId } from "./model.ts";
import type { GroupKey } from "./model_groups.ts";

export type Route =
  | { at: "home" }
  | { at: "thread"; id: PersonId }
  | { at: "person"; id: PersonId }
  | { at: "group"; id: GroupKey }
  | { at: "members"; id: GroupKey }
  | { at: "newGroup" }
  | { at: "safety"; id: PersonId }
  | { at: "preview"; id: PersonId; media: Media }
  | { at: "groupPreview"; id: GroupKey; media: Media }
  | { at: "calls" }
  | { at: "callsWith"; id: PersonId }
  | { at: "insights" }
  | { at: "mirror" }
  | { at: "keeping" }
  | { at: "data" }
  | { at: "move" }
  | { at: "awaited" }
  | { at: "dataRows"; kind: DataClass; inDays: number }
  | { at: "add" }
  | { at: "invite" }
  | { at: "join"; link: string }
  | { at: "scan" }
  | { at: "handle" }
  | { at: "requests" }
  | { at: "devices" }
  | { at: "link"; link: string }
  | { at: "settings" }
  | { at: "password" }
  | { at: "rename" }
  | { at: "passkeys" }
  | { at: "passphrase" }
  | { at: "push" }
  | { at: "recipients" }
  | { at: "limits" }
  | { at: "doctor" }
  | { at: "permissions" }
  | { at: "hacked" }
  | { at: "consents" }
  | { at: "recordings" }
  | { at: "receipts" };

type Entry = Readonly<{ route: Route; depth: number }>;

let current: Entry = { route: { at: "home" }, depth: 0 };
const listeners = new Set<() => void>();

function isEntry(value: unknown): value is Entry {
  return typeof value === "object" && value !== null && "route" in value && "depth" in value;
}

function show(entry: Entry): void {
  current = entry;
  for (const listener of listeners) listener();
}

/** Begin to follow the browser's back and forward buttons. */
export function startRouter(first: Route = { at: "home" }): void {
  window.addEventListener("popstate", (event) => {
    show(isEntry(event.state) ? event.state : { route: { at: "home" }, depth: 0 });
  });
  current = { route: first, depth: 0 };
  window.history.replaceState(current, "");
}

export function go(route: Route): void {
  const entry = { route, depth: current.depth + 1 };
  window.history.pushState(entry, "");
  show(entry);
}

/** Go somewhere without a way back to here. */
export function replace(route: Route): void {
  const entry = { route, depth: current.depth };
  window.history.replaceState(entry, "");
  show(entry);
}

/** Go back to where the person came from, or home. */
export function back(): void {
  if (current.depth > 0) window.history.back();
  else replace({ at: "home" });
}

export function useRoute(): Route {
  const read = () => current.route;
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    read,
    read,
  );
}
