/** What others could see of a call: per observer, what, how much, how long, and how we know. */

import {
  DURABLE_DAYS,
  type Fact,
  LIVE_S,
  type Observer,
  RELAY_MINUTES,
  type Reading,
} from "../../core/meter.ts";
import { bytes, duration, number, say } from "../i18n/text.ts";
import type { Person } from "../model.ts";
import { Name } from "../ui/parts.tsx";
import { Sheet } from "../ui/sheet.tsx";
import "./meter.css";

const OBSERVERS: readonly Observer[] = ["server", "relay", "contact", "network"];
const SIZES: ReadonlySet<string> = new Set(["bytes", "size", "sent", "received"]);
const ENDS = { seconds: LIVE_S, days: DURABLE_DAYS, minutes: RELAY_MINUTES };

export function Meter(props: { reading: Reading; person: Person; onClose: () => void }) {
  const { reading, person } = props;
  return (
    <Sheet title={say("meter.title")} onClose={props.onClose}>
      <p className="soft">{say("meter.lead")}</p>
      {OBSERVERS.map((observer) => (
        <section className="seen" key={observer}>
          <h3>{observer === "contact" ? <Name of={person.name} /> : say(`meter.${observer}`)}</h3>
          <ul>
            {reading
              .filter((fact) => fact.observer === observer)
              .map((fact) => (
                <Seen fact={fact} key={`${fact.what} ${fact.much["size"]}`} />
              ))}
          </ul>
        </section>
      ))}
    </Sheet>
  );
}

function Seen({ fact }: { fact: Fact }) {
  const { what, much, lives, basis } = fact;
  const amounts = Object.entries(much).map(([name, n]) => [name, amount(name, n)]);
  return (
    <li>
      <p>{say(`meter.${what}`, Object.fromEntries(amounts))}</p>
      <p className="help">
        {say(`meter.${basis}`)}
        {" · "}
        {say(`meter.lives.${lives}`, ENDS)}
      </p>
    </li>
  );
}

function amount(name: string, n: number): string {
  if (name === "seconds") return duration(n);
  return SIZES.has(name) ? bytes(n).replace(" ", "\u00a0") : number(n);
}
