/** Deutsch: Gruppen. */

import type { enGroupNews } from "./en_group_news.ts";
import type { enGroups } from "./en_groups.ts";
import type { Catalogue } from "./text.ts";

type Key = keyof typeof enGroupNews | keyof typeof enGroups;

export const deGroups: Pick<Catalogue, Key> = {
  "home.by": "{name}: {text}",
  "home.groupInvites": {
    one: "{count} Einladung in eine Gruppe",
    other: "{count} Einladungen in Gruppen",
  },
  "group.left": "Du bist gegangen",
  "group.removed": "Du wurdest entfernt",
  "group.broken": "Endgültig angehalten",
  "event.group.invited": "{who} hat dich in diese Gruppe eingeladen.",
  "event.group.joined": "Du bist jetzt in der Gruppe.",
  "event.group.memberJoined": "{who} ist jetzt in der Gruppe.",
  "event.group.memberLeft": "{who} hat die Gruppe verlassen.",
  "event.group.memberRemoved": "{who} wurde aus der Gruppe entfernt.",
  "event.group.renamed": "{who} hat die Gruppe {name} genannt.",
  "event.group.picture": "{who} hat das Bild der Gruppe geändert.",
  "event.group.keeper": "{who} verwaltet die Gruppe jetzt mit.",
  "event.group.removedUs": "{who} hat dich aus der Gruppe entfernt.",
  "event.group.called": "{who} hat einen Anruf begonnen",
  "event.group.broken":
    "Jemand hat die Regeln dieser Gruppe gebrochen. In ihr kann sich nichts mehr ändern.",

  "group.new": "Neue Gruppe",
  "group.newHelp": "Ein Gespräch zu mehreren",
  "group.newLead":
    "Gib ihr einen Namen und lade deine Kontakte ein. Niemand ist darin, ohne Ja gesagt zu haben.",
  "group.name": "Name der Gruppe",
  "group.nameHelp": "Alle darin können ihn lesen, und wen du einlädst. Dein Server kann es nicht.",
  "group.nameBad": "Zu lang, oder mit Zeichen, die Text verbergen oder umdrehen.",
  "group.askWhom": "Wen du einlädst",
  "group.begin": "Gruppe beginnen",
  "group.made": "Die Gruppe ist da. Noch sind nicht alle eingeladen.",
  "group.of": "Gruppe {name}",
  "group.details": "Mitglieder und Einstellungen",
  "group.people": { one: "{count} Person", other: "{count} Personen" },
  "group.empty": "Noch nichts. Was in der Gruppe gesagt wird, erscheint hier.",
  "group.brokenLead":
    "Jemand hat die Regeln dieser Gruppe gebrochen. In ihr kann sich nichts mehr ändern. Beginn eine neue ohne diese Person.",
  "group.leftLead": "Du hast diese Gruppe verlassen. Was bis dahin gesagt wurde, bleibt hier.",
  "group.removedLead":
    "Du wurdest aus dieser Gruppe entfernt. Was bis dahin gesagt wurde, bleibt hier.",
  "group.members": "In der Gruppe",
  "group.invited": "Eingeladen und noch nicht darin: {names}",
  "group.you": "Du",
  "group.stranger": "Kein Kontakt. Nennt sich selbst so.",
  "group.keeper": "Verwaltet",
  "group.more": "Mehr über {name}",
  "group.ask": "Leute einladen",
  "group.askLead": "Sie sind in der Gruppe, sobald sie Ja sagen. Eine Einladung gilt eine Woche.",
  "group.asked": "Schon eingeladen",
  "group.askThem": { one: "{count} Person einladen", other: "{count} Personen einladen" },
  "group.nobody":
    "Es gibt keinen Kontakt, den du einladen könntest. Gäste können per Link in ihre Anrufe kommen.",
  "group.rename": "Umbenennen",
  "group.renameSubmit": "Gruppe umbenennen",
  "group.picture": "Bild",
  "group.noPicture": "Bild wegnehmen",
  "group.write": "Euer Gespräch öffnen",
  "group.keeperHelp": "Wer verwaltet, kann andere entfernen und andere verwalten lassen.",
  "group.makeKeeper": "Verwalten lassen",
  "group.noKeeper": "Nicht mehr verwalten",
  "group.lastKeeper": "Jemand muss die Gruppe verwalten. Lass zuerst jemand anderen sie verwalten.",
  "group.remove": "Entfernen",
  "group.removeSure": "{name} entfernen?",
  "group.removeText":
    "Von da an ist nichts mehr zu lesen, was gesagt wird; was schon da ist, bleibt dort. Alle sehen, dass jemand entfernt wurde.",
  "group.leave": "Gruppe verlassen",
  "group.leaveSure": "{name} verlassen?",
  "group.leaveText":
    "Du verlässt sie auf allen deinen Geräten, und ihre Schlüssel werden dort gelöscht. Was bisher gesagt wurde, bleibt darauf. Die anderen sehen, dass du gegangen bist; zurück kommst du nur, wenn dich jemand einlädt.",
  "group.leaveLast": "Nur du verwaltest sie: Danach kann niemand mehr aus ihr entfernt werden.",
  "group.asksYou": "{who} lädt dich in „{name}“ ein",
  "group.peopleIn": {
    one: "{count} Person ist nach der Einladung darin",
    other: "{count} Personen sind nach der Einladung darin",
  },
  "group.asksNote":
    "Alle darin sehen deine Kennung und lesen, was du schreibst. Lehnst du ab, erfährt es niemand.",
  "group.callOn": "In dieser Gruppe läuft ein Anruf",
  "group.callOnHelp": "Wer dabei ist, sieht, wenn du dazukommst.",
  "group.comeIn": "Dazukommen",
  "group.comeInNote":
    "Bis du dabei bist, sehen und hören sie nichts von dir. Alle sehen, dass du gekommen bist.",
  "group.beginNote":
    "Es klingelt bei allen in der Gruppe. Sie sehen und hören nichts, bis sie dazukommen.",
  "group.sayYes": "Ja sagen",
  "group.saidYes":
    "Du hast zu „{name}“ Ja gesagt. Du bist darin, sobald ein Gerät von {who} dich einlässt.",

  "rules.groups": "Gruppen",
  "rules.adds": "Darf dich in Gruppen holen",
  "rules.adds.at_once": "Sofort",
  "rules.adds.at_onceHelp": "Du bist in der Gruppe, ohne gefragt zu werden.",
  "rules.adds.asks": "Nach einer Frage an dich",
  "rules.adds.asksHelp": "Du sagst jedes Mal Ja oder Nein.",
  "rules.adds.never": "Nie",
  "rules.adds.neverHelp": "Einladungen werden verworfen, und niemand erfährt es.",
};
