/** Deutsch, der Teil über Aufnahmen, den Anrufe brauchen. */

import type { enRecording } from "./en_recording.ts";
import type { Catalogue } from "./text.ts";

export const deRecording: Pick<Catalogue, keyof typeof enRecording> = {
  "kind.audio": "Ton",
  "kind.video": "Bild",
  "kind.screen": "Geteilter Bildschirm",
  "kind.transcript": "Mitschrift",

  "recorded.region": "Was aufgenommen wird",
  "recorded.by": "{name} nimmt auf: {kinds}",
  "recorded.own": "Du nimmst auf: {kinds}",
  "recorded.withdraw": "Ja zurücknehmen",
  "recorded.stop": "Aufnahme beenden",
  "recorded.over": "Es wird nichts mehr aufgenommen.",
  "recorded.tab": "● Aufnahme",

  "request.title": "{name} bittet darum, diesen Anruf aufzunehmen",
  "request.rule": "Aufgenommen wird nur, wenn alle Ja sagen.",
  "request.goesOn": "Was du auch sagst, der Anruf geht weiter.",
  "request.kinds": "Wähle, womit du einverstanden bist",
  "request.purpose": "Wozu",
  "request.place": "Wo sie liegt",
  "request.place.device": "Auf dem Gerät von {name}, sonst nirgends",
  "request.place.uploaded":
    "Auf dem Gerät von {name} und versiegelt auf dem Server, der sie nicht öffnen kann",
  "request.days": "Wie lange",
  "request.daysLong": {
    one: "{count} Tag. Dann werden ihre Schlüssel gelöscht.",
    other: "{count} Tage. Dann werden ihre Schlüssel gelöscht.",
  },
  "request.recipients": "Wer sie abspielen kann",
  "request.recipients.members": "Alle, die Ja sagen",
  "request.clear": "Auch eine unversiegelte Kopie",
  "request.clearHelp": "Eine Datei wie jede andere. Sie lässt sich nicht zurückholen.",
  "request.named": "Für: {name}",
  "request.withdraw": "Zurücknehmen",
  "request.withdrawLong":
    "Ein Tipp, jederzeit: im Anruf im roten Balken, später unter „Meine Einwilligungen“. Dann endet die Aufnahme, und Visavis spielt nichts mehr ab, was darin von dir ist.",
  "request.cannot":
    "Niemand kann jemanden daran hindern, den Bildschirm zu filmen oder ein verändertes Programm zu benutzen. Eine unversiegelte Kopie lässt sich nicht zurückholen.",
  "request.no": "Nein",
  "request.yes": "Ja",
  "request.choose": "Wähle zuerst, womit du einverstanden bist. Nichts ist für dich gewählt.",
  "request.open": "{name} bittet um eine Aufnahme. Schweigen gilt als Nein.",
  "request.answer": "Antworten",
  "request.given": "Du hast {name} Ja gesagt. Aufgenommen wird, sobald alle das getan haben.",

  "held.title": "Du bist noch nicht im Gespräch",
  "held.question":
    "Du hörst die anderen und sie hören dich, sobald du geantwortet hast. Mit Ja und mit Nein kommst du hinein.",
  "held.waiting": "Die anderen sagen zuerst, ob jemand aufnehmen möchte.",

  "askRecord.title": "Um Aufnahme bitten",
  "askRecord.lead":
    "Jede Person wird einzeln gefragt. Aufgenommen wird, sobald alle Ja gesagt haben.",
  "askRecord.kinds": "Was möchtest du aufnehmen?",
  "askRecord.purpose": "Wozu?",
  "askRecord.purposeHelp": "Das lesen alle.",
  "askRecord.tooLong": "Das ist zu lang. Ein oder zwei Sätze genügen.",
  "askRecord.days": "Für wie viele Tage?",
  "askRecord.daysHelp": "1 bis 30. Dann werden ihre Schlüssel gelöscht.",
  "askRecord.clear": "Um eine unversiegelte Kopie bitten",
  "askRecord.clearHelp":
    "Eine eigene Frage, der alle zustimmen müssen. Eine solche Datei lässt sich nicht zurückholen.",
  "askRecord.named": "Wer bekommt die Kopie noch?",
  "askRecord.namedHelp": "Niemand, wenn du das leer lässt.",
  "askRecord.see": "Was die anderen sehen werden",
  "askRecord.submit": "Alle fragen",
  "askRecord.missing":
    "Wähle, was du aufnehmen willst, sag wozu und für 1 bis 30 Tage, und wähle, wer sie abspielen kann.",
  "askRecord.law": "Was das Gesetz sagt",
  "askRecord.you": "Du",

  "mayNotAsk.title": "Du kannst nicht um Aufnahme bitten",
  "mayNotAsk.never": {
    one: "{names} wird nie aufgenommen.",
    other: "{names} werden nie aufgenommen.",
  },
  "mayNotAsk.somebody": "Jemand hier wird nie aufgenommen.",
  "mayNotAsk.alone": "Sonst ist niemand hier.",
  "mayNotAsk.asked": "Deine Frage wird schon gestellt.",
  "mayNotAsk.too_often": "Du hast in diesem Anruf dreimal gefragt. Öfter geht es nicht.",
  "mayNotAsk.held": "Du kannst fragen, sobald du im Gespräch bist.",
  "mayNotAsk.confidential":
    "Bei einem vertraulichen Anruf kann niemand um Aufnahme bitten. Filmen lässt er sich trotzdem.",
  "mayNotAsk.unable": "Mit diesem Gerät lässt sich dieser Anruf nicht aufnehmen.",

  "ownAsk.waits": {
    one: "Du hast um Aufnahme gebeten. {count} Person hat noch nicht geantwortet: {names}",
    other: "Du hast um Aufnahme gebeten. {count} Personen haben noch nicht geantwortet: {names}",
  },
  "ownAsk.answered": "Du hast um Aufnahme gebeten. Alle haben geantwortet.",
  "ownAsk.stop": "Nicht mehr fragen",

  "beforeRecording.note":
    "Jemand kann darum bitten, diesen Anruf aufzunehmen. Dann wirst du gefragt, und aufgenommen wird nur, wenn alle Ja sagen.",
  "beforeRecording.never": {
    one: "{names} wird nie aufgenommen. Niemand kann darum bitten.",
    other: "{names} werden nie aufgenommen. Niemand kann darum bitten.",
  },
  "beforeRecording.own": "Du wirst nie aufgenommen. Niemand kann darum bitten.",
  "beforeRecording.confidential":
    "Bei einem vertraulichen Anruf kann niemand um Aufnahme bitten. Filmen lässt er sich trotzdem.",

  "neverRecord.label": "Mich nie aufnehmen",
  "neverRecord.help":
    "Niemand in einem Anruf mit dir kann um Aufnahme bitten. Deine Kontakte sehen das vor einem Anruf. Ein Bildschirm lässt sich trotzdem filmen.",
  "neverRecord.rule": "Mich in Anrufen mit dieser Person nie aufnehmen",
  "neverRecord.ruleHelp": "Sie sieht das vor einem Anruf, und niemand darin kann darum bitten.",
  "neverRecord.ruleAll": "Das gilt zurzeit für alle: siehe Einstellungen.",

  "settings.recording": "Aufnahmen",
  "settings.consents": "Meine Einwilligungen",
  "settings.consentsHelp": "Was du zu Aufnahmen gesagt hast, mit Belegen",
  "settings.recordings": "Aufnahmen",
  "settings.recordingsHelp": "Aufgenommenes abspielen, ausgeben oder entfernen",
};
