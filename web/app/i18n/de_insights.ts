/** German, the part about what calls say, to their owner and to others. */

import type { Plural } from "./text.ts";

export const deInsights = {
  "insights.title": "Was deine Anrufe sagen",
  "insights.lead":
    "Nur dir: auf diesem Gerät aus dem berechnet, was es aufbewahrt, und nirgendwohin gesendet.",
  "insights.empty": "Noch gibt es keine Anrufe, die etwas sagen.",
  "insights.calls": "Anrufe",
  "insights.talked": "Gesprochen",
  "insights.middle": "Übliche Länge",
  "insights.longest": "Längster",
  "insights.table": "Die Zahlen",
  "insights.hour": "Stunde",
  "insights.when": "Wann",
  "insights.whenSays": {
    one: "Am meisten am {day} zwischen {from} und {until} Uhr: {count} Anruf. Je größer der Punkt, desto mehr Anrufe begannen in der Stunde.",
    other:
      "Am meisten am {day} zwischen {from} und {until} Uhr: {count} Anrufe. Je größer der Punkt, desto mehr Anrufe begannen in der Stunde.",
  },
  "insights.lengths": "Wie lange, in Minuten",
  "insights.lengthsSays": {
    one: "{count} Anruf wurde angenommen. Die Hälfte dauerte {middle} oder länger.",
    other: "{count} Anrufe wurden angenommen. Die Hälfte dauerte {middle} oder länger.",
  },
  "insights.length": "Länge",
  "insights.under1": "Unter 1 Minute",
  "insights.under5": "1 bis 5 Minuten",
  "insights.under15": "5 bis 15 Minuten",
  "insights.under60": "15 bis 60 Minuten",
  "insights.over60": "60 Minuten und länger",
  "insights.people": "Mit wem am meisten",
  "insights.person": "Person",
  "insights.balance": "Wer wen anruft",
  "insights.balanceSays": "Insgesamt hast du {own}-mal angerufen, und sie {theirs}-mal.",
  "insights.own": "Du",
  "insights.theirs": "Sie",
  "insights.missed": "Verpasst",
  "insights.missedNone": "Du hast keinen Anruf verpasst.",
  "insights.missedSays": {
    one: "{count} verpasst, {returned} erwidert.",
    other: "{count} verpasst, davon {returned} erwidert.",
  },
  "insights.returnedAfter": "Meist nach {time}.",
  "insights.returnedMeans": "Erwidert: Ihr habt binnen eines Tages miteinander gesprochen.",
  "insights.weeks": "Die letzten 12 Wochen",
  "insights.weeksSays": "Diese Woche bisher: {now}. In den elf Wochen davor: {mean} je Woche.",
  "insights.week": "Woche ab",
  "insights.thisWeek": "jetzt",
  "mirror.title": "Was eine Plattform daraus lernen könnte",
  "mirror.help": "Dieselben Anrufe, mit fremden Augen",
  "mirror.lead": "Hätte jemand anders diese Liste, würde gewöhnliches Raten dies daraus machen.",
  "mirror.here":
    "Auf diesem Gerät berechnet und nirgendwohin gesendet. Dein Server kann diese Liste nicht lesen.",
  "mirror.empty":
    "Hier ist zu wenig aufbewahrt, um etwas zu schließen: Es braucht etwa dreißig Anrufe an vierzehn Tagen, oder ein Wort in einem Namen oder einer Notiz.",
  "mirror.limits":
    "Das sind Faustregeln, und sie können irren. Die einer Plattform auch, aber sie hat Millionen Verläufe zum Vergleich.",
  "mirror.more": { one: "Und {count} weitere.", other: "Und {count} weitere." },
  "mirror.ties": "Wer dir am nächsten steht",
  "mirror.tiesSays": "{names}: {share} der Zeit, die du gesprochen hast, {time}.",
  "mirror.sleep": "Wann du schläfst",
  "mirror.sleepSays": "Zwischen {from} und {until} gibt es kaum einen Anruf.",
  "mirror.work": "Mit wem du arbeitest, und wann",
  "mirror.workSays": "{names}: Anrufe an Werktagen, zwischen {from} und {until}.",
  "mirror.new": "Wer neu in deinem Leben ist",
  "mirror.newSays": "{name}: {calls} in den letzten vier Wochen, davor keiner.",
  "mirror.ended": "Wer nicht mehr darin ist",
  "mirror.endedSays":
    "{name}: {calls} in den zwei Monaten davor, keiner in den letzten vier Wochen.",
  "mirror.sensitive": "Was du lieber nicht sagst",
  "mirror.sensitiveSays": "{name}: {about}, wegen des Wortes „{word}“. {calls}.",
  "mirror.pattern": "Dass du es bist",
  "mirror.patternSays":
    "{people} und {calls} ergeben ein Muster. Es bleibt deines, auch unter anderem Namen oder anderer Nummer.",
  "mirror.people": { one: "{count} Mensch", other: "{count} Menschen" },
  "about.health": "Gesundheit",
  "about.mind": "seelische Gesundheit",
  "about.law": "Recht",
  "about.money": "Schulden",
  "about.faith": "Glaube",
  "about.work": "Arbeit und Gewerkschaft",
  "study.eagle2009":
    "Eagle, Pentland und Lazer (2009) erkannten 95 % der Freundschaften unter 94 Menschen an dem, was deren Telefone festhielten: Anrufe, und wer in der Nähe war. Freunde rufen zu anderen Zeiten an als andere.",
  "study.monsivais2017":
    "Monsivais und andere (2017) lasen aus den Anrufen von etwa einer Million Menschen, wann sie ruhen. Sie nennen Mittelwerte von Gruppen, nicht, wie genau es für einen einzelnen ist.",
  "study.toole2015":
    "Toole und andere (2015) sahen in Anruflisten mit Orten, an welchem Tag ein Werk schloss und wer wohl die Arbeit verloren hatte: Ihre Anrufe änderten sich.",
  "study.mayer2014":
    "Mayer und Mutchler (2014): Von 546 Menschen hatten 57 % einen Gesundheitsdienst angerufen und 10 % einen Anwalt, allein nach öffentlichen Verzeichnissen. Ein billiger Dienst nannte die Namen zu 91 von 100 Nummern (2013).",
  "study.cretu2022":
    "Creţu und andere (2022) fanden 52 % von über 40.000 Menschen daran wieder, mit wem sie und ihre Kontakte Kontakt hatten; nach 20 Wochen 24 %. De Montjoye und andere (2013): Vier Zeiten und Orte heben 95 % von 1,5 Millionen heraus.",
} as const satisfies Record<string, string | Plural>;
