/** English: another handle. */

export const enRename = {
  "rename.title": "Change your handle",
  "rename.lead": "Choose another name. The server adds new digits to it.",
  "rename.name": "New name",
  "rename.nameHelp":
    "Small letters, digits, - and _, beginning with a letter. The server adds a dot and five digits.",
  "rename.nameBad":
    "Only small letters, digits, - and _, two to twenty-four of them, beginning with a letter.",
  "rename.contacts":
    "Your contacts are told, each when they are next there, and see which name took the place of which. Conversations and compared safety numbers stay.",
  "rename.old": "{handle} is free then: it finds nobody any more, and somebody else may get it.",
  "rename.rest":
    "You sign in with the new one. Your other devices, your passkeys and your recovery code stay as they are.",
  "rename.submit": "Change my handle",
  "rename.prove": "Is it you?",
  "rename.proveText": "Prove it once more, then your handle is changed.",
  "rename.done": "Your handle is changed",
  "rename.doneLead": "Sign in with it from now on. Your contacts and your other devices are told.",
  "rename.often":
    "Your handle was changed as often today as the server allows. Nothing was changed; try again tomorrow.",
  "rename.unsure":
    "The server did not answer, so it is not certain that your handle was changed. Ask for the same name once more: that settles it.",
  "data.rename": "Change your handle",
  "data.renameHelp": "The one thing the server has of you that could be mended.",
  "data.then.digits": "It cannot be off: a handle that was given up could be picked.",
} as const;
