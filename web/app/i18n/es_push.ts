/** Español, la parte sobre sonar con Visavis cerrado y sobre quién más se entera de algo. */

export const esPush = {
  "push.title": "Sonar con Visavis cerrado",
  "push.lead": "Apagado hasta que lo enciendas, y solo en este dispositivo.",
  "push.what":
    "Cuando alguien llama y Visavis está cerrado aquí, tu servidor pide al servicio push del fabricante de tu navegador que lo despierte. El aviso dice «Alguien te está llamando», sin ningún nombre. Ábrelo y la llamada sonará.",
  "push.who": "Quién ve qué",
  "push.service": "El servicio push de tu navegador",
  "push.serviceSees":
    "Que a este navegador le llega una llamada, y cuándo. Nunca quién llama. Puede saber quién eres si has iniciado sesión en el navegador o en el teléfono.",
  "push.server": "Tu servidor",
  "push.serverSees":
    "La dirección con la que se despierta este navegador. Se guarda cifrada hasta que apagues esto o pases 90 días sin abrir Visavis aquí. De las llamadas en sí no se guarda nada.",
  "push.system": "Este dispositivo",
  "push.systemSees": "Muestra el aviso y puede guardar una lista de avisos.",
  "push.caller": "Quien te llama",
  "push.callerSees": "Nada: ni que usas esto ni si estás ahí.",
  "push.turnOn": "Encender",
  "push.turnOff": "Apagar",
  "push.isOn": "Encendido en este dispositivo.",
  "push.denied":
    "El navegador no permite avisos aquí, así que no se ha encendido nada. Permítelos para esta página en los ajustes del navegador y vuelve a intentarlo.",
  "push.refused":
    "Tu servidor no usa el servicio push de este navegador, así que no se ha encendido nada. Las llamadas suenan solo mientras Visavis está abierto aquí.",
  "push.failed":
    "El navegador no ha podido contactar con su servicio push, así que no se ha encendido nada. Vuelve a intentarlo más tarde.",
  "push.noServer":
    "Tu servidor no usa ningún servicio push: las llamadas suenan solo mientras Visavis está abierto en este navegador. Quien lleva el servidor puede cambiarlo.",
  "push.noBrowser":
    "Este navegador no se puede despertar: las llamadas suenan solo mientras Visavis está abierto en él. En un iPhone o iPad, añade Visavis a la pantalla de inicio y ábrelo desde ahí.",
  "push.calling": "Alguien te está llamando",
  "push.called": "Alguien te ha llamado",

  "recipients.title": "Quién más se entera de algo",
  "recipients.lead":
    "Todos los de fuera de tu servidor a quienes este les cuenta algo. La lista sale de cómo está configurado el servidor en este momento.",
  "recipients.nobody": "Nadie",
  "recipients.nobodyLead": "Tu servidor no le cuenta nada a ningún otro servicio.",
  "recipients.push":
    "Un servicio push. Se entera de que a un navegador le llega una llamada, y cuándo, pero solo de quienes han encendido «Sonar con Visavis cerrado».",
  "recipients.other":
    "Tu servidor no dice qué es. Pregunta a quien lo lleva y vuelve a cargar esta página.",
} as const;
