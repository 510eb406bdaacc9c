/**
 * English: the catalogue that gives the others their keys.
 *
 * `{name}` stands for a value. Where a count decides the words, an entry has the forms of
 * Intl.PluralRules. Short sentences, no blame, what to do next.
 */

import { enCalls } from "./en_calls.ts";
import { enCare } from "./en_care.ts";
import { enGroupNews } from "./en_group_news.ts";
import { enMeter } from "./en_meter.ts";
import { enPasskeys } from "./en_passkeys.ts";
import { enPush } from "./en_push.ts";
import { enRecording } from "./en_recording.ts";
import { enTrouble } from "./en_trouble.ts";
import type { Plural } from "./text.ts";

export const en = {
  ...enCalls,
  ...enGroupNews,
  ...enMeter,
  ...enPasskeys,
  ...enPush,
  ...enRecording,
  ...enCare,
  ...enTrouble,
  "app.name": "Visavis",
  "app.tagline": "Face to face, and nobody else.",

  "do.back": "Back",
  "do.cancel": "Cancel",
  "do.close": "Close",
  "do.continue": "Continue",
  "do.copy": "Copy",
  "do.copied": "Copied",
  "do.dismiss": "Dismiss",
  "do.done": "Done",
  "do.retry": "Try again",
  "do.send": "Send",
  "do.share": "Share",
  "do.show": "Show",
  "do.hide": "Hide",

  "welcome.lead":
    "Calls and messages that only the two of you can open. On your own server, with no phone number and no address book.",
  "welcome.join": "I have a sign-up link",
  "welcome.signIn": "Sign in",
  "welcome.fine": "Every call is end-to-end encrypted. There is no switch for that.",

  "signup.title": "Make your account",
  "signup.link": "Sign-up link",
  "signup.linkHelp": "From whoever runs your server. It works once.",
  "signup.linkRead": "Your link has been read. It works once.",
  "signup.name": "Name",
  "signup.nameHelp":
    "Small letters, digits, - and _. A few digits are added to make it yours alone.",
  "signup.nameBad": "Only small letters, digits, - and _, two to twenty of them.",
  "signup.submit": "Make my account",
  "signup.working": "Making your keys. This takes a few seconds.",
  "signup.bring": "Bring an account from another server",

  "privacy.notice": "What this server keeps about you",

  "field.password": "Password",
  "field.newPassword": "New password",
  "field.oldPassword": "Present password",
  "field.handle": "Handle",
  "field.handleHelp": "The whole handle with its digits, like anna.48213",

  "password.help": "15 characters or more. A few words nobody would put together are best.",
  "password.meter": "Strength",
  "password.0": "Guessed at once",
  "password.1": "Guessed quickly",
  "password.2": "So-so",
  "password.3": "Good",
  "password.4": "Very good",
  "password.refused": "Not yet",
  "password.too_short":
    "Too short: 15 characters at least. Several unrelated words are easy to type.",
  "password.too_long": "Longer than 1024 characters.",
  "password.known": "It is on lists of passwords that attackers try first.",
  "password.repeated": "It repeats a few characters or runs through a row of them.",
  "password.context": "It is mostly your own name or the name of this service.",
  "password.mix": "A mix of letters, numbers and symbols makes it stronger still.",
  "password.longer": "A few more words make it much stronger.",

  "recovery.title": "Write this down",
  "recovery.lead":
    "With this code you get back in if you lose your devices or forget your password. It is shown this once and kept nowhere.",
  "recovery.paper": "On paper, somewhere dry. Not in a photo.",
  "recovery.code": "Your recovery code",
  "recovery.confirm": "I have written it down",

  "signin.title": "Welcome back",
  "signin.how": "How do you want to show that it is you?",
  "signin.byDevice": "With another device of mine",
  "signin.byDeviceHelp": "It scans a code from this screen.",
  "signin.byCode": "With my recovery code",
  "signin.byCodeHelp": "The one you wrote down. The password you type becomes your new one.",
  "signin.code": "Recovery code",
  "signin.lost": "All my other devices are lost",
  "signin.lostHelp":
    "They are shut out at once and for good, and erase what they hold if they ever connect again.",
  "signin.submit": "Sign in",
  "signin.working": "Checking, without sending your password anywhere.",

  "pair.title": "Open Visavis on your other device",
  "pair.lead": "Choose Settings, Devices, Add a device there, and scan this code.",
  "pair.waiting": "Waiting for your other device…",
  "pair.compare": "Do both screens show these digits?",
  "pair.compareLead": "Say yes on your other device only if they are the same.",
  "pair.digits": "Digits to compare",

  "approve.title": "Add a device",
  "approve.lead":
    "On the new device: sign in and choose “With another device of mine”. Then scan its code here.",
  "approve.paste": "Or paste its link",
  "approve.start": "Add this device",
  "approve.compare": "Does the new device show these digits?",
  "approve.same": "Yes, the same",
  "approve.differ": "No, stop",
  "approve.stopped": "Nothing was given away. Try again with the new device in front of you.",
  "approve.done": "Your new device is in.",

  "elsewhere.title": "Open in another tab",
  "elsewhere.lead":
    "Visavis is open in another tab or window of this browser. Two at once would tangle your keys.",
  "elsewhere.retry": "Use it here instead",

  "shutOut.title": "This device was shut out",
  "shutOut.lead":
    "Somebody with your password or a passkey of yours removed it from your account. All that it held of Visavis was erased from it.",
  "shutOut.you":
    "If that was you, all is well. If not, sign in on a device you trust, change your password and look at your devices.",
  "shutOut.again": "Sign in anew",

  "refused.title": "The server does not know this device",
  "refused.lead":
    "It can read and send nothing any more. That is so after two years without use, or when the account was closed elsewhere. Nothing was erased here: your account has not said that it shut this device out.",
  "refused.erase": "Erase what is left here",

  "broken.title": "This copy cannot be opened",
  "broken.lead":
    "Nothing was changed. Load the page again; if it stays like this, erase this copy and sign in again.",

  "broken.code": "For whoever helps you: {code}",

  "crash.title": "Something went wrong here",
  "crash.lead":
    "Your messages are safe. Load the page again; after an upgrade of the server that is all it needs.",
  "crash.reload": "Load again",

  "starting.title": "Opening your conversations",

  "home.title": "Conversations",
  "home.empty": "Nobody here yet",
  "home.emptyLead": "Visavis has no address book. You meet by a link, a code or an exact handle.",
  "home.invite": "Invite somebody",
  "home.add": "Add a contact",
  "home.settings": "Settings",
  "home.pick": "Choose a conversation",
  "home.pickLead": "Or invite somebody new.",
  "home.you": "You are {handle}",
  "home.noMessages": "Say hello",
  "awaited.title": "Not here yet",
  "home.awaited": {
    one: "{count} contact from before is not here yet",
    other: "{count} contacts from before are not here yet",
  },
  "home.unread": { one: "{count} new", other: "{count} new" },
  "home.requests": {
    one: "{count} person would like to talk to you",
    other: "{count} people would like to talk to you",
  },
  "home.you.prefix": "You: {text}",

  "person.contact": "Contact",
  "person.rejoining": "Coming back in",
  "person.changed": "Security key changed",
  "person.blocked": "Blocked",
  "person.verified": "Compared",
  "person.unverified": "Not compared yet",

  "net.offline": "No connection. What you write is sent when it is back.",
  "net.connecting": "Connecting…",

  "add.title": "Add a contact",
  "add.invite": "Invite by link",
  "add.inviteHelp": "Send somebody a link, or let them scan your code.",
  "add.scan": "Scan a code",
  "add.scanHelp": "Their invite is on a screen in front of you.",
  "add.paste": "I was sent a link",
  "add.pasteHelp": "Open it, or paste it here.",
  "add.handle": "By exact handle",
  "add.handleHelp": "If they let people ask.",

  "invite.title": "Invite somebody",
  "invite.lead": "Whoever opens this link becomes your contact. It works once, for seven days.",
  "invite.leadMany":
    "Whoever opens this link asks to become your contact; you decide each time. Seven days.",
  "invite.private": "Send it where only they see it. Better still, let them scan it.",
  "invite.one": "For one person",
  "invite.many": "For several",
  "invite.qr": "Code with your invite",
  "invite.copy": "Copy link",
  "invite.shareText": "Talk to me on Visavis",
  "invite.making": "Making a link…",

  "join.title": "You are invited",
  "join.lead":
    "Somebody would like to talk to you, end-to-end encrypted. Accept to become contacts.",
  "join.paste": "Invite link",
  "join.pasteHelp": "It begins with your server's address and has /i# in it.",
  "join.accept": "Accept the invite",
  "join.waiting": "Asked. They become your contact as soon as their device answers.",
  "join.signedOut": "You were sent an invite. Make an account or sign in, and it is accepted next.",

  "scan.title": "Scan a code",
  "scan.lead": "Hold the code in the frame. The picture stays on this device.",
  "scan.denied":
    "The camera is not allowed here. Allow it in the browser's address bar, or paste the link.",
  "scan.missing": "No camera was found. Paste the link instead.",
  "scan.other": "This is a code, but not one of Visavis.",
  "scan.paste": "Paste a link instead",

  "handle.title": "Add by handle",
  "handle.lead": "Ask whoever has exactly this handle. You are not told whether anybody has it.",
  "handle.submit": "Ask them",
  "handle.working": "Asking takes a second or two of work, always.",
  "handle.asked":
    "Asked. If they agree they appear in your conversations. If not, nothing happens.",
  "handle.honest":
    "A look-up by name cannot prove that this first contact is honest. Compare safety numbers; that can.",

  "requests.title": "Requests",
  "requests.empty": "Nobody is waiting.",
  "requests.byLink": "Opened a link of yours",
  "requests.byHandle": "Asked by your handle",
  "requests.was": "They have the key of {name}, your contact before you moved.",
  "requests.accept": "Accept",
  "requests.decline": "Decline",
  "requests.note": "Nobody vouches for these names. If you decline, they are not told.",
  "requests.resembles": "Looks much like {name}",

  "thread.with": "Conversation with {name}",
  "thread.empty": "Nothing yet. Messages and calls with each other appear here.",
  "thread.write": "Message",
  "thread.voice": "Voice call",
  "thread.video": "Video call",
  "thread.details": "Contact details",
  "thread.new": "New",
  "thread.paused": "Sending is paused until you decide about the changed key.",
  "thread.blocked": "You blocked this contact. Nothing is sent or received.",
  "thread.rejoining":
    "Waiting to be let back into this conversation. Their device does it when it is there.",

  "file.attach": "Send a photo or file",
  "file.sealing": "Encrypting {name}",
  "file.sending": "Sending {name}",
  "file.open": "Open",
  "file.opening": "Opening…",

  "event.missed": "Missed call",
  "event.missedVideo": "Missed video call",
  "event.missedVoice": "Missed voice call",
  "event.missedOwn": "They missed your call",
  "event.endedVoice": "Voice call",
  "event.endedVideo": "Video call",
  "event.unanswered": "No answer",
  "event.callBack": "Call back",
  "event.added": "You are contacts now. Compare safety numbers to be sure of each other.",
  "event.addedByHandle":
    "You found each other by handle. That proves little: compare safety numbers.",
  "event.newDevice": "They use a new device. The safety number stays the same.",
  "event.deviceRemoved": "They removed a device.",
  "event.rejoined": "You are back in this conversation.",
  "event.identityChanged": "Their security key changed.",
  "event.ownDeviceAdded": "A new device was added to your account.",
  "event.ownDeviceRemoved": "A device was removed from your account.",
  "event.vaultRolledBack": "The server showed an old copy of your contact list. It was not used.",
  "event.renamed": "{was} is now called {name}. It is the same account with the same security key.",
  "event.renamedGist": "They have another name.",
  "event.ownHandleChanged": "Your handle was changed",
  "alert.ownHandle":
    "Another device of yours did it: you are {name} now. If that was not you, change your password.",
  "event.keysRolledBack": "The server showed an old copy of your keys. They were not used.",

  "alert.newDevice": "A new device is in your account",
  "alert.newDeviceLead":
    "If this was not you, shut it out now, then look at your passkeys and your password.",
  "alert.look": "Look at devices",

  "changed.title": "{name}'s security key has changed",
  "changed.lead":
    "Somebody may be standing between you. Calls and messages are stopped until you decide.",
  "changed.step":
    "Compare safety numbers in person, or by a telephone call where you know the voice.",
  "changed.compare": "Compare safety numbers",
  "changed.same": "The numbers are the same",
  "changed.sameHelp": "The new key was false. Go on with the one you know.",
  "changed.differ": "The numbers differ",
  "changed.differHelp": "End this contact, and begin anew by a link you hand over yourself.",
  "changed.keep": "Keep the known key",
  "changed.forget": "End this contact",
  "changed.banner": "Their security key changed. Sending is stopped.",
  "changed.decide": "Decide",

  "safety.title": "Safety number",
  "safety.lead": "The same number on both sides means nobody stands between you and {name}.",
  "safety.how":
    "Compare it in person or read it to each other. Six groups are yours, six are theirs.",
  "safety.number": "Safety number",
  "safety.same": "It is the same",
  "safety.undo": "Take the mark back",
  "safety.marked": "You compared it. The ring around {name} is closed.",
  "safety.differ": "It differs",
  "safety.differText":
    "Then somebody stands between you, or one of you looks at another contact. Do not go on; end this contact and meet by a link you hand over yourself.",

  "details.devices": { one: "{count} device", other: "{count} devices" },
  "details.since": "Same key since {date}",
  "details.sinceUnknown": "From before this device was added",
  "details.byHandle": "Found by handle",
  "details.forget": "Remove contact",
  "details.forgetSure": "Remove {name}?",
  "details.forgetText":
    "Keys go, and what they hold of yours is refused. Messages on this device stay until you erase it. They are not told.",
  "details.block": "Block",
  "details.unblock": "Unblock",

  "rules.title": "Calls from this contact",
  "rules.calls": "What may ring",
  "rules.calls.video": "All calls",
  "rules.calls.voice": "Voice only",
  "rules.calls.nothing": "Nothing",
  "rules.hours": "Only at certain hours",
  "rules.hoursHelp": "At other times nothing rings here.",
  "rules.days": "Days",
  "rules.from": "From",
  "rules.to": "Until",
  "rules.several": "Several spans of hours are set. Switching them off and on again sets one.",
  "rules.note":
    "To them a call that does not ring looks like no answer. You find it in the conversation as a missed call.",
  "rules.sees": "They may see that it rings here",
  "rules.seesHelp":
    "They learn that a device of yours is on and that you are not in another call, also if you do not answer.",
  "rules.direct": "Direct connection allowed",
  "rules.directHelp":
    "They learn your network address, and so roughly where you are. In return a call can sound better and lag less. It counts only while they allow it too. Confidential calls always go through the relay.",
  "details.blockSure": "Block {name}?",
  "details.blockText":
    "What they hold of yours is refused on all your devices, and what is under way with them ends. They are not told why.",

  "devices.title": "Devices",
  "devices.lead": "Every device of yours reads all new messages and rings.",
  "devices.this": "This device",
  "devices.short": "Device {id}",
  "devices.added": "Added {date}",
  "devices.seen": "Here last {date}",
  "devices.unlisted": "Not on your signed list; it can do nothing",
  "devices.add": "Add a device",
  "devices.revoke": "Shut out",
  "devices.revokeTitle": "Shut out device {id}?",
  "devices.revokeText":
    "It can read and send nothing from then on. When it next connects, it erases what it holds, also messages that are only there. Show that it is you.",
  "devices.revoked": "Shut out everywhere.",

  "settings.title": "Settings",
  "settings.account": "Account",
  "settings.handle": "Your handle",
  "settings.rename": "Change",
  "settings.devices": "Devices",
  "settings.password": "Change password",
  "settings.privacy": "Privacy",
  "settings.findable": "People may ask by my handle",
  "settings.findableHelp":
    "Whoever knows it exactly can send one request to this device. Off: nobody can tell whether it exists.",
  "settings.calls": "Calls",
  "settings.ring": "Ring tone",
  "settings.notify": "Show a notification when it rings",
  "settings.notifyHelp":
    "It says “Visavis is ringing” and no name. Your system may keep a list of notifications.",
  "settings.notifyDenied": "The browser does not allow notifications here.",
  "settings.onlyOpen": "Off: calls ring only while Visavis is open in this browser.",
  "settings.alsoClosed": "On for this device.",
  "settings.recipientsHelp": "Services outside your server",
  "settings.limits": "Honest limits",
  "settings.limitsHelp": "What nothing here protects from",
  "settings.data": "Your data",
  "settings.dataHelp": "All that the server has of you, and what you can do about it",
  "settings.move": "Move to another server",
  "settings.moveHelp": "Take who you are, contacts and history along",
  "settings.keys": "Single keys in a call",
  "settings.keysHelp": "M mutes, V is the camera, and so on.",
  "settings.text": "Open text in every call",
  "settings.textHelp": "You both can write while you talk, and see each letter at once.",
  "settings.looks": "Looks",
  "settings.theme": "Colours",
  "settings.theme.system": "As the system",
  "settings.theme.light": "Light",
  "settings.theme.dark": "Dark",
  "settings.language": "Language",
  "settings.motion": "Less motion",
  "settings.help": "Help",
  "settings.doctor": "Check this device",
  "settings.doctorHelp": "Browser, camera, microphone, relay",
  "settings.lock": "Passphrase for this browser",
  "settings.lockHelp": "Asked for each time you open Visavis here.",
  "settings.lockRemove": "Remove the passphrase",

  "lock.title": "Passphrase for this browser",
  "lock.lead":
    "Whoever gets hold of this device cannot open your messages without it. It is asked for each time; if you forget it, only erasing this copy helps.",
  "lock.new": "New passphrase",
  "lock.submit": "Set it",
  "lock.done": "Set. It is asked for from the next start on.",

  "change.title": "Change password",
  "change.lead": "Your recovery code stays the same.",
  "change.submit": "Change it",
  "change.done": "Your password is changed.",
} as const satisfies Record<string, string | Plural>;
