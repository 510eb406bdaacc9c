/** The four ways to meet. */

import { say } from "../i18n/text.ts";
import { go } from "../router.ts";
import { Page, Way } from "../ui/parts.tsx";

export default function Add() {
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
      </div>
    </Page>
  );
}
