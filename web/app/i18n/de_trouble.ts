/** Deutsch, der Teil über das, was nicht geht: Prüfung und Fehler. */

import type { enTrouble } from "./en_trouble.ts";

export const deTrouble: Readonly<Record<keyof typeof enTrouble, string>> = {
  "doctor.title": "Dieses Gerät prüfen",
  "doctor.lead":
    "Nichts verlässt diesen Browser außer einer Frage an deinen eigenen Server und sein Relais.",
  "doctor.run": "Noch einmal prüfen",
  "doctor.good": "Gut",
  "doctor.note": "Hinweis",
  "doctor.bad": "Beheben",
  "doctor.running": "Sieht nach …",
  "doctor.browser": "Browser",
  "doctor.browser.ok": "Er kann Anrufe Bild für Bild verschlüsseln.",
  "doctor.browser.bad":
    "Er kann Anrufe nicht Bild für Bild verschlüsseln. Nimm ein neueres Chromium, Firefox oder Safari.",
  "doctor.secure": "Verbindung zu deinem Server",
  "doctor.secure.ok": "Unterwegs verschlüsselt.",
  "doctor.secure.local": "Nur auf diesem Rechner.",
  "doctor.secure.bad": "Unterwegs nicht verschlüsselt. Öffne die https-Adresse.",
  "doctor.encryption": "Verschlüsselung",
  "doctor.encryption.ok": "Alles Nötige ist da.",
  "doctor.encryption.bad": "Diesem Browser fehlt, was die Verschlüsselung braucht.",
  "doctor.storage": "Speicher",
  "doctor.storage.ok": "Der Browser behält alles, bis du es löschst.",
  "doctor.storage.note": "Der Browser räumt ihn vielleicht, wenn der Platz knapp wird.",
  "doctor.storage.bad": "Der Browser behält hier nichts. Ein privates Fenster?",
  "doctor.server": "Server",
  "doctor.server.ok": "Er antwortet.",
  "doctor.server.bad": "Er antwortet nicht.",
  "doctor.arrived": "Was ankommt",
  "doctor.arrived.ok": "Alles war heil.",
  "doctor.arrived.bad":
    "Beschädigt oder gefälscht und verworfen: {value}. Sonst hat sich nichts geändert. Geht das so weiter, sag es der Person, die den Server betreibt.",
  "doctor.camera": "Kamera",
  "doctor.camera.ok": "{value} gefunden",
  "doctor.camera.denied": "Noch nicht erlaubt. Beim ersten Videoanruf wirst du gefragt.",
  "doctor.camera.missing": "Keine gefunden. Sprechen geht trotzdem.",
  "doctor.microphone": "Mikrofon",
  "doctor.microphone.ok": "{value} gefunden",
  "doctor.microphone.denied": "Noch nicht erlaubt. Beim ersten Anruf wirst du gefragt.",
  "doctor.microphone.missing": "Keines gefunden. Man würde dich nicht hören.",
  "doctor.relay": "Relais",
  "doctor.relay.ok": "Es antwortet, {value}.",
  "doctor.relay.bad": "Nicht erreichbar. Aus diesem Netz beginnen keine Anrufe.",
  "doctor.relay.none": "Dieser Server hat keines: keine Anrufe.",
  "doctor.relay.unknown": "Nicht geprüft.",
  "doctor.leak": "Prüfung auf Lecks",
  "doctor.leak.ok": "Ein Anruf über das Relais zeigt keine Adresse von dir.",
  "doctor.leak.bad": "Dieser Browser bot eine Adresse von dir an. Kein Anruf wird damit gemacht.",
  "doctor.leak.unknown": "Nicht geprüft: das Relais hat nicht geantwortet.",
  "doctor.notifications": "Benachrichti\u00adgungen",
  "doctor.notifications.ok": "Erlaubt.",
  "doctor.notifications.off": "Aus. Anrufe klingeln nur in der Seite.",

  "error.refused": "Der Server hat das nicht angenommen. Nichts wurde gesendet.",
  "error.malformed": "Etwas kam beschädigt an und wurde verworfen. Sonst hat sich nichts geändert.",
  "error.too_large": "Das ist zu groß zum Senden. Nichts wurde gesendet.",
  "error.quota":
    "Zu viel in kurzer Zeit. Nichts ging verloren; warte ein wenig und versuch es noch einmal.",
  "error.unavailable":
    "Der Server ist nicht erreichbar. Nichts ging verloren; versuch es gleich noch einmal.",
  "error.conflict":
    "Ein anderes deiner Geräte war schneller. Nichts ging verloren; versuch es noch einmal.",
  "error.login_failed": "Kennung und Passwort passen nicht zusammen. Nichts wurde geändert.",
  "error.signup_link":
    "Dieser Anmeldelink gilt nicht mehr. Bitte den Betreiber des Servers um einen neuen.",
  "error.expired": "Das ist abgelaufen. Bitte um ein neues.",
  "error.identity_changed":
    "Der Sicherheitsschlüssel deines Kontakts hat sich geändert. Nichts wurde gesendet; entscheide zuerst.",
  "error.shut_out":
    "Dieses Gerät wurde aus deinem Konto ausgesperrt. Was es hatte, wurde gelöscht.",
  "error.store_locked": "Damit öffnet es sich nicht. Nichts wurde geändert.",
  "error.store_busy": "Visavis ist in einem anderen Tab dieses Browsers offen.",
  "error.disk_full":
    "Dieses Gerät ist voll. Was gespeichert war, ist sicher; mach Platz und versuch es noch einmal.",
  "error.no_sfu":
    "Dieser Server kann gerade nur Anrufe mit bis zu drei Personen tragen. Es wurde nichts gesendet.",
  "error.no_relay":
    "Das Relais ist nicht erreichbar, darum konnte der Anruf nicht beginnen. Einstellungen, Dieses Gerät prüfen sagt mehr.",
  "error.not_encrypted":
    "Der Anruf wurde angehalten, weil er sich nicht verschlüsseln ließ. Nichts wurde gesendet.",
  "error.no_answer": "Keine Antwort.",
  "error.no_device":
    "Kamera oder Mikrofon ließen sich nicht öffnen. Erlaube sie im Browser und versuch es noch einmal.",
  "error.no_yes":
    "Hier gibt es kein Ja, das du zurücknehmen könntest: du hast keines gegeben oder es schon zurückgenommen. Nichts wurde geändert, und es bleibt nichts zu tun.",
  "error.mistyped": "Das ist unvollständig oder enthält einen Tippfehler. Nichts wurde geändert.",
  "error.weak_password": "Dieses Passwort ist nicht stark genug. Nichts wurde geändert.",
  "error.unknown_contact": "Diesen Kontakt gibt es nicht mehr.",
  "error.unknown_device": "Dieses Gerät gibt es nicht mehr.",
  "error.too_many_devices": "Ein Konto hat höchstens 16 Geräte. Sperr zuerst eines aus.",
  "error.rolled_back":
    "Der Server zeigte eine alte Fassung deiner Schlüssel. Sie wurde nicht verwendet; sag dem Betreiber des Servers Bescheid.",
  "error.unsafe_file":
    "Diese Art von Datei wird nicht gesendet: sie könnte als Programm laufen. Nichts wurde gesendet.",
  "error.not_verified": "Vergleicht zuerst die Sicherheitsnummern. Nichts wurde gesendet.",
  "error.peer": "Etwas war nicht, wie es sein muss, und wurde abgewiesen. Nichts wurde geändert.",
  "error.bug": "Das ist ein Fehler in Visavis. Nichts wurde gesendet; lade die Seite neu.",
};
