/** Deutsch, der Teil darüber, was andere von einem Anruf sehen konnten. */

export const deMeter = {
  "meter.title": "Was andere von diesem Anruf sehen konnten",
  "meter.lead":
    "Auf diesem Gerät gezählt. Von dieser Liste wird nichts gespeichert: Sie ist weg, wenn du diesen Bildschirm verlässt.",
  "meter.server": "Dein Server",
  "meter.relay": "Das Relais",
  "meter.network": "Das Netz",
  "meter.measured": "Gemessen",
  "meter.known": "Bekannt",
  "meter.lives.delivery": "Weg, sobald zugestellt, nach höchstens {seconds} s",
  "meter.lives.pick_up": "Bis zur Abholung, höchstens {days} Tage",
  "meter.lives.credential": "Nach {minutes} Minuten vergessen",
  "meter.lives.connection": "So lange wie die Verbindung, im Arbeitsspeicher",
  "meter.lives.device": "Solange dieses Gerät deines ist",
  "meter.lives.call": "So lange wie der Anruf; nichts wird gespeichert",
  "meter.lives.theirs": "Solange sie es behalten",
  "meter.lives.never": "Nicht gesehen",
  "meter.sent_live":
    "Versiegelte Umschläge gesendet, von niemandem, den er kennt: {envelopes} × {size}",
  "meter.sent_durable": "Versiegelte Umschläge für später: {envelopes} × {size}",
  "meter.received_live": "Versiegelte Umschläge für dieses Gerät: {envelopes} × {size}",
  "meter.received_durable":
    "Versiegelte Umschläge, die auf dieses Gerät warteten: {envelopes} × {size}",
  "meter.relay_asked": "Anfragen nach dem Relais, ohne Namen: {times}",
  "meter.device_connected": "Dass dieses Gerät verbunden war, und von welcher Netzadresse",
  "meter.day_seen": "Der Tag, an dem dieses Gerät zuletzt da war",
  "meter.times_and_addresses":
    "Zeiten und Adressen, während sie vorbeikommen. Ein Server, der zum Mitsehen umgebaut wurde, könnte daran zwei Anrufende einander zuordnen.",
  "meter.not_who": "Nicht, mit wem du gesprochen hast, wer anrief oder was gesagt wurde",
  "meter.relayed": "Mindestens {sent} hin und {received} zurück in {seconds}, alles verschlüsselt",
  "meter.relay_addresses": "Die Netzadressen beider Enden, unter einem zufälligen Namen",
  "meter.no_relay": "Nichts: Weder Ton noch Bild ging hindurch",
  "meter.you_called": "Dass du angerufen hast",
  "meter.you_answered": "Dass du angenommen hast",
  "meter.account_and_device": "Dein Konto, und welches deiner Geräte es war",
  "meter.voice": "Deine Stimme, {seconds} lang",
  "meter.video": "Deine Stimme und dein Bild, {seconds} lang",
  "meter.address": "Deine Netzadresse: Ihr habt einander den direkten Weg erlaubt",
  "meter.no_address": "Nicht deine Netzadresse",
  "meter.tls_to_server":
    "Eine verschlüsselte Verbindung zu deinem Server: mindestens {sent} hin, {received} zurück",
  "meter.media_to_relay":
    "Verschlüsselte Pakete zum Relais: mindestens {sent} hin, {received} zurück in {seconds}",
  "meter.media_direct":
    "Verschlüsselte Pakete zur anderen Seite: mindestens {sent} hin, {received} zurück in {seconds}",
  "meter.sound_one_size":
    "Tonpakete: {packets}, alle gleich groß, ob du gesprochen hast oder nicht",
  "meter.sound_sizes": "Tonpakete: {packets}, in {sizes} Größen",
} as const;
