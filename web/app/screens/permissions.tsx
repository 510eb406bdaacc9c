/** What the browser lets these pages use, when it was used, and how to take it back. */

import { useEffect, useState } from "react";
import { day, duration, type Key, say, timeOfDay } from "../i18n/text.ts";
import { Icon, type IconName } from "../icons.tsx";
import type { Permission, Permissions, Permitted, Use } from "../model_actions.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import { Failed } from "../ui/failed.tsx";
import { Btn, Note, Page } from "../ui/parts.tsx";
import { useTask } from "../ui/task.ts";

const ICONS: Readonly<Record<Permitted, IconName>> = {
  camera: "video",
  microphone: "mic",
  notifications: "bell",
};
const ALL: readonly Permitted[] = ["camera", "microphone", "notifications"];
const TONES: Readonly<Record<Permission, string>> = {
  granted: "note",
  denied: "good",
  prompt: "good",
  unknown: "running",
};
/** Uses that are listed; all are counted for "last used". */
const LISTED = 20;

export default function PermissionsScreen() {
  const { devices } = useModel();
  const [states, setStates] = useState<Permissions>();
  const [uses, setUses] = useState<readonly Use[]>(() => devices.uses());
  const open = useAppState(({ desk }) => `${desk.cameraOn} ${desk.micOn}`);
  const task = useTask();
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is open now changes both
  useEffect(() => {
    const look = () => {
      void devices.permissions().then(setStates);
      setUses(devices.uses());
    };
    look();
    // Whoever comes back from the browser's own settings sees what became of it.
    window.addEventListener("focus", look);
    return () => window.removeEventListener("focus", look);
  }, [devices, open]);
  return (
    <Page title={say("permissions.title")} lead={say("permissions.lead")}>
      <ul className="card rows checks" aria-busy={!states}>
        {ALL.map((what) => {
          const state = states?.[what] ?? "unknown";
          return (
            <li key={what} className={`check is-${TONES[state]}`}>
              <span className="check-icon">
                <Icon name={ICONS[what]} />
              </span>
              <div className="grow">
                <h2>{nameOf(what)}</h2>
                <p className="help">{lastUse(uses, what)}</p>
              </div>
              <span className="check-word">{say(`permissions.${state}`)}</span>
            </li>
          );
        })}
      </ul>

      <section>
        <h2 className="group-title">{say("permissions.revoke")}</h2>
        <div className="stack">
          <Note icon="settings">{say(howHere())}</Note>
          <p className="help">{say("permissions.revokeHelp")}</p>
        </div>
      </section>

      <section>
        <h2 className="group-title">{say("permissions.uses")}</h2>
        <div className="stack">
          <p className="help">{say("permissions.usesHelp")}</p>
          {uses.length > 0 && (
            <>
              <ol className="card rows use-list">
                {uses.slice(0, LISTED).map((use) => (
                  <UseRow key={`${use.kind} ${use.at}`} use={use} />
                ))}
              </ol>
              <Failed task={task} />
              <Btn
                look="quiet"
                icon="trash"
                busy={task.busy}
                onPress={() =>
                  void task.run(async () => {
                    await devices.clearUses();
                    setUses(devices.uses());
                  })
                }
              >
                {say("permissions.clear")}
              </Btn>
            </>
          )}
        </div>
      </section>
    </Page>
  );
}

function UseRow({ use }: { use: Use }) {
  return (
    <li className="use">
      <Icon name={ICONS[use.kind]} small />
      <span className="grow">
        <span>{nameOf(use.kind)}</span>
        <span className="help">{`${day(use.at)}, ${timeOfDay(use.at)}`}</span>
      </span>
      {!!use.seconds && <span className="help">{duration(use.seconds)}</span>}
    </li>
  );
}

function nameOf(what: Permitted): string {
  return say(what === "notifications" ? "doctor.notifications" : `desk.${what}`);
}

function lastUse(uses: readonly Use[], what: Permitted): string {
  const last = uses.find(({ kind }) => kind === what);
  if (last === undefined) return say("permissions.never");
  return say("permissions.last", { when: `${day(last.at)}, ${timeOfDay(last.at)}` });
}

/** How it is done in this browser. Whom it names it does not matter to anybody but the reader. */
function howHere(): Key {
  const { userAgent } = navigator;
  const phone = /Android|iPhone|iPad|Mobile/.test(userAgent);
  if (/Firefox|FxiOS/.test(userAgent)) {
    return phone ? "permissions.how.firefoxPhone" : "permissions.how.firefox";
  }
  if (/Chrome|Chromium|CriOS|Edg/.test(userAgent) && !/iPhone|iPad/.test(userAgent)) {
    return phone ? "permissions.how.chromiumPhone" : "permissions.how.chromium";
  }
  return phone ? "permissions.how.safariPhone" : "permissions.how.safari";
}
