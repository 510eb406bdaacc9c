/** Deutsch, der Teil über das Klingeln, wenn Visavis zu ist, und darüber, wer sonst etwas erfährt. */

export const dePush = {
  "push.title": "Klingeln, wenn Visavis zu ist",
  "push.lead": "Aus, bis du es einschaltest, und nur für dieses Gerät.",
  "push.what":
    "Wenn jemand anruft und Visavis hier zu ist, bittet dein Server den Push-Dienst deines Browser-Herstellers, diesen Browser zu wecken. Er meldet „Jemand ruft an“, ohne Namen. Öffne die Meldung, und der Anruf klingelt.",
  "push.who": "Wer was sieht",
  "push.service": "Der Push-Dienst deines Browsers",
  "push.serviceSees":
    "Dass es bei diesem Browser klingelt, und wann. Nie, wer anruft. Er weiß vielleicht, wer du bist, wenn du im Browser oder auf dem Telefon angemeldet bist.",
  "push.server": "Dein Server",
  "push.serverSees":
    "Die Adresse, unter der dieser Browser geweckt wird. Sie bleibt verschlüsselt gespeichert, bis du das hier ausschaltest oder Visavis 90 Tage lang nicht geöffnet hast. Über die Anrufe selbst wird nichts gespeichert.",
  "push.system": "Dieses Gerät",
  "push.systemSees": "Es zeigt die Meldung und führt vielleicht eine Liste von Meldungen.",
  "push.caller": "Wer dich anruft",
  "push.callerSees": "Nichts: nicht, dass du das nutzt, und nicht, ob du da bist.",
  "push.turnOn": "Einschalten",
  "push.turnOff": "Ausschalten",
  "push.isOn": "Für dieses Gerät eingeschaltet.",
  "push.denied":
    "Der Browser erlaubt hier keine Benachrichtigungen, darum wurde nichts eingeschaltet. Erlaube sie in den Einstellungen des Browsers für diese Seite und versuch es noch einmal.",
  "push.refused":
    "Dein Server nutzt den Push-Dienst dieses Browsers nicht, darum wurde nichts eingeschaltet. Anrufe klingeln nur, solange Visavis hier offen ist.",
  "push.failed":
    "Der Browser hat seinen Push-Dienst nicht erreicht, darum wurde nichts eingeschaltet. Versuch es später noch einmal.",
  "push.noServer":
    "Dein Server nutzt keinen Push-Dienst: Anrufe klingeln nur, solange Visavis in diesem Browser offen ist. Wer den Server betreibt, kann das ändern.",
  "push.noBrowser":
    "Dieser Browser lässt sich nicht wecken: Anrufe klingeln nur, solange Visavis in ihm offen ist. Auf einem iPhone oder iPad leg Visavis auf den Home-Bildschirm und öffne es von dort.",
  "push.calling": "Jemand ruft an",
  "push.called": "Jemand hat angerufen",

  "recipients.title": "Wer sonst etwas erfährt",
  "recipients.lead":
    "Alle außerhalb deines Servers, denen er etwas mitteilt. Die Liste entsteht daraus, wie der Server gerade eingestellt ist.",
  "recipients.nobody": "Niemand",
  "recipients.nobodyLead": "Dein Server teilt keinem anderen Dienst etwas mit.",
  "recipients.push":
    "Ein Push-Dienst. Er erfährt, dass es bei einem Browser klingelt, und wann; aber nur von denen, die „Klingeln, wenn Visavis zu ist“ eingeschaltet haben.",
  "recipients.other":
    "Dein Server sagt nicht, was das ist. Frag, wer ihn betreibt, und lade diese Seite neu.",
} as const;
