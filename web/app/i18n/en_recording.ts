/**
 * English, the part about recording that calls say, and what stands before them. In the first bundle:
 * an indicator or a question without words would be none.
 *
 * A question has as many words for no as for yes, and nothing that hurries
 * (`tests/app/recording_consent.test.ts`).
 */

import type { Plural } from "./text.ts";

export const enRecording = {
  "kind.audio": "Sound",
  "kind.video": "Picture",
  "kind.screen": "Shared screen",
  "kind.transcript": "Transcript",

  "recorded.region": "What is recorded",
  "recorded.by": "{name} records: {kinds}",
  "recorded.own": "You record: {kinds}",
  "recorded.withdraw": "Withdraw my yes",
  "recorded.stop": "Stop recording",
  "recorded.over": "Nothing is recorded any more.",
  "recorded.tab": "● Recording",

  "request.title": "{name} asks to record this call",
  "request.rule": "Nothing is recorded unless everybody says yes.",
  "request.goesOn": "Whichever you say, the call goes on.",
  "request.kinds": "Choose what you agree to",
  "request.purpose": "What for",
  "request.place": "Where it is kept",
  "request.place.device": "On the device of {name}, nowhere else",
  "request.place.uploaded":
    "On the device of {name}, and sealed on the server, which cannot open it",
  "request.days": "How long",
  "request.daysLong": {
    one: "{count} day. Then its keys are deleted.",
    other: "{count} days. Then its keys are deleted.",
  },
  "request.recipients": "Who can play it",
  "request.recipients.members": "Everybody who says yes",
  "request.clear": "Also an export that is not sealed",
  "request.clearHelp": "A file like any other. It cannot be called back.",
  "request.named": "For: {name}",
  "request.withdraw": "Withdrawing",
  "request.withdrawLong":
    "One tap, at any time: in the red bar during the call, later under “My consents”. Then recording ends, and Visavis no longer plays what there is of you.",
  "request.cannot":
    "Nobody can stop somebody from filming the screen, or from using a changed program. An export cannot be called back.",
  "request.no": "No",
  "request.yes": "Yes",
  "request.choose": "First choose what you agree to. Nothing is chosen for you.",
  "request.open": "{name} asks to record. Silence counts as no.",
  "request.answer": "Answer",
  "request.given": "You said yes to {name}. Recording begins once everybody has.",

  "held.title": "You are not in the conversation yet",
  "held.question":
    "You hear the others, and they hear you, once you have answered. Yes and no both let you in.",
  "held.waiting": "The others say first whether somebody wants to record.",

  "askRecord.title": "Ask to record",
  "askRecord.lead":
    "Each person is asked for themselves. Recording begins once everybody has said yes.",
  "askRecord.kinds": "What do you want to record?",
  "askRecord.purpose": "What for?",
  "askRecord.purposeHelp": "Everybody reads this.",
  "askRecord.tooLong": "That is too long. A sentence or two will do.",
  "askRecord.days": "For how many days?",
  "askRecord.daysHelp": "1 to 30. Then its keys are deleted.",
  "askRecord.clear": "Ask for an export that is not sealed",
  "askRecord.clearHelp":
    "A question of its own, and everybody has to agree to it. Such a file cannot be called back.",
  "askRecord.named": "Who else gets the export?",
  "askRecord.namedHelp": "Nobody, if you leave this empty.",
  "askRecord.see": "What the others will see",
  "askRecord.submit": "Ask everybody",
  "askRecord.missing":
    "Choose what to record, say what for, for 1 to 30 days, and choose who can play it.",
  "askRecord.law": "What the law says",
  "askRecord.you": "You",

  "mayNotAsk.title": "You cannot ask to record",
  "mayNotAsk.never": {
    one: "{names} is never to be recorded.",
    other: "{names} are never to be recorded.",
  },
  "mayNotAsk.somebody": "Somebody here is never to be recorded.",
  "mayNotAsk.alone": "Nobody else is here.",
  "mayNotAsk.asked": "Your question is being asked already.",
  "mayNotAsk.too_often": "You asked three times in this call. That is the most.",
  "mayNotAsk.held": "You can ask once you are in the conversation.",
  "mayNotAsk.confidential": "Nobody can ask to record a confidential call. It can still be filmed.",
  "mayNotAsk.unable": "This call cannot be recorded with this device.",

  "ownAsk.waits": {
    one: "You asked to record. {count} person has not answered: {names}",
    other: "You asked to record. {count} people have not answered: {names}",
  },
  "ownAsk.answered": "You asked to record. Everybody has answered.",
  "ownAsk.stop": "Stop asking",

  "beforeRecording.note":
    "Somebody may ask to record this call. You are asked then, and nothing is recorded unless everybody says yes.",
  "beforeRecording.never": {
    one: "{names} is never to be recorded. Nobody can ask.",
    other: "{names} are never to be recorded. Nobody can ask.",
  },
  "beforeRecording.own": "You are never to be recorded. Nobody can ask.",
  "beforeRecording.confidential":
    "Nobody can ask to record a confidential call. It can still be filmed.",

  "neverRecord.label": "Never record me",
  "neverRecord.help":
    "Nobody in a call with you can ask to record it. Your contacts see that before a call. A screen can still be filmed.",
  "neverRecord.rule": "Never record me in calls with them",
  "neverRecord.ruleHelp": "They see that before a call, and nobody in it can ask.",
  "neverRecord.ruleAll": "That holds for everybody now: see Settings.",

  "settings.recording": "Recordings",
  "settings.consents": "My consents",
  "settings.consentsHelp": "What you said about recordings, with receipts",
  "settings.recordings": "Recordings",
  "settings.recordingsHelp": "Play, export or remove what was recorded",
} as const satisfies Readonly<Record<string, string | Plural>>;
