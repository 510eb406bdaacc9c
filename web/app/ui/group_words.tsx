/** What became of a group, in a sentence; names in it are isolated from the words around them. */

import type { ReactNode } from "react";
import { list, say, sayWith } from "../i18n/text.ts";
import type { Entry } from "../model.ts";
import { plainName } from "../names.ts";
import { Name } from "./parts.tsx";

export function sayNews({ what, who, name }: Extract<Entry, { kind: "group" }>): ReactNode {
  return sayWith(`event.group.${what}`, {
    who: <Name key="who" of={who} />,
    name: <Name key="name" of={name} />,
  });
}

/** Say who was asked into a group and is not in it yet. */
export function sayInvited(names: readonly string[]): string {
  return say("group.invited", {
    names: list(names.map((name) => `\u2068${plainName(name)}\u2069`)),
  });
}
