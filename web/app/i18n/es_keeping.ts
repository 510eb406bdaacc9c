/** Spanish, the part about what is kept of calls, and for how long. */

import type { Plural } from "./text.ts";

export const esKeeping = {
  "keep.off": "Nada",
  "keep.hour": "1 hora",
  "keep.day": "1 día",
  "keep.week": "1 semana",
  "keep.month": "30 días",
  "keep.quarter": "90 días",
  "keep.year": "1 año",
  "keep.ever": "Hasta que las elimine",
  "keeping.title": "Qué se guarda de las llamadas",
  "keeping.lead":
    "El historial es tuyo: está en tus dispositivos y, si quieres, sellado en la caja de tu servidor.",
  "keeping.single": "Cada cosa por separado",
  "keeping.keep": "Guardar las llamadas",
  "keeping.details": "Detalles",
  "keeping.sync": "También en mis otros dispositivos",
  "keeping.trace": "Llamada perdida para quien no contesta",
  "keeping.what.details":
    "Ruta, cifrado y conexión. Desactivado: se van también los de llamadas anteriores.",
  "keeping.what.sync":
    "Lo reciben por la caja sellada. Desactivado: sale de la caja, y cada dispositivo guarda el suyo.",
  "keeping.what.trace": "Desactivado: no se les dice; donde sonó, puede quedar anotada.",
  "keeping.why.keep":
    "Si no decides nada: 90 días, porque lo que se busca suele ser la llamada del mes pasado.",
  "keeping.why.details": "Activado al principio, porque no dice con quién ni cuándo.",
  "keeping.why.sync":
    "Activado al principio, porque quien tiene dos dispositivos pregunta a cualquiera quién llamó.",
  "keeping.why.trace": "Activado al principio: una llamada que nadie oyó ni ve es como ninguna.",
  "keeping.people": "Para personas concretas",
  "keeping.noPeople": "Como siempre para todos. Para cambiarlo con alguien, abre su página.",
  "keeping.with": "Llamadas con este contacto",
  "keeping.withHelp": "En tu historial. Lo que guarda la otra parte lo decide ella.",
  "keeping.usual": "Como siempre ({time})",
  "keeping.see": "Verlas",
  "keeping.delete": "Eliminarlas",
  "keeping.ask": "Pedir que elimine las suyas",
  "keeping.goSure": {
    one: "{count} llamada se va al momento",
    other: "{count} llamadas se van al momento",
  },
  "keeping.goText":
    "A partir de ahora se guarda: {time}. Lo más antiguo se va, en todos tus dispositivos.",
  "keeping.goWith": "Lo más antiguo de lo que eliges se va, en todos tus dispositivos.",
  "keeping.goYes": "Continuar",
  "keeping.yes": "Sí",
  "keeping.no": "No",
  "preset.title": "Tres formas",
  "preset.convenient": "Cómodo",
  "preset.convenientHelp": "Se guarda hasta que lo elimines.",
  "preset.balanced": "Equilibrado",
  "preset.balancedHelp": "90 días. Así es si no decides nada.",
  "preset.nothing": "No se guarda nada",
  "preset.nothingHelp": "Sin historial, y sin llamadas perdidas para otros.",
  "preset.chosen": "{name} (elegido)",
  "preset.own": "Lo tuyo no es ninguna de las tres. Abre una para ver qué cambiaría.",
  "preset.note": "Ves qué cambia antes de que ocurra.",
  "preset.table": "Qué cambia esto",
  "preset.setting": "Ajuste",
  "preset.now": "Ahora",
  "preset.then": "Después",
  "preset.changes": ", cambia",
  "preset.stays": ", se queda",
  "preset.going": {
    one: "{count} llamada se va al momento.",
    other: "{count} llamadas se van al momento.",
  },
  "preset.same": "Es lo que ya tienes.",
  "preset.choose": "Elegir",
} as const satisfies Record<string, string | Plural>;
