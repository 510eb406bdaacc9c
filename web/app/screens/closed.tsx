/** The account is closed: nothing of it is left, but what the server signed about that. */

import { say } from "../i18n/text.ts";
import type { GivenReceipt } from "../model_data.ts";
import { useModel } from "../model_hooks.tsx";
import { Btn } from "../ui/parts.tsx";
import { Receipt } from "../ui/receipt.tsx";
import { Solo } from "./states.tsx";

export default function Closed({ receipt }: { receipt: GivenReceipt }) {
  const { door } = useModel();
  return (
    <Solo title={say("closed.title")} lead={say("closed.lead")}>
      <Receipt receipt={receipt} />
      <div className="stack">
        <Btn look="primary" wide onPress={() => door.retry()}>
          {say("do.done")}
        </Btn>
      </div>
    </Solo>
  );
}
