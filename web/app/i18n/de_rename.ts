/** Deutsch: eine andere Kennung. */

import type { enRename } from "./en_rename.ts";

export const deRename: Readonly<Record<keyof typeof enRename, string>> = {
  "rename.title": "Kennung ändern",
  "rename.lead": "Wähl einen anderen Namen. Der Server hängt neue Ziffern an.",
  "rename.name": "Neuer Name",
  "rename.nameHelp":
    "Kleinbuchstaben, Ziffern, - und _, am Anfang ein Buchstabe. Der Server hängt einen Punkt und fünf Ziffern an.",
  "rename.nameBad":
    "Nur Kleinbuchstaben, Ziffern, - und _, zwei bis vierundzwanzig Zeichen, am Anfang ein Buchstabe.",
  "rename.contacts":
    "Deine Kontakte erfahren es, jeder, sobald er das nächste Mal da ist, und sehen, welcher Name an die Stelle von welchem trat. Unterhaltungen und verglichene Sicherheitsnummern bleiben.",
  "rename.old":
    "{handle} ist dann frei: Niemand wird darunter mehr gefunden, und jemand anderes kann sie bekommen.",
  "rename.rest":
    "Du meldest dich mit der neuen an. Deine anderen Geräte, Passkeys und der Wiederherstellungscode bleiben, wie sie sind.",
  "rename.submit": "Meine Kennung ändern",
  "rename.prove": "Bist du es?",
  "rename.proveText": "Zeig es noch einmal, dann wird deine Kennung geändert.",
  "rename.done": "Deine Kennung ist geändert",
  "rename.doneLead":
    "Melde dich von nun an damit an. Deine Kontakte und deine anderen Geräte erfahren es.",
  "rename.often":
    "Deine Kennung wurde heute so oft geändert, wie der Server es zulässt. Es wurde nichts geändert; versuch es morgen wieder.",
  "rename.unsure":
    "Der Server hat nicht geantwortet, also ist nicht sicher, ob deine Kennung geändert wurde. Verlang denselben Namen noch einmal: Dann steht es fest.",
  "data.rename": "Kennung ändern",
  "data.renameHelp": "Das Einzige, was der Server von dir hat und was sich berichtigen lässt.",
  "data.then.digits":
    "Das geht nicht aus: Sonst könnte sich jemand eine aufgegebene Kennung aussuchen.",
};
