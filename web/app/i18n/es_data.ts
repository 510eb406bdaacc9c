/** Spanish, the part about one's own data. */

import type { Plural } from "./text.ts";

export const esData = {
  "data.title": "Tus datos",
  "data.lead":
    "Todo lo que tu servidor tiene de ti, fila por fila, tal como está guardado. No se anota en ninguna parte que lo miras.",
  "data.asking": "Se pregunta a tu servidor",
  "data.show": "Mostrar",
  "data.today": "Hoy",
  "data.ahead": "En 30 días",
  "data.aheadNote":
    "Lo que quedaría el {date} si no volvieras hasta entonces: lo que deja la limpieza del propio servidor.",
  "data.gone": "Para entonces ya no está: {names}.",

  "data.is.account": "Tu cuenta",
  "data.is.devices": "Tus dispositivos",
  "data.is.envelopes": "Sobres que te esperan",
  "data.is.keyPackages": "Claves con las que tus contactos dejan entrar a tus dispositivos",
  "data.is.handle": "Que te encuentren por tu nombre",
  "data.is.push": "Sonar con la aplicación cerrada",
  "data.is.vault": "Tu caja fuerte",
  "data.is.other": "Otros",
  "data.for.account":
    "Un número al azar que te representa, un hash con clave de tu nombre, lo que comprueba que eres tú, tus claves, selladas en tu dispositivo, y lo que elegiste en esta página.",
  "data.for.devices":
    "Números al azar para cada dispositivo y su buzón, y hashes de las claves que das a tus contactos: siempre 256, tengas los contactos que tengas.",
  "data.for.envelopes":
    "Sellados: el servidor no puede abrirlos ni sabe de quién son. Desaparecen cuando tu dispositivo los tiene.",
  "data.for.keyPackages": "Claves públicas; cada una vale una vez.",
  "data.for.handle":
    "Adónde van las solicitudes, si dejas que pregunte quien conoce tu nombre entero.",
  "data.for.push": "La dirección del servicio de avisos de tu navegador, sellada.",
  "data.for.vault":
    "Contactos, ajustes y el historial de llamadas para tu próximo dispositivo, sellados en el tuyo. El servidor ve su tamaño.",
  "data.for.other": "De un servidor más nuevo: esta página no tiene palabras para ello.",

  "data.why": "Se guarda porque",
  "data.who": "Lo ve",
  "data.how": "Guardado como",
  "data.until": "Se elimina",
  "data.basis.contract": "lo pediste (RGPD 6(1)(b))",
  "data.basis.interest": "con ello el servicio resiste ataques (RGPD 6(1)(f))",
  "data.basis.consent": "lo activaste (RGPD 6(1)(a))",
  "data.basis.nobody": "no dice nada de nadie",
  "data.who.owner": "tú",
  "data.who.contacts": "tus contactos",
  "data.who.operator": "quien lleva el servidor",
  "data.who.anyone": "quien conoce tu nombre",
  "data.who.nobody": "nadie",
  "data.how.ciphertext": "sellado, las claves están en los dispositivos",
  "data.how.hash": "un hash",
  "data.how.keyedHash": "un hash con clave",
  "data.how.sealed": "sellado por el servidor",
  "data.how.publicKey": "una clave pública",
  "data.how.randomId": "un número al azar",
  "data.how.signature": "una firma",
  "data.how.day": "un día",
  "data.how.number": "un número",
  "data.how.plain": "legible",
  "data.how.pake": "algo que comprueba tu contraseña sin conocerla",
  "data.in": { one: "en {count} día ({date})", other: "en {count} días ({date})" },
  "data.inRange": "en {from} a {to} días (del {first} al {last})",
  "data.dueNow": "con la próxima limpieza ({date})",
  "data.unused": "{when}, si hasta entonces no se usa nada",
  "data.rows": { one: "{count} fila", other: "{count} filas" },
  "data.size": "{rows}, {bytes}",
  "data.see": "Ver cada fila",

  "data.rowsLead": "Cada fila tal como está en la base de datos de tu servidor.",
  "data.english": "Para qué sirve cada columna lo dice el servidor, en inglés.",
  "data.columns": "Para qué sirve cada columna",
  "data.rowOf": "Fila {at} de {all}",
  "data.rowUntil": "Se elimina {when}",
  "data.long": "{bytes}, SHA-256:",
  "data.bytesShow": "Mostrar los bytes",
  "data.bytesHere": "Los bytes, en hexadecimal. Coinciden con el hash.",
  "data.bytesPart":
    "Los primeros {shown} de {all}. Coinciden con el hash; en el archivo que puedes guardar están todos.",
  "data.bytesGone": "Esta fila ya no está en el servidor.",
  "data.moreRows": { one: "Mostrar {count} fila más", other: "Mostrar {count} filas más" },
  "data.noRows": "De esto no hay nada.",

  "data.totals": "En total",
  "data.kind": "Qué",
  "data.all": "Todo",
  "data.nothing": "nada",
  "data.device": "En este dispositivo",
  "data.deviceLead":
    "Guardado en este navegador, sellado. Los tamaños son los de antes de sellar; los de las grabaciones, los que tienen aquí.",
  "data.local.device": "Este dispositivo",
  "data.local.calls": "Llamadas",
  "data.local.recordings": "Grabaciones y consentimientos",
  "data.local.callReceipts": "Recibos firmados de llamadas",
  "data.local.contacts": "Contactos",
  "data.local.groups": "Grupos",
  "data.local.keys": "Claves de conversaciones",
  "data.local.addresses": "Direcciones que se dieron",
  "data.local.notices": "Avisos",
  "data.local.outbox": "Pendiente de enviar",
  "data.local.messages": "Mensajes",
  "data.local.other": "Otros",

  "data.elsewhere": "Lo que no pertenece a ninguna cuenta",
  "data.elsewhereLead":
    "No está en ninguna fila de arriba, porque el servidor no puede saber de quién es. Por eso no se puede mostrar ni eliminar solo para ti; todo termina por sí mismo.",
  "data.unlinked": "Guardado, y no se sabe de quién",
  "data.unlinkedText":
    "El orden de los cambios en las conversaciones, enlaces de registro usados, y archivos adjuntos, sellados, 30 días como mucho.",
  "data.memory": "Solo en memoria",
  "data.memoryText":
    "En ningún disco, y desaparece cuando el servidor se reinicia: quién está conectado, intentos de entrar, llamadas en curso.",
  "data.log": "El registro",
  "data.logText": "Un día, un suceso y una cantidad. Sin nombre ni dirección; durante siete días.",
  "data.header": "Visto mientras responde",
  "data.headerText": "Lo que cada navegador envía con una petición. Se usa y se olvida.",
  "data.entries": { one: "{count} entrada", other: "{count} entradas" },
  "data.keptDays": { one: "{count} día", other: "{count} días" },

  "data.do": "Qué puedes hacer",
  "data.related": "También tuyo",

  "data.save": "Llevártelos",
  "data.saveHelp": "Un archivo con cada byte, o uno para leer",
  "data.saveLead":
    "Los dos se hacen en esta página con lo que responde el servidor. El primero tiene cada byte, para otros programas. El segundo es para leer y se puede imprimir.",
  "data.saveWarn": "No des el archivo a nadie. Lo que está sellado sigue sellado en él.",
  "data.saveJson": "Cada byte (JSON)",
  "data.saveHtml": "Para leer (HTML)",
  "data.saving": "{done} de {all} valores largos obtenidos",
  "data.saved": "Guardado.",
  "data.savedLess": {
    one: "Guardado. {count} valor ya no estaba cuando se pidió; constan su tamaño y su hash.",
    other:
      "Guardado. {count} valores ya no estaban cuando se pidieron; constan sus tamaños y hashes.",
  },

  "data.shorten": "Guardar menos tiempo",
  "data.shortenHelp": "Sobres que esperan, y una cuenta que no se usa",
  "data.envelopeDays": "Sobres que ningún dispositivo recoge",
  "data.envelopeDaysHelp": "Después terminan sin leer. Quien los envió no se entera.",
  "data.accountDays": "Tu cuenta, si no vuelves",
  "data.accountDaysHelp": "Termina con todo lo que contiene. Cada uso empieza la cuenta de nuevo.",
  "data.asServer": {
    one: "{count} día, como lo tiene el servidor",
    other: "{count} días, como lo tiene el servidor",
  },
  "data.days": { one: "{count} día", other: "{count} días" },
  "data.shortenNote": "Menos que el servidor, nunca más.",
  "data.accountSure": "Plazo para tu cuenta: {days}",
  "data.accountSureText":
    "Si durante {days} no se usa ningún dispositivo tuyo, la cuenta se elimina con todo lo que contiene. Nadie puede recuperarla.",
  "data.accountYes": "Guardarla ese tiempo",

  "data.delete": "Eliminar esto",
  "data.deleteTitle": "Eliminar: {name}",
  "data.deleteYes": "Eliminar",
  "data.deleted": {
    one: "Eliminado del servidor: {count} fila.",
    other: "Eliminado del servidor: {count} filas.",
  },
  "data.deletedNone": "De esto no había nada.",
  "data.follows.push":
    "Las llamadas ya no suenan en este dispositivo con la aplicación cerrada. Si lo activas otra vez, se crea una suscripción nueva.",
  "data.follows.handle":
    "Tu nombre queda oculto: quien lo busque recibe lo que todos reciben por un nombre que no tiene nadie. Puedes volver a mostrarlo en los ajustes.",
  "data.follows.keyPackages":
    "Desaparecen las de este dispositivo. Tus contactos no pueden dejarlo entrar en una conversación nueva hasta que suba otras, como hace en un día. Lo que tienes con ellos sigue.",
  "data.follows.envelopes":
    "Lo que aún no llegó a este dispositivo se pierde sin leer; quien lo envió no lo sabe. Si era un cambio de claves, un contacto tiene que dejar entrar otra vez a este dispositivo.",
  "data.follows.vault":
    "Un dispositivo nuevo tuyo empezaría sin contactos ni llamadas. No se queda vacía: tus dispositivos la escriben de nuevo con su próximo cambio. Para no tenerla, cierra la cuenta.",

  "data.freeze": "Congelar tu cuenta",
  "data.freezeHelp": "No se hace nada con ella hasta que lo digas (RGPD 18)",
  "data.freezeText":
    "Para todos los demás no existes: nadie te alcanza, te llama ni te encuentra. Reciben lo que todos reciben por una dirección desconocida. Tus propios dispositivos tampoco se alcanzan entre sí. Puedes entrar y verlo todo. Lo que se guarda termina igualmente en su día.",
  "data.freezeYes": "Congelar",
  "data.frozen": "Tu cuenta está congelada",
  "data.frozenText":
    "Para todos los demás no existes. Lo que te envían mientras tanto se rechaza. Lo que se guarda termina igualmente en su día.",
  "data.thaw": "Descongelar",
  "data.thawed":
    "Ya no está congelada. Tus contactos reciben direcciones nuevas de este dispositivo; haz lo mismo en los demás. Lo que se rechazó llega si quien lo envió lo intenta otra vez.",

  "data.object": "Oponerte",
  "data.objectHelp": "Lo que se hace sin que lo pidas, y qué pasa si te opones (RGPD 21)",
  "data.objectLead":
    "Esto se hace porque sin ello el servicio no resistiría ataques, no porque lo pidieras (RGPD 6(1)(f)). De ello solo están en disco el registro y la lista de solicitudes.",
  "data.objectWhy": "Para qué",
  "data.objectThen": "Si te opones",
  "data.objectNone": "Tu servidor no hace nada por ese motivo.",
  "data.objectLog": "Registro: {name}",
  "data.objectFreeze": "Para que no se haga nada con tu cuenta, congélala.",
  "data.then.requests":
    "No se puede apagar: demuestra que las solicitudes se respondieron a tiempo. No lleva nombre.",
  "data.then.id3":
    "No se puede apagar. Con la base de datos se podría saber de quién es, durante siete días.",
  "data.then.push": "Apagado si eliminas «Sonar con la aplicación cerrada».",
  "data.then.quotas": "Apagado mientras tu cuenta está congelada.",
  "data.then.attempts": "No se puede apagar: se podrían adivinar contraseñas sin fin.",
  "data.then.nobody": "Nada de ello se puede atribuir a ti.",
  "data.then.ask": "Pregunta a quien lleva el servidor.",

  "receipt.account":
    "El servidor ha firmado que borró tu cuenta y destruyó la clave sin la cual ninguna copia de seguridad la muestra.",
  "receipt.until":
    "El servidor lo ha firmado. Las copias de seguridad anteriores se abren como máximo hasta el {date}.",
  "receipt.save": "Guardar el recibo",
  "receipt.none": "El servidor no dio recibo por ello.",
  "receipt.bad": "El servidor dice que está borrado, pero su recibo no es válido. No se guardó.",
  "closed.title": "Tu cuenta está cerrada",
  "closed.lead": "El servidor dice que no queda ninguna fila de ella. Aquí no queda nada.",
  "data.close": "Cerrar tu cuenta",
  "data.closeHelp": "Desaparece todo, allí y aquí",
  "data.closeText":
    "El servidor elimina al momento cada fila tuya, y este navegador todo lo que guarda. Tus contactos conservan lo que tienen de ti; no se les dice. Nadie puede deshacerlo.",
  "data.closeHandle": "Para estar seguro, escribe tu identificador entero",
  "data.closeOther": "Esto no es {handle}.",
  "data.closeYes": "Cerrarla para siempre",
} as const satisfies Record<string, string | Plural>;
