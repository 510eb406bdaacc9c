/** English, the part about what cannot be protected. */

export const enLimits = {
  "limits.title": "What this cannot protect you from",
  "limits.lead":
    "Everything here has an end somewhere. These are the ends we know, by who would be at them.",
  "limits.disk": "Whoever gets the server's disk",
  "limits.diskCan":
    "They see the day on which you joined and were last there, and how much sealed data you have. With the disk and the server's key file together they can guess at passwords; a long one holds.",
  "limits.operator": "Whoever runs the server, with ill will",
  "limits.operatorCan":
    "They see which devices are connected, from where, and when something passes. Watching live, they can match two people who call each other through the relay by time. They can hold messages back, and leave things out of what they tell you.",
  "limits.network": "Whoever listens on the line",
  "limits.networkCan":
    "They see that you talk to this server and its relay, how much and when, and that it looks like a call.",
  "limits.relay": "The relay",
  "limits.relayCan":
    "It sees the network addresses of both ends, and how long and how much. In a group of three or more, a member who works with it could pass off a picture or sound as somebody else's.",
  "limits.push": "Your browser's push service",
  "limits.pushCan":
    "Only if you let it ring while the app is closed: it sees that this device is rung, and when.",
  "limits.contact": "Your contacts",
  "limits.contactCan":
    "They can film the screen and keep what you send; nothing stops that. On the direct path, if you allow it, they see your network address.",
  "limits.removed": "Somebody you blocked or removed",
  "limits.removedCan": "They keep what they had, and can find out that they are refused.",
  "limits.stranger": "A stranger",
  "limits.strangerCan":
    "With an invite link that reached them first, they are the contact you see: compare safety numbers. If you can be found by name, they can fill your list of requests. A look-up by name cannot prove who it found.",
  "limits.device": "Whoever has your device",
  "limits.deviceCan":
    "Unlocked, they are you until you shut the device out. Locked, they have to guess your password.",
  "limits.password": "Whoever knows your password",
  "limits.passwordCan":
    "They can log in and add a device. Your other devices and all your contacts are shown it. An account that comes back without another device cannot notice that the server gave it an older copy.",
  "limits.move": "Whoever finds your move file",
  "limits.moveCan":
    "With its passphrase too they can be you at any server, and read your history. Delete the file once you have moved.",
  "limits.program": "Whoever serves this page",
  "limits.programCan":
    "A browser trusts the page it is given. To be sure, read the source, or build it yourself.",
} as const;
