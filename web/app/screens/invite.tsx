/** An invite as a code to scan and a link to send. */

import { useEffect, useState } from "react";
import { say } from "../i18n/text.ts";
import { useModel } from "../model_hooks.tsx";
import { CopyBtn } from "../ui/copy.tsx";
import { Choice } from "../ui/fields.tsx";
import { Btn, Note, Page } from "../ui/parts.tsx";
import Qr from "../ui/qr.tsx";
import { useTask } from "../ui/task.ts";

type Use = "one" | "many";

export default function Invite() {
  const { people } = useModel();
  const [use, setUse] = useState<Use>("one");
  const [links, setLinks] = useState<Readonly<Partial<Record<Use, string>>>>({});
  const { run, failed } = useTask();
  const link = links[use];
  useEffect(() => {
    if (link !== undefined) return;
    void run(async () => {
      const made = await people.createInvite(use === "one");
      setLinks((known) => ({ ...known, [use]: made }));
    });
  }, [people, run, use, link]);
  return (
    <Page title={say("invite.title")} lead={say(use === "one" ? "invite.lead" : "invite.leadMany")}>
      <Choice
        label={say("invite.title")}
        quietLabel
        row
        value={use}
        onChange={setUse}
        options={[
          { value: "one", label: say("invite.one") },
          { value: "many", label: say("invite.many") },
        ]}
      />
      <div className="qr-place">
        {link === undefined ? (
          <div className="qr waiting-box" role="status">
            {failed === undefined && say("invite.making")}
          </div>
        ) : (
          <>
            <Qr text={link} label={say("invite.qr")} />
            <div className="actions">
              <CopyBtn text={link} label={say("invite.copy")} look="primary" />
              {"share" in navigator && (
                <Btn
                  icon="send"
                  onPress={() => {
                    void navigator
                      .share({ text: say("invite.shareText"), url: link })
                      .catch(() => undefined);
                  }}
                >
                  {say("do.share")}
                </Btn>
              )}
            </div>
          </>
        )}
      </div>
      {failed ? (
        <Note tone="danger" live>
          {say(failed)}
        </Note>
      ) : (
        <Note>{say("invite.private")}</Note>
      )}
    </Page>
  );
}
