/** The four ways to meet, and the way to begin a group. */

import { say } from "../i18n/text.ts";
import { useAppState } from "../model_hooks.tsx";
import { go } from "../router.ts";
import { Page, Way } from "../ui/parts.tsx";

export default function Add() {
  const awaited = useAppState((state) => state.awaited.length);
  return (
    <Page title={say("add.title")}>
      <div className="ways">
        <Way
          icon="link"
          title={say("add.invite")}
          help={say("add.inviteHelp")}
          onPress={() => go({ at: "invite" })}
        />
        <Way
          icon="scan"
          title={say("add.scan")}
          help={say("add.scanHelp")}
          onPress={() => go({ at: "scan" })}
        />
        <Way
          icon="inbox"
          title={say("add.paste")}
          help={say("add.pasteHelp")}
          onPress={() => go({ at: "join", link: "" })}
        />
        <Way
          icon="at"
          title={say("add.handle")}
          help={say("add.handleHelp")}
          onPress={() => go({ at: "handle" })}
        />
        <Way
          icon="people"
          title={say("group.new")}
          help={say("group.newHelp")}
          onPress={() => go({ at: "newGroup" })}
        />
        {awaited > 0 && (
          <Way
            icon="person"
            title={say("awaited.title")}
            help={say("home.awaited", { count: awaited })}
            onPress={() => go({ at: "awaited" })}
          />
        )}
      </div>
    </Page>
  );
}
