/** Deutsch: Passkeys. */

import type { enPasskeys } from "./en_passkeys.ts";

export const dePasskeys: Readonly<Record<keyof typeof enPasskeys, string>> = {
  "passkey.signUp": "Konto mit Passkey anlegen",
  "passkey.signUpHelp":
    "Du öffnest es mit Fingerabdruck, Gesicht oder der PIN dieses Geräts. Nichts zu merken, und nichts, wonach dich jemand fragen könnte.",
  "passkey.signUpPassword": "Lieber ein Passwort",
  "passkey.signUpPasskey": "Lieber einen Passkey",
  "passkey.signIn": "Mit Passkey anmelden",
  "passkey.signInHelp": "Ohne Kennung, ohne Passwort, ohne ein anderes Gerät.",
  "passkey.waiting": "Folge dem, was dein Browser fragt.",
  "passkey.use": "Passkey verwenden",
  "passkey.usePassword": "Passwort verwenden",
  "passkey.or": "Oder mit deiner Kennung",
  "passkey.address":
    "Passkeys brauchen eine Adresse mit Namen, und diese Seite wurde unter einer Nummer geöffnet. Mit einem Passwort geht hier alles; für Passkeys frag nach dem Namen des Servers. Auf diesem Rechner ist das localhost.",
  "passkey.browser":
    "Dieser Browser kennt keine Passkeys, oder er gibt sie auf einer unverschlüsselten Seite nicht her. Mit einem Passwort geht alles.",
  "passkeys.title": "Deine Passkeys",
  "passkeys.lead":
    "Jeder öffnet dein Konto auf jedem Gerät, das ihn hat: Fingerabdruck, Gesicht oder PIN statt eines Passworts.",
  "passkeys.one": "Passkey Nr. {id}",
  "passkeys.date": "Dabei seit {created}",
  "passkeys.none": "Noch gibt es keinen.",
  "passkeys.add": "Passkey hinzufügen",
  "passkeys.addTitle": "Passkey hinzufügen",
  "passkeys.addText": "Zeig zuerst, dass du es bist. Dann fragt dein Browser, wo er liegen soll.",
  "passkeys.added": "Passkey {id} öffnet ab jetzt dein Konto.",
  "passkeys.remove": "Entfernen",
  "passkeys.removeTitle": "Passkey {id} entfernen?",
  "passkeys.removeText":
    "Er öffnet dein Konto dann nirgends mehr. Angemeldete Geräte bleiben angemeldet.",
  "passkeys.removed": "Er öffnet nichts mehr.",
  "passkeys.noPassword": "Dein Konto hat kein Passwort.",
  "passkeys.setPassword": "Passwort setzen",
  "passkeys.setPasswordLead":
    "Die Kommandozeile braucht eines. Passkeys und Wiederherstellungscode bleiben, wie sie sind.",
  "passkeys.setPasswordSubmit": "Mit Passkey setzen",
  "error.passkey_refused":
    "Dieser Passkey öffnet hier kein Konto; vielleicht wurde er entfernt. Nichts wurde geändert.",
  "error.passkey_cancelled": "Kein Passkey wurde verwendet, nichts wurde geändert.",
  "error.passkey_no_key":
    "Was du gewählt hast, bewahrt keinen Schlüssel auf und kann hier kein Konto öffnen. Nichts wurde angelegt. Nimm ein Passwort oder leg den Passkey woanders ab.",
  "error.passkey_exists": "Dort liegt schon ein Passkey deines Kontos.",
  "error.too_many_passkeys": "Ein Konto hat höchstens 16 Passkeys. Entfern zuerst einen.",
  "error.last_way_in":
    "Das ist neben dem Wiederherstellungscode der einzige Weg in dein Konto. Füg zuerst einen Passkey hinzu oder setz ein Passwort.",
};
