/** Español, la parte sobre grabaciones que usan las llamadas. */

import type { enRecording } from "./en_recording.ts";
import type { Catalogue } from "./text.ts";

export const esRecording: Pick<Catalogue, keyof typeof enRecording> = {
  "kind.audio": "Sonido",
  "kind.video": "Imagen",
  "kind.screen": "Pantalla compartida",
  "kind.transcript": "Transcripción",

  "recorded.region": "Qué se graba",
  "recorded.by": "{name} graba: {kinds}",
  "recorded.own": "Grabas: {kinds}",
  "recorded.withdraw": "Retirar mi sí",
  "recorded.stop": "Dejar de grabar",
  "recorded.over": "Ya no se graba nada.",
  "recorded.tab": "● Grabación",

  "request.title": "{name} pide grabar esta llamada",
  "request.rule": "Solo se graba si todos dicen que sí.",
  "request.goesOn": "Digas lo que digas, la llamada sigue.",
  "request.kinds": "Elige en qué estás de acuerdo",
  "request.purpose": "Para qué",
  "request.place": "Dónde se guarda",
  "request.place.device": "En el dispositivo de {name}, en ningún otro sitio",
  "request.place.uploaded":
    "En el dispositivo de {name} y sellada en el servidor, que no puede abrirla",
  "request.days": "Cuánto tiempo",
  "request.daysLong": {
    one: "{count} día. Después se borran sus claves.",
    other: "{count} días. Después se borran sus claves.",
  },
  "request.recipients": "Quién puede reproducirla",
  "request.recipients.members": "Todos los que digan que sí",
  "request.clear": "También una copia sin sellar",
  "request.clearHelp": "Un archivo como cualquier otro. No se puede recuperar.",
  "request.named": "Para: {name}",
  "request.withdraw": "Retirarlo",
  "request.withdrawLong":
    "Un toque, en cualquier momento: durante la llamada en la barra roja, después en «Mis consentimientos». Entonces la grabación termina y Visavis deja de reproducir lo que haya de ti.",
  "request.cannot":
    "Nadie puede impedir que alguien filme la pantalla o use un programa modificado. Una copia sin sellar no se puede recuperar.",
  "request.no": "No",
  "request.yes": "Sí",
  "request.choose": "Elige primero en qué estás de acuerdo. Nada está elegido por ti.",
  "request.open": "{name} pide grabar. El silencio cuenta como no.",
  "request.answer": "Responder",
  "request.given": "Has dicho que sí a {name}. Se graba en cuanto todos lo hayan dicho.",

  "held.title": "Todavía no estás en la conversación",
  "held.question":
    "Oyes a los demás y te oyen en cuanto hayas respondido. Con sí y con no, entras.",
  "held.waiting": "Los demás dicen primero si alguien quiere grabar.",

  "askRecord.title": "Pedir grabar",
  "askRecord.lead":
    "Se pregunta a cada persona por separado. Se graba en cuanto todos hayan dicho que sí.",
  "askRecord.kinds": "¿Qué quieres grabar?",
  "askRecord.purpose": "¿Para qué?",
  "askRecord.purposeHelp": "Lo leen todos.",
  "askRecord.tooLong": "Es demasiado largo. Bastan una o dos frases.",
  "askRecord.days": "¿Durante cuántos días?",
  "askRecord.daysHelp": "De 1 a 30. Después se borran sus claves.",
  "askRecord.clear": "Pedir una copia sin sellar",
  "askRecord.clearHelp":
    "Una pregunta aparte, a la que todos tienen que decir que sí. Ese archivo no se puede recuperar.",
  "askRecord.named": "¿Quién más recibe la copia?",
  "askRecord.namedHelp": "Nadie, si lo dejas vacío.",
  "askRecord.see": "Lo que verán los demás",
  "askRecord.submit": "Preguntar a todos",
  "askRecord.missing":
    "Elige qué grabar, di para qué y para cuántos días, de 1 a 30, y elige quién puede reproducirla.",
  "askRecord.law": "Lo que dice la ley",
  "askRecord.you": "Tú",

  "mayNotAsk.title": "No puedes pedir grabar",
  "mayNotAsk.never": {
    one: "A {names} no se le graba nunca.",
    other: "A {names} no se les graba nunca.",
  },
  "mayNotAsk.somebody": "A alguien de aquí no se le graba nunca.",
  "mayNotAsk.alone": "No hay nadie más aquí.",
  "mayNotAsk.asked": "Tu pregunta ya se está haciendo.",
  "mayNotAsk.too_often": "Has preguntado tres veces en esta llamada. Es el máximo.",
  "mayNotAsk.held": "Podrás preguntar cuando estés en la conversación.",
  "mayNotAsk.confidential":
    "Nadie puede pedir grabar una llamada confidencial. Aun así, se puede filmar.",
  "mayNotAsk.unable": "Esta llamada no se puede grabar con este dispositivo.",

  "ownAsk.waits": {
    one: "Has pedido grabar. {count} persona no ha respondido: {names}",
    other: "Has pedido grabar. {count} personas no han respondido: {names}",
  },
  "ownAsk.answered": "Has pedido grabar. Todos han respondido.",
  "ownAsk.stop": "Dejar de preguntar",

  "beforeRecording.note":
    "Alguien puede pedir grabar esta llamada. Entonces se te pregunta, y solo se graba si todos dicen que sí.",
  "beforeRecording.never": {
    one: "A {names} no se le graba nunca. Nadie puede pedirlo.",
    other: "A {names} no se les graba nunca. Nadie puede pedirlo.",
  },
  "beforeRecording.own": "A ti no se te graba nunca. Nadie puede pedirlo.",
  "beforeRecording.confidential":
    "Nadie puede pedir grabar una llamada confidencial. Aun así, se puede filmar.",

  "neverRecord.label": "No grabarme nunca",
  "neverRecord.help":
    "Nadie que esté en una llamada contigo puede pedir grabarla. Tus contactos lo ven antes de llamar. Aun así, una pantalla se puede filmar.",
  "neverRecord.rule": "No grabarme nunca en llamadas con esta persona",
  "neverRecord.ruleHelp": "Lo ve antes de llamar, y nadie en la llamada puede pedirlo.",
  "neverRecord.ruleAll": "Ahora vale para todos: mira en Ajustes.",

  "settings.recording": "Grabaciones",
  "settings.consents": "Mis consentimientos",
  "settings.consentsHelp": "Lo que dijiste sobre grabaciones, con recibos",
  "settings.recordings": "Grabaciones",
  "settings.recordingsHelp": "Reproducir, exportar o quitar lo grabado",
};
