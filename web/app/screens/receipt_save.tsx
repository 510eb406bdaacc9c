/** A receipt becomes a file: one chooses what of it can be read, and whether to show oneself. */

import { useState } from "react";
import type { Bytes } from "../../core/bytes.ts";
import { say } from "../i18n/text.ts";
import { type Field, RECEIPT_FIELDS } from "../model_receipt.ts";
import { download } from "../ui/download.ts";
import { Failed } from "../ui/failed.tsx";
import { Toggle } from "../ui/fields.tsx";
import { Btn } from "../ui/parts.tsx";
import { Sheet } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";

export default function SaveReceipt(props: {
  make: (fields: readonly Field[], showsMe: boolean) => Promise<Bytes>;
  canShowMe: boolean;
  onClose: () => void;
}) {
  const [fields, setFields] = useState<readonly Field[]>([]);
  const [showsMe, setShowsMe] = useState(false);
  const task = useTask();
  const save = async () => {
    const file = new Blob([await props.make(fields, showsMe)], { type: "application/json" });
    download(file, "visavis-call.vvcall");
    props.onClose();
  };
  return (
    <Sheet title={say("receipt.saveFile")} onClose={props.onClose}>
      <p className="soft">{say("receipt.choose")}</p>
      {RECEIPT_FIELDS.map((name) => (
        <Toggle
          key={name}
          label={say(`receipt.${name}`)}
          on={fields.includes(name)}
          onChange={(on) =>
            setFields(RECEIPT_FIELDS.filter((one) => (one === name ? on : fields.includes(one))))
          }
        />
      ))}
      {props.canShowMe && (
        <Toggle
          label={say("receipt.showMe")}
          help={say("receipt.showMeHelp")}
          on={showsMe}
          onChange={setShowsMe}
        />
      )}
      <Failed task={task} />
      <div className="actions">
        <Btn onPress={props.onClose}>{say("do.close")}</Btn>
        <Btn icon="download" busy={task.busy} onPress={() => void task.run(save)}>
          {say("receipt.saveFile")}
        </Btn>
      </div>
    </Sheet>
  );
}
