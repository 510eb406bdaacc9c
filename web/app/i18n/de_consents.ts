/** Deutsch, der Teil über Einwilligungen, Aufnahmen und das, was das Gesetz sagt. */

import type { enConsents } from "./en_consents.ts";
import type { Catalogue } from "./text.ts";

export const deConsents: Pick<Catalogue, keyof typeof enConsents> = {
  "consents.title": "Meine Einwilligungen",
  "consents.lead":
    "Was du zu Aufnahmen gefragt wurdest und was du gesagt hast. Liegt auf deinen Geräten und, für sie versiegelt, auf dem Server.",
  "consents.none": "Niemand hat dich um eine Aufnahme gebeten.",
  "consents.given": "Du hast Ja gesagt",
  "consents.refused": "Du hast Nein gesagt",
  "consents.withdrawn": "Du hast dein Ja zurückgenommen",
  "consents.expired": "Abgelaufen",
  "consents.by": "{name} hat gefragt",
  "consents.where": "{name}, {day}",
  "consents.kinds": "Ja zu",
  "consents.asked": "Gefragt nach",
  "consents.clear": "Auch zu einer unversiegelten Kopie",
  "consents.clearHelp": "Wurde eine gemacht, lässt sie sich nicht zurückholen.",
  "consents.withdraw": "Ja zurücknehmen",
  "consents.withdrawHelp":
    "Sofort und für immer. Visavis spielt dann nichts mehr ab, was darin von dir ist, und wer aufgenommen hat, erfährt es in eurem Gespräch.",
  "consents.receipt": "Beleg",
  "consents.receiptHelp":
    "Unterschrieben mit deinem Schlüssel von jenem Anruf. „visavis verify-receipt“ prüft ihn ohne Server, und Namen stehen nicht darin.",
  "consents.kantara": "Kantara-Form",
  "consents.kantaraHelp":
    "Dasselbe als Kantara Consent Receipt, für Programme, die das lesen. Nicht unterschrieben.",
  "consents.save": "Speichern",
  "consents.loading": "Der Beleg wird gemacht …",
  "consents.reading": "Wird gelesen …",

  "recordings.title": "Aufnahmen",
  "recordings.lead":
    "Was du aufgenommen hast oder abspielen darfst, versiegelt auf diesem Gerät. Der Teil jeder Person spielt nur, solange ihr Ja gilt.",
  "recordings.none": "Hier sind keine Aufnahmen.",
  "recordings.with": "Mit {name}",
  "recordings.when": "{day}, {length}",
  "recordings.left": {
    one: "Noch {count} Tag abspielbar",
    other: "Noch {count} Tage abspielbar",
  },
  "recordings.expired": "Abgelaufen: Ihre Schlüssel sind gelöscht, und niemand kann sie abspielen.",
  "recordings.whose": "{name}: {why}",
  "recordings.plays": "Spielt",
  "recordings.silent.withdrawn": "Ja zurückgenommen",
  "recordings.silent.expired": "Abgelaufen",
  "recordings.play": "Abspielen",
  "recordings.pause": "Anhalten",
  "recordings.position": "Stelle",
  "recordings.at": "{time} von {length}",
  "recordings.opening": "Schlüssel werden geholt …",
  "recordings.nothing": "Davon lässt sich nichts mehr abspielen.",
  "recordings.file": "Versiegelt speichern",
  "recordings.export": "Ausgeben",
  "recordings.exportTitle": "Ohne Siegel ausgeben?",
  "recordings.exportText":
    "Alle haben dem zugestimmt. Die Datei lässt sich überall öffnen, und weder du noch sonst jemand kann sie zurückholen.",
  "recordings.exportYes": "Ausgeben",
  "recordings.exporting": "Alles wird geöffnet und in eine Datei geschrieben …",
  "recordings.exported": "Die Kopie ist gespeichert.",
  "recordings.remove": "Entfernen",
  "recordings.removeTitle": "Diese Aufnahme entfernen?",
  "recordings.removeText":
    "Sie wird von diesem Gerät gelöscht. Ausgegebenes und was andere haben, bleibt.",
  "recordings.removeYes": "Entfernen",

  "law.title": "Was das Gesetz sagt",
  "law.anyway":
    "Hier werden trotzdem alle gefragt, überall. Nichts in dieser Liste ändert etwas daran.",
  "law.lead":
    "Ob jemand einen Anruf aufnehmen darf, an dem er teilnimmt. Tatsachen aus öffentlichen Quellen, kein Rat; sind Leute an mehreren Orten, können mehrere Gesetze gelten.",
  "law.eu":
    "In der Europäischen Union gilt außerdem das Datenschutzrecht: Wer über den eigenen Haushalt hinaus aufnimmt, braucht eine Rechtsgrundlage und muss es den Leuten sagen.",
  "law.rule.all": "Alle müssen einverstanden sein.",
  "law.rule.told": "Alle müssen davon wissen.",
  "law.rule.one": "Wer am Anruf teilnimmt, darf ihn aufnehmen.",
  "law.rule.firms":
    "Wer am Anruf teilnimmt, darf ihn aufnehmen; Firmen und Organisationen müssen es sagen oder fragen.",
  "law.rule.mixed":
    "Es kommt darauf an: auf die Art des Gesprächs oder darauf, welches Gesetz man fragt.",
  "law.rule.telephone":
    "Wer am Anruf teilnimmt, darf ihn aufnehmen, aber dieses Gesetz handelt von Telefonen, nicht von Anrufen wie diesen.",
  "law.contested": "Umstritten: Quellen widersprechen sich.",
  "law.partial": "Nicht durch eine zweite Quelle geprüft.",
  "law.source": "{source}, gelesen im {month}",
  "law.federal": "{country}, Bundesrecht",
  "law.place.US-REST": "Alle anderen Bundesstaaten",
  "law.place.US-CA": "Kalifornien",
  "law.place.US-FL": "Florida",
  "law.place.US-IL": "Illinois",
  "law.place.US-MD": "Maryland",
  "law.place.US-MA": "Massachusetts",
  "law.place.US-PA": "Pennsylvania",
  "law.place.US-WA": "Washington",
  "law.place.US-NH": "New Hampshire",
  "law.place.US-MT": "Montana",
  "law.place.US-CT": "Connecticut",
  "law.place.US-OR": "Oregon",
  "law.place.US-DE": "Delaware",
  "law.place.US-MI": "Michigan",
  "law.place.US-NV": "Nevada",
  "law.place.US-NE": "Nebraska",
  "law.place.US-VT": "Vermont",
  "law.place.AU-NSW": "Neusüdwales",
  "law.place.AU-SA": "Südaustralien",
  "law.place.AU-WA": "Westaustralien",
  "law.place.AU-TAS": "Tasmanien",
  "law.place.AU-ACT": "Hauptstadtterritorium",
  "law.place.AU-VIC": "Victoria",
  "law.place.AU-QLD": "Queensland",
  "law.place.AU-NT": "Nordterritorium",

  "receipt.what":
    "Ein Beleg zeigt, dass diese Personen zusammen in diesem Anruf waren. Er gilt nur, wenn alle ihn unterschreiben.",
  "receipt.shows":
    "Darin steht ein Schlüssel jeder Person, für diesen Anruf gemacht, und kein Name. Die Zeiten sind die der Uhr dessen, der fragt.",
  "receipt.forGood":
    "Wer ihn hat, kann ihn allen zeigen. Eine Unterschrift lässt sich nicht zurücknehmen, und ein Nein beendet nur diese Frage.",
  "receipt.no": "Nicht unterschreiben",
  "receipt.yes": "Unterschreiben",
  "receipt.notNow": "Nicht fragen",
  "receipt.ask": "Unterschreiben und fragen",
  "receipt.at": "Wann gefragt wurde",
  "receipt.since": "Zusammen seit",
  "receipt.media": "Art des Anrufs",
  "receipt.media.voice": "Sprachanruf",
  "receipt.media.video": "Videoanruf",
  "receipt.mayNot.alone": "Sonst ist niemand zum Unterschreiben hier.",
  "receipt.mayNot.asked": "Nach einem Beleg wird schon gefragt.",
  "receipt.mayNot.too_often":
    "Du hast in diesem Anruf dreimal nach einem Beleg gefragt. Öfter geht es nicht.",
  "receipt.mayNot.confidential": "Ein vertraulicher Anruf hinterlässt keinen Beleg.",
  "receipt.mayNot.unable": "Jetzt lässt sich kein Beleg unterschreiben.",
  "receipt.choose":
    "Wähle, was die Datei zeigt. Was du weglässt, lässt sich aus ihr nicht erfahren.",
  "receipt.showMe": "Zeigen, dass einer der Schlüssel meiner ist",
  "receipt.showMeHelp":
    "Die Datei enthält dann den öffentlichen Schlüssel deines Kontos. Namen sind damit nicht bewiesen.",
  "receipts.title": "Unterschriebene Belege",
  "receipts.lead":
    "Von Anrufen, für die alle darin unterschrieben haben. Sie bleiben auf diesem Gerät, bis du sie entfernst.",
  "receipts.none": "Du hast keinen Beleg.",
  "receipts.call": "Ein Anruf",
  "receipts.signers": "Unterschrieben von: {names}",
  "receipts.remove": "Entfernen",
  "receipts.removeTitle": "Diesen Beleg entfernen?",
  "receipts.removeText": "Die anderen, die unterschrieben haben, behalten ihren.",
};
