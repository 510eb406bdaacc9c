/** German, the part about one's own data. */

import type { Plural } from "./text.ts";

export const deData = {
  "data.title": "Deine Daten",
  "data.lead":
    "Alles, was dein Server von dir hat, Zeile für Zeile, wie es gespeichert ist. Dass du nachsiehst, wird nirgends vermerkt.",
  "data.asking": "Dein Server wird gefragt",
  "data.show": "Zeigen",
  "data.today": "Heute",
  "data.ahead": "In 30 Tagen",
  "data.aheadNote":
    "Was am {date} noch da wäre, wenn du bis dahin wegbliebst: was das Aufräumen des Servers übrig lässt.",
  "data.gone": "Bis dahin weg: {names}.",

  "data.is.account": "Dein Konto",
  "data.is.devices": "Deine Geräte",
  "data.is.envelopes": "Umschläge, die auf dich warten",
  "data.is.keyPackages": "Schlüssel, mit denen Kontakte deine Geräte hereinlassen",
  "data.is.handle": "Unter deinem Namen gefunden werden",
  "data.is.push": "Klingeln, wenn die App zu ist",
  "data.is.vault": "Dein Tresor",
  "data.is.other": "Anderes",
  "data.for.account":
    "Eine Zufallszahl, die für dich steht, ein Hash deines Namens mit Schlüssel, was deine Anmeldung prüft, deine Schlüssel, auf deinem Gerät versiegelt, und was du auf dieser Seite gewählt hast.",
  "data.for.devices":
    "Zufallszahlen für jedes Gerät und sein Postfach, und Hashes der Schlüssel, die du Kontakten gibst: immer 256, wie viele Kontakte du auch hast.",
  "data.for.envelopes":
    "Versiegelt: Der Server kann sie nicht öffnen und weiß nicht, von wem sie sind. Sie gehen, sobald dein Gerät sie hat.",
  "data.for.keyPackages": "Öffentliche Schlüssel, jeder einmal gültig.",
  "data.for.handle": "Wohin Anfragen gehen, wenn du fragen lässt, wer deinen ganzen Namen kennt.",
  "data.for.push": "Die Adresse des Push-Dienstes deines Browsers, versiegelt.",
  "data.for.vault":
    "Kontakte, Einstellungen und der Anrufverlauf für dein nächstes Gerät, auf deinem versiegelt. Der Server sieht, wie groß er ist.",
  "data.for.other": "Von einem neueren Server: Diese Seite hat keine Worte dafür.",

  "data.why": "Aufbewahrt, weil",
  "data.who": "Gesehen von",
  "data.how": "Gespeichert als",
  "data.until": "Gelöscht",
  "data.basis.contract": "du es verlangt hast (DSGVO 6(1)(b))",
  "data.basis.interest": "der Dienst damit Angriffen standhält (DSGVO 6(1)(f))",
  "data.basis.consent": "du es eingeschaltet hast (DSGVO 6(1)(a))",
  "data.basis.nobody": "es nichts über einen Menschen sagt",
  "data.who.owner": "dir",
  "data.who.contacts": "deinen Kontakten",
  "data.who.operator": "wer den Server betreibt",
  "data.who.anyone": "wer deinen Namen kennt",
  "data.who.nobody": "niemandem",
  "data.how.ciphertext": "versiegelt, die Schlüssel sind auf Geräten",
  "data.how.hash": "ein Hash",
  "data.how.keyedHash": "ein Hash mit Schlüssel",
  "data.how.sealed": "vom Server versiegelt",
  "data.how.publicKey": "ein öffentlicher Schlüssel",
  "data.how.randomId": "eine Zufallszahl",
  "data.how.signature": "eine Unterschrift",
  "data.how.day": "ein Tag",
  "data.how.number": "eine Zahl",
  "data.how.plain": "lesbar",
  "data.how.pake": "etwas, das dein Passwort prüft, ohne es zu kennen",
  "data.in": { one: "in {count} Tag ({date})", other: "in {count} Tagen ({date})" },
  "data.inRange": "in {from} bis {to} Tagen ({first} bis {last})",
  "data.dueNow": "mit dem nächsten Aufräumen ({date})",
  "data.unused": "{when}, wenn bis dahin nichts benutzt wird",
  "data.rows": { one: "{count} Zeile", other: "{count} Zeilen" },
  "data.size": "{rows}, {bytes}",
  "data.see": "Jede Zeile ansehen",

  "data.rowsLead": "Jede Zeile, wie sie in der Datenbank deines Servers steht.",
  "data.english": "Wozu jede Spalte da ist, sagt der Server, auf Englisch.",
  "data.columns": "Wozu jede Spalte da ist",
  "data.rowOf": "Zeile {at} von {all}",
  "data.rowUntil": "Gelöscht {when}",
  "data.long": "{bytes}, SHA-256:",
  "data.bytesShow": "Bytes zeigen",
  "data.bytesHere": "Die Bytes, hexadezimal. Sie passen zum Hash.",
  "data.bytesPart":
    "Die ersten {shown} von {all}. Sie passen zum Hash; in der Datei, die du sichern kannst, sind alle.",
  "data.bytesGone": "Diese Zeile ist inzwischen vom Server verschwunden.",
  "data.moreRows": { one: "{count} weitere Zeile zeigen", other: "{count} weitere Zeilen zeigen" },
  "data.noRows": "Davon ist nichts da.",

  "data.totals": "Zusammen",
  "data.kind": "Was",
  "data.all": "Alles",
  "data.nothing": "nichts",
  "data.device": "Auf diesem Gerät",
  "data.deviceLead":
    "In diesem Browser aufbewahrt, versiegelt. Die Größen sind die vor dem Versiegeln; bei Aufnahmen die, die sie hier haben.",
  "data.local.device": "Dieses Gerät",
  "data.local.calls": "Anrufe",
  "data.local.recordings": "Aufnahmen und Einwilligungen",
  "data.local.callReceipts": "Unterschriebene Belege von Anrufen",
  "data.local.contacts": "Kontakte",
  "data.local.groups": "Gruppen",
  "data.local.keys": "Schlüssel von Gesprächen",
  "data.local.addresses": "Vergebene Adressen",
  "data.local.notices": "Hinweise",
  "data.local.outbox": "Noch zu senden",
  "data.local.messages": "Nachrichten",
  "data.local.other": "Anderes",

  "data.elsewhere": "Was an keinem Konto hängt",
  "data.elsewhereLead":
    "Es steht in keiner Zeile oben, denn der Server kann nicht sagen, wem es gehört. Darum lässt es sich nicht für dich allein zeigen oder löschen; alles davon endet von selbst.",
  "data.unlinked": "Aufbewahrt, und nicht zuzuordnen",
  "data.unlinkedText":
    "Die Reihenfolge der Änderungen in Gesprächen, verbrauchte Anmeldelinks, und Anhänge, versiegelt, höchstens 30 Tage.",
  "data.memory": "Nur im Arbeitsspeicher",
  "data.memoryText":
    "Auf keiner Platte, weg, wenn der Server neu startet: wer verbunden ist, Versuche sich anzumelden, laufende Anrufe.",
  "data.log": "Das Protokoll",
  "data.logText":
    "Ein Tag, ein Ereignis und eine Anzahl. Kein Name, keine Adresse; sieben Tage lang.",
  "data.header": "Gesehen, während er antwortet",
  "data.headerText": "Was jeder Browser mit einer Anfrage schickt. Es wird benutzt und vergessen.",
  "data.entries": { one: "{count} Eintrag", other: "{count} Einträge" },
  "data.keptDays": { one: "{count} Tag", other: "{count} Tage" },

  "data.do": "Was du tun kannst",
  "data.related": "Auch deins",

  "data.save": "Mitnehmen",
  "data.saveHelp": "Eine Datei mit jedem Byte, oder eine zum Lesen",
  "data.saveLead":
    "Beide entstehen in dieser Seite aus dem, was der Server antwortet. Die erste hat jedes Byte, für andere Programme. Die zweite ist zum Lesen und lässt sich drucken.",
  "data.saveWarn": "Behalte die Datei für dich. Was versiegelt ist, bleibt darin versiegelt.",
  "data.saveJson": "Jedes Byte (JSON)",
  "data.saveHtml": "Zum Lesen (HTML)",
  "data.saving": "{done} von {all} langen Werten geholt",
  "data.saved": "Gesichert.",
  "data.savedLess": {
    one: "Gesichert. {count} Wert war weg, bevor er geholt wurde; Größe und Hash stehen da.",
    other:
      "Gesichert. {count} Werte waren weg, bevor sie geholt wurden; Größen und Hashes stehen da.",
  },

  "data.shorten": "Weniger lang aufbewahren",
  "data.shortenHelp": "Umschläge, die warten, und ein Konto, das niemand benutzt",
  "data.envelopeDays": "Umschläge, die kein Gerät abholt",
  "data.envelopeDaysHelp": "Danach enden sie ungelesen. Wer sie geschickt hat, erfährt es nicht.",
  "data.accountDays": "Dein Konto, wenn du wegbleibst",
  "data.accountDaysHelp":
    "Es endet mit allem, was darin ist. Mit jeder Benutzung beginnt die Zeit von vorn.",
  "data.asServer": {
    one: "{count} Tag, wie der Server es hält",
    other: "{count} Tage, wie der Server es hält",
  },
  "data.days": { one: "{count} Tag", other: "{count} Tage" },
  "data.shortenNote": "Kürzer als der Server, nie länger.",
  "data.accountSure": "Frist für dein Konto: {days}",
  "data.accountSureText":
    "Wird so lange ({days}) keines deiner Geräte benutzt, wird das Konto gelöscht, mit allem, was darin ist. Niemand kann es zurückholen.",
  "data.accountYes": "So lange aufbewahren",

  "data.delete": "Löschen",
  "data.deleteTitle": "Löschen: {name}",
  "data.deleteYes": "Löschen",
  "data.deleted": {
    one: "Vom Server gelöscht: {count} Zeile.",
    other: "Vom Server gelöscht: {count} Zeilen.",
  },
  "data.deletedNone": "Davon war nichts da.",
  "data.follows.push":
    "Anrufe klingeln auf diesem Gerät nicht mehr, wenn die App zu ist. Schaltest du es wieder ein, entsteht ein neues Abonnement.",
  "data.follows.handle":
    "Dein Name ist verborgen: Wer ihn nachschlägt, bekommt, was alle für einen Namen bekommen, den niemand hat. In den Einstellungen kannst du ihn wieder zeigen.",
  "data.follows.keyPackages":
    "Die dieses Geräts gehen. Kontakte können es in kein neues Gespräch lassen, bis es frische hochlädt, was es binnen eines Tages tut. Was du mit ihnen hast, geht weiter.",
  "data.follows.envelopes":
    "Was noch nicht auf diesem Gerät ankam, ist ungelesen weg; wer es geschickt hat, weiß es nicht. War es ein Wechsel von Schlüsseln, muss ein Kontakt dieses Gerät wieder hereinlassen.",
  "data.follows.vault":
    "Ein neues Gerät von dir begänne ohne Kontakte und Anrufe. Der Tresor bleibt nicht leer: Deine Geräte schreiben ihn mit ihrer nächsten Änderung neu. Um keinen zu haben, schließe das Konto.",

  "data.freeze": "Konto einfrieren",
  "data.freezeHelp": "Nichts geschieht damit, bis du es sagst (DSGVO 18)",
  "data.freezeText":
    "Für alle anderen gibt es dich nicht: Niemand erreicht dich, lässt es bei dir klingeln oder findet dich. Sie bekommen, was alle für eine unbekannte Adresse bekommen. Auch deine eigenen Geräte erreichen einander nicht. Du kannst dich anmelden und alles sehen. Was aufbewahrt wird, endet trotzdem an seinem Tag.",
  "data.freezeYes": "Einfrieren",
  "data.frozen": "Dein Konto ist eingefroren",
  "data.frozenText":
    "Für alle anderen gibt es dich nicht. Was dir inzwischen geschickt wird, wird abgewiesen. Was aufbewahrt wird, endet trotzdem an seinem Tag.",
  "data.thaw": "Auftauen",
  "data.thawed":
    "Nicht mehr eingefroren. Deine Kontakte bekommen frische Adressen dieses Geräts; tu dasselbe auf deinen anderen. Was abgewiesen wurde, kommt, wenn der Absender es noch einmal versucht.",

  "data.object": "Widersprechen",
  "data.objectHelp": "Was ungefragt geschieht, und was ein Widerspruch bewirkt (DSGVO 21)",
  "data.objectLead":
    "Das geschieht, weil der Dienst ohne es Angriffen nicht standhielte, nicht weil du es verlangt hast (DSGVO 6(1)(f)). Davon sind nur das Protokoll und die Liste der Anträge auf der Platte.",
  "data.objectWhy": "Wozu",
  "data.objectThen": "Wenn du widersprichst",
  "data.objectNone": "Dein Server tut nichts aus diesem Grund.",
  "data.objectLog": "Protokoll: {name}",
  "data.objectFreeze": "Damit nichts mehr mit deinem Konto geschieht, friere es ein.",
  "data.then.requests":
    "Es lässt sich nicht abschalten: Es zeigt, dass Anträge rechtzeitig beantwortet wurden. Es hat keinen Namen.",
  "data.then.id3":
    "Es lässt sich nicht abschalten. Mit der Datenbank ließe sich sieben Tage lang sagen, wem es gehört.",
  "data.then.push": "Aus, wenn du „Klingeln, wenn die App zu ist“ löschst.",
  "data.then.quotas": "Aus, solange dein Konto eingefroren ist.",
  "data.then.attempts": "Es lässt sich nicht abschalten: Passwörter ließen sich sonst ewig raten.",
  "data.then.nobody": "Nichts davon lässt sich dir zuordnen.",
  "data.then.ask": "Frag, wer den Server betreibt.",

  "receipt.account":
    "Der Server hat unterschrieben, dass er dein Konto gelöscht und den Schlüssel vernichtet hat, ohne den keine Sicherung es zeigt.",
  "receipt.until":
    "Der Server hat das unterschrieben. Sicherungen von vorher lassen sich spätestens am {date} nicht mehr öffnen.",
  "receipt.save": "Quittung speichern",
  "receipt.none": "Der Server hat dafür keine Quittung gegeben.",
  "receipt.bad":
    "Der Server sagt, dass es gelöscht ist, aber seine Quittung stimmt nicht. Sie wurde nicht aufgehoben.",
  "closed.title": "Dein Konto ist geschlossen",
  "closed.lead": "Der Server sagt, dass keine Zeile davon übrig ist. Hier ist nichts davon übrig.",
  "data.close": "Konto schließen",
  "data.closeHelp": "Alles geht, dort und hier",
  "data.closeText":
    "Der Server löscht sofort jede Zeile von dir, und dieser Browser alles, was er aufbewahrt. Kontakte behalten, was sie von dir haben; sie erfahren es nicht. Niemand kann es rückgängig machen.",
  "data.closeHandle": "Zur Sicherheit: deine ganze Kennung",
  "data.closeOther": "Das ist nicht {handle}.",
  "data.closeYes": "Für immer schließen",
} as const satisfies Record<string, string | Plural>;
