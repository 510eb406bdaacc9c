/** What somebody wants to record, in full: nothing of a request stays unsaid. */

import type { ReactNode } from "react";
import { type Key, say, sayWith } from "../i18n/text.ts";
import { Icon } from "../icons.tsx";
import type { Terms } from "../model_recording.ts";
import { plainText } from "../names.ts";
import { Name } from "../ui/parts.tsx";

/** `by`: who asks. What may be recorded is chosen beside it. */
export function TermsList({ terms, by }: { terms: Terms; by: string }) {
  const who = <Name key="name" of={by} />;
  return (
    <dl className="terms">
      <Row name="request.purpose">
        <bdi className="terms-words">{plainText(terms.purpose)}</bdi>
      </Row>
      <Row name="request.place">{sayWith(`request.place.${terms.place}`, { name: who })}</Row>
      <Row name="request.days">{say("request.daysLong", { count: terms.days })}</Row>
      <Row name="request.recipients">
        {terms.recipients === "asker" ? who : say("request.recipients.members")}
      </Row>
      <Row name="request.withdraw">{say("request.withdrawLong")}</Row>
    </dl>
  );
}

function Row({ name, children }: { name: Key; children: ReactNode }) {
  return (
    <div>
      <dt>{say(name)}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** What no program can keep from happening, said wherever somebody asks or answers. */
export function Cannot() {
  return (
    <p className="request-cannot">
      <Icon name="alert" small />
      <span>{say("request.cannot")}</span>
    </p>
  );
}

/** To whom an export goes, if it goes to anybody else. */
export function ClearHelp({ named }: { named: string | null }) {
  return (
    <>
      {say("request.clearHelp")}
      {named !== null && (
        <span className="terms-words">
          {sayWith("request.named", { name: <bdi key="name">{plainText(named)}</bdi> })}
        </span>
      )}
    </>
  );
}
