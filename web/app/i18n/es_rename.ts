/** Español: otro identificador. */

import type { enRename } from "./en_rename.ts";

export const esRename: Readonly<Record<keyof typeof enRename, string>> = {
  "rename.title": "Cambiar tu identificador",
  "rename.lead": "Elige otro nombre. El servidor le añade cifras nuevas.",
  "rename.name": "Nombre nuevo",
  "rename.nameHelp":
    "Minúsculas, cifras, - y _, y al principio una letra. El servidor añade un punto y cinco cifras.",
  "rename.nameBad":
    "Solo minúsculas, cifras, - y _, de dos a veinticuatro, y al principio una letra.",
  "rename.contacts":
    "Tus contactos lo sabrán, cada uno cuando vuelva a estar, y verán qué nombre ocupó el lugar de cuál. Las conversaciones y los números de seguridad comparados se quedan.",
  "rename.old": "{handle} queda libre: ya no encuentra a nadie, y puede tocarle a otra persona.",
  "rename.rest":
    "Entras con el nuevo. Tus otros dispositivos, tus llaves de acceso y tu código de recuperación quedan como están.",
  "rename.submit": "Cambiar mi identificador",
  "rename.prove": "¿Eres tú?",
  "rename.proveText": "Demuéstralo otra vez y se cambia tu identificador.",
  "rename.done": "Tu identificador ha cambiado",
  "rename.doneLead":
    "Entra con él a partir de ahora. Tus contactos y tus otros dispositivos lo sabrán.",
  "rename.often":
    "Tu identificador se ha cambiado hoy tantas veces como permite el servidor. No se cambió nada; prueba mañana.",
  "rename.unsure":
    "El servidor no respondió, así que no es seguro que tu identificador haya cambiado. Pide el mismo nombre otra vez: así queda claro.",
  "data.rename": "Cambiar tu identificador",
  "data.renameHelp": "Lo único que el servidor tiene de ti y que se puede rectificar.",
  "data.then.digits": "No se puede apagar: alguien podría escoger un identificador que otro dejó.",
};
