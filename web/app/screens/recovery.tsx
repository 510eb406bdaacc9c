/** The recovery code, this once. */

import { useState } from "react";
import { say } from "../i18n/text.ts";
import { useModel } from "../model_hooks.tsx";
import { Toggle } from "../ui/fields.tsx";
import { Btn } from "../ui/parts.tsx";
import { Solo } from "./states.tsx";

export default function Recovery({ code }: { code: string }) {
  const { door } = useModel();
  const [noted, setNoted] = useState(false);
  return (
    <Solo title={say("recovery.title")} lead={say("recovery.lead")}>
      <figure className="paper">
        <figcaption className="unseen">{say("recovery.code")}</figcaption>
        <p className="code paper-code" dir="ltr">
          {code.split(/[\s-]+/).map((group, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: groups never move and may repeat
            <span key={i}>{group}</span>
          ))}
        </p>
        <p className="help">{say("recovery.paper")}</p>
      </figure>
      <div className="stack">
        <Toggle label={say("recovery.confirm")} on={noted} onChange={setNoted} />
        <Btn look="primary" wide disabled={!noted} onPress={() => door.recoveryNoted()}>
          {say("do.continue")}
        </Btn>
      </div>
    </Solo>
  );
}
