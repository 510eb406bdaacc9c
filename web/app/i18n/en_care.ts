/** English, the part about taking care: comparing by code, permissions, locking, and when somebody got in. */

import type { Plural } from "./text.ts";

export const enCare = {
  "safety.qr": "Your code, for their camera",
  "safety.scan": "Scan their code",
  "safety.scanTitle": "Scan the code of {name}",
  "safety.scanLead":
    "They open this same page about you. Hold their code in the frame; the picture stays here.",
  "safety.scanOther": "This is not the code of a safety number.",
  "safety.match": "The codes match",
  "safety.alarm": "They do not match",

  "file.stop": "Stop",
  "file.progress": "How far the file is",
  "file.stopped": "Stopped. Nothing was sent.",
  "file.tooLate": "It had been sent before you stopped it.",

  "permissions.title": "Permissions",
  "permissions.help": "Camera, microphone, notifications, and when they were used",
  "permissions.lead": "What this browser lets Visavis use. It is asked for only when you need it.",
  "permissions.granted": "Allowed",
  "permissions.denied": "Not allowed",
  "permissions.prompt": "Asks first",
  "permissions.unknown": "Not told",
  "permissions.last": "Last used: {when}",
  "permissions.never": "Not used lately",
  "permissions.revoke": "Take it back",
  "permissions.revokeHelp": "Only the browser can do that. The next call asks again.",
  "permissions.how.chromium":
    "Press the sign to the left of the address, and switch off what you no longer want.",
  "permissions.how.chromiumPhone":
    "Tap the sign to the left of the address, then Permissions, and switch off what you no longer want.",
  "permissions.how.firefox":
    "Press the sign to the left of the address. Beside what is allowed there is a cross: press it.",
  "permissions.how.firefoxPhone":
    "Tap the lock to the left of the address, and then what is allowed: it is blocked.",
  "permissions.how.safari":
    "In the menu Safari, open Settings for this website, and set Camera and Microphone to Ask or Deny.",
  "permissions.how.safariPhone":
    "Tap the sign at the edge of the address, then Website Settings, and set Camera and Microphone to Ask or Deny.",
  "permissions.uses": "Last uses",
  "permissions.usesHelp":
    "Kept encrypted on this device, for thirty days, and told to nobody. Confidential calls are not in it.",
  "permissions.clear": "Delete this list",

  "hacked.title": "Somebody got in",
  "hacked.help": "What to do if you think so",
  "hacked.lead":
    "Do this on a device you trust, one step after the other. Doing it in vain does no harm.",
  "hacked.devices": "Shut out what is not yours",
  "hacked.devicesText":
    "A device you do not know, or do not have any more, reads along until you shut it out.",
  "hacked.password": "Change your password",
  "hacked.passwordText": "Take one that you use nowhere else.",
  "hacked.recovery":
    "The recovery code stays the same, and this version cannot replace it. If somebody saw yours, make a new account and tell your contacts.",
  "hacked.warn": "Warn your contacts",
  "hacked.warnText": "Choose whom. They get it as a message from you, word for word.",
  "hacked.words": "Your message",
  "hacked.message":
    "Somebody may have used my account. Please check with me before you act on a message from me, and let us compare safety numbers.",
  "hacked.all": "Choose all",
  "hacked.send": { one: "Send to {count} person", other: "Send to {count} people" },
  "hacked.sent": "Sent",
  "hacked.nobody": "You have no contacts to warn.",
  "hacked.look": "Look at this device",
  "hacked.lookText": "What the browser allows, and whether calls are safe from here.",
  "hacked.limits": "What this cannot undo",
  "hacked.limitsText":
    "Whoever had a device of yours open could read what lay on it. A device that is shut out reads nothing that is written afterwards.",

  "locked.title": "Locked",
  "locked.lead": "This browser's copy is encrypted. Your passphrase opens it.",
  "locked.passphrase": "Passphrase",
  "locked.submit": "Unlock",
  "locked.forgot":
    "Forgotten? Erase this browser's copy and sign in again. Messages kept only here are lost.",
  "locked.erase": "Erase this copy",
  "locked.eraseSure": "Erase everything Visavis keeps in this browser?",
  "locked.eraseText": "Your account stays. Messages that are only here are gone for good.",
} as const satisfies Record<string, string | Plural>;
