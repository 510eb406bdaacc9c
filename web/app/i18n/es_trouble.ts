/** Español, la parte sobre lo que falla: la revisión y los errores. */

import type { enTrouble } from "./en_trouble.ts";

export const esTrouble: Readonly<Record<keyof typeof enTrouble, string>> = {
  "doctor.title": "Revisar este dispositivo",
  "doctor.lead": "Nada sale de este navegador salvo una pregunta a tu propio servidor y a su relé.",
  "doctor.run": "Revisar otra vez",
  "doctor.good": "Bien",
  "doctor.note": "Nota",
  "doctor.bad": "Arréglalo",
  "doctor.running": "Mirando…",
  "doctor.browser": "Navegador",
  "doctor.browser.ok": "Puede cifrar llamadas imagen a imagen.",
  "doctor.browser.bad":
    "No puede cifrar llamadas imagen a imagen. Usa un Chromium, Firefox o Safari más nuevo.",
  "doctor.secure": "Conexión con tu servidor",
  "doctor.secure.ok": "Cifrada por el camino.",
  "doctor.secure.local": "Solo en este equipo.",
  "doctor.secure.bad": "Sin cifrar por el camino. Abre la dirección https.",
  "doctor.encryption": "Cifrado",
  "doctor.encryption.ok": "Está todo lo necesario.",
  "doctor.encryption.bad": "A este navegador le falta lo que el cifrado necesita.",
  "doctor.storage": "Almacenamiento",
  "doctor.storage.ok": "El navegador lo guarda hasta que lo borres.",
  "doctor.storage.note": "El navegador puede vaciarlo si falta espacio.",
  "doctor.storage.bad": "El navegador no guarda nada aquí. ¿Una ventana privada?",
  "doctor.server": "Servidor",
  "doctor.server.ok": "Responde.",
  "doctor.server.bad": "No responde.",
  "doctor.arrived": "Lo que llega",
  "doctor.arrived.ok": "Todo llegó entero.",
  "doctor.arrived.bad":
    "Dañado o falso, y descartado: {value}. No ha cambiado nada más. Si sigue así, avisa a quien lleva el servidor.",
  "doctor.camera": "Cámara",
  "doctor.camera.ok": "{value} encontradas",
  "doctor.camera.denied": "Aún sin permiso. Se te pide con la primera videollamada.",
  "doctor.camera.missing": "Ninguna. Puedes hablar igual.",
  "doctor.microphone": "Micrófono",
  "doctor.microphone.ok": "{value} encontrados",
  "doctor.microphone.denied": "Aún sin permiso. Se te pide con la primera llamada.",
  "doctor.microphone.missing": "Ninguno. No te oirían.",
  "doctor.relay": "Relé",
  "doctor.relay.ok": "Responde, {value}.",
  "doctor.relay.bad": "No se llega a él. Desde esta red no empiezan llamadas.",
  "doctor.relay.none": "Este servidor no tiene: no hay llamadas.",
  "doctor.relay.unknown": "Sin probar.",
  "doctor.leak": "Prueba de fugas",
  "doctor.leak.ok": "Una llamada por el relé no muestra ninguna dirección tuya.",
  "doctor.leak.bad":
    "Este navegador ofreció una dirección tuya. No se hace ninguna llamada con ella.",
  "doctor.leak.unknown": "Sin probar: el relé no respondió.",
  "doctor.notifications": "Avisos",
  "doctor.notifications.ok": "Permitidos.",
  "doctor.notifications.off": "Apagados. Las llamadas suenan solo en la página.",

  "error.refused": "El servidor no lo aceptó. No se envió nada.",
  "error.malformed": "Algo llegó dañado y se descartó. Lo demás no cambió.",
  "error.too_large": "Es demasiado grande para enviarlo. No se envió nada.",
  "error.quota":
    "Demasiado en poco tiempo. No se perdió nada; espera un poco e inténtalo otra vez.",
  "error.unavailable": "No se llega al servidor. No se perdió nada; inténtalo en un momento.",
  "error.conflict": "Otro dispositivo tuyo lo cambió antes. No se perdió nada; inténtalo otra vez.",
  "error.login_failed": "El identificador y la contraseña no coinciden. No se cambió nada.",
  "error.signup_link": "Este enlace de registro ya no sirve. Pide otro a quien lleva el servidor.",
  "error.expired": "Ha caducado. Pide uno nuevo.",
  "error.identity_changed":
    "La clave de seguridad de tu contacto cambió. No se envió nada; decide primero.",
  "error.shut_out": "Este dispositivo fue excluido de tu cuenta. Lo que tenía fue borrado.",
  "error.store_locked": "Eso no lo abre. No se cambió nada.",
  "error.store_busy": "Visavis está abierto en otra pestaña de este navegador.",
  "error.disk_full":
    "Este dispositivo está lleno. Lo guardado está a salvo; haz sitio e inténtalo otra vez.",
  "error.no_sfu":
    "Ahora mismo este servidor solo puede llevar llamadas de hasta tres personas. No se envió nada.",
  "error.no_relay":
    "No se llega al relé, así que la llamada no pudo empezar. Ajustes, Revisar este dispositivo dice más.",
  "error.not_encrypted": "La llamada se paró porque no se podía cifrar. No se envió nada.",
  "error.no_answer": "Sin respuesta.",
  "error.no_device":
    "No se pudo abrir la cámara o el micrófono. Permítelos en el navegador e inténtalo otra vez.",
  "error.no_yes":
    "Aquí no tienes ningún sí que retirar: no lo diste, o ya lo retiraste. No se cambió nada y no queda nada por hacer.",
  "error.mistyped": "No está completo, o tiene un error. No se cambió nada.",
  "error.weak_password": "Esta contraseña no es lo bastante fuerte. No se cambió nada.",
  "error.unknown_contact": "Ese contacto ya no existe.",
  "error.unknown_device": "Ese dispositivo ya no existe.",
  "error.too_many_devices": "Una cuenta tiene 16 dispositivos como mucho. Deja fuera uno primero.",
  "error.rolled_back":
    "El servidor mostró una copia antigua de tus claves. No se usó; avisa a quien lleva el servidor.",
  "error.unsafe_file":
    "Este tipo de archivo no se envía: podría ejecutarse como programa. No se envió nada.",
  "error.not_verified": "Comparad antes los números de seguridad. No se envió nada.",
  "error.peer": "Algo no era como debe y se rechazó. No se cambió nada.",
  "error.bug": "Es un fallo de Visavis. No se envió nada; carga la página otra vez.",
};
