/** Deutsch. */

import { deCalls } from "./de_calls.ts";
import { deCare } from "./de_care.ts";
import { deGroups } from "./de_groups.ts";
import { deLater } from "./de_later.ts";
import { deMeter } from "./de_meter.ts";
import { dePasskeys } from "./de_passkeys.ts";
import { dePush } from "./de_push.ts";
import { deRecording } from "./de_recording.ts";
import { deTrouble } from "./de_trouble.ts";
import type { Catalogue } from "./text.ts";

export const de: Catalogue = {
  ...deCalls,
  ...deMeter,
  ...dePasskeys,
  ...dePush,
  ...deRecording,
  ...deCare,
  ...deGroups,
  ...deLater,
  ...deTrouble,
  "app.name": "Visavis",
  "app.tagline": "Von Angesicht zu Angesicht, sonst niemand.",

  "do.back": "Zurück",
  "do.cancel": "Abbrechen",
  "do.close": "Schließen",
  "do.continue": "Weiter",
  "do.copy": "Kopieren",
  "do.copied": "Kopiert",
  "do.dismiss": "Ausblenden",
  "do.done": "Fertig",
  "do.retry": "Noch einmal",
  "do.send": "Senden",
  "do.share": "Teilen",
  "do.show": "Zeigen",
  "do.hide": "Verbergen",

  "welcome.lead":
    "Anrufe und Nachrichten, die nur ihr beide öffnen könnt. Auf eurem eigenen Server, ohne Telefonnummer und ohne Adressbuch.",
  "welcome.join": "Ich habe einen Anmeldelink",
  "welcome.signIn": "Anmelden",
  "welcome.fine": "Jeder Anruf ist Ende-zu-Ende-verschlüsselt. Das lässt sich nicht abschalten.",

  "signup.title": "Dein Konto anlegen",
  "signup.link": "Anmeldelink",
  "signup.linkHelp": "Von wem auch immer deinen Server betreibt. Er gilt einmal.",
  "signup.linkRead": "Dein Link ist eingelesen. Er gilt einmal.",
  "signup.name": "Name",
  "signup.nameHelp":
    "Kleinbuchstaben, Ziffern, - und _. Ein paar Ziffern kommen dazu, damit er nur dir gehört.",
  "signup.nameBad": "Nur Kleinbuchstaben, Ziffern, - und _, zwei bis zwanzig Zeichen.",
  "signup.submit": "Konto anlegen",
  "signup.working": "Deine Schlüssel entstehen. Das dauert ein paar Sekunden.",
  "signup.bring": "Ein Konto von einem anderen Server mitbringen",

  "privacy.notice": "Was dieser Server über dich aufhebt",

  "field.password": "Passwort",
  "field.newPassword": "Neues Passwort",
  "field.oldPassword": "Bisheriges Passwort",
  "field.handle": "Kennung",
  "field.handleHelp": "Die ganze Kennung mit ihren Ziffern, etwa anna.48213",

  "password.help":
    "15 Zeichen oder mehr. Am besten ein paar Wörter, die niemand zusammenbringen würde.",
  "password.meter": "Stärke",
  "password.0": "Sofort erraten",
  "password.1": "Schnell erraten",
  "password.2": "Geht so",
  "password.3": "Gut",
  "password.4": "Sehr gut",
  "password.refused": "Noch nicht",
  "password.too_short":
    "Zu kurz: mindestens 15 Zeichen. Mehrere Wörter ohne Zusammenhang tippen sich leicht.",
  "password.too_long": "Länger als 1024 Zeichen.",
  "password.known": "Es steht auf Listen von Passwörtern, die Angreifer zuerst probieren.",
  "password.repeated": "Es wiederholt wenige Zeichen oder läuft eine Reihe entlang.",
  "password.context": "Es besteht vor allem aus deinem Namen oder dem Namen dieses Dienstes.",
  "password.mix": "Eine Mischung aus Buchstaben, Ziffern und Sonderzeichen macht es noch stärker.",
  "password.longer": "Ein paar Wörter mehr machen es viel stärker.",

  "recovery.title": "Schreib das auf",
  "recovery.lead":
    "Mit diesem Code kommst du wieder hinein, wenn du deine Geräte verlierst oder dein Passwort vergisst. Er wird nur dieses eine Mal gezeigt und nirgends aufbewahrt.",
  "recovery.paper": "Auf Papier, an einen trockenen Ort. Nicht als Foto.",
  "recovery.code": "Dein Wiederherstellungscode",
  "recovery.confirm": "Ich habe ihn aufgeschrieben",

  "signin.title": "Willkommen zurück",
  "signin.how": "Wie möchtest du zeigen, dass du es bist?",
  "signin.byDevice": "Mit einem anderen Gerät von mir",
  "signin.byDeviceHelp": "Es scannt einen Code von diesem Bildschirm.",
  "signin.byCode": "Mit meinem Wiederherstellungscode",
  "signin.byCodeHelp": "Dem aufgeschriebenen. Das Passwort, das du eingibst, wird dein neues.",
  "signin.code": "Wiederherstellungscode",
  "signin.lost": "Alle meine anderen Geräte sind verloren",
  "signin.lostHelp":
    "Sie werden sofort und für immer ausgesperrt und löschen, was sie haben, falls sie sich je wieder verbinden.",
  "signin.submit": "Anmelden",
  "signin.working": "Wird geprüft, ohne dein Passwort irgendwohin zu senden.",

  "pair.title": "Öffne Visavis auf deinem anderen Gerät",
  "pair.lead": "Wähle dort Einstellungen, Geräte, Gerät hinzufügen und scanne diesen Code.",
  "pair.waiting": "Wartet auf dein anderes Gerät …",
  "pair.compare": "Zeigen beide Bildschirme diese Ziffern?",
  "pair.compareLead": "Sag auf dem anderen Gerät nur Ja, wenn sie gleich sind.",
  "pair.digits": "Ziffern zum Vergleichen",

  "approve.title": "Gerät hinzufügen",
  "approve.lead":
    "Auf dem neuen Gerät: anmelden und „Mit einem anderen Gerät von mir“ wählen. Dann dessen Code hier scannen.",
  "approve.paste": "Oder den Link einfügen",
  "approve.start": "Dieses Gerät hinzufügen",
  "approve.compare": "Zeigt das neue Gerät diese Ziffern?",
  "approve.same": "Ja, dieselben",
  "approve.differ": "Nein, anhalten",
  "approve.stopped":
    "Es wurde nichts weitergegeben. Versuch es noch einmal mit dem neuen Gerät vor dir.",
  "approve.done": "Dein neues Gerät ist dabei.",

  "elsewhere.title": "In einem anderen Tab offen",
  "elsewhere.lead":
    "Visavis ist in einem anderen Tab oder Fenster dieses Browsers offen. Zwei zugleich brächten deine Schlüssel durcheinander.",
  "elsewhere.retry": "Stattdessen hier verwenden",

  "shutOut.title": "Dieses Gerät wurde ausgesperrt",
  "shutOut.lead":
    "Jemand mit deinem Passwort oder einem deiner Passkeys hat es aus deinem Konto entfernt. Alles, was es von Visavis hatte, wurde darauf gelöscht.",
  "shutOut.you":
    "Warst du das selbst, ist alles gut. Wenn nicht: melde dich auf einem Gerät an, dem du vertraust, ändere dein Passwort und sieh deine Geräte durch.",
  "shutOut.again": "Neu anmelden",

  "refused.title": "Der Server kennt dieses Gerät nicht",
  "refused.lead":
    "Es kann nichts mehr lesen oder senden. So ist es nach zwei Jahren ohne Gebrauch, oder wenn das Konto anderswo geschlossen wurde. Hier wurde nichts gelöscht: Dein Konto hat nicht gesagt, dass es dieses Gerät aussperrt.",
  "refused.erase": "Löschen, was hier noch ist",

  "broken.title": "Diese Kopie lässt sich nicht öffnen",
  "broken.lead":
    "Es wurde nichts verändert. Lade die Seite neu; bleibt es so, lösche diese Kopie und melde dich neu an.",

  "broken.code": "Für jemanden, der dir hilft: {code}",

  "crash.title": "Hier ging etwas schief",
  "crash.lead":
    "Deine Nachrichten sind sicher. Lade die Seite neu; nach einer Aktualisierung des Servers genügt das.",
  "crash.reload": "Neu laden",

  "starting.title": "Deine Gespräche werden geöffnet",

  "home.title": "Gespräche",
  "home.empty": "Noch niemand hier",
  "home.emptyLead":
    "Visavis hat kein Adressbuch. Ihr findet euch über einen Link, einen Code oder eine genaue Kennung.",
  "home.invite": "Jemanden einladen",
  "home.add": "Kontakt hinzufügen",
  "home.settings": "Einstellungen",
  "home.pick": "Wähle ein Gespräch",
  "home.pickLead": "Oder lade jemanden ein.",
  "home.you": "Du bist {handle}",
  "home.noMessages": "Sag Hallo",
  "awaited.title": "Noch nicht hier",
  "home.awaited": {
    one: "{count} Kontakt von früher ist noch nicht hier",
    other: "{count} Kontakte von früher sind noch nicht hier",
  },
  "home.unread": { one: "{count} neue", other: "{count} neue" },
  "home.requests": {
    one: "{count} Person möchte mit dir sprechen",
    other: "{count} Personen möchten mit dir sprechen",
  },
  "home.you.prefix": "Du: {text}",

  "person.contact": "Kontakt",
  "person.rejoining": "Kommt wieder dazu",
  "person.changed": "Sicherheitsschlüssel geändert",
  "person.blocked": "Blockiert",
  "person.verified": "Verglichen",
  "person.unverified": "Noch nicht verglichen",

  "net.offline": "Keine Verbindung. Was du schreibst, wird gesendet, sobald sie wieder da ist.",
  "net.connecting": "Verbindet …",

  "add.title": "Kontakt hinzufügen",
  "add.invite": "Per Link einladen",
  "add.inviteHelp": "Schick jemandem einen Link oder lass deinen Code scannen.",
  "add.scan": "Code scannen",
  "add.scanHelp": "Die Einladung ist auf einem Bildschirm vor dir.",
  "add.paste": "Ich habe einen Link bekommen",
  "add.pasteHelp": "Öffne ihn, oder füge ihn hier ein.",
  "add.handle": "Per genauer Kennung",
  "add.handleHelp": "Wenn die Person Anfragen zulässt.",

  "invite.title": "Jemanden einladen",
  "invite.lead": "Wer diesen Link öffnet, wird dein Kontakt. Er gilt einmal und sieben Tage lang.",
  "invite.leadMany":
    "Wer diesen Link öffnet, bittet darum, dein Kontakt zu werden; du entscheidest jedes Mal. Sieben Tage lang.",
  "invite.private":
    "Schick ihn dorthin, wo nur die Person ihn sieht. Noch besser: lass ihn scannen.",
  "invite.one": "Für eine Person",
  "invite.many": "Für mehrere",
  "invite.qr": "Code mit deiner Einladung",
  "invite.copy": "Link kopieren",
  "invite.shareText": "Sprich mit mir auf Visavis",
  "invite.making": "Link wird gemacht …",

  "join.title": "Du bist eingeladen",
  "join.lead":
    "Jemand möchte mit dir sprechen, Ende-zu-Ende-verschlüsselt. Nimm an, und ihr seid Kontakte.",
  "join.paste": "Einladungslink",
  "join.pasteHelp": "Er beginnt mit der Adresse eures Servers und enthält /i#.",
  "join.accept": "Einladung annehmen",
  "join.waiting": "Gefragt. Ihr werdet Kontakte, sobald das andere Gerät antwortet.",
  "join.signedOut":
    "Du wurdest eingeladen. Leg ein Konto an oder melde dich an, dann geht es mit der Einladung weiter.",

  "scan.title": "Code scannen",
  "scan.lead": "Halte den Code in den Rahmen. Das Bild bleibt auf diesem Gerät.",
  "scan.denied":
    "Die Kamera ist hier nicht erlaubt. Erlaube sie in der Adresszeile des Browsers, oder füge den Link ein.",
  "scan.missing": "Keine Kamera gefunden. Füge stattdessen den Link ein.",
  "scan.other": "Das ist ein Code, aber keiner von Visavis.",
  "scan.paste": "Stattdessen einen Link einfügen",

  "handle.title": "Per Kennung hinzufügen",
  "handle.lead": "Frag, wer genau diese Kennung hat. Ob sie jemandem gehört, erfährst du nicht.",
  "handle.submit": "Fragen",
  "handle.working": "Fragen kostet immer ein, zwei Sekunden Arbeit.",
  "handle.asked":
    "Gefragt. Stimmt die Person zu, erscheint sie in deinen Gesprächen. Wenn nicht, geschieht nichts.",
  "handle.honest":
    "Eine Suche nach Namen kann nicht beweisen, dass dieser erste Kontakt echt ist. Der Vergleich der Sicherheitsnummern kann es.",

  "requests.title": "Anfragen",
  "requests.empty": "Niemand wartet.",
  "requests.byLink": "Hat einen Link von dir geöffnet",
  "requests.byHandle": "Hat nach deiner Kennung gefragt",
  "requests.was": "Hat den Schlüssel von {name}, vor deinem Umzug ein Kontakt von dir.",
  "requests.accept": "Annehmen",
  "requests.decline": "Ablehnen",
  "requests.note": "Für diese Namen bürgt niemand. Lehnst du ab, erfährt die Person es nicht.",
  "requests.resembles": "Sieht {name} sehr ähnlich",

  "thread.with": "Gespräch mit {name}",
  "thread.empty": "Noch nichts. Nachrichten und Anrufe zwischen euch erscheinen hier.",
  "thread.write": "Nachricht",
  "thread.voice": "Sprachanruf",
  "thread.video": "Videoanruf",
  "thread.details": "Details zum Kontakt",
  "thread.new": "Neu",
  "thread.paused": "Das Senden ruht, bis du über den geänderten Schlüssel entschieden hast.",
  "thread.blocked": "Du hast diesen Kontakt blockiert. Nichts wird gesendet oder empfangen.",
  "thread.rejoining":
    "Wartet darauf, wieder in dieses Gespräch gelassen zu werden. Das andere Gerät tut es, sobald es da ist.",

  "file.attach": "Foto oder Datei senden",
  "file.sealing": "{name} wird verschlüsselt",
  "file.sending": "{name} wird gesendet",
  "file.open": "Öffnen",
  "file.opening": "Wird geöffnet …",

  "event.missed": "Verpasster Anruf",
  "event.missedVideo": "Verpasster Videoanruf",
  "event.missedVoice": "Verpasster Sprach\u00adanruf",
  "event.missedOwn": "Dein Anruf wurde verpasst",
  "event.endedVoice": "Sprachanruf",
  "event.endedVideo": "Videoanruf",
  "event.unanswered": "Keine Antwort",
  "event.callBack": "Zurückrufen",
  "event.added": "Ihr seid jetzt Kontakte. Vergleicht die Sicherheitsnummern, um sicher zu sein.",
  "event.addedByHandle":
    "Ihr habt euch über die Kennung gefunden. Das beweist wenig: vergleicht die Sicherheitsnummern.",
  "event.newDevice": "Ein neues Gerät wird verwendet. Die Sicherheitsnummer bleibt dieselbe.",
  "event.deviceRemoved": "Ein Gerät wurde entfernt.",
  "event.rejoined": "Du bist wieder in diesem Gespräch.",
  "event.identityChanged": "Der Sicherheitsschlüssel hat sich geändert.",
  "event.ownDeviceAdded": "Ein neues Gerät ist in deinem Konto.",
  "event.ownDeviceRemoved": "Ein Gerät wurde aus deinem Konto entfernt.",
  "event.vaultRolledBack":
    "Der Server zeigte eine alte Fassung deiner Kontaktliste. Sie wurde nicht verwendet.",
  "event.renamed":
    "{was} heißt jetzt {name}. Es ist dasselbe Konto mit demselben Sicherheitsschlüssel.",
  "event.renamedGist": "Heißt jetzt anders.",
  "event.ownHandleChanged": "Deine Kennung wurde geändert",
  "alert.ownHandle":
    "Das war ein anderes Gerät von dir: Du bist jetzt {name}. Warst du das nicht, ändere dein Passwort.",
  "event.keysRolledBack":
    "Der Server zeigte eine alte Fassung deiner Schlüssel. Sie wurden nicht verwendet.",

  "alert.newDevice": "Ein neues Gerät ist in deinem Konto",
  "alert.newDeviceLead":
    "Warst du das nicht, sperr es jetzt aus und sieh dann nach Passkeys und Passwort.",
  "alert.look": "Geräte ansehen",

  "changed.title": "Der Sicherheitsschlüssel von {name} hat sich geändert",
  "changed.lead":
    "Vielleicht steht jemand zwischen euch. Anrufe und Nachrichten ruhen, bis du entscheidest.",
  "changed.step":
    "Vergleicht die Sicherheitsnummern persönlich oder am Telefon, wo ihr die Stimme kennt.",
  "changed.compare": "Sicherheitsnummern vergleichen",
  "changed.same": "Die Nummern sind gleich",
  "changed.sameHelp": "Der neue Schlüssel war falsch. Weiter mit dem, den du kennst.",
  "changed.differ": "Die Nummern sind verschieden",
  "changed.differHelp":
    "Beende diesen Kontakt und fangt neu an, mit einem Link, den du selbst übergibst.",
  "changed.keep": "Bekannten Schlüssel behalten",
  "changed.forget": "Kontakt beenden",
  "changed.banner": "Der Sicherheitsschlüssel hat sich geändert. Das Senden ruht.",
  "changed.decide": "Entscheiden",

  "safety.title": "Sicherheitsnummer",
  "safety.lead": "Dieselbe Nummer auf beiden Seiten heißt: niemand steht zwischen dir und {name}.",
  "safety.how":
    "Vergleicht sie persönlich oder lest sie euch vor. Sechs Gruppen sind deine, sechs die der anderen Seite.",
  "safety.number": "Sicherheitsnummer",
  "safety.same": "Sie ist gleich",
  "safety.undo": "Markierung zurücknehmen",
  "safety.marked": "Du hast verglichen. Der Ring um {name} ist geschlossen.",
  "safety.differ": "Sie ist anders",
  "safety.differText":
    "Dann steht jemand zwischen euch, oder jemand sieht auf einen anderen Kontakt. Macht nicht weiter; beende diesen Kontakt und trefft euch über einen Link, den du selbst übergibst.",

  "details.devices": { one: "{count} Gerät", other: "{count} Geräte" },
  "details.since": "Derselbe Schlüssel seit {date}",
  "details.sinceUnknown": "Von der Zeit vor diesem Gerät",
  "details.byHandle": "Über die Kennung gefunden",
  "details.forget": "Kontakt entfernen",
  "details.forgetSure": "{name} entfernen?",
  "details.forgetText":
    "Die Schlüssel verschwinden, und was die andere Seite von dir hat, wird abgewiesen. Nachrichten bleiben auf diesem Gerät, bis du es löschst. Die Person erfährt es nicht.",
  "details.block": "Blockieren",
  "details.unblock": "Nicht mehr blockieren",

  "rules.title": "Anrufe von diesem Kontakt",
  "rules.calls": "Was klingeln darf",
  "rules.calls.video": "Alle",
  "rules.calls.voice": "Nur Sprache",
  "rules.calls.nothing": "Nichts",
  "rules.hours": "Nur zu bestimmten Zeiten",
  "rules.hoursHelp": "Sonst klingelt hier nichts.",
  "rules.days": "Tage",
  "rules.from": "Von",
  "rules.to": "Bis",
  "rules.several": "Mehrere Zeitspannen sind gesetzt. Aus- und wieder einschalten setzt eine.",
  "rules.note":
    "Ein Anruf, der nicht klingelt, sieht dort aus wie keine Antwort. Du findest ihn im Gespräch als verpassten Anruf.",
  "rules.sees": "Darf sehen, dass es hier klingelt",
  "rules.seesHelp":
    "Erfährt, dass ein Gerät von dir an ist und dass du in keinem anderen Anruf bist, auch wenn du nicht abnimmst.",
  "rules.direct": "Direkte Verbindung erlaubt",
  "rules.directHelp":
    "Erfährt deine Netzwerkadresse und damit ungefähr, wo du bist. Dafür klingt ein Anruf oft besser und stockt weniger. Gilt nur, solange es auch dort erlaubt ist. Vertrauliche Anrufe gehen immer über das Relais.",
  "details.blockSure": "{name} blockieren?",
  "details.blockText":
    "Was die Person von dir hat, wird auf allen deinen Geräten abgewiesen, und was gerade läuft, endet. Den Grund erfährt sie nicht.",

  "devices.title": "Geräte",
  "devices.lead": "Jedes deiner Geräte liest alle neuen Nachrichten und klingelt.",
  "devices.this": "Dieses Gerät",
  "devices.short": "Gerät {id}",
  "devices.added": "Dabei seit {date}",
  "devices.seen": "Zuletzt hier {date}",
  "devices.unlisted": "Nicht auf deiner unterschriebenen Liste; es kann nichts",
  "devices.add": "Gerät hinzufügen",
  "devices.revoke": "Aussperren",
  "devices.revokeTitle": "Gerät {id} aussperren?",
  "devices.revokeText":
    "Es kann von da an nichts mehr lesen oder senden. Wenn es sich das nächste Mal verbindet, löscht es, was es hat, auch Nachrichten, die nur dort sind. Zeig, dass du es bist.",
  "devices.revoked": "Überall ausgesperrt.",

  "settings.title": "Einstellungen",
  "settings.account": "Konto",
  "settings.handle": "Deine Kennung",
  "settings.rename": "Ändern",
  "settings.devices": "Geräte",
  "settings.password": "Passwort ändern",
  "settings.privacy": "Privatsphäre",
  "settings.findable": "Man darf über meine Kennung anfragen",
  "settings.findableHelp":
    "Wer sie genau kennt, kann eine Anfrage an dieses Gerät senden. Aus: niemand kann feststellen, ob es sie gibt.",
  "settings.calls": "Anrufe",
  "settings.ring": "Klingelton",
  "settings.notify": "Benachrichtigung, wenn es klingelt",
  "settings.notifyHelp":
    "Sie sagt „Visavis klingelt“ und keinen Namen. Dein System führt vielleicht eine Liste von Benachrichtigungen.",
  "settings.notifyDenied": "Der Browser erlaubt hier keine Benachrichtigungen.",
  "settings.onlyOpen": "Aus: Anrufe klingeln nur, solange Visavis in diesem Browser offen ist.",
  "settings.alsoClosed": "Für dieses Gerät eingeschaltet.",
  "settings.recipientsHelp": "Dienste außerhalb deines Servers",
  "settings.limits": "Ehrliche Grenzen",
  "settings.limitsHelp": "Wovor hier nichts schützt",
  "settings.data": "Deine Daten",
  "settings.dataHelp": "Alles, was der Server von dir hat, und was du damit tun kannst",
  "settings.move": "Auf einen anderen Server umziehen",
  "settings.moveHelp": "Dich selbst, Kontakte und Verlauf mitnehmen",
  "settings.keys": "Einzelne Tasten im Anruf",
  "settings.keysHelp": "M schaltet stumm, V ist die Kamera und so weiter.",
  "settings.text": "Text in jedem Anruf öffnen",
  "settings.textHelp": "Ihr könnt beim Reden schreiben und seht jeden Buchstaben sofort.",
  "settings.looks": "Aussehen",
  "settings.theme": "Farben",
  "settings.theme.system": "Wie das System",
  "settings.theme.light": "Hell",
  "settings.theme.dark": "Dunkel",
  "settings.language": "Sprache",
  "settings.motion": "Weniger Bewegung",
  "settings.help": "Hilfe",
  "settings.doctor": "Dieses Gerät prüfen",
  "settings.doctorHelp": "Browser, Kamera, Mikrofon, Relais",
  "settings.lock": "Passphrase für diesen Browser",
  "settings.lockHelp": "Wird jedes Mal verlangt, wenn du Visavis hier öffnest.",
  "settings.lockRemove": "Passphrase entfernen",

  "lock.title": "Passphrase für diesen Browser",
  "lock.lead":
    "Wer dieses Gerät in die Hand bekommt, kann deine Nachrichten ohne sie nicht öffnen. Sie wird jedes Mal verlangt; vergisst du sie, hilft nur, diese Kopie zu löschen.",
  "lock.new": "Neue Passphrase",
  "lock.submit": "Setzen",
  "lock.done": "Gesetzt. Ab dem nächsten Start wird sie verlangt.",

  "change.title": "Passwort ändern",
  "change.lead": "Dein Wiederherstellungscode bleibt derselbe.",
  "change.submit": "Ändern",
  "change.done": "Dein Passwort ist geändert.",
};
