/** English, the part about one's own data. */

import type { Plural } from "./text.ts";

export const enData = {
  "data.title": "Your data",
  "data.lead":
    "All that your server has of you, row by row, as it is stored. Nothing is noted about your looking.",
  "data.asking": "Your server is asked",
  "data.show": "Show",
  "data.today": "Today",
  "data.ahead": "In 30 days",
  "data.aheadNote":
    "What would be left on {date} if you stayed away until then: what the server's own clearing leaves.",
  "data.gone": "Gone by then: {names}.",

  "data.is.account": "Your account",
  "data.is.devices": "Your devices",
  "data.is.envelopes": "Envelopes that wait for you",
  "data.is.keyPackages": "Keys with which contacts let your devices in",
  "data.is.handle": "Being found by your name",
  "data.is.push": "Ringing a closed app",
  "data.is.vault": "Your vault",
  "data.is.other": "Other",
  "data.for.account":
    "A random number that stands for you, a keyed hash of your name, what checks that you sign in, your keys, sealed on your device, and what you chose on this page.",
  "data.for.devices":
    "Random numbers for each device and its mailbox, and hashes of the keys that you hand to contacts: 256 at a time, however many contacts you have.",
  "data.for.envelopes":
    "Sealed: the server cannot open them and does not know from whom they are. They go when your device has them.",
  "data.for.keyPackages": "Public keys, each good once.",
  "data.for.handle": "Where requests go, if you let people who know your whole name ask.",
  "data.for.push": "The address of your browser's push service, sealed.",
  "data.for.vault":
    "Contacts, settings and the history of calls for your next device, sealed on yours. The server sees its size.",
  "data.for.other": "Of a newer server: this page has no words for it.",

  "data.why": "Kept because",
  "data.who": "Seen by",
  "data.how": "Stored as",
  "data.until": "Deleted",
  "data.basis.contract": "you asked for it (GDPR 6(1)(b))",
  "data.basis.interest": "the service stands attacks with it (GDPR 6(1)(f))",
  "data.basis.consent": "you switched it on (GDPR 6(1)(a))",
  "data.basis.nobody": "it says nothing about a person",
  "data.who.owner": "you",
  "data.who.contacts": "your contacts",
  "data.who.operator": "whoever runs the server",
  "data.who.anyone": "whoever knows your name",
  "data.who.nobody": "nobody",
  "data.how.ciphertext": "sealed, the keys are on devices",
  "data.how.hash": "a hash",
  "data.how.keyedHash": "a keyed hash",
  "data.how.sealed": "sealed by the server",
  "data.how.publicKey": "a public key",
  "data.how.randomId": "a random number",
  "data.how.signature": "a signature",
  "data.how.day": "a day",
  "data.how.number": "a number",
  "data.how.plain": "readable",
  "data.how.pake": "something that checks your password without knowing it",
  "data.in": { one: "in {count} day ({date})", other: "in {count} days ({date})" },
  "data.inRange": "in {from} to {to} days ({first} to {last})",
  "data.dueNow": "with the next clearing ({date})",
  "data.unused": "{when}, if nothing is used until then",
  "data.rows": { one: "{count} row", other: "{count} rows" },
  "data.size": "{rows}, {bytes}",
  "data.see": "See every row",

  "data.rowsLead": "Every row as it stands in the database of your server.",
  "data.english": "What each column is for is said by the server, in English.",
  "data.columns": "What each column is for",
  "data.rowOf": "Row {at} of {all}",
  "data.rowUntil": "Deleted {when}",
  "data.long": "{bytes}, SHA-256:",
  "data.bytesShow": "Show the bytes",
  "data.bytesHere": "The bytes, in hexadecimal. They match the hash.",
  "data.bytesPart":
    "The first {shown} of {all} bytes. They match the hash; the file that you can save has every one.",
  "data.bytesGone": "This row is gone from the server by now.",
  "data.moreRows": { one: "Show {count} more row", other: "Show {count} more rows" },
  "data.noRows": "There is nothing of it.",

  "data.totals": "In all",
  "data.kind": "What",
  "data.all": "All",
  "data.nothing": "nothing",
  "data.device": "On this device",
  "data.deviceLead":
    "Kept in this browser, sealed. Sizes are those before sealing; of recordings, as they are kept.",
  "data.local.device": "This device",
  "data.local.calls": "Calls",
  "data.local.recordings": "Recordings and consents",
  "data.local.callReceipts": "Signed receipts of calls",
  "data.local.contacts": "Contacts",
  "data.local.groups": "Groups",
  "data.local.keys": "Keys of conversations",
  "data.local.addresses": "Addresses that were given out",
  "data.local.notices": "Notices",
  "data.local.outbox": "Waiting to be sent",
  "data.local.messages": "Messages",
  "data.local.other": "Other",

  "data.elsewhere": "What hangs on no account",
  "data.elsewhereLead":
    "It is in no row above, because the server cannot tell whose it is. So it cannot be shown or deleted for you alone; all of it ends by itself.",
  "data.unlinked": "Kept, and not to be told apart",
  "data.unlinkedText":
    "The order of changes in conversations, spent sign-up links, and attachments, sealed, for 30 days at most.",
  "data.memory": "In memory only",
  "data.memoryText":
    "On no disk, gone when the server restarts: who is connected, attempts to sign in, calls under way.",
  "data.log": "The log",
  "data.logText": "A day, an event and a count. No name, no address; for seven days.",
  "data.header": "Seen while it answers",
  "data.headerText": "What every browser sends with a request. It is used and forgotten.",
  "data.entries": { one: "{count} entry", other: "{count} entries" },
  "data.keptDays": { one: "{count} day", other: "{count} days" },

  "data.do": "What you can do",
  "data.related": "Also yours",

  "data.save": "Take it with you",
  "data.saveHelp": "A file with every byte, or one to read",
  "data.saveLead":
    "Both are made in this page from what the server answers. The first has every byte, for other programs. The second is for reading, and can be printed.",
  "data.saveWarn": "Keep the file to yourself. What is sealed stays sealed in it.",
  "data.saveJson": "Every byte (JSON)",
  "data.saveHtml": "To read (HTML)",
  "data.saving": "{done} of {all} long values fetched",
  "data.saved": "Saved.",
  "data.savedLess": {
    one: "Saved. {count} value was gone by the time it was fetched; its size and hash are there.",
    other:
      "Saved. {count} values were gone by the time they were fetched; their sizes and hashes are there.",
  },

  "data.shorten": "Keep it for less long",
  "data.shortenHelp": "Envelopes that wait, and an account that is not used",
  "data.envelopeDays": "Envelopes that no device fetches",
  "data.envelopeDaysHelp": "They end unread after this. Those who sent them are not told.",
  "data.accountDays": "Your account, if you stay away",
  "data.accountDaysHelp": "It ends with all that is in it. Each use begins the count anew.",
  "data.asServer": {
    one: "{count} day, as the server has it",
    other: "{count} days, as the server has it",
  },
  "data.days": { one: "{count} day", other: "{count} days" },
  "data.shortenNote": "Shorter than the server's, never longer.",
  "data.accountSure": "Your account ends after {days}",
  "data.accountSureText":
    "If no device of yours is used for {days}, the account is deleted with all that is in it. Nobody can bring it back.",
  "data.accountYes": "Keep it so long",

  "data.delete": "Delete this",
  "data.deleteTitle": "Delete: {name}",
  "data.deleteYes": "Delete",
  "data.deleted": {
    one: "Deleted from the server: {count} row.",
    other: "Deleted from the server: {count} rows.",
  },
  "data.deletedNone": "There was nothing of it.",
  "data.follows.push":
    "Calls do not ring a closed app on this device any more. Switching it on again makes a new subscription.",
  "data.follows.handle":
    "Your name is hidden: whoever looks it up gets what everybody gets for a name that nobody has. You can show it again in the settings.",
  "data.follows.keyPackages":
    "Those of this device go. Contacts cannot let it into a new conversation until it uploads fresh ones, as it does within a day. What you have with them goes on.",
  "data.follows.envelopes":
    "What has not come to this device yet is gone unread; those who sent it do not know. If it was a change of keys, a contact has to let this device in again.",
  "data.follows.vault":
    "A new device of yours would start without contacts and calls. It is not kept empty: your devices write it anew with their next change. To be without one, close the account.",

  "data.freeze": "Freeze your account",
  "data.freezeHelp": "Nothing is done with it until you say so (GDPR 18)",
  "data.freezeText":
    "To everybody else you do not exist: nobody reaches you, rings you or finds you. They get what everybody gets for an address that is unknown. Your own devices do not reach each other either. You can sign in and see everything. What is kept still ends on its day.",
  "data.freezeYes": "Freeze",
  "data.frozen": "Your account is frozen",
  "data.frozenText":
    "To everybody else you do not exist. What is sent to you meanwhile is refused. What is kept still ends on its day.",
  "data.thaw": "Unfreeze",
  "data.thawed":
    "Not frozen any more. Your contacts get fresh addresses of this device; do the same on your other devices. What was refused comes if its sender tries again.",

  "data.object": "Object",
  "data.objectHelp": "What is done without your asking, and what comes of objecting (GDPR 21)",
  "data.objectLead":
    "This is done because the service would not stand attacks without it, not because you asked for it (GDPR 6(1)(f)). Of it only the log and the list of requests are on disk.",
  "data.objectWhy": "Why",
  "data.objectThen": "If you object",
  "data.objectNone": "Your server does nothing on that ground.",
  "data.objectLog": "Log: {name}",
  "data.objectFreeze": "To have nothing done with your account, freeze it.",
  "data.then.requests":
    "It cannot be off: it shows that requests were answered in time. It has no name.",
  "data.then.id3":
    "It cannot be off. With the database it could be told whose it is, for seven days.",
  "data.then.push": "Off if you delete “Ringing a closed app”.",
  "data.then.quotas": "Off while your account is frozen.",
  "data.then.attempts": "It cannot be off: passwords could be guessed for ever.",
  "data.then.nobody": "Nothing of it can be told to be yours.",
  "data.then.ask": "Ask whoever runs the server.",

  "receipt.account":
    "The server has signed that it deleted your account, and destroyed the key without which no backup shows it.",
  "receipt.until":
    "The server has signed that. Backups from before open until {date} at the latest.",
  "receipt.save": "Save the receipt",
  "receipt.none": "The server gave no receipt for it.",
  "receipt.bad":
    "The server says that it is deleted, but its receipt does not hold. It was not kept.",
  "closed.title": "Your account is closed",
  "closed.lead": "The server says that no row of it is left. Here, nothing of it is left.",
  "data.close": "Close your account",
  "data.closeHelp": "Everything goes, there and here",
  "data.closeText":
    "The server deletes every row of yours at once, and this browser all that it keeps. Contacts keep what they have of you; they are not told. Nobody can undo it.",
  "data.closeHandle": "To be sure, type your whole handle",
  "data.closeOther": "This is not {handle}.",
  "data.closeYes": "Close it for good",
} as const satisfies Record<string, string | Plural>;
