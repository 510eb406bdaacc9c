/** Español, la parte sobre lo que otros pudieron ver de una llamada. */

export const esMeter = {
  "meter.title": "Lo que otros pudieron ver de esta llamada",
  "meter.lead":
    "Contado en este dispositivo. De esta lista no se guarda nada: desaparece cuando sales de esta pantalla.",
  "meter.server": "Tu servidor",
  "meter.relay": "El relé",
  "meter.network": "La red",
  "meter.measured": "Medido",
  "meter.known": "Sabido",
  "meter.lives.delivery": "Desaparece al entregarse, a los {seconds} s como mucho",
  "meter.lives.pick_up": "Hasta que se recoge, {days} días como mucho",
  "meter.lives.credential": "Olvidado a los {minutes} minutos",
  "meter.lives.connection": "Lo que dura la conexión, en memoria",
  "meter.lives.device": "Mientras este dispositivo sea tuyo",
  "meter.lives.call": "Lo que dura la llamada; no se guarda nada",
  "meter.lives.theirs": "Mientras lo guarden",
  "meter.lives.never": "No se vio",
  "meter.sent_live": "Sobres sellados enviados, por nadie que él conozca: {envelopes} × {size}",
  "meter.sent_durable": "Sobres sellados dejados para después: {envelopes} × {size}",
  "meter.received_live": "Sobres sellados para este dispositivo: {envelopes} × {size}",
  "meter.received_durable":
    "Sobres sellados que esperaban a este dispositivo: {envelopes} × {size}",
  "meter.relay_asked": "Peticiones del relé, sin nombre: {times}",
  "meter.device_connected": "Que este dispositivo estaba conectado, y desde qué dirección de red",
  "meter.day_seen": "El día en que este dispositivo estuvo por última vez",
  "meter.times_and_addresses":
    "Horas y direcciones mientras pasan. Un servidor modificado para vigilar podría emparejar con ellas a dos personas que se llaman.",
  "meter.not_who": "Ni con quién hablaste, ni quién llamó, ni nada de lo que se dijo",
  "meter.relayed": "Al menos {sent} de subida y {received} de bajada en {seconds}, todo cifrado",
  "meter.relay_addresses": "Las direcciones de red de ambos extremos, con un nombre al azar",
  "meter.no_relay": "Nada: no pasó por él ni sonido ni imagen",
  "meter.you_called": "Que llamaste",
  "meter.you_answered": "Que contestaste",
  "meter.account_and_device": "Tu cuenta, y cuál de tus dispositivos era",
  "meter.voice": "Tu voz, durante {seconds}",
  "meter.video": "Tu voz y tu imagen, durante {seconds}",
  "meter.address": "Tu dirección de red: os permitisteis el camino directo",
  "meter.no_address": "No tu dirección de red",
  "meter.tls_to_server":
    "Una conexión cifrada con tu servidor: al menos {sent} de subida, {received} de bajada",
  "meter.media_to_relay":
    "Paquetes cifrados hacia el relé: al menos {sent} de subida, {received} de bajada en {seconds}",
  "meter.media_direct":
    "Paquetes cifrados hacia el otro lado: al menos {sent} de subida, {received} de bajada en {seconds}",
  "meter.sound_one_size": "Paquetes de sonido: {packets}, todos del mismo tamaño, hablaras o no",
  "meter.sound_sizes": "Paquetes de sonido: {packets}, en {sizes} tamaños",
} as const;
