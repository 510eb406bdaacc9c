/** English, the part about ringing while Visavis is closed, and about who else learns something. */

export const enPush = {
  "push.title": "Ring when Visavis is closed",
  "push.lead": "Off until you switch it on, and for this device only.",
  "push.what":
    "When somebody calls and Visavis is closed here, your server asks the push service of your browser's maker to wake this browser. It says “Somebody is calling”, and no name. Open it, and the call rings.",
  "push.who": "Who sees what",
  "push.service": "Your browser's push service",
  "push.serviceSees":
    "That this browser is being rung, and when. Never who calls. It may know who you are, if you are signed in to the browser or the phone.",
  "push.server": "Your server",
  "push.serverSees":
    "The address at which this browser is rung. It is kept encrypted until you switch this off, or have not opened Visavis here for 90 days. About the calls themselves nothing is kept.",
  "push.system": "This device",
  "push.systemSees": "It shows the notification, and may keep a list of notifications.",
  "push.caller": "Whoever calls you",
  "push.callerSees": "Nothing: not that you use this, and not whether you are there.",
  "push.turnOn": "Switch it on",
  "push.turnOff": "Switch it off",
  "push.isOn": "On for this device.",
  "push.denied":
    "The browser does not allow notifications here, so nothing was switched on. Allow them in the browser's settings for this page and try again.",
  "push.refused":
    "Your server does not use this browser's push service, so nothing was switched on. Calls ring only while Visavis is open here.",
  "push.failed":
    "The browser could not reach its push service, so nothing was switched on. Try again later.",
  "push.noServer":
    "Your server uses no push service: calls ring only while Visavis is open in this browser. Whoever runs the server can change that.",
  "push.noBrowser":
    "This browser cannot be woken: calls ring only while Visavis is open in it. On an iPhone or iPad, add Visavis to the home screen and open it from there.",
  "push.calling": "Somebody is calling",
  "push.called": "Somebody called",

  "recipients.title": "Who else learns something",
  "recipients.lead":
    "Everybody outside your server whom it tells anything. The list comes from how the server is set up right now.",
  "recipients.nobody": "Nobody",
  "recipients.nobodyLead": "Your server tells no other service anything.",
  "recipients.push":
    "A push service. It learns that a browser is being rung, and when, but only of people who switched on “Ring when Visavis is closed”.",
  "recipients.other":
    "Your server does not say what this is. Ask whoever runs it, and load this page again.",
} as const;
