/** One's own data: what screens ask, as calls of the client. */

import type { YourData } from "../client/client.ts";
import type { NoReceipt, Receipt } from "../client/receipts.ts";
import { DataClass } from "../core/account_data.ts";
import * as base64url from "../core/base64url.ts";
import { forgetChoices } from "./forget_choices.ts";
import { eraseProfile } from "./live_actions.ts";
import type { LiveModel } from "./live_model.ts";
import type { DataActions, GivenReceipt } from "./model_data.ts";

export function dataActions(model: LiveModel): DataActions {
  const data = (): Promise<YourData> => model.client().yourData();
  return {
    look: async (inDays) => (await data()).server(inDays),
    value: async (table, row, column) => (await data()).value(table, row, column),
    local: async () => (await data()).local(),
    setAccountDays: async (days) => (await data()).setAccountDays(days),
    setEnvelopeDays: async (days) => (await data()).setEnvelopeDays(days),
    setRestricted: async (restricted) => (await data()).setRestricted(restricted),
    async remove(what) {
      const { rows, receipt } = await (await data()).remove(what);
      // The browser forgets it as well: else this device would take itself for one that rings.
      if (what === DataClass.PUSH) await model.push.forget().catch(() => undefined);
      return { rows, receipt: what === DataClass.VAULT ? undefined : given(receipt) };
    },
    async rename(name, proof) {
      const handle = await (await data()).rename(name, proof);
      model.followHandle();
      return handle;
    },
    async close(proof) {
      const client = model.client();
      const yours = await client.yourData();
      const goOn = model.leave(); // the server hangs up at once: that is no surprise
      let receipt: Receipt | NoReceipt;
      try {
        receipt = await yours.closeAccount(proof);
      } catch (error) {
        goOn();
        throw error;
      }
      await client.close();
      await eraseProfile(model);
      goOn();
      forgetChoices();
      model.set({ phase: { kind: "closed", receipt: given(receipt) } });
    },
  };
}

/** A day of a receipt, in seconds. */
const DAY_S = 86_400;

/** Return what screens show and save of a receipt; the file is that of the command line. */
function given(receipt: Receipt | NoReceipt): GivenReceipt {
  if (receipt === "none" || receipt === "bad") return { kind: receipt };
  const { says, data, key } = receipt;
  const until = says.until === null ? undefined : says.until * DAY_S;
  const content = { receipt: base64url.encode(data), key: base64url.encode(key) };
  const text = `${JSON.stringify(content, undefined, 2)}\n`;
  return { kind: "good", until, file: { name: `visavis-receipt-${says.what}.json`, text } };
}
