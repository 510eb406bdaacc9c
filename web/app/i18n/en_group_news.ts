/** English, the part about groups that the list of conversations says. */

import type { Plural } from "./text.ts";

export const enGroupNews = {
  "home.by": "{name}: {text}",
  "home.groupInvites": {
    one: "{count} invitation into a group",
    other: "{count} invitations into groups",
  },
  "group.left": "You left",
  "group.removed": "You were removed",
  "group.broken": "Stopped for good",
  "event.group.invited": "{who} asked you into this group.",
  "event.group.joined": "You are in the group now.",
  "event.group.memberJoined": "{who} is in the group now.",
  "event.group.memberLeft": "{who} left the group.",
  "event.group.memberRemoved": "{who} was removed from the group.",
  "event.group.renamed": "{who} named the group {name}.",
  "event.group.picture": "{who} changed the picture of the group.",
  "event.group.keeper": "{who} is a keeper now.",
  "event.group.removedUs": "{who} removed you from the group.",
  "event.group.called": "{who} began a call",
  "event.group.broken":
    "Somebody broke the rules of this group. Nothing can change in it any more.",
} as const satisfies Record<string, string | Plural>;
