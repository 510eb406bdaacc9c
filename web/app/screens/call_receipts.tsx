/** The signed receipts of calls that one holds: saved as files, or removed. */

import { useCallback, useEffect, useState } from "react";
import "./calls.css";
import "./recording.css";
import { list, say } from "../i18n/text.ts";
import { useRecordingActions } from "../model_hooks.tsx";
import type { ReceiptRow } from "../model_receipt.ts";
import { plainName } from "../names.ts";
import { Failed } from "../ui/failed.tsx";
import { Btn, Name, Note, Page } from "../ui/parts.tsx";
import { Ask } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";
import SaveReceipt from "./receipt_save.tsx";
import { when } from "./receipt_sheet.tsx";

type Opened = Readonly<{ id: string; what: "save" | "remove" }>;

export default function CallReceipts(props: { first?: readonly ReceiptRow[]; open?: Opened }) {
  const { receipts } = useRecordingActions();
  const [found, setFound] = useState(props.first);
  const [open, setOpen] = useState(props.open);
  const task = useTask();
  const { run } = task;
  const look = useCallback(() => run(async () => setFound(await receipts.list())), [receipts, run]);
  useEffect(() => {
    if (props.first === undefined) void look();
  }, [props.first, look]);
  const row = found?.find(({ id }) => id === open?.id);
  const close = () => setOpen(undefined);
  const remove = async (id: string) => {
    await receipts.remove(id);
    setFound(await receipts.list());
    close();
  };
  return (
    <Page title={say("receipts.title")} lead={say("receipts.lead")}>
      <Failed task={task} />
      {found?.length === 0 && <Note>{say("receipts.none")}</Note>}
      <ul className="stack">
        {(found ?? []).map((one) => (
          <li key={one.id} className="card consent">
            <h2>
              <Name of={one.with === "" ? say("receipts.call") : one.with} />
            </h2>
            <p className="help">{when(one.at)}</p>
            <p className="help">
              {say("receipts.signers", { names: list(one.names.map(signer)) })}
            </p>
            <div className="actions">
              <Btn onPress={() => setOpen({ id: one.id, what: "save" })}>
                {say("receipt.saveFile")}
              </Btn>
              <Btn onPress={() => setOpen({ id: one.id, what: "remove" })}>
                {say("receipts.remove")}
              </Btn>
            </div>
          </li>
        ))}
      </ul>
      {row && open?.what === "save" && (
        <SaveReceipt
          make={(fields, me) => receipts.file(row.id, fields, me)}
          canShowMe={row.canShowMe}
          onClose={close}
        />
      )}
      {row && open?.what === "remove" && (
        <Ask
          title={say("receipts.removeTitle")}
          text={say("receipts.removeText")}
          onClose={close}
          yes={
            <Btn look="danger" busy={task.busy} onPress={() => void run(() => remove(row.id))}>
              {say("receipts.remove")}
            </Btn>
          }
        />
      )}
    </Page>
  );
}

function signer(name: string): string {
  return name === "" ? say("askRecord.you") : `\u2068${plainName(name)}\u2069`;
}
