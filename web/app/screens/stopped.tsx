/** What keeps this page from its profile: another tab, a revocation, a store that cannot be read. */

import { useState } from "react";
import type { Code } from "../../core/codes.ts";
import { say } from "../i18n/text.ts";
import { useModel } from "../model_hooks.tsx";
import { Btn, Note } from "../ui/parts.tsx";
import { AskErase } from "./locked.tsx";
import { Solo } from "./states.tsx";

type Why = "elsewhere" | "refused" | "shutOut" | "broken";

const AGAIN = {
  elsewhere: "elsewhere.retry",
  refused: "do.retry",
  shutOut: "shutOut.again",
  broken: "do.retry",
} as const;

export default function Stopped({ why, code }: { why: Why; code?: Code }) {
  const { door } = useModel();
  const [asking, setAsking] = useState(false);
  const mayErase = why === "refused" || why === "broken";
  return (
    <Solo title={say(`${why}.title`)} lead={say(`${why}.lead`)}>
      {why === "shutOut" && <Note tone="warm">{say("shutOut.you")}</Note>}
      <div className="stack">
        <Btn look="primary" wide onPress={() => door.retry()}>
          {say(AGAIN[why])}
        </Btn>
        {mayErase && (
          <Btn look="danger" wide onPress={() => setAsking(true)}>
            {say(why === "refused" ? "refused.erase" : "locked.erase")}
          </Btn>
        )}
      </div>
      {code && <p className="fine">{say("broken.code", { code })}</p>}
      {asking && <AskErase onClose={() => setAsking(false)} />}
    </Solo>
  );
}
