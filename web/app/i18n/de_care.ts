/** Deutsch, der Teil über Vorsicht: Vergleich per Code, Berechtigungen, Sperren, und wenn jemand drin war. */

export const deCare = {
  "safety.qr": "Dein Code, für die andere Kamera",
  "safety.scan": "Den anderen Code scannen",
  "safety.scanTitle": "Code von {name} scannen",
  "safety.scanLead":
    "Auf der anderen Seite wird dieselbe Seite über dich geöffnet. Halte den Code dort in den Rahmen; das Bild bleibt hier.",
  "safety.scanOther": "Das ist nicht der Code einer Sicherheitsnummer.",
  "safety.match": "Die Codes stimmen überein",
  "safety.alarm": "Sie stimmen nicht überein",

  "file.stop": "Anhalten",
  "file.progress": "Wie weit die Datei ist",
  "file.stopped": "Angehalten. Nichts wurde gesendet.",
  "file.tooLate": "Sie war schon gesendet, bevor du angehalten hast.",

  "permissions.title": "Berechtigungen",
  "permissions.help": "Kamera, Mikrofon, Mitteilungen, und wann sie benutzt wurden",
  "permissions.lead":
    "Was dieser Browser Visavis benutzen lässt. Gefragt wirst du erst, wenn du es brauchst.",
  "permissions.granted": "Erlaubt",
  "permissions.denied": "Nicht erlaubt",
  "permissions.prompt": "Fragt vorher",
  "permissions.unknown": "Unbekannt",
  "permissions.last": "Zuletzt: {when}",
  "permissions.never": "In letzter Zeit nicht benutzt",
  "permissions.revoke": "Zurücknehmen",
  "permissions.revokeHelp": "Das kann nur der Browser. Beim nächsten Anruf wird wieder gefragt.",
  "permissions.how.chromium":
    "Drücke auf das Zeichen links neben der Adresse und schalte aus, was du nicht mehr willst.",
  "permissions.how.chromiumPhone":
    "Tippe auf das Zeichen links neben der Adresse, dann auf Berechtigungen, und schalte aus, was du nicht mehr willst.",
  "permissions.how.firefox":
    "Drücke auf das Zeichen links neben der Adresse. Neben dem Erlaubten steht ein Kreuz: drücke darauf.",
  "permissions.how.firefoxPhone":
    "Tippe auf das Schloss links neben der Adresse und dann auf das Erlaubte: so wird es gesperrt.",
  "permissions.how.safari":
    "Öffne im Menü Safari die Einstellungen für diese Website und stelle Kamera und Mikrofon auf Fragen oder Ablehnen.",
  "permissions.how.safariPhone":
    "Tippe auf das Zeichen am Rand der Adresse, dann auf Website-Einstellungen, und stelle Kamera und Mikrofon auf Fragen oder Ablehnen.",
  "permissions.uses": "Zuletzt benutzt",
  "permissions.usesHelp":
    "Verschlüsselt auf diesem Gerät, dreißig Tage lang, und niemand sonst erfährt davon. Vertrauliche Anrufe stehen nicht darin.",
  "permissions.clear": "Diese Liste löschen",

  "hacked.title": "Jemand war drin",
  "hacked.help": "Was du tun kannst, wenn du das glaubst",
  "hacked.lead":
    "Geh auf einem Gerät, dem du traust, Schritt für Schritt vor. Umsonst getan schadet nichts davon.",
  "hacked.devices": "Sperre aus, was dir nicht gehört",
  "hacked.devicesText":
    "Ein Gerät, das du nicht kennst oder nicht mehr hast, liest mit, bis du es aussperrst.",
  "hacked.password": "Ändere dein Passwort",
  "hacked.passwordText": "Nimm eines, das du sonst nirgends benutzt.",
  "hacked.recovery":
    "Der Wiederherstellungscode bleibt gleich, und diese Version kann ihn nicht ersetzen. Hat jemand deinen gesehen, lege ein neues Konto an und sag deinen Kontakten Bescheid.",
  "hacked.warn": "Warne deine Kontakte",
  "hacked.warnText": "Wähle, wen. Sie bekommen es Wort für Wort als Nachricht von dir.",
  "hacked.words": "Deine Nachricht",
  "hacked.message":
    "Vielleicht hat jemand mein Konto benutzt. Frag bitte bei mir nach, bevor du auf eine Nachricht von mir hin etwas tust, und lass uns die Sicherheitsnummern vergleichen.",
  "hacked.all": "Alle wählen",
  "hacked.send": { one: "An {count} Person senden", other: "An {count} Personen senden" },
  "hacked.sent": "Gesendet",
  "hacked.nobody": "Du hast keine Kontakte, die du warnen könntest.",
  "hacked.look": "Sieh dir dieses Gerät an",
  "hacked.lookText": "Was der Browser erlaubt, und ob Anrufe von hier aus sicher sind.",
  "hacked.limits": "Was sich so nicht zurückholen lässt",
  "hacked.limitsText":
    "Wer ein Gerät von dir offen hatte, konnte lesen, was darauf lag. Ein ausgesperrtes Gerät liest nichts von dem, was danach geschrieben wird.",

  "locked.title": "Gesperrt",
  "locked.lead": "Was dieser Browser hat, ist verschlüsselt. Deine Passphrase öffnet es.",
  "locked.passphrase": "Passphrase",
  "locked.submit": "Entsperren",
  "locked.forgot":
    "Vergessen? Lösche, was dieser Browser hat, und melde dich neu an. Nachrichten, die nur hier sind, gehen verloren.",
  "locked.erase": "Hier alles löschen",
  "locked.eraseSure": "Alles löschen, was Visavis in diesem Browser aufbewahrt?",
  "locked.eraseText": "Dein Konto bleibt. Nachrichten, die nur hier sind, sind endgültig weg.",
};
