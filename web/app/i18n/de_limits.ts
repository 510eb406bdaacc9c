/** German, the part about what cannot be protected. */

export const deLimits = {
  "limits.title": "Wovor das nicht schützt",
  "limits.lead":
    "Alles hier hat irgendwo ein Ende. Das sind die Enden, die wir kennen, nach denen, die dort stünden.",
  "limits.disk": "Wer an die Festplatte des Servers kommt",
  "limits.diskCan":
    "Sieht, an welchem Tag du dazukamst und zuletzt da warst, und wie viel Versiegeltes du hast. Mit der Schlüsseldatei des Servers dazu lassen sich Passwörter raten; ein langes hält.",
  "limits.operator": "Wer den Server betreibt und Böses will",
  "limits.operatorCan":
    "Sieht, welche Geräte verbunden sind, von wo, und wann etwas durchgeht. Wer live zusieht, kann zwei, die sich über das Relais anrufen, an der Zeit erkennen, Nachrichten zurückhalten und in der Auskunft etwas weglassen.",
  "limits.network": "Wer an der Leitung lauscht",
  "limits.networkCan":
    "Sieht, dass du mit diesem Server und seinem Relais sprichst, wie viel und wann, und dass es nach einem Anruf aussieht.",
  "limits.relay": "Das Relais",
  "limits.relayCan":
    "Sieht die Netzadressen beider Enden, wie lange und wie viel. In einer Gruppe ab drei könnte ein Mitglied, das mit ihm gemeinsame Sache macht, Bild oder Ton als die eines anderen ausgeben.",
  "limits.push": "Der Push-Dienst deines Browsers",
  "limits.pushCan":
    "Nur wenn du es bei geschlossener App klingeln lässt: sieht, dass dieses Gerät geweckt wird, und wann.",
  "limits.contact": "Deine Kontakte",
  "limits.contactCan":
    "Können den Bildschirm filmen und behalten, was du schickst; nichts hindert sie. Auf dem direkten Weg, wenn du ihn erlaubst, sehen sie deine Netzadresse.",
  "limits.removed": "Wen du blockiert oder entfernt hast",
  "limits.removedCan": "Behält, was schon da war, und kann merken, dass nichts mehr ankommt.",
  "limits.stranger": "Fremde",
  "limits.strangerCan":
    "Mit einem Einladungslink, der sie zuerst erreicht, sind sie der Kontakt, den du siehst: Vergleicht die Sicherheitsnummern. Bist du über den Namen zu finden, können sie deine Anfragen füllen. Eine Suche nach dem Namen beweist nicht, wen sie fand.",
  "limits.device": "Wer dein Gerät hat",
  "limits.deviceCan":
    "Ist offen du, bis du das Gerät aussperrst. Gesperrt muss er dein Passwort raten.",
  "limits.password": "Wer dein Passwort kennt",
  "limits.passwordCan":
    "Kann sich anmelden und ein Gerät hinzufügen. Deinen anderen Geräten und allen Kontakten wird es gezeigt. Kommt ein Konto ohne anderes Gerät zurück, kann es nicht merken, dass der Server ihm einen älteren Stand gab.",
  "limits.move": "Wer deine Umzugsdatei findet",
  "limits.moveCan":
    "Kann mit ihrer Passphrase an jedem Server du sein und deine Anrufliste lesen. Lösche die Datei nach dem Umzug.",
  "limits.program": "Wer diese Seite ausliefert",
  "limits.programCan":
    "Ein Browser vertraut der Seite, die er bekommt. Wer sicher sein will, liest den Quelltext oder baut sie selbst.",
};
