/** Settings. Each begins at its most private value. */

import { type ReactNode, useEffect, useState } from "react";
import { LANGUAGES, say } from "../i18n/text.ts";
import { useAppState, useModel, useRecording, useSupports } from "../model_hooks.tsx";
import { plainName } from "../names.ts";
import { setPrefs, type Theme, usePrefs } from "../prefs.ts";
import { go } from "../router.ts";
import { CopyBtn } from "../ui/copy.tsx";
import { EffectSwitches } from "../ui/effects.tsx";
import { Choice, Toggle } from "../ui/fields.tsx";
import { NoticeLink } from "../ui/notice_link.tsx";
import { Btn, Note, Page, Way } from "../ui/parts.tsx";
import { useTask } from "../ui/task.ts";
import { NeverRecord } from "./recording_never.tsx";

export default function Settings() {
  return (
    <Page title={say("settings.title")}>
      <AccountGroup />
      <PrivacyGroup />
      <RecordingGroup />
      <CallGroup />
      <LooksGroup />
      <Group title={say("settings.help")}>
        <div className="ways">
          <Way
            icon="doctor"
            title={say("settings.doctor")}
            help={say("settings.doctorHelp")}
            onPress={() => go({ at: "doctor" })}
          />
          <Way
            icon="eye"
            title={say("permissions.title")}
            help={say("permissions.help")}
            onPress={() => go({ at: "permissions" })}
          />
          <Way
            icon="alert"
            title={say("hacked.title")}
            help={say("hacked.help")}
            onPress={() => go({ at: "hacked" })}
          />
        </div>
      </Group>
    </Page>
  );
}

function Group({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <h2 className="group-title">{title}</h2>
      {children}
    </section>
  );
}

function AccountGroup() {
  const awaits = useAppState((state) => state.awaited.length > 0);
  const handle = useAppState((state) => state.self?.handle ?? "");
  const canLock = useSupports("passphrase");
  return (
    <Group title={say("settings.account")}>
      <div className="stack">
        <div className="card handle-card">
          <div className="grow">
            <p className="help">{say("settings.handle")}</p>
            <p className="handle code">
              <bdi>{plainName(handle)}</bdi>
            </p>
          </div>
          <CopyBtn text={handle} />
          <Btn onPress={() => go({ at: "rename" })}>{say("settings.rename")}</Btn>
        </div>
        <div className="ways">
          <Way
            icon="devices"
            title={say("settings.devices")}
            onPress={() => go({ at: "devices" })}
          />
          <Way icon="key" title={say("passkeys.title")} onPress={() => go({ at: "passkeys" })} />
          <Way
            icon="lock"
            title={say("settings.password")}
            onPress={() => go({ at: "password" })}
          />
          {awaits && (
            <Way icon="person" title={say("awaited.title")} onPress={() => go({ at: "awaited" })} />
          )}
          {canLock && (
            <Way
              icon="lock"
              title={say("settings.lock")}
              help={say("settings.lockHelp")}
              onPress={() => go({ at: "passphrase" })}
            />
          )}
        </div>
      </div>
    </Group>
  );
}

function PrivacyGroup() {
  const { people } = useModel();
  const [findable, setFindable] = useState<boolean>();
  const { run, failed, busy } = useTask();
  useEffect(() => {
    void run(async () => setFindable(await people.findable()));
  }, [people, run]);
  return (
    <Group title={say("settings.privacy")}>
      <div className="stack">
        <div className="card rows">
          <Toggle
            label={say("settings.findable")}
            help={say("settings.findableHelp")}
            on={findable ?? false}
            disabled={findable === undefined || busy}
            onChange={(on) =>
              void run(async () => {
                await people.setFindable(on);
                setFindable(on);
              })
            }
          />
          {failed && <Note tone="danger">{say(failed)}</Note>}
        </div>
        <div className="ways">
          <Way
            icon="person"
            title={say("settings.data")}
            help={say("settings.dataHelp")}
            onPress={() => go({ at: "data" })}
          />
          <Way
            icon="outgoing"
            title={say("settings.move")}
            help={say("settings.moveHelp")}
            onPress={() => go({ at: "move" })}
          />
          <Way
            icon="phone"
            title={say("settings.keeping")}
            help={say("settings.keepingHelp")}
            onPress={() => go({ at: "keeping" })}
          />
          <Way
            icon="eye"
            title={say("recipients.title")}
            help={say("settings.recipientsHelp")}
            onPress={() => go({ at: "recipients" })}
          />
          <Way
            icon="shield"
            title={say("settings.limits")}
            help={say("settings.limitsHelp")}
            onPress={() => go({ at: "limits" })}
          />
        </div>
        <NoticeLink />
      </div>
    </Group>
  );
}

/** Left out where this client has nothing to do with recording. */
function RecordingGroup() {
  const recording = useRecording();
  if (recording === undefined) return null;
  return (
    <Group title={say("settings.recording")}>
      <div className="stack">
        <NeverRecord />
        {recording.keeps && <KeptWays />}
      </div>
    </Group>
  );
}

function KeptWays() {
  return (
    <div className="ways">
      <Way
        icon="check"
        title={say("settings.consents")}
        help={say("settings.consentsHelp")}
        onPress={() => go({ at: "consents" })}
      />
      <Way
        icon="record"
        title={say("settings.recordings")}
        help={say("settings.recordingsHelp")}
        onPress={() => go({ at: "recordings" })}
      />
    </div>
  );
}

function CallGroup() {
  const prefs = usePrefs();
  const [denied, setDenied] = useState(false);
  const notify = async (on: boolean) => {
    const allowed =
      on && "Notification" in window && (await Notification.requestPermission()) === "granted";
    setDenied(on && !allowed);
    setPrefs({ notify: allowed });
  };
  return (
    <Group title={say("settings.calls")}>
      <div className="stack">
        <div className="card rows">
          <Toggle
            label={say("settings.ring")}
            on={prefs.ring}
            onChange={(ring) => setPrefs({ ring })}
          />
          <Toggle
            label={say("settings.notify")}
            help={say(denied ? "settings.notifyDenied" : "settings.notifyHelp")}
            on={prefs.notify}
            onChange={(on) => void notify(on)}
          />
          <Toggle
            label={say("settings.keys")}
            help={say("settings.keysHelp")}
            on={prefs.keys}
            onChange={(keys) => setPrefs({ keys })}
          />
          <Toggle
            label={say("settings.text")}
            help={say("settings.textHelp")}
            on={prefs.text}
            onChange={(text) => setPrefs({ text })}
          />
        </div>
        <EffectSwitches />
        <div className="ways">
          <Way
            icon="bell"
            title={say("push.title")}
            help={say(prefs.push === "on" ? "settings.alsoClosed" : "settings.onlyOpen")}
            onPress={() => go({ at: "push" })}
          />
        </div>
      </div>
    </Group>
  );
}

const THEMES: readonly Theme[] = ["system", "light", "dark"];

function LooksGroup() {
  const prefs = usePrefs();
  return (
    <Group title={say("settings.looks")}>
      <div className="card stack loose">
        <Choice
          label={say("settings.theme")}
          row
          value={prefs.theme}
          onChange={(theme) => setPrefs({ theme })}
          options={THEMES.map((value) => ({ value, label: say(`settings.theme.${value}`) }))}
        />
        <Choice
          label={say("settings.language")}
          row
          value={prefs.language}
          onChange={(language) => setPrefs({ language })}
          options={[
            { value: "system", label: say("settings.theme.system") },
            { value: "en", label: LANGUAGES.en },
            { value: "de", label: LANGUAGES.de },
            { value: "es", label: LANGUAGES.es },
          ]}
        />
        <Toggle
          label={say("settings.motion")}
          on={prefs.lessMotion}
          onChange={(lessMotion) => setPrefs({ lessMotion })}
        />
      </div>
    </Group>
  );
}
