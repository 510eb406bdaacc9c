/** Contacts of before a move to this server, who are not here yet. */

import { useState } from "react";
import "./move.css";
import { say } from "../i18n/text.ts";
import type { AwaitedPerson } from "../model.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import { CopyBtn } from "../ui/copy.tsx";
import { Failed } from "../ui/failed.tsx";
import { Btn, Name, Named, Page } from "../ui/parts.tsx";
import { Sheet } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";

export default function Awaited(props: { link?: string; forgetting?: AwaitedPerson }) {
  const awaited = useAppState((state) => state.awaited);
  const [forgetting, setForgetting] = useState(props.forgetting);
  if (awaited.length === 0) {
    return (
      <Page title={say("awaited.title")}>
        <p className="soft" role="status">
          {say("awaited.none")}
        </p>
      </Page>
    );
  }
  return (
    <Page title={say("awaited.title")} lead={say("awaited.lead")}>
      <ul className="card rows">
        {awaited.map((one) => (
          <li key={one.id} className="row awaited">
            <div className="grow">
              <h2 className="clip">
                <Name of={one.name} />
              </h2>
              {one.verified && <p className="help">{say("awaited.verified")}</p>}
              {one.blocked && <p className="help">{say("awaited.blocked")}</p>}
            </div>
            <Btn look="quiet" onPress={() => setForgetting(one)}>
              {say("awaited.forget")}
              <span className="unseen">
                {": "}
                <Name of={one.name} />
              </span>
            </Btn>
          </li>
        ))}
      </ul>
      <OneLink {...(props.link !== undefined && { first: props.link })} />
      {forgetting && <Forget one={forgetting} onClose={() => setForgetting(undefined)} />}
    </Page>
  );
}

/** The link that is sent from the old account. */
function OneLink(props: { first?: string }) {
  const { move } = useModel();
  const [link, setLink] = useState(props.first);
  const task = useTask();
  return (
    <section className="card stack">
      <p className="soft">{say("awaited.linkText")}</p>
      <Failed task={task} />
      {link === undefined ? (
        <div className="actions">
          <Btn
            look="primary"
            icon="link"
            busy={task.busy}
            onPress={() => void task.run(async () => setLink(await move.invite()))}
          >
            {say("awaited.link")}
          </Btn>
        </div>
      ) : (
        <>
          <p className="code move-link" dir="ltr">
            {link}
          </p>
          <div className="actions">
            <CopyBtn text={link} label={say("invite.copy")} look="primary" />
          </div>
        </>
      )}
    </section>
  );
}

function Forget({ one, onClose }: { one: AwaitedPerson; onClose: () => void }) {
  const { people } = useModel();
  const task = useTask();
  const forget = async () => {
    await people.forgetAwaited(one.id);
    onClose();
  };
  return (
    <Sheet title={<Named k="awaited.forgetTitle" name={one.name} />} onClose={onClose} alarm>
      <p className="soft">
        <Named k={one.blocked ? "awaited.forgetBlocked" : "awaited.forgetText"} name={one.name} />
      </p>
      <Failed task={task} />
      <div className="actions">
        <Btn onPress={onClose}>{say("do.cancel")}</Btn>
        <Btn look="danger" busy={task.busy} onPress={() => void task.run(forget)}>
          {say("awaited.forget")}
        </Btn>
      </div>
    </Sheet>
  );
}
