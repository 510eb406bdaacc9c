/** Español: llaves de acceso. */

import type { enPasskeys } from "./en_passkeys.ts";

export const esPasskeys: Readonly<Record<keyof typeof enPasskeys, string>> = {
  "passkey.signUp": "Crear mi cuenta con una llave de acceso",
  "passkey.signUpHelp":
    "La abres con tu huella, tu cara o el PIN de este dispositivo. Nada que recordar y nada que alguien te pueda pedir.",
  "passkey.signUpPassword": "Prefiero una contraseña",
  "passkey.signUpPasskey": "Prefiero una llave de acceso",
  "passkey.signIn": "Entrar con una llave de acceso",
  "passkey.signInHelp": "Sin identificador, sin contraseña y sin otro dispositivo.",
  "passkey.waiting": "Sigue lo que te pide el navegador.",
  "passkey.use": "Usar una llave de acceso",
  "passkey.usePassword": "Usar la contraseña",
  "passkey.or": "O con tu identificador",
  "passkey.address":
    "Las llaves de acceso necesitan una dirección con nombre, y esta página se abrió en un número. Con una contraseña todo funciona aquí; para usar llaves, pregunta el nombre a quien lleva el servidor. En este ordenador es localhost.",
  "passkey.browser":
    "Este navegador no conoce las llaves de acceso, o no las ofrece en una página sin cifrar. Con una contraseña todo funciona.",
  "passkeys.title": "Llaves de acceso",
  "passkeys.lead":
    "Cada una abre tu cuenta en cualquier dispositivo que la tenga: tu huella, tu cara o un PIN en lugar de una contraseña.",
  "passkeys.one": "Llave {id}",
  "passkeys.date": "Añadida el {created}",
  "passkeys.none": "Todavía no hay ninguna.",
  "passkeys.add": "Añadir una llave",
  "passkeys.addTitle": "Añadir una llave de acceso",
  "passkeys.addText":
    "Primero demuestra que eres tú. Después el navegador te pregunta dónde guardarla.",
  "passkeys.added": "La llave {id} abre tu cuenta desde ahora.",
  "passkeys.remove": "Quitar",
  "passkeys.removeTitle": "¿Quitar la llave {id}?",
  "passkeys.removeText":
    "Ya no abrirá tu cuenta en ningún sitio. Los dispositivos que están dentro siguen dentro.",
  "passkeys.removed": "Ya no abre nada.",
  "passkeys.noPassword": "Tu cuenta no tiene contraseña.",
  "passkeys.setPassword": "Poner una contraseña",
  "passkeys.setPasswordLead":
    "La línea de comandos la necesita. Tus llaves y tu código de recuperación siguen igual.",
  "passkeys.setPasswordSubmit": "Ponerla con una llave",
  "error.passkey_refused":
    "Esta llave no abre ninguna cuenta aquí; quizá se quitó. No ha cambiado nada.",
  "error.passkey_cancelled": "No se usó ninguna llave y no ha cambiado nada.",
  "error.passkey_no_key":
    "Lo que elegiste no guarda una clave de cifrado, así que no puede abrir una cuenta aquí. No se creó nada. Usa una contraseña o guarda la llave en otro sitio.",
  "error.passkey_exists": "Ahí ya se guarda una llave de tu cuenta.",
  "error.too_many_passkeys": "Una cuenta tiene como mucho 16 llaves. Quita una primero.",
  "error.last_way_in":
    "Es la única entrada a tu cuenta además del código de recuperación. Añade antes otra llave o pon una contraseña.",
};
