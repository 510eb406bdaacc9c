/** English, the pages of groups. */

import type { Plural } from "./text.ts";

export const enGroups = {
  "group.new": "New group",
  "group.newHelp": "A conversation of several people",
  "group.newLead": "Give it a name and ask your contacts in. Nobody is in it before they said yes.",
  "group.name": "Name of the group",
  "group.nameHelp": "Everybody in it, and whom you ask, can read it. Your server cannot.",
  "group.nameBad": "Too long, or with characters that hide or turn text.",
  "group.askWhom": "Whom to ask",
  "group.begin": "Begin the group",
  "group.made": "The group is there. Not everybody has been asked yet.",
  "group.of": "Group {name}",
  "group.details": "Members and settings",
  "group.people": { one: "{count} person", other: "{count} people" },
  "group.empty": "Nothing yet. What is said in the group appears here.",
  "group.brokenLead":
    "Somebody broke the rules of this group. Nothing can change in it any more. Begin a new one without them.",
  "group.leftLead": "You left this group. What was said until then stays here.",
  "group.removedLead": "You were removed from this group. What was said until then stays here.",
  "group.members": "In the group",
  "group.invited": "Asked, and not in it yet: {names}",
  "group.you": "You",
  "group.stranger": "Not a contact. They call themselves so.",
  "group.keeper": "Keeper",
  "group.more": "More about {name}",
  "group.ask": "Ask people in",
  "group.askLead": "They are in the group once they said yes. An invitation holds for a week.",
  "group.asked": "Asked already",
  "group.askThem": { one: "Ask {count} person", other: "Ask {count} people" },
  "group.nobody":
    "There is no contact whom you could ask. Guests can come into its calls by a link.",
  "group.rename": "Rename",
  "group.renameSubmit": "Rename the group",
  "group.picture": "Picture",
  "group.noPicture": "Take the picture away",
  "group.write": "Open your conversation",
  "group.keeperHelp": "Keepers can remove others and name keepers.",
  "group.makeKeeper": "Make a keeper",
  "group.noKeeper": "No keeper any more",
  "group.lastKeeper": "A group has a keeper. Name another one first.",
  "group.remove": "Remove",
  "group.removeSure": "Remove {name}?",
  "group.removeText":
    "They read nothing that is said from then on, and keep what they have. Everybody sees that they were removed.",
  "group.leave": "Leave the group",
  "group.leaveSure": "Leave {name}?",
  "group.leaveText":
    "You leave it on all your devices, and its keys are erased there. What was said until now stays on them. The others see that you left; you come back only if somebody asks you in.",
  "group.leaveLast": "You are its only keeper: nobody can be removed from it any more.",
  "group.asksYou": "{who} asks you into “{name}”",
  "group.peopleIn": {
    one: "{count} person is in it, they say",
    other: "{count} people are in it, they say",
  },
  "group.asksNote":
    "Everybody in it sees your handle and reads what you write. If you decline, nobody is told.",
  "group.callOn": "A call goes on in this group",
  "group.callOnHelp": "Whoever is in it sees when you come in.",
  "group.comeIn": "Come in",
  "group.comeInNote":
    "They see and hear nothing of you until you are in. Everybody in it sees that you came.",
  "group.beginNote":
    "It rings at everybody in the group. They see and hear nothing until they come in.",
  "group.sayYes": "Say yes",
  "group.saidYes": "You said yes to “{name}”. You are in it once a device of {who} has let you in.",

  "rules.groups": "Groups",
  "rules.adds": "May bring you into groups",
  "rules.adds.at_once": "At once",
  "rules.adds.at_onceHelp": "You are in the group without being asked.",
  "rules.adds.asks": "After asking you",
  "rules.adds.asksHelp": "You say yes or no each time.",
  "rules.adds.never": "Never",
  "rules.adds.neverHelp": "Their invitations are dropped, and they are not told.",
} as const satisfies Record<string, string | Plural>;
