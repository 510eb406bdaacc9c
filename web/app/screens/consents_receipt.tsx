/** A receipt to read and to keep: what is saved are the very bytes that were signed. */

import { useEffect, useState } from "react";
import type { Bytes } from "../../core/bytes.ts";
import { say } from "../i18n/text.ts";
import { useRecordingActions } from "../model_hooks.tsx";
import { plainText } from "../names.ts";
import { download } from "../ui/download.ts";
import { Failed } from "../ui/failed.tsx";
import { Btn } from "../ui/parts.tsx";
import { Sheet } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";

export type ReceiptForm = "receipt" | "kantara";

const FILES: Readonly<Record<ReceiptForm, readonly [ending: string, type: string]>> = {
  receipt: ["jsonld", "application/ld+json"],
  kantara: ["kantara.json", "application/json"],
};

export function ReceiptSheet(props: { id: string; form: ReceiptForm; onClose: () => void }) {
  const { consents } = useRecordingActions();
  const { id, form } = props;
  const [found, setFound] = useState<Bytes>();
  const task = useTask();
  const { run } = task;
  useEffect(() => {
    void run(async () => setFound(await consents[form](id)));
  }, [consents, form, id, run]);
  const [ending, type] = FILES[form];
  return (
    <Sheet title={say(`consents.${form}`)} onClose={props.onClose}>
      <p className="soft">{say(`consents.${form}Help`)}</p>
      <Failed task={task} />
      {!found && !task.failed && (
        <p className="soft" role="status">
          {say("consents.loading")}
        </p>
      )}
      {found && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled by keyboard too
        <pre className="receipt-text code" dir="ltr" tabIndex={0}>
          {readable(found)}
        </pre>
      )}
      <div className="actions">
        <Btn onPress={props.onClose}>{say("do.close")}</Btn>
        {found && (
          <Btn
            look="primary"
            icon="download"
            onPress={() => download(new Blob([found], { type }), `visavis-consent-${id}.${ending}`)}
          >
            {say("consents.save")}
          </Btn>
        )}
      </div>
    </Sheet>
  );
}

/** Return it in lines, for reading; as it stands if it is no JSON. */
export function readable(receipt: Bytes): string {
  const said = new TextDecoder().decode(receipt);
  try {
    return plainText(JSON.stringify(JSON.parse(said), null, 2));
  } catch {
    return plainText(said);
  }
}
