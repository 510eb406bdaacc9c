/** Scan an invite, or a new device of one's own, from another screen. */

import { say } from "../i18n/text.ts";
import { landingOf } from "../landing.ts";
import { go, replace } from "../router.ts";
import { Btn, Page } from "../ui/parts.tsx";
import { Scanner } from "../ui/scanner.tsx";

export default function Scan() {
  return (
    <Page title={say("scan.title")} lead={say("scan.lead")}>
      <Scanner
        onText={(text) => {
          const landing = landingOf(text);
          if (landing.kind === "invite") replace({ at: "join", link: landing.link });
          else if (landing.kind === "pair") replace({ at: "link", link: landing.link });
          else return false;
          return true;
        }}
      />
      <Btn icon="link" onPress={() => go({ at: "join", link: "" })}>
        {say("scan.paste")}
      </Btn>
    </Page>
  );
}
