/** Español. */

import { esCalls } from "./es_calls.ts";
import { esCare } from "./es_care.ts";
import { esGroups } from "./es_groups.ts";
import { esLater } from "./es_later.ts";
import { esMeter } from "./es_meter.ts";
import { esPasskeys } from "./es_passkeys.ts";
import { esPush } from "./es_push.ts";
import { esRecording } from "./es_recording.ts";
import { esTrouble } from "./es_trouble.ts";
import type { Catalogue } from "./text.ts";

export const es: Catalogue = {
  ...esCalls,
  ...esMeter,
  ...esPasskeys,
  ...esPush,
  ...esRecording,
  ...esCare,
  ...esGroups,
  ...esLater,
  ...esTrouble,
  "app.name": "Visavis",
  "app.tagline": "Cara a cara, y nadie más.",

  "do.back": "Atrás",
  "do.cancel": "Cancelar",
  "do.close": "Cerrar",
  "do.continue": "Continuar",
  "do.copy": "Copiar",
  "do.copied": "Copiado",
  "do.dismiss": "Descartar",
  "do.done": "Listo",
  "do.retry": "Otra vez",
  "do.send": "Enviar",
  "do.share": "Compartir",
  "do.show": "Mostrar",
  "do.hide": "Ocultar",

  "welcome.lead":
    "Llamadas y mensajes que solo vosotros dos podéis abrir. En vuestro propio servidor, sin número de teléfono ni libreta de direcciones.",
  "welcome.join": "Tengo un enlace de registro",
  "welcome.signIn": "Entrar",
  "welcome.fine": "Toda llamada va cifrada de extremo a extremo. No se puede desactivar.",

  "signup.title": "Crea tu cuenta",
  "signup.link": "Enlace de registro",
  "signup.linkHelp": "De quien lleva tu servidor. Sirve una vez.",
  "signup.linkRead": "Tu enlace está leído. Sirve una vez.",
  "signup.name": "Nombre",
  "signup.nameHelp": "Minúsculas, cifras, - y _. Se añaden unas cifras para que sea solo tuyo.",
  "signup.nameBad": "Solo minúsculas, cifras, - y _, de dos a veinte.",
  "signup.submit": "Crear mi cuenta",
  "signup.working": "Haciendo tus claves. Tarda unos segundos.",
  "signup.bring": "Traer una cuenta de otro servidor",

  "privacy.notice": "Lo que este servidor guarda de ti",

  "field.password": "Contraseña",
  "field.newPassword": "Contraseña nueva",
  "field.oldPassword": "Contraseña actual",
  "field.handle": "Identificador",
  "field.handleHelp": "El identificador entero con sus cifras, como anna.48213",

  "password.help": "15 caracteres o más. Lo mejor: unas palabras que nadie juntaría.",
  "password.meter": "Fuerza",
  "password.0": "Se adivina al instante",
  "password.1": "Se adivina pronto",
  "password.2": "Regular",
  "password.3": "Buena",
  "password.4": "Muy buena",
  "password.refused": "Todavía no",
  "password.too_short":
    "Demasiado corta: 15 caracteres al menos. Varias palabras sin relación se escriben fácil.",
  "password.too_long": "Más de 1024 caracteres.",
  "password.known": "Está en las listas de contraseñas que los atacantes prueban primero.",
  "password.repeated": "Repite unos pocos caracteres o sigue una serie.",
  "password.context": "Es sobre todo tu nombre o el de este servicio.",
  "password.mix": "Mezclar letras, números y símbolos la hace aún más fuerte.",
  "password.longer": "Unas palabras más la hacen mucho más fuerte.",

  "recovery.title": "Apunta esto",
  "recovery.lead":
    "Con este código vuelves a entrar si pierdes tus dispositivos u olvidas la contraseña. Se muestra solo esta vez y no se guarda en ninguna parte.",
  "recovery.paper": "En papel, en un lugar seco. No en una foto.",
  "recovery.code": "Tu código de recuperación",
  "recovery.confirm": "Lo he apuntado",

  "signin.title": "Hola de nuevo",
  "signin.how": "¿Cómo quieres demostrar que eres tú?",
  "signin.byDevice": "Con otro dispositivo mío",
  "signin.byDeviceHelp": "Escanea un código de esta pantalla.",
  "signin.byCode": "Con mi código de recuperación",
  "signin.byCodeHelp": "El que apuntaste. La contraseña que escribas será la nueva.",
  "signin.code": "Código de recuperación",
  "signin.lost": "He perdido todos mis otros dispositivos",
  "signin.lostHelp":
    "Quedan excluidos de inmediato y para siempre, y borran lo que tienen si alguna vez vuelven a conectarse.",
  "signin.submit": "Entrar",
  "signin.working": "Comprobando, sin enviar tu contraseña a ninguna parte.",

  "pair.title": "Abre Visavis en tu otro dispositivo",
  "pair.lead": "Allí elige Ajustes, Dispositivos, Añadir un dispositivo, y escanea este código.",
  "pair.waiting": "Esperando a tu otro dispositivo…",
  "pair.compare": "¿Muestran ambas pantallas estas cifras?",
  "pair.compareLead": "Di que sí en el otro dispositivo solo si son iguales.",
  "pair.digits": "Cifras para comparar",

  "approve.title": "Añadir un dispositivo",
  "approve.lead":
    "En el dispositivo nuevo: entra y elige «Con otro dispositivo mío». Luego escanea aquí su código.",
  "approve.paste": "O pega su enlace",
  "approve.start": "Añadir este dispositivo",
  "approve.compare": "¿Muestra el dispositivo nuevo estas cifras?",
  "approve.same": "Sí, las mismas",
  "approve.differ": "No, parar",
  "approve.stopped": "No se entregó nada. Inténtalo otra vez con el dispositivo nuevo delante.",
  "approve.done": "Tu dispositivo nuevo ya está dentro.",

  "elsewhere.title": "Abierto en otra pestaña",
  "elsewhere.lead":
    "Visavis está abierto en otra pestaña o ventana de este navegador. Dos a la vez enredarían tus claves.",
  "elsewhere.retry": "Usarlo aquí",

  "shutOut.title": "Este dispositivo fue excluido",
  "shutOut.lead":
    "Alguien con tu contraseña o una de tus claves de acceso lo quitó de tu cuenta. Se borró de él todo lo que tenía de Visavis.",
  "shutOut.you":
    "Si fuiste tú, todo está bien. Si no, entra en un dispositivo de confianza, cambia tu contraseña y revisa tus dispositivos.",
  "shutOut.again": "Entrar de nuevo",

  "refused.title": "El servidor no conoce este dispositivo",
  "refused.lead":
    "Ya no puede leer ni enviar nada. Ocurre tras dos años sin uso, o cuando la cuenta se cerró en otro lugar. Aquí no se borró nada: tu cuenta no ha dicho que excluya este dispositivo.",
  "refused.erase": "Borrar lo que queda aquí",

  "broken.title": "Esta copia no se puede abrir",
  "broken.lead":
    "No se cambió nada. Carga la página otra vez; si sigue así, borra esta copia y entra de nuevo.",

  "broken.code": "Para quien te ayude: {code}",

  "crash.title": "Algo falló aquí",
  "crash.lead":
    "Tus mensajes están a salvo. Carga la página otra vez; tras actualizar el servidor basta con eso.",
  "crash.reload": "Cargar otra vez",

  "starting.title": "Abriendo tus conversaciones",

  "home.title": "Conversaciones",
  "home.empty": "Aún no hay nadie",
  "home.emptyLead":
    "Visavis no tiene libreta de direcciones. Os encontráis por un enlace, un código o un identificador exacto.",
  "home.invite": "Invitar a alguien",
  "home.add": "Añadir un contacto",
  "home.settings": "Ajustes",
  "home.pick": "Elige una conversación",
  "home.pickLead": "O invita a alguien nuevo.",
  "home.you": "Eres {handle}",
  "home.noMessages": "Saluda",
  "awaited.title": "Aún no están aquí",
  "home.awaited": {
    one: "{count} contacto de antes aún no está aquí",
    other: "{count} contactos de antes aún no están aquí",
  },
  "home.unread": { one: "{count} nuevo", other: "{count} nuevos" },
  "home.requests": {
    one: "{count} persona quiere hablar contigo",
    other: "{count} personas quieren hablar contigo",
  },
  "home.you.prefix": "Tú: {text}",

  "person.contact": "Contacto",
  "person.rejoining": "Volviendo a entrar",
  "person.changed": "Clave de seguridad cambiada",
  "person.blocked": "Bloqueado",
  "person.verified": "Comparado",
  "person.unverified": "Sin comparar aún",

  "net.offline": "Sin conexión. Lo que escribas se envía cuando vuelva.",
  "net.connecting": "Conectando…",

  "add.title": "Añadir un contacto",
  "add.invite": "Invitar con un enlace",
  "add.inviteHelp": "Envía un enlace a alguien, o deja que escanee tu código.",
  "add.scan": "Escanear un código",
  "add.scanHelp": "Su invitación está en una pantalla delante de ti.",
  "add.paste": "Me enviaron un enlace",
  "add.pasteHelp": "Ábrelo, o pégalo aquí.",
  "add.handle": "Por identificador exacto",
  "add.handleHelp": "Si esa persona permite que le pregunten.",

  "invite.title": "Invitar a alguien",
  "invite.lead": "Quien abra este enlace será tu contacto. Sirve una vez, durante siete días.",
  "invite.leadMany":
    "Quien abra este enlace pide ser tu contacto; tú decides cada vez. Siete días.",
  "invite.private": "Envíalo donde solo esa persona lo vea. Mejor aún, que lo escanee.",
  "invite.one": "Para una persona",
  "invite.many": "Para varias",
  "invite.qr": "Código con tu invitación",
  "invite.copy": "Copiar enlace",
  "invite.shareText": "Habla conmigo en Visavis",
  "invite.making": "Haciendo un enlace…",

  "join.title": "Tienes una invitación",
  "join.lead":
    "Alguien quiere hablar contigo, cifrado de extremo a extremo. Acepta y seréis contactos.",
  "join.paste": "Enlace de invitación",
  "join.pasteHelp": "Empieza por la dirección de vuestro servidor y lleva /i#.",
  "join.accept": "Aceptar la invitación",
  "join.waiting": "Pedido. Seréis contactos en cuanto su dispositivo responda.",
  "join.signedOut": "Te han enviado una invitación. Crea una cuenta o entra, y seguirá con ella.",

  "scan.title": "Escanear un código",
  "scan.lead": "Pon el código en el marco. La imagen no sale de este dispositivo.",
  "scan.denied":
    "La cámara no está permitida aquí. Permítela en la barra de direcciones, o pega el enlace.",
  "scan.missing": "No se encontró cámara. Pega el enlace.",
  "scan.other": "Es un código, pero no de Visavis.",
  "scan.paste": "Pegar un enlace",

  "handle.title": "Añadir por identificador",
  "handle.lead":
    "Pregunta a quien tenga exactamente este identificador. No sabrás si alguien lo tiene.",
  "handle.submit": "Preguntar",
  "handle.working": "Preguntar cuesta siempre uno o dos segundos de trabajo.",
  "handle.asked": "Pedido. Si acepta, aparece en tus conversaciones. Si no, no ocurre nada.",
  "handle.honest":
    "Buscar por nombre no puede probar que este primer contacto sea auténtico. Comparar los números de seguridad, sí.",

  "requests.title": "Solicitudes",
  "requests.empty": "Nadie espera.",
  "requests.byLink": "Abrió un enlace tuyo",
  "requests.byHandle": "Preguntó por tu identificador",
  "requests.was": "Tiene la clave de {name}, un contacto tuyo antes de la mudanza.",
  "requests.accept": "Aceptar",
  "requests.decline": "Rechazar",
  "requests.note": "Nadie responde por estos nombres. Si rechazas, no se les dice.",
  "requests.resembles": "Se parece mucho a {name}",

  "thread.with": "Conversación con {name}",
  "thread.empty": "Nada todavía. Vuestros mensajes y llamadas aparecen aquí.",
  "thread.write": "Mensaje",
  "thread.voice": "Llamada de voz",
  "thread.video": "Videollamada",
  "thread.details": "Detalles del contacto",
  "thread.new": "Nuevo",
  "thread.paused": "El envío está parado hasta que decidas sobre la clave cambiada.",
  "thread.blocked": "Bloqueaste este contacto. No se envía ni se recibe nada.",
  "thread.rejoining":
    "Esperando a volver a entrar en esta conversación. Su dispositivo lo hará cuando esté.",

  "file.attach": "Enviar una foto o un archivo",
  "file.sealing": "Cifrando {name}",
  "file.sending": "Enviando {name}",
  "file.open": "Abrir",
  "file.opening": "Abriendo…",

  "event.missed": "Llamada perdida",
  "event.missedVideo": "Videollamada perdida",
  "event.missedVoice": "Llamada de voz perdida",
  "event.missedOwn": "Se perdió tu llamada",
  "event.endedVoice": "Llamada de voz",
  "event.endedVideo": "Videollamada",
  "event.unanswered": "Sin respuesta",
  "event.callBack": "Devolver",
  "event.added": "Ya sois contactos. Comparad los números de seguridad para estar seguros.",
  "event.addedByHandle":
    "Os encontrasteis por identificador. Eso prueba poco: comparad los números de seguridad.",
  "event.newDevice": "Usa un dispositivo nuevo. El número de seguridad sigue igual.",
  "event.deviceRemoved": "Quitó un dispositivo.",
  "event.rejoined": "Estás de nuevo en esta conversación.",
  "event.identityChanged": "Su clave de seguridad cambió.",
  "event.ownDeviceAdded": "Hay un dispositivo nuevo en tu cuenta.",
  "event.ownDeviceRemoved": "Se quitó un dispositivo de tu cuenta.",
  "event.vaultRolledBack": "El servidor mostró una copia antigua de tus contactos. No se usó.",
  "event.renamed":
    "{was} se llama ahora {name}. Es la misma cuenta con la misma clave de seguridad.",
  "event.renamedGist": "Tiene otro nombre.",
  "event.ownHandleChanged": "Tu identificador ha cambiado",
  "alert.ownHandle":
    "Lo hizo otro dispositivo tuyo: ahora eres {name}. Si no fuiste tú, cambia tu contraseña.",
  "event.keysRolledBack": "El servidor mostró una copia antigua de tus claves. No se usó.",

  "alert.newDevice": "Hay un dispositivo nuevo en tu cuenta",
  "alert.newDeviceLead":
    "Si no fuiste tú, déjalo fuera ahora y revisa después tus llaves de acceso y tu contraseña.",
  "alert.look": "Ver dispositivos",

  "changed.title": "La clave de seguridad de {name} ha cambiado",
  "changed.lead":
    "Puede que alguien esté entre vosotros. Llamadas y mensajes están parados hasta que decidas.",
  "changed.step": "Comparad los números de seguridad en persona, o por teléfono si conoces la voz.",
  "changed.compare": "Comparar números de seguridad",
  "changed.same": "Los números son iguales",
  "changed.sameHelp": "La clave nueva era falsa. Sigue con la que conoces.",
  "changed.differ": "Los números son distintos",
  "changed.differHelp": "Termina este contacto y empezad de nuevo con un enlace que entregues tú.",
  "changed.keep": "Conservar la clave conocida",
  "changed.forget": "Terminar este contacto",
  "changed.banner": "Su clave de seguridad cambió. El envío está parado.",
  "changed.decide": "Decidir",

  "safety.title": "Número de seguridad",
  "safety.lead": "El mismo número en ambos lados significa que nadie está entre tú y {name}.",
  "safety.how": "Comparadlo en persona o leéoslo. Seis grupos son tuyos, seis del otro lado.",
  "safety.number": "Número de seguridad",
  "safety.same": "Es igual",
  "safety.undo": "Quitar la marca",
  "safety.marked": "Lo comparaste. El anillo de {name} está cerrado.",
  "safety.differ": "Es distinto",
  "safety.differText":
    "Entonces alguien está entre vosotros, o uno mira otro contacto. No sigáis; termina este contacto y encontraos con un enlace que entregues tú.",

  "details.devices": { one: "{count} dispositivo", other: "{count} dispositivos" },
  "details.since": "La misma clave desde el {date}",
  "details.sinceUnknown": "De antes de este dispositivo",
  "details.byHandle": "Encontrado por identificador",
  "details.forget": "Quitar contacto",
  "details.forgetSure": "¿Quitar a {name}?",
  "details.forgetText":
    "Se borran las claves, y lo que tenga tuyo se rechaza. Los mensajes siguen en este dispositivo hasta que lo borres. No se le dice.",
  "details.block": "Bloquear",
  "details.unblock": "Desbloquear",

  "rules.title": "Llamadas de este contacto",
  "rules.calls": "Qué puede sonar",
  "rules.calls.video": "Todas",
  "rules.calls.voice": "Solo voz",
  "rules.calls.nothing": "Nada",
  "rules.hours": "Solo a ciertas horas",
  "rules.hoursHelp": "A otras horas aquí no suena nada.",
  "rules.days": "Días",
  "rules.from": "Desde",
  "rules.to": "Hasta",
  "rules.several": "Hay varios horarios. Apagar y encender de nuevo deja uno.",
  "rules.note":
    "Una llamada que no suena se ve allí como no responder. La encuentras en la conversación como llamada perdida.",
  "rules.sees": "Puede ver que aquí suena",
  "rules.seesHelp":
    "Sabrá que un dispositivo tuyo está encendido y que no estás en otra llamada, aunque no contestes.",
  "rules.direct": "Conexión directa permitida",
  "rules.directHelp":
    "Sabrá tu dirección de red y, con ella, más o menos dónde estás. A cambio la llamada puede oírse mejor y con menos retraso. Solo vale mientras también lo permita. Las llamadas confidenciales van siempre por el relé.",
  "details.blockSure": "¿Bloquear a {name}?",
  "details.blockText":
    "Lo que tenga tuyo se rechaza en todos tus dispositivos, y lo que esté en curso termina. No se le dice por qué.",

  "devices.title": "Dispositivos",
  "devices.lead": "Cada dispositivo tuyo lee los mensajes nuevos y suena.",
  "devices.this": "Este dispositivo",
  "devices.short": "Dispositivo {id}",
  "devices.added": "Añadido el {date}",
  "devices.seen": "Visto el {date}",
  "devices.unlisted": "No está en tu lista firmada; no puede hacer nada",
  "devices.add": "Añadir un dispositivo",
  "devices.revoke": "Dejar fuera",
  "devices.revokeTitle": "¿Dejar fuera el dispositivo {id}?",
  "devices.revokeText":
    "Desde ese momento no podrá leer ni enviar nada. Cuando vuelva a conectarse borrará lo que tiene, también mensajes que solo están allí. Demuestra que eres tú.",
  "devices.revoked": "Fuera en todas partes.",

  "settings.title": "Ajustes",
  "settings.account": "Cuenta",
  "settings.handle": "Tu identificador",
  "settings.rename": "Cambiar",
  "settings.devices": "Dispositivos",
  "settings.password": "Cambiar contraseña",
  "settings.privacy": "Privacidad",
  "settings.findable": "Pueden preguntar por mi identificador",
  "settings.findableHelp":
    "Quien lo conozca exacto puede enviar una solicitud a este dispositivo. Apagado: nadie puede saber si existe.",
  "settings.calls": "Llamadas",
  "settings.ring": "Tono de llamada",
  "settings.notify": "Avisar cuando suene",
  "settings.notifyHelp":
    "Dice «Visavis está sonando» y ningún nombre. Tu sistema puede guardar una lista de avisos.",
  "settings.notifyDenied": "El navegador no permite avisos aquí.",
  "settings.onlyOpen":
    "Apagado: las llamadas suenan solo mientras Visavis está abierto en este navegador.",
  "settings.alsoClosed": "Encendido en este dispositivo.",
  "settings.recipientsHelp": "Servicios fuera de tu servidor",
  "settings.limits": "Límites, con franqueza",
  "settings.limitsHelp": "De qué no protege nada aquí",
  "settings.data": "Tus datos",
  "settings.dataHelp": "Todo lo que el servidor tiene de ti, y qué puedes hacer",
  "settings.move": "Mudarse a otro servidor",
  "settings.moveHelp": "Llévate quién eres, contactos e historial",
  "settings.keys": "Teclas sueltas en una llamada",
  "settings.keysHelp": "M silencia, V es la cámara, y así.",
  "settings.text": "Abrir el texto en cada llamada",
  "settings.textHelp": "Podéis escribir mientras habláis y ver cada letra al instante.",
  "settings.looks": "Aspecto",
  "settings.theme": "Colores",
  "settings.theme.system": "Como el sistema",
  "settings.theme.light": "Claro",
  "settings.theme.dark": "Oscuro",
  "settings.language": "Idioma",
  "settings.motion": "Menos movimiento",
  "settings.help": "Ayuda",
  "settings.doctor": "Revisar este dispositivo",
  "settings.doctorHelp": "Navegador, cámara, micrófono, relé",
  "settings.lock": "Frase de paso de este navegador",
  "settings.lockHelp": "Se pide cada vez que abres Visavis aquí.",
  "settings.lockRemove": "Quitar la frase de paso",

  "lock.title": "Frase de paso de este navegador",
  "lock.lead":
    "Quien se haga con este dispositivo no puede abrir tus mensajes sin ella. Se pide cada vez; si la olvidas, solo queda borrar esta copia.",
  "lock.new": "Frase de paso nueva",
  "lock.submit": "Ponerla",
  "lock.done": "Puesta. Se pide desde el próximo inicio.",

  "change.title": "Cambiar contraseña",
  "change.lead": "Tu código de recuperación sigue siendo el mismo.",
  "change.submit": "Cambiarla",
  "change.done": "Tu contraseña ha cambiado.",
};
