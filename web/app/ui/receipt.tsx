/** What the server signed when it deleted something: said, and given as a file to keep. */

import { date, say } from "../i18n/text.ts";
import type { GivenReceipt } from "../model_data.ts";
import { download } from "./download.ts";
import { Btn, Note } from "./parts.tsx";

export function Receipt({ receipt }: { receipt: GivenReceipt }) {
  if (receipt.kind === "bad") return <Note tone="danger">{say("receipt.bad")}</Note>;
  if (receipt.kind !== "good") return <p className="soft">{say("receipt.none")}</p>;
  const { until, file } = receipt;
  const save = () => download(new Blob([file.text], { type: "application/json" }), file.name);
  return (
    <div className="stack">
      <p className="soft">
        {until === undefined ? say("receipt.account") : say("receipt.until", { date: date(until) })}
      </p>
      <Btn icon="download" wide onPress={save}>
        {say("receipt.save")}
      </Btn>
    </div>
  );
}
