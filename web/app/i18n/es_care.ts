/** Español, la parte de los cuidados: comparar por código, permisos, bloqueo, y cuando alguien ha entrado. */

export const esCare = {
  "safety.qr": "Tu código, para su cámara",
  "safety.scan": "Escanear su código",
  "safety.scanTitle": "Escanear el código de {name}",
  "safety.scanLead":
    "Allí se abre esta misma página sobre ti. Pon su código en el marco; la imagen se queda aquí.",
  "safety.scanOther": "Este no es el código de un número de seguridad.",
  "safety.match": "Los códigos coinciden",
  "safety.alarm": "No coinciden",

  "file.stop": "Parar",
  "file.progress": "Cuánto lleva el archivo",
  "file.stopped": "Parado. No se envió nada.",
  "file.tooLate": "Ya se había enviado antes de que lo pararas.",

  "permissions.title": "Permisos",
  "permissions.help": "Cámara, micrófono, notificaciones, y cuándo se usaron",
  "permissions.lead":
    "Lo que este navegador deja usar a Visavis. Solo se pide cuando lo necesitas.",
  "permissions.granted": "Permitido",
  "permissions.denied": "No permitido",
  "permissions.prompt": "Pregunta antes",
  "permissions.unknown": "No lo dice",
  "permissions.last": "Último uso: {when}",
  "permissions.never": "Sin uso reciente",
  "permissions.revoke": "Retirar un permiso",
  "permissions.revokeHelp":
    "Solo el navegador puede hacerlo. La próxima llamada volverá a preguntar.",
  "permissions.how.chromium":
    "Pulsa el icono a la izquierda de la dirección y apaga lo que ya no quieras.",
  "permissions.how.chromiumPhone":
    "Toca el icono a la izquierda de la dirección, luego Permisos, y apaga lo que ya no quieras.",
  "permissions.how.firefox":
    "Pulsa el icono a la izquierda de la dirección. Junto a lo permitido hay una cruz: púlsala.",
  "permissions.how.firefoxPhone":
    "Toca el candado a la izquierda de la dirección y luego lo permitido: queda bloqueado.",
  "permissions.how.safari":
    "En el menú Safari, abre Ajustes para este sitio web y pon Cámara y Micrófono en Preguntar o Denegar.",
  "permissions.how.safariPhone":
    "Toca el icono al borde de la dirección, luego Ajustes del sitio web, y pon Cámara y Micrófono en Preguntar o Denegar.",
  "permissions.uses": "Últimos usos",
  "permissions.usesHelp":
    "Se guardan cifrados en este dispositivo, treinta días, y nadie más los ve. Las llamadas confidenciales no aparecen.",
  "permissions.clear": "Borrar esta lista",

  "hacked.title": "Alguien ha entrado",
  "hacked.help": "Qué hacer si lo sospechas",
  "hacked.lead":
    "Hazlo en un dispositivo de confianza, paso a paso. Hacerlo sin necesidad no daña nada.",
  "hacked.devices": "Deja fuera lo que no es tuyo",
  "hacked.devicesText":
    "Un dispositivo que no conoces, o que ya no tienes, sigue leyendo hasta que lo dejes fuera.",
  "hacked.password": "Cambia tu contraseña",
  "hacked.passwordText": "Elige una que no uses en ningún otro sitio.",
  "hacked.recovery":
    "El código de recuperación no cambia, y esta versión no puede sustituirlo. Si alguien vio el tuyo, crea otra cuenta y avisa a tus contactos.",
  "hacked.warn": "Avisa a tus contactos",
  "hacked.warnText": "Elige a quién. Les llega como mensaje tuyo, palabra por palabra.",
  "hacked.words": "Tu mensaje",
  "hacked.message":
    "Puede que alguien haya usado mi cuenta. Confirma conmigo antes de hacer caso a un mensaje mío, y comparemos los números de seguridad.",
  "hacked.all": "Elegir a todos",
  "hacked.send": { one: "Enviar a {count} persona", other: "Enviar a {count} personas" },
  "hacked.sent": "Enviado",
  "hacked.nobody": "No tienes contactos a quienes avisar.",
  "hacked.look": "Revisa este dispositivo",
  "hacked.lookText": "Qué permite el navegador, y si las llamadas son seguras desde aquí.",
  "hacked.limits": "Lo que esto no deshace",
  "hacked.limitsText":
    "Quien tuvo abierto un dispositivo tuyo pudo leer lo que había en él. Un dispositivo que queda fuera no lee nada de lo que se escriba después.",

  "locked.title": "Bloqueado",
  "locked.lead": "Lo que guarda este navegador está cifrado. Tu frase de paso lo abre.",
  "locked.passphrase": "Frase de paso",
  "locked.submit": "Desbloquear",
  "locked.forgot":
    "¿Olvidada? Borra la copia de este navegador y entra de nuevo. Los mensajes que solo están aquí se pierden.",
  "locked.erase": "Borrar esta copia",
  "locked.eraseSure": "¿Borrar todo lo que Visavis guarda en este navegador?",
  "locked.eraseText": "Tu cuenta queda. Los mensajes que solo están aquí desaparecen.",
};
