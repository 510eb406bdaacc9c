/** Spanish, the part about what cannot be protected. */

export const esLimits = {
  "limits.title": "De qué no protege esto",
  "limits.lead":
    "Todo aquí acaba en algún sitio. Estos son los finales que conocemos, según quién estaría en ellos.",
  "limits.disk": "Quien se hace con el disco del servidor",
  "limits.diskCan":
    "Ve el día en que llegaste y el último en que estuviste, y cuánto tienes sellado. Con el archivo de claves del servidor además puede probar contraseñas; una larga aguanta.",
  "limits.operator": "Quien lleva el servidor con mala intención",
  "limits.operatorCan":
    "Ve qué dispositivos están conectados, desde dónde, y cuándo pasa algo. Mirando en directo puede emparejar por la hora a dos que se llaman por el relé, retener mensajes y callar cosas en lo que te cuenta.",
  "limits.network": "Quien escucha la línea",
  "limits.networkCan":
    "Ve que hablas con este servidor y su relé, cuánto y cuándo, y que parece una llamada.",
  "limits.relay": "El relé",
  "limits.relayCan":
    "Ve las direcciones de red de los dos extremos, cuánto duró y cuánto pasó. En un grupo de tres o más, un miembro compinchado con él podría hacer pasar imagen o sonido por los de otro.",
  "limits.push": "El servicio push de tu navegador",
  "limits.pushCan":
    "Solo si dejas que suene con la aplicación cerrada: ve que este dispositivo recibe un aviso, y cuándo.",
  "limits.contact": "Tus contactos",
  "limits.contactCan":
    "Pueden grabar la pantalla y guardar lo que envías; nada lo impide. Por la vía directa, si la permites, ven tu dirección de red.",
  "limits.removed": "A quien bloqueaste o quitaste",
  "limits.removedCan": "Conserva lo que tenía, y puede notar que se le rechaza.",
  "limits.stranger": "Un desconocido",
  "limits.strangerCan":
    "Con un enlace de invitación que le llegó antes, es el contacto que ves: comparad los números de seguridad. Si se te encuentra por el nombre, puede llenar tu lista de solicitudes. Una búsqueda por nombre no prueba a quién encontró.",
  "limits.device": "Quien tiene tu dispositivo",
  "limits.deviceCan":
    "Abierto, eres tú hasta que lo dejas fuera. Bloqueado, tiene que adivinar tu contraseña.",
  "limits.password": "Quien sabe tu contraseña",
  "limits.passwordCan":
    "Puede entrar y añadir un dispositivo. Se les muestra a tus otros dispositivos y a todos tus contactos. Una cuenta que vuelve sin otro dispositivo no puede notar que el servidor le dio una copia más vieja.",
  "limits.move": "Quien encuentra tu archivo de mudanza",
  "limits.moveCan":
    "Con su frase además puede ser tú en cualquier servidor y leer tu historial. Borra el archivo cuando te hayas mudado.",
  "limits.program": "Quien sirve esta página",
  "limits.programCan":
    "Un navegador confía en la página que recibe. Para estar seguro, lee el código o constrúyela tú.",
};
