/** Español, la parte de mudarse a otro servidor. */

import type { Plural } from "./text.ts";

export const esMove = {
  "move.lead":
    "Un archivo cifrado te lleva contigo: sigues siendo quien eres. Aquí no cambia nada hasta que cierres esta cuenta.",
  "move.alone":
    "Los servidores no hablan entre sí. Un contacto solo lo sigue siendo si también tiene una cuenta en el servidor nuevo: alguien tiene que dejarle entrar allí, y tiene que querer.",
  "move.goes": "Lo que va contigo",
  "move.goesKey":
    "Tu clave de seguridad. Con los contactos que también se muden, el número de seguridad sigue siendo el mismo.",
  "move.goesContacts": {
    one: "{count} contacto y lo que decidiste sobre él. Allí lo esperas hasta que llegue.",
    other: "{count} contactos y lo que decidiste sobre ellos. Allí los esperas hasta que lleguen.",
  },
  "move.goesCalls": {
    one: "{count} llamada de tu historial y tus ajustes.",
    other: "{count} llamadas de tu historial y tus ajustes.",
  },
  "move.stays": "Lo que se queda aquí",
  "move.staysMessages":
    "Mensajes y archivos. Este navegador los muestra hasta que cierres esta cuenta; con ello se borran aquí.",
  "move.staysAccess":
    "Identificador, contraseña, llaves de acceso y código de recuperación. Allí recibes otros.",
  "move.staysDevices": "Tus otros dispositivos. Entran allí de nuevo.",

  "move.makeStep": "Tu cuenta en un archivo",
  "move.make": "Crear el archivo",
  "move.makeText": "Se sella aquí, con una frase de paso. Antes muestras que eres tú.",
  "move.there": "Registrarte en el servidor nuevo",
  "move.thereText":
    "Abre un enlace de registro del servidor nuevo y elige «Traer una cuenta de otro servidor». Usa el archivo una sola vez: quien te haya conocido allí rechazaría una segunda cuenta.",
  "move.tellStep": "Decir adónde vas",
  "move.tell": "Avisar a tus contactos",
  "move.tellText":
    "En la cuenta nueva, en «Aún no están aquí», haces un enlace para todos. Desde aquí lo envías.",
  "move.end": "Cerrar esta cuenta",
  "move.endText":
    "Cuando todos lo sepan. Hasta entonces recibe lo que los contactos envíen aquí. Al cerrarla se borra también lo que este navegador guarda de ella, mensajes y archivos incluidos.",

  "move.how": "Lo que abre el archivo",
  "move.howMade": "Seis palabras, hechas para ti",
  "move.howMadeHelp": "Se muestran una vez. Nadie las adivina.",
  "move.howOwn": "Una frase de paso tuya",
  "move.making": "Sellando tu cuenta. Tarda unos segundos.",
  "move.made": "El archivo está listo",
  "move.madeOf": "Dentro: tú, {contacts}, {calls}.",
  "move.contacts": { one: "{count} contacto", other: "{count} contactos" },
  "move.calls": { one: "{count} llamada", other: "{count} llamadas" },
  "move.words": "Lo que abre el archivo",
  "move.wordsHelp": "Apúntalo. No se vuelve a mostrar.",
  "move.ownWords": "Se abre con la frase de paso que elegiste.",
  "move.apart":
    "Quien tenga el archivo y su frase de paso puede ser tú. Guárdalos por separado y borra el archivo cuando te hayas mudado.",
  "move.save": "Guardar el archivo",
  "move.saved": "Guardado en tus descargas como {name}.",

  "tell.link": "El enlace que hiciste allí",
  "tell.linkHelp": "En la cuenta nueva: Ajustes, Aún no están aquí.",
  "tell.read": "Leerán esto",
  "tell.words":
    "Me mudo a otro servidor: {origin}\nSi quieres que sigamos en contacto, crea allí una cuenta y usa este enlace. Sirve unos días.\n{link}",
  "tell.whom": "A quién se avisa",
  "tell.not": "No se avisa a: {names}",
  "tell.nobody": "No hay nadie a quien avisar.",
  "tell.send": { one: "Enviar a {count} contacto", other: "Enviar a {count} contactos" },
  "tell.sent": {
    one: "De camino a {count} contacto. Que venga es decisión suya.",
    other: "De camino a {count} contactos. Que vengan es decisión suya.",
  },
  "tell.failed": "No se envió a {names}.",
  "tell.other":
    "Este enlace es de otra persona: tus contactos pasarían a ser suyos. No se envió nada. Hazlo en tu cuenta nueva.",
  "tell.here":
    "Este enlace lleva al servidor donde estás. No se envió nada. Hazlo en tu cuenta nueva.",

  "bring.title": "Trae tu cuenta aquí",
  "bring.lead":
    "Con el archivo que Visavis hizo en tu otro servidor. Tendrás otro identificador, otro código de recuperación y este único dispositivo.",
  "bring.choose": "Elegir el archivo",
  "bring.another": "Elegir otro archivo",
  "bring.chosen": "Elegido",
  "bring.passphrase": "Lo que abre el archivo",
  "bring.passphraseHelp": "Las seis palabras, o la frase de paso que elegiste",
  "bring.open": "Abrirlo",
  "bring.opening": "Abriéndolo. Tarda unos segundos.",
  "bring.found": "Esta es la cuenta {handle}",
  "bring.foundText": "Trae {contacts} y {calls}. Ahora regístrate aquí, como cualquiera.",
  "moveFile.foreign": "Este archivo no lo hizo Visavis para una mudanza. No se cambió nada.",
  "moveFile.older":
    "Este archivo tiene una forma que ya no se lee. No se cambió nada; créalo de nuevo.",
  "moveFile.newer":
    "Un Visavis más nuevo hizo este archivo. No se cambió nada; pide a quien lleva este servidor que lo actualice.",
  "moveFile.cut":
    "Este archivo está cortado, o se le añadió algo. No se cambió nada; cópialo otra vez.",
  "moveFile.damaged":
    "Este archivo está dañado. No se cambió nada; cópialo otra vez, o créalo de nuevo.",
  "moveFile.greedy":
    "Este archivo pide más trabajo que cualquiera de Visavis, así que no se abrió. No se cambió nada; desconfía de su origen.",
  "moveFile.passphrase":
    "La frase de paso no es la de este archivo, o alguien cambió el archivo. No se cambió nada.",
  "moveFile.contents":
    "Este archivo se abre, pero su contenido no encaja. No se cambió nada; créalo de nuevo.",
  "moveFile.unreadable":
    "El navegador no puede leer este archivo. No se cambió nada; elígelo otra vez.",

  "awaited.lead":
    "Tus contactos de antes de la mudanza. Quien llegue con la clave que conoces es como antes: comparado o no, con las reglas que le diste.",
  "awaited.none": "No se espera a nadie.",
  "awaited.verified": "Número de seguridad comparado",
  "awaited.blocked": "Bloqueado: aquí también se rechaza",
  "awaited.link": "Hacer un enlace para todos",
  "awaited.linkText":
    "Sirve 30 días. Envíalo desde tu cuenta antigua: Ajustes, Mudarse a otro servidor, Avisar a tus contactos. Después cada uno espera aquí tu toque.",
  "awaited.forget": "Olvidar",
  "awaited.forgetTitle": "¿Dejar de esperar a {name}?",
  "awaited.forgetText":
    "Quien llegue entonces como {name} es un extraño: nada de lo que comparaste o decidiste vale para esa persona.",
  "awaited.forgetBlocked": "{name} deja de estar bloqueado aquí y puede llegar como extraño.",
} as const satisfies Record<string, string | Plural>;
