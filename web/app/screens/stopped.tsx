/** What keeps this page from its profile: another tab, a revocation, a store that cannot be read. */

import { useState } from "react";
import type { Code } from "../../core/codes.ts";
import { say } from "../i18n/text.ts";
import { useModel } from "../model_hooks.tsx";
import { Btn, Note } from "../ui/parts.tsx";
import { AskErase } from "./locked.tsx";
import { Solo } from "./states.tsx";

export default function Stopped({
  why,
  code,
}: {
  why: "elsewhere" | "revoked" | "broken";
  code?: Code;
}) {
  const { door } = useModel();
  const [asking, setAsking] = useState(false);
  const erase = (
    <Btn look="danger" wide onPress={() => setAsking(true)}>
      {say(why === "revoked" ? "revoked.erase" : "locked.erase")}
    </Btn>
  );
  return (
    <Solo title={say(`${why}.title`)} lead={say(`${why}.lead`)}>
      {why === "revoked" && <Note tone="warm">{say("revoked.you")}</Note>}
      <div className="stack">
        {why !== "revoked" && (
          <Btn look="primary" wide onPress={() => door.retry()}>
            {say(why === "elsewhere" ? "elsewhere.retry" : "do.retry")}
          </Btn>
        )}
        {why !== "elsewhere" && erase}
      </div>
      {code && <p className="fine">{say("broken.code", { code })}</p>}
      {asking && <AskErase onClose={() => setAsking(false)} />}
    </Solo>
  );
}
