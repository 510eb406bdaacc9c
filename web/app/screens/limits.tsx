/** What we cannot protect anybody from, by who would do it: a row for each in adversaries.md. */

import { say } from "../i18n/text.ts";
import { Page } from "../ui/parts.tsx";

/** In the order of `docs/protocol/adversaries.md`; a test holds the two to each other. */
export const ADVERSARIES = [
  "disk",
  "operator",
  "network",
  "relay",
  "push",
  "contact",
  "removed",
  "stranger",
  "device",
  "password",
  "move",
  "program",
] as const;

export default function Limits() {
  return (
    <Page title={say("limits.title")} lead={say("limits.lead")}>
      <ul className="card rows">
        {ADVERSARIES.map((who) => (
          <li key={who} className="who">
            <h2>{say(`limits.${who}`)}</h2>
            <p className="help">{say(`limits.${who}Can`)}</p>
          </li>
        ))}
      </ul>
    </Page>
  );
}
