/** English, the part about moving to another server. */

import type { Plural } from "./text.ts";

export const enMove = {
  "move.lead":
    "One encrypted file takes you along: you stay who you are. Nothing changes here until you close this account.",
  "move.alone":
    "Servers do not talk to each other. A contact stays one only with an account at the new server as well: somebody has to let them sign up there, and they have to want it.",
  "move.goes": "What goes along",
  "move.goesKey":
    "Your security key. With contacts who move as well your safety number stays the same.",
  "move.goesContacts": {
    one: "{count} contact and what you decided about them. There you wait for them until they come.",
    other:
      "{count} contacts and what you decided about them. There you wait for them until they come.",
  },
  "move.goesCalls": {
    one: "{count} call of your history, and your settings.",
    other: "{count} calls of your history, and your settings.",
  },
  "move.stays": "What stays here",
  "move.staysMessages":
    "Messages and files. This browser shows them until you close this account, which erases them here.",
  "move.staysAccess": "Handle, password, passkeys and recovery code. There you get new ones.",
  "move.staysDevices": "Your other devices. They sign in there anew.",

  "move.makeStep": "Your account as a file",
  "move.make": "Make the file",
  "move.makeText": "It is sealed here, with a passphrase. You show first that it is you.",
  "move.there": "Sign up at the new server",
  "move.thereText":
    "Open a sign-up link of the new server and choose “Bring an account from another server”. Bring the file in once only: whoever has met you there would refuse a second account.",
  "move.tellStep": "Say where you go",
  "move.tell": "Tell your contacts",
  "move.tellText":
    "In the new account, under “Not here yet”, you make one link for all of them. Here you send it.",
  "move.end": "Close this account",
  "move.endText":
    "When everybody is told. Until then it receives what contacts send here. Closing it also erases what this browser keeps of it, messages and files too.",

  "move.how": "What opens the file",
  "move.howMade": "Six words, made for you",
  "move.howMadeHelp": "Shown once. Nobody guesses them.",
  "move.howOwn": "A passphrase of your own",
  "move.making": "Sealing your account. This takes a few seconds.",
  "move.made": "The file is made",
  "move.madeOf": "In it: you, {contacts}, {calls}.",
  "move.contacts": { one: "{count} contact", other: "{count} contacts" },
  "move.calls": { one: "{count} call", other: "{count} calls" },
  "move.words": "What opens the file",
  "move.wordsHelp": "Write it down. It is not shown again.",
  "move.ownWords": "It opens with the passphrase that you chose.",
  "move.apart":
    "Whoever has the file and its passphrase can be you. Keep the two apart, and delete the file once you have moved.",
  "move.save": "Save the file",
  "move.saved": "Saved in your downloads as {name}.",

  "tell.link": "The link that you made there",
  "tell.linkHelp": "In the new account: Settings, Not here yet.",
  "tell.read": "They will read",
  "tell.words":
    "I am moving to another server: {origin}\nIf you want to stay in touch, make an account there and use this link. It is good for a few days.\n{link}",
  "tell.whom": "Who is told",
  "tell.not": "Not told: {names}",
  "tell.nobody": "There is nobody to tell.",
  "tell.send": { one: "Send to {count} contact", other: "Send to {count} contacts" },
  "tell.sent": {
    one: "On its way to {count} contact. Whether they come is theirs to decide.",
    other: "On its way to {count} contacts. Whether they come is theirs to decide.",
  },
  "tell.failed": "Not sent to {names}.",
  "tell.other":
    "This link is of somebody else: your contacts would become theirs. Nothing was sent. Make it in your new account.",
  "tell.here":
    "This link leads to the server where you are. Nothing was sent. Make it in your new account.",

  "bring.title": "Bring your account here",
  "bring.lead":
    "With the file that Visavis made at your other server. You will have a new handle, a new recovery code and this one device.",
  "bring.choose": "Choose the file",
  "bring.another": "Choose another file",
  "bring.chosen": "Chosen",
  "bring.passphrase": "What opens the file",
  "bring.passphraseHelp": "The six words, or the passphrase that you chose",
  "bring.open": "Open it",
  "bring.opening": "Opening it. This takes a few seconds.",
  "bring.found": "This is the account {handle}",
  "bring.foundText": "It brings {contacts} and {calls}. Now sign up here, as anybody does.",
  "moveFile.foreign": "This is no file that Visavis made for a move. Nothing was changed.",
  "moveFile.older":
    "This file is of a form that is no longer read. Nothing was changed; make it anew.",
  "moveFile.newer":
    "A newer Visavis made this file. Nothing was changed; ask whoever runs this server to update it.",
  "moveFile.cut":
    "This file was cut short, or something was added to it. Nothing was changed; copy it again.",
  "moveFile.damaged": "This file is damaged. Nothing was changed; copy it again, or make it anew.",
  "moveFile.greedy":
    "This file asks for more work than any that Visavis makes, so it was not opened. Nothing was changed; do not trust where it comes from.",
  "moveFile.passphrase":
    "The passphrase is wrong for this file, or somebody has changed the file. Nothing was changed.",
  "moveFile.contents":
    "This file opens, and what is in it does not hold together. Nothing was changed; make it anew.",
  "moveFile.unreadable": "The browser cannot read this file. Nothing was changed; choose it again.",

  "awaited.lead":
    "Your contacts from before you moved. Whoever comes with the key that you know is as before: compared or not, with the rules you gave them.",
  "awaited.none": "Nobody is waited for.",
  "awaited.verified": "Safety number compared",
  "awaited.blocked": "Blocked: refused here as well",
  "awaited.link": "Make one link for all of them",
  "awaited.linkText":
    "Good for 30 days. Send it from your old account: Settings, Move to another server, Tell your contacts. Then each of them waits here for your tap.",
  "awaited.forget": "Forget",
  "awaited.forgetTitle": "Wait for {name} no longer?",
  "awaited.forgetText":
    "Whoever comes as {name} is a stranger then: nothing that you compared or decided holds for them.",
  "awaited.forgetBlocked": "{name} is no longer blocked here then, and can come as a stranger.",
} as const satisfies Record<string, string | Plural>;
