/** The history as a file for other programs. It is made in this page; nothing is asked of a server. */

import { useState } from "react";
import { toCsv, toJson } from "../../core/call_export.ts";
import { say } from "../i18n/text.ts";
import type { CallEntry } from "../model_history.ts";
import { useNames } from "../ui/calls_found.ts";
import { download } from "../ui/download.ts";
import { Choice } from "../ui/fields.tsx";
import { Btn, Note } from "../ui/parts.tsx";
import { Sheet } from "../ui/sheet.tsx";
import { localZone } from "../ui/zone.ts";

const KINDS = { csv: "text/csv", json: "application/json" } as const;

export function Export(props: {
  found: readonly CallEntry[];
  all: readonly CallEntry[];
  onClose: () => void;
}) {
  const { found, all } = props;
  const names = useNames();
  const [which, setWhich] = useState<"found" | "all">("found");
  const [saved, setSaved] = useState(false);
  const save = (kind: keyof typeof KINDS) => {
    const entries = which === "all" ? all : found;
    const text = (kind === "csv" ? toCsv : toJson)(entries, names, localZone);
    download(new Blob([text], { type: KINDS[kind] }), `calls.${kind}`);
    setSaved(true);
  };
  return (
    <Sheet title={say("export.title")} onClose={props.onClose}>
      <p className="soft">{say("export.lead")}</p>
      {found.length !== all.length && (
        <Choice
          label={say("export.which")}
          value={which}
          onChange={setWhich}
          options={[
            { value: "found", label: say("export.found", { count: found.length }) },
            { value: "all", label: say("export.all", { count: all.length }) },
          ]}
        />
      )}
      <Note tone="warm">{say("export.warn")}</Note>
      <div className="actions">
        <Btn icon="download" onPress={() => save("csv")}>
          {say("export.csv")}
        </Btn>
        <Btn icon="download" onPress={() => save("json")}>
          {say("export.json")}
        </Btn>
      </div>
      <p className="unseen" role="status">
        {saved && say("export.saved")}
      </p>
    </Sheet>
  );
}
