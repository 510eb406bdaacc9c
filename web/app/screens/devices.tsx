/** The account's devices; each can be shut out with the password or a passkey. */

import { useEffect, useState } from "react";
import { date, say } from "../i18n/text.ts";
import { Icon } from "../icons.tsx";
import type { Device, Proof } from "../model_actions.ts";
import { useModel } from "../model_hooks.tsx";
import { go } from "../router.ts";
import { Btn, Note, Page } from "../ui/parts.tsx";
import { Prove } from "../ui/prove.tsx";
import { Sheet } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";

export default function Devices() {
  return (
    <Page title={say("devices.title")} lead={say("devices.lead")}>
      <DeviceList />
      <Btn look="primary" icon="plus" onPress={() => go({ at: "link", link: "" })}>
        {say("devices.add")}
      </Btn>
    </Page>
  );
}

/** All devices; each but this one with the way to shut it out. */
export function DeviceList() {
  const { devices } = useModel();
  const [list, setList] = useState<readonly Device[]>();
  const [leaving, setLeaving] = useState<Device>();
  const { run, failed } = useTask();
  const [revoked, setRevoked] = useState(false);
  useEffect(() => {
    void run(async () => setList(await devices.list()));
  }, [devices, run]);
  return (
    <>
      {failed && (
        <Note tone="danger" live>
          {say(failed)}
        </Note>
      )}
      {revoked && (
        <Note tone="good" live>
          {say("devices.revoked")}
        </Note>
      )}
      <ul className="card rows device-list" aria-busy={!list}>
        {(list ?? []).map((device) => (
          <li key={device.shortId} className="device">
            <span className="way-icon">
              <Icon name="devices" />
            </span>
            <div className="grow">
              <h2>
                {device.current
                  ? say("devices.this")
                  : say("devices.short", { id: device.shortId })}
              </h2>
              {device.created !== "" && (
                <>
                  <p className="help">{say("devices.added", { date: date(device.created) })}</p>
                  <p className="help">{say("devices.seen", { date: date(device.lastSeen) })}</p>
                </>
              )}
              {!device.listed && <p className="field-error">{say("devices.unlisted")}</p>}
            </div>
            {!device.current && (
              <Btn look="danger" onPress={() => setLeaving(device)}>
                {say("devices.revoke")}
              </Btn>
            )}
          </li>
        ))}
      </ul>
      {leaving && (
        <Revoke
          device={leaving}
          onClose={() => setLeaving(undefined)}
          onDone={async () => {
            setRevoked(true);
            setList(await devices.list());
          }}
        />
      )}
    </>
  );
}

function Revoke(props: { device: Device; onClose: () => void; onDone: () => Promise<void> }) {
  const { devices } = useModel();
  const task = useTask();
  const id = props.device.shortId;
  const revoke = async (proof: Proof) => {
    await devices.revoke(id, proof);
    await props.onDone();
  };
  return (
    <Sheet title={say("devices.revokeTitle", { id })} onClose={props.onClose} alarm>
      <p className="soft">{say("devices.revokeText")}</p>
      <Prove
        action={say("devices.revoke")}
        look="danger"
        task={task}
        onCancel={props.onClose}
        onProof={(proof) =>
          void task
            .run(() => revoke(proof))
            .then((good) => {
              if (good) props.onClose();
            })
        }
      />
    </Sheet>
  );
}
