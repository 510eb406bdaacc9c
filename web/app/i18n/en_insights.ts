/** English, the part about what calls say, to their owner and to others. */

import type { Plural } from "./text.ts";

export const enInsights = {
  "insights.title": "What your calls say",
  "insights.lead": "To you alone: worked out on this device from what it keeps, and sent nowhere.",
  "insights.empty": "There are no calls to say anything yet.",
  "insights.calls": "Calls",
  "insights.talked": "Talked",
  "insights.middle": "Usual length",
  "insights.longest": "Longest",
  "insights.table": "The numbers",
  "insights.hour": "Hour",
  "insights.when": "When",
  "insights.whenSays": {
    one: "Most on {day} between {from} and {until}: {count} call. The larger the dot, the more calls began in that hour.",
    other:
      "Most on {day} between {from} and {until}: {count} calls. The larger the dot, the more calls began in that hour.",
  },
  "insights.lengths": "How long, in minutes",
  "insights.lengthsSays": {
    one: "{count} call was answered. Half of them took {middle} or longer.",
    other: "{count} calls were answered. Half of them took {middle} or longer.",
  },
  "insights.length": "Length",
  "insights.under1": "Under 1 minute",
  "insights.under5": "1 to 5 minutes",
  "insights.under15": "5 to 15 minutes",
  "insights.under60": "15 to 60 minutes",
  "insights.over60": "60 minutes and longer",
  "insights.people": "With whom most",
  "insights.person": "Person",
  "insights.balance": "Who calls whom",
  "insights.balanceSays": "In all you called {own} times, and they called {theirs} times.",
  "insights.own": "You",
  "insights.theirs": "They",
  "insights.missed": "Missed",
  "insights.missedNone": "You missed no call.",
  "insights.missedSays": {
    one: "{count} missed, {returned} returned.",
    other: "{count} missed, {returned} of them returned.",
  },
  "insights.returnedAfter": "Usually after {time}.",
  "insights.returnedMeans": "Returned: you talked with each other within a day.",
  "insights.weeks": "The last 12 weeks",
  "insights.weeksSays": "This week so far: {now}. In the eleven weeks before: {mean} a week.",
  "insights.week": "Week from",
  "insights.thisWeek": "now",
  "mirror.title": "What a platform could learn from this",
  "mirror.help": "The same calls, with a stranger's eyes",
  "mirror.lead": "If somebody else had this list, ordinary guessing would make this of it.",
  "mirror.here": "Worked out on this device, and sent nowhere. Your server cannot read this list.",
  "mirror.empty":
    "Too little is kept here to conclude anything: it takes some thirty calls on fourteen days, or a word in a name or note.",
  "mirror.limits":
    "These are rules of thumb, and may be wrong. A platform's may be too, but it has millions of histories to compare yours with.",
  "mirror.more": { one: "And {count} more.", other: "And {count} more." },
  "mirror.ties": "Who is closest to you",
  "mirror.tiesSays": "{names}: {share} of all the time you talked, {time}.",
  "mirror.sleep": "When you sleep",
  "mirror.sleepSays": "Between {from} and {until} there is hardly a call.",
  "mirror.work": "Whom you work with, and when",
  "mirror.workSays": "{names}: calls on weekdays, between {from} and {until}.",
  "mirror.new": "Who is new in your life",
  "mirror.newSays": "{name}: {calls} in the last four weeks, none before.",
  "mirror.ended": "Who is no longer in it",
  "mirror.endedSays": "{name}: {calls} in the two months before, none in the last four weeks.",
  "mirror.sensitive": "What you would rather not tell",
  "mirror.sensitiveSays": "{name}: {about}, by the word “{word}”. {calls}.",
  "mirror.pattern": "That it is you",
  "mirror.patternSays":
    "{people} and {calls} make a pattern. It stays yours under another name or number.",
  "mirror.people": { one: "{count} person", other: "{count} people" },
  "about.health": "health",
  "about.mind": "mental health",
  "about.law": "law",
  "about.money": "debts",
  "about.faith": "faith",
  "about.work": "work and union",
  "study.eagle2009":
    "Eagle, Pentland and Lazer (2009) told 95% of the friendships among 94 people from what their phones recorded: calls, and who was near. Friends differ from others in when they call and meet.",
  "study.monsivais2017":
    "Monsivais and others (2017) read from the calls of about a million people when they rest. They give means of groups, not how exact it is for one person.",
  "study.toole2015":
    "Toole and others (2015) saw in call records, with places, the day a factory closed, and who had probably lost their job: their calls changed.",
  "study.mayer2014":
    "Mayer and Mutchler (2014): of 546 people 57% had called a health service and 10% a lawyer, by public directories alone. A cheap service named 91 of 100 numbers (2013).",
  "study.cretu2022":
    "Creţu and others (2022) found 52% of more than 40,000 people again by whom they and their contacts had contact with; after 20 weeks 24%. De Montjoye and others (2013): four times and places single out 95% of 1.5 million.",
} as const satisfies Record<string, string | Plural>;
