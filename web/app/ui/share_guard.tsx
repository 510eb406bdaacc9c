/** Nothing of a screen leaves before the person has seen what would be seen. */

import { type ReactNode, useState } from "react";
import { say } from "../i18n/text.ts";
import type { CallActions } from "../model_actions.ts";
import { Failed } from "./failed.tsx";
import { Btn } from "./parts.tsx";
import { Picture } from "./picture.tsx";
import { Sheet } from "./sheet.tsx";
import { useTask } from "./task.ts";

export function ShareGuard(props: {
  /** Says who would see it. */
  preview: ReactNode;
  by: Pick<CallActions, "pickScreen" | "share">;
  onClose: () => void;
}) {
  const { by, onClose } = props;
  const [stream, setStream] = useState<MediaStream>();
  const task = useTask();
  const stop = () => {
    for (const track of stream?.getTracks() ?? []) track.stop();
  };
  const pick = () =>
    void task.run(async () => {
      stop();
      setStream(await by.pickScreen());
    });
  return (
    <Sheet
      title={stream ? props.preview : say("share.title")}
      onClose={() => {
        stop();
        onClose();
      }}
    >
      {stream && <Picture stream={stream} className="share-preview" />}
      <p className="soft">{say(stream ? "share.previewLead" : "share.lead")}</p>
      <Failed task={task} />
      <div className="actions">
        <Btn look={stream ? "soft" : "primary"} icon="screen" busy={task.busy} onPress={pick}>
          {say(stream ? "share.other" : "share.pick")}
        </Btn>
        {stream && (
          <Btn
            look="primary"
            onPress={() =>
              void task
                .run(() => by.share(stream))
                .then((good) => {
                  if (good) onClose();
                })
            }
          >
            {say("share.start")}
          </Btn>
        )}
      </div>
    </Sheet>
  );
}
