/** Español: grupos. */

import type { enGroupNews } from "./en_group_news.ts";
import type { enGroups } from "./en_groups.ts";
import type { Catalogue } from "./text.ts";

type Key = keyof typeof enGroupNews | keyof typeof enGroups;

export const esGroups: Pick<Catalogue, Key> = {
  "home.by": "{name}: {text}",
  "home.groupInvites": {
    one: "{count} invitación a un grupo",
    other: "{count} invitaciones a grupos",
  },
  "group.left": "Saliste",
  "group.removed": "Te quitaron",
  "group.broken": "Parado para siempre",
  "event.group.invited": "{who} te invitó a este grupo.",
  "event.group.joined": "Ya estás en el grupo.",
  "event.group.memberJoined": "{who} ya está en el grupo.",
  "event.group.memberLeft": "{who} salió del grupo.",
  "event.group.memberRemoved": "Quitaron a {who} del grupo.",
  "event.group.renamed": "{who} llamó al grupo {name}.",
  "event.group.picture": "{who} cambió la imagen del grupo.",
  "event.group.keeper": "{who} ya cuida del grupo.",
  "event.group.removedUs": "{who} te quitó del grupo.",
  "event.group.called": "{who} ha empezado una llamada",
  "event.group.broken": "Alguien rompió las reglas de este grupo. Ya nada puede cambiar en él.",

  "group.new": "Grupo nuevo",
  "group.newHelp": "Una conversación de varias personas",
  "group.newLead":
    "Dale un nombre e invita a tus contactos. Nadie está en él sin haber dicho que sí.",
  "group.name": "Nombre del grupo",
  "group.nameHelp": "Lo leen quienes están en él y a quienes invitas. Tu servidor no puede.",
  "group.nameBad": "Demasiado largo, o con signos que esconden o dan la vuelta al texto.",
  "group.askWhom": "A quién invitas",
  "group.begin": "Empezar el grupo",
  "group.made": "El grupo ya está. Aún no has invitado a todos.",
  "group.of": "Grupo {name}",
  "group.details": "Miembros y ajustes",
  "group.people": { one: "{count} persona", other: "{count} personas" },
  "group.empty": "Nada todavía. Lo que se diga en el grupo aparece aquí.",
  "group.brokenLead":
    "Alguien rompió las reglas de este grupo. Ya nada puede cambiar en él. Empieza otro sin esa persona.",
  "group.leftLead": "Saliste de este grupo. Lo que se dijo hasta entonces queda aquí.",
  "group.removedLead": "Te quitaron de este grupo. Lo que se dijo hasta entonces queda aquí.",
  "group.members": "En el grupo",
  "group.invited": "Invitados que aún no están: {names}",
  "group.you": "Tú",
  "group.stranger": "No es contacto tuyo. Dice llamarse así.",
  "group.keeper": "Cuida",
  "group.more": "Más sobre {name}",
  "group.ask": "Invitar a gente",
  "group.askLead": "Están en el grupo cuando dicen que sí. Una invitación vale una semana.",
  "group.asked": "Ya invitado",
  "group.askThem": { one: "Invitar a {count} persona", other: "Invitar a {count} personas" },
  "group.nobody":
    "No hay ningún contacto al que invitar. Los invitados pueden entrar en sus llamadas con un enlace.",
  "group.rename": "Cambiar nombre",
  "group.renameSubmit": "Cambiar el nombre del grupo",
  "group.picture": "Imagen",
  "group.noPicture": "Quitar la imagen",
  "group.write": "Abrir vuestra conversación",
  "group.keeperHelp": "Quien cuida del grupo puede quitar a otros y decir quién más cuida de él.",
  "group.makeKeeper": "Que cuide del grupo",
  "group.noKeeper": "Que ya no cuide",
  "group.lastKeeper": "Alguien debe cuidar del grupo. Nombra antes a otra persona.",
  "group.remove": "Quitar",
  "group.removeSure": "¿Quitar a {name}?",
  "group.removeText":
    "No leerá nada de lo que se diga desde entonces, y conserva lo que tiene. Todos ven que se le quitó.",
  "group.leave": "Salir del grupo",
  "group.leaveSure": "¿Salir de {name}?",
  "group.leaveText":
    "Sales en todos tus dispositivos y sus claves se borran en ellos. Lo que se dijo hasta ahora se queda. Los demás ven que saliste; solo vuelves si alguien te invita.",
  "group.leaveLast": "Solo tú cuidas de él: después ya no se podrá quitar a nadie.",
  "group.asksYou": "{who} te invita a «{name}»",
  "group.peopleIn": {
    one: "Según la invitación hay {count} persona",
    other: "Según la invitación hay {count} personas",
  },
  "group.asksNote":
    "Todos los que están ven tu identificador y leen lo que escribes. Si rechazas, no se le dice a nadie.",
  "group.callOn": "Hay una llamada en este grupo",
  "group.callOnHelp": "Quien está en ella ve cuando entras.",
  "group.comeIn": "Entrar",
  "group.comeInNote": "No ven ni oyen nada de ti hasta que entras. Todos ven que has entrado.",
  "group.beginNote": "Suena a todos los del grupo. No ven ni oyen nada hasta que entran.",
  "group.sayYes": "Decir que sí",
  "group.saidYes":
    "Dijiste que sí a «{name}». Estarás en él cuando un dispositivo de {who} te deje entrar.",

  "rules.groups": "Grupos",
  "rules.adds": "Puede meterte en grupos",
  "rules.adds.at_once": "Sin más",
  "rules.adds.at_onceHelp": "Estás en el grupo sin que se te pregunte.",
  "rules.adds.asks": "Si te pregunta",
  "rules.adds.asksHelp": "Dices sí o no cada vez.",
  "rules.adds.never": "Nunca",
  "rules.adds.neverHelp": "Sus invitaciones se desechan, y no se le dice.",
};
