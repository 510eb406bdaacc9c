/** Deutsch, der Teil über den Umzug auf einen anderen Server. */

import type { Plural } from "./text.ts";

export const deMove = {
  "move.lead":
    "Eine verschlüsselte Datei nimmt dich mit: Du bleibst, wer du bist. Hier ändert sich nichts, bis du dieses Konto schließt.",
  "move.alone":
    "Server reden nicht miteinander. Ein Kontakt bleibt nur einer, wenn er auch auf dem neuen Server ein Konto hat: Jemand muss ihn dort hereinlassen, und er muss es wollen.",
  "move.goes": "Was mitkommt",
  "move.goesKey":
    "Dein Sicherheitsschlüssel. Mit Kontakten, die auch umziehen, bleibt die Sicherheitsnummer dieselbe.",
  "move.goesContacts": {
    one: "{count} Kontakt und was du über ihn entschieden hast. Dort wartest du, bis er kommt.",
    other:
      "{count} Kontakte und was du über sie entschieden hast. Dort wartest du, bis sie kommen.",
  },
  "move.goesCalls": {
    one: "{count} Anruf deines Verlaufs und deine Einstellungen.",
    other: "{count} Anrufe deines Verlaufs und deine Einstellungen.",
  },
  "move.stays": "Was hier bleibt",
  "move.staysMessages":
    "Nachrichten und Dateien. Dieser Browser zeigt sie, bis du dieses Konto schließt; damit sind sie hier gelöscht.",
  "move.staysAccess":
    "Kennung, Passwort, Passkeys und Wiederherstellungscode. Dort bekommst du neue.",
  "move.staysDevices": "Deine anderen Geräte. Sie melden sich dort neu an.",

  "move.makeStep": "Dein Konto als Datei",
  "move.make": "Die Datei anlegen",
  "move.makeText":
    "Sie wird hier verschlossen, mit einer Passphrase. Zuerst zeigst du, dass du es bist.",
  "move.there": "Auf dem neuen Server anmelden",
  "move.thereText":
    "Öffne einen Anmeldelink des neuen Servers und wähle „Ein Konto von einem anderen Server mitbringen“. Bring die Datei nur einmal hinein: Wer dich dort kennt, würde ein zweites Konto ablehnen.",
  "move.tellStep": "Sagen, wohin du ziehst",
  "move.tell": "Den Kontakten Bescheid geben",
  "move.tellText":
    "Im neuen Konto machst du unter „Noch nicht hier“ einen Link für alle. Hier verschickst du ihn.",
  "move.end": "Dieses Konto schließen",
  "move.endText":
    "Wenn alle Bescheid wissen. Bis dahin empfängt es, was Kontakte hierher schicken. Mit dem Schließen löschst du auch, was dieser Browser davon aufhebt, Nachrichten und Dateien eingeschlossen.",

  "move.how": "Was die Datei öffnet",
  "move.howMade": "Sechs Wörter, für dich gemacht",
  "move.howMadeHelp": "Einmal gezeigt. Niemand errät sie.",
  "move.howOwn": "Eine eigene Passphrase",
  "move.making": "Dein Konto wird verschlossen. Das dauert ein paar Sekunden.",
  "move.made": "Die Datei ist fertig",
  "move.madeOf": "Darin: du, {contacts}, {calls}.",
  "move.contacts": { one: "{count} Kontakt", other: "{count} Kontakte" },
  "move.calls": { one: "{count} Anruf", other: "{count} Anrufe" },
  "move.words": "Was die Datei öffnet",
  "move.wordsHelp": "Schreib es auf. Es wird nicht noch einmal gezeigt.",
  "move.ownWords": "Sie öffnet sich mit der Passphrase, die du gewählt hast.",
  "move.apart":
    "Wer die Datei und ihre Passphrase hat, kann du sein. Halte die beiden auseinander, und lösche die Datei, wenn du umgezogen bist.",
  "move.save": "Die Datei sichern",
  "move.saved": "In deinen Downloads gesichert als {name}.",

  "tell.link": "Der Link, den du dort gemacht hast",
  "tell.linkHelp": "Im neuen Konto: Einstellungen, Noch nicht hier.",
  "tell.read": "Das lesen sie",
  "tell.words":
    "Ich ziehe auf einen anderen Server um: {origin}\nWenn du in Verbindung bleiben willst, leg dort ein Konto an und benutze diesen Link. Er gilt ein paar Tage.\n{link}",
  "tell.whom": "Wer Bescheid bekommt",
  "tell.not": "Nicht: {names}",
  "tell.nobody": "Es gibt niemanden, dem du Bescheid geben kannst.",
  "tell.send": { one: "An {count} Kontakt senden", other: "An {count} Kontakte senden" },
  "tell.sent": {
    one: "Unterwegs zu {count} Kontakt. Ob er kommt, entscheidet er.",
    other: "Unterwegs zu {count} Kontakten. Ob sie kommen, entscheiden sie.",
  },
  "tell.failed": "Nicht gesendet an {names}.",
  "tell.other":
    "Dieser Link ist von jemand anderem: Deine Kontakte würden seine. Nichts wurde gesendet. Mach den Link in deinem neuen Konto.",
  "tell.here":
    "Dieser Link führt zu dem Server, auf dem du bist. Nichts wurde gesendet. Mach den Link in deinem neuen Konto.",

  "bring.title": "Dein Konto mitbringen",
  "bring.lead":
    "Mit der Datei, die Visavis auf deinem anderen Server gemacht hat. Du bekommst eine neue Kennung, einen neuen Wiederherstellungscode und dieses eine Gerät.",
  "bring.choose": "Die Datei wählen",
  "bring.another": "Eine andere Datei wählen",
  "bring.chosen": "Gewählt",
  "bring.passphrase": "Was die Datei öffnet",
  "bring.passphraseHelp": "Die sechs Wörter oder die Passphrase, die du gewählt hast",
  "bring.open": "Öffnen",
  "bring.opening": "Sie wird geöffnet. Das dauert ein paar Sekunden.",
  "bring.found": "Das ist das Konto {handle}",
  "bring.foundText":
    "Es bringt {contacts} und {calls} mit. Jetzt meldest du dich hier an wie alle anderen.",
  "moveFile.foreign":
    "Das ist keine Datei, die Visavis für einen Umzug gemacht hat. Nichts wurde geändert.",
  "moveFile.older":
    "Diese Datei hat eine Form, die nicht mehr gelesen wird. Nichts wurde geändert; leg sie neu an.",
  "moveFile.newer":
    "Ein neueres Visavis hat diese Datei gemacht. Nichts wurde geändert; bitte, wer diesen Server betreibt, ihn zu aktualisieren.",
  "moveFile.cut":
    "Diese Datei wurde abgeschnitten, oder etwas wurde angehängt. Nichts wurde geändert; kopiere sie noch einmal.",
  "moveFile.damaged":
    "Diese Datei ist beschädigt. Nichts wurde geändert; kopiere sie noch einmal, oder leg sie neu an.",
  "moveFile.greedy":
    "Diese Datei verlangt mehr Arbeit als jede, die Visavis macht, darum wurde sie nicht geöffnet. Nichts wurde geändert; trau der Quelle nicht.",
  "moveFile.passphrase":
    "Die Passphrase passt nicht zu dieser Datei, oder jemand hat die Datei verändert. Nichts wurde geändert.",
  "moveFile.contents":
    "Diese Datei lässt sich öffnen, aber ihr Inhalt passt nicht zusammen. Nichts wurde geändert; leg sie neu an.",
  "moveFile.unreadable":
    "Der Browser kann diese Datei nicht lesen. Nichts wurde geändert; wähle sie noch einmal.",

  "awaited.lead":
    "Deine Kontakte von vor dem Umzug. Wer mit dem Schlüssel kommt, den du kennst, ist wie zuvor: verglichen oder nicht, mit den Regeln, die du ihm gegeben hast.",
  "awaited.none": "Auf niemanden wird gewartet.",
  "awaited.verified": "Sicherheitsnummer verglichen",
  "awaited.blocked": "Blockiert: auch hier abgewiesen",
  "awaited.link": "Einen Link für alle machen",
  "awaited.linkText":
    "Er gilt 30 Tage. Verschick ihn aus deinem alten Konto: Einstellungen, Auf einen anderen Server umziehen, Den Kontakten Bescheid geben. Dann wartet hier jeder auf dein Tippen.",
  "awaited.forget": "Vergessen",
  "awaited.forgetTitle": "Auf {name} nicht mehr warten?",
  "awaited.forgetText":
    "Wer dann als {name} kommt, ist fremd: Nichts, was du verglichen oder entschieden hast, gilt dann noch.",
  "awaited.forgetBlocked":
    "{name} ist hier dann nicht mehr blockiert und kann als fremde Person kommen.",
} as const satisfies Record<string, string | Plural>;
