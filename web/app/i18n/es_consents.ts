/** Español, la parte sobre consentimientos, grabaciones y lo que dice la ley. */

import type { enConsents } from "./en_consents.ts";
import type { Catalogue } from "./text.ts";

export const esConsents: Pick<Catalogue, keyof typeof enConsents> = {
  "consents.title": "Mis consentimientos",
  "consents.lead":
    "Qué se te preguntó sobre grabaciones y qué dijiste. Se guarda en tus dispositivos.",
  "consents.none": "Nadie te ha pedido grabar una llamada.",
  "consents.given": "Dijiste que sí",
  "consents.refused": "Dijiste que no",
  "consents.withdrawn": "Retiraste tu sí",
  "consents.expired": "Caducado",
  "consents.by": "Lo pidió {name}",
  "consents.where": "{name}, {day}",
  "consents.kinds": "Sí a",
  "consents.asked": "Se pidió",
  "consents.clear": "También a una copia sin sellar",
  "consents.clearHelp": "Si se hizo una, no se puede recuperar.",
  "consents.withdraw": "Retirar mi sí",
  "consents.withdrawHelp":
    "Al instante y para siempre. Visavis deja de reproducir lo que haya de ti.",
  "consents.receipt": "Recibo",
  "consents.receiptHelp":
    "Firmado con tu clave de aquella llamada. «visavis verify-receipt» lo comprueba sin servidor, y no lleva nombres.",
  "consents.kantara": "Forma Kantara",
  "consents.kantaraHelp":
    "Lo mismo como Kantara Consent Receipt, para programas que lo leen. No está firmado.",
  "consents.save": "Guardar",
  "consents.loading": "Preparando el recibo…",
  "consents.reading": "Leyendo…",

  "recordings.title": "Grabaciones",
  "recordings.lead":
    "Lo que grabaste o puedes reproducir, sellado en este dispositivo. La parte de cada persona solo suena mientras su sí siga en pie.",
  "recordings.none": "Aquí no hay grabaciones.",
  "recordings.with": "Con {name}",
  "recordings.when": "{day}, {length}",
  "recordings.left": {
    one: "Se puede reproducir {count} día más",
    other: "Se puede reproducir {count} días más",
  },
  "recordings.expired": "Caducada: sus claves están borradas y nadie puede reproducirla.",
  "recordings.whose": "{name}: {why}",
  "recordings.plays": "Se reproduce",
  "recordings.silent.withdrawn": "Sí retirado",
  "recordings.silent.expired": "Caducado",
  "recordings.silent.offline": "Hay que llegar al servidor para obtener su clave",
  "recordings.play": "Reproducir",
  "recordings.pause": "Pausar",
  "recordings.position": "Posición",
  "recordings.at": "{time} de {length}",
  "recordings.opening": "Pidiendo las claves…",
  "recordings.nothing": "Ya no se puede reproducir nada de ella.",
  "recordings.file": "Guardar sellada",
  "recordings.export": "Exportar",
  "recordings.exportTitle": "¿Exportar sin sello?",
  "recordings.exportText":
    "Todos estuvieron de acuerdo. El archivo se abre en cualquier sitio, y ni tú ni nadie puede recuperarlo.",
  "recordings.exportYes": "Exportar",
  "recordings.exporting": "Abriendo todo y escribiendo un archivo…",
  "recordings.exported": "La copia está guardada.",
  "recordings.remove": "Quitar",
  "recordings.removeTitle": "¿Quitar esta grabación?",
  "recordings.removeText":
    "Se borra de este dispositivo. Lo exportado y las copias de otros se quedan.",
  "recordings.removeYes": "Quitar",

  "law.title": "Lo que dice la ley",
  "law.anyway":
    "Aquí se pregunta a todos igualmente, en todas partes. Nada de esta lista lo cambia.",
  "law.lead":
    "Si alguien puede grabar una llamada en la que está. Hechos de fuentes públicas, no consejos; si las personas están en varios sitios, pueden valer varias leyes.",
  "law.eu":
    "En la Unión Europea vale además la protección de datos: quien graba más allá de su casa necesita una base legal y tiene que decirlo.",
  "law.rule.all": "Todos tienen que estar de acuerdo.",
  "law.rule.told": "Todos tienen que saberlo.",
  "law.rule.one": "Quien está en la llamada puede grabarla.",
  "law.rule.firms":
    "Quien está en la llamada puede grabarla; empresas y organizaciones tienen que decirlo o preguntar.",
  "law.rule.mixed": "Depende: del tipo de conversación o de la ley a la que se pregunte.",
  "law.rule.telephone":
    "Quien está en la llamada puede grabarla, pero esa ley trata de teléfonos, no de llamadas como estas.",
  "law.contested": "Discutido: las fuentes no coinciden.",
  "law.partial": "Sin comprobar con una segunda fuente.",
  "law.source": "{source}, leído en {month}",
  "law.federal": "{country}, ley federal",
  "law.place.US-REST": "Todos los demás estados",
  "law.place.US-CA": "California",
  "law.place.US-FL": "Florida",
  "law.place.US-IL": "Illinois",
  "law.place.US-MD": "Maryland",
  "law.place.US-MA": "Massachusetts",
  "law.place.US-PA": "Pensilvania",
  "law.place.US-WA": "Washington",
  "law.place.US-NH": "Nuevo Hampshire",
  "law.place.US-MT": "Montana",
  "law.place.US-CT": "Connecticut",
  "law.place.US-OR": "Oregón",
  "law.place.US-DE": "Delaware",
  "law.place.US-MI": "Míchigan",
  "law.place.US-NV": "Nevada",
  "law.place.US-NE": "Nebraska",
  "law.place.US-VT": "Vermont",
  "law.place.AU-NSW": "Nueva Gales del Sur",
  "law.place.AU-SA": "Australia Meridional",
  "law.place.AU-WA": "Australia Occidental",
  "law.place.AU-TAS": "Tasmania",
  "law.place.AU-ACT": "Territorio de la Capital",
  "law.place.AU-VIC": "Victoria",
  "law.place.AU-QLD": "Queensland",
  "law.place.AU-NT": "Territorio del Norte",
};
