/** Spanish, the part about what calls say, to their owner and to others. */

import type { Plural } from "./text.ts";

export const esInsights = {
  "insights.title": "Qué dicen tus llamadas",
  "insights.lead":
    "Solo a ti: se calcula en este dispositivo con lo que guarda, y no se envía a nadie.",
  "insights.empty": "Aún no hay llamadas que digan algo.",
  "insights.calls": "Llamadas",
  "insights.talked": "Hablado",
  "insights.middle": "Duración habitual",
  "insights.longest": "La más larga",
  "insights.table": "Los números",
  "insights.hour": "Hora",
  "insights.when": "Cuándo",
  "insights.whenSays": {
    one: "La mayoría, {day} entre las {from} y las {until}: {count} llamada. Cuanto mayor el punto, más llamadas empezaron en esa hora.",
    other:
      "La mayoría, {day} entre las {from} y las {until}: {count} llamadas. Cuanto mayor el punto, más llamadas empezaron en esa hora.",
  },
  "insights.lengths": "Cuánto, en minutos",
  "insights.lengthsSays": {
    one: "Se contestó {count} llamada. La mitad duró {middle} o más.",
    other: "Se contestaron {count} llamadas. La mitad duró {middle} o más.",
  },
  "insights.length": "Duración",
  "insights.under1": "Menos de 1 minuto",
  "insights.under5": "De 1 a 5 minutos",
  "insights.under15": "De 5 a 15 minutos",
  "insights.under60": "De 15 a 60 minutos",
  "insights.over60": "60 minutos o más",
  "insights.people": "Con quién más",
  "insights.person": "Persona",
  "insights.balance": "Quién llama a quién",
  "insights.balanceSays": "En total llamaste {own} veces, y te llamaron {theirs} veces.",
  "insights.own": "Tú",
  "insights.theirs": "Ellos",
  "insights.missed": "Perdidas",
  "insights.missedNone": "No perdiste ninguna llamada.",
  "insights.missedSays": {
    one: "{count} perdida, {returned} devuelta.",
    other: "{count} perdidas, {returned} de ellas devueltas.",
  },
  "insights.returnedAfter": "Normalmente al cabo de {time}.",
  "insights.returnedMeans": "Devuelta: hablasteis en el plazo de un día.",
  "insights.weeks": "Las últimas 12 semanas",
  "insights.weeksSays":
    "Esta semana, hasta ahora: {now}. En las once anteriores: {mean} por semana.",
  "insights.week": "Semana del",
  "insights.thisWeek": "hoy",
  "mirror.title": "Qué podría aprender una plataforma de esto",
  "mirror.help": "Las mismas llamadas, con otros ojos",
  "mirror.lead": "Si otra persona tuviera esta lista, con suposiciones corrientes sacaría esto.",
  "mirror.here":
    "Se calcula en este dispositivo y no se envía a nadie. Tu servidor no puede leer esta lista.",
  "mirror.empty":
    "Aquí se guarda demasiado poco para concluir algo: hacen falta unas treinta llamadas en catorce días, o una palabra en un nombre o una nota.",
  "mirror.limits":
    "Son reglas generales y pueden fallar. Las de una plataforma también, pero ella tiene millones de historiales con los que comparar.",
  "mirror.more": { one: "Y {count} más.", other: "Y {count} más." },
  "mirror.ties": "Quién te es más cercano",
  "mirror.tiesSays": "{names}: el {share} de todo lo que hablaste, {time}.",
  "mirror.sleep": "Cuándo duermes",
  "mirror.sleepSays": "Entre las {from} y las {until} apenas hay llamadas.",
  "mirror.work": "Con quién trabajas, y cuándo",
  "mirror.workSays": "{names}: llamadas entre semana, entre las {from} y las {until}.",
  "mirror.new": "Quién es nuevo en tu vida",
  "mirror.newSays": "{name}: {calls} en las últimas cuatro semanas, ninguna antes.",
  "mirror.ended": "Quién ya no está en ella",
  "mirror.endedSays":
    "{name}: {calls} en los dos meses anteriores, ninguna en las últimas cuatro semanas.",
  "mirror.sensitive": "Lo que prefieres no contar",
  "mirror.sensitiveSays": "{name}: {about}, por la palabra «{word}». {calls}.",
  "mirror.pattern": "Que eres tú",
  "mirror.patternSays":
    "{people} y {calls} forman un patrón. Sigue siendo tuyo con otro nombre o número.",
  "mirror.people": { one: "{count} persona", other: "{count} personas" },
  "about.health": "salud",
  "about.mind": "salud mental",
  "about.law": "asuntos legales",
  "about.money": "deudas",
  "about.faith": "fe",
  "about.work": "trabajo y sindicato",
  "study.eagle2009":
    "Eagle, Pentland y Lazer (2009) reconocieron el 95 % de las amistades entre 94 personas por lo que registraban sus teléfonos: llamadas, y quién estaba cerca. Los amigos llaman a otras horas que los demás.",
  "study.monsivais2017":
    "Monsivais y otros (2017) leyeron en las llamadas de cerca de un millón de personas cuándo descansan. Dan medias de grupos, no la exactitud para cada persona.",
  "study.toole2015":
    "Toole y otros (2015) vieron en registros de llamadas con lugares el día en que cerró una fábrica y quién había perdido probablemente el trabajo: sus llamadas cambiaron.",
  "study.mayer2014":
    "Mayer y Mutchler (2014): de 546 personas, el 57 % había llamado a un servicio de salud y el 10 % a un abogado, solo con directorios públicos. Un servicio barato puso nombre a 91 de 100 números (2013).",
  "study.cretu2022":
    "Creţu y otros (2022) reencontraron al 52 % de más de 40.000 personas por con quién tenían contacto ellas y sus contactos; tras 20 semanas, al 24 %. De Montjoye y otros (2013): cuatro horas y lugares distinguen al 95 % de 1,5 millones.",
} as const satisfies Record<string, string | Plural>;
