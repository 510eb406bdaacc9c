/**
 * Faces: two that look at each other are our mark; one stands for a person.
 *
 * A person's pair of colours and its tilt follow from the account, so an impostor with a look-alike
 * name has another face. The ring says at a glance how sure we are: two arcs that face each other
 * while nobody has compared the safety number, closed once it was, broken when the key changed.
 */

import type { Person, PersonState } from "../model.ts";
import { initial } from "../names.ts";

const PAIRS = 8;
const TILTS = [-24, 12, 40, 68] as const;

type Looks = Readonly<{ duo: number; tilt: number }>;

function looks(id: string): Looks {
  const value = Number.parseInt(id.slice(0, 4), 16) || 0;
  return { duo: value % PAIRS, tilt: TILTS[(value >> 4) % TILTS.length] ?? 0 };
}

/** Return the class that gives an element the pair of colours of a person or a group. */
export function duoOf(id: string): string {
  return `duo-${looks(id).duo}`;
}

export type Size = "xs" | "sm" | "md" | "lg" | "xl";

/** Whose face it is; who is no contact has no state, and nobody is unsure of themselves. */
export type Faced = Pick<Person, "id" | "name" | "verified"> &
  Readonly<{ state?: PersonState; own?: boolean }>;

export function Face({ person, size = "md" }: { person: Faced; size?: Size }) {
  const { duo, tilt } = looks(person.id);
  const sure = person.verified ? "closed" : "open";
  const ring = person.own ? "none" : person.state === "changed" ? "broken" : sure;
  return (
    <svg className={`face ${size} duo-${duo}`} viewBox="0 0 64 64" aria-hidden="true">
      <g transform={`rotate(${tilt} 32 32)`}>
        <path className="half-a" d="M32 7a25 25 0 0 0 0 50Z" />
        <path className="half-b" d="M32 7a25 25 0 0 1 0 50Z" />
      </g>
      <text className="face-letter" x="32" y="32" dy="0.36em" textAnchor="middle">
        {initial(person.name)}
      </text>
      {ring === "closed" && <circle className="ring closed" cx="32" cy="32" r="30" />}
      {ring === "open" && (
        <path className="ring open" d="M22 3.7A30 30 0 0 0 22 60.3M42 3.7A30 30 0 0 1 42 60.3" />
      )}
      {ring === "broken" && <circle className="ring broken" cx="32" cy="32" r="30" />}
    </svg>
  );
}

/** The mark: two faces, eye to eye. */
export function Mark({ big = false }: { big?: boolean }) {
  return (
    <svg className={big ? "mark big" : "mark"} viewBox="0 0 96 64" aria-hidden="true">
      <Pair one="one" other="other" />
    </svg>
  );
}

/** Two half faces in 96 x 64: the second is the first in a mirror. */
function Pair({ one, other }: { one: string; other: string }) {
  return (
    <>
      <g className={one}>
        <Half />
      </g>
      <g className={other}>
        <Half at={96} />
      </g>
    </>
  );
}

/** Half a face that looks to the right; with `at` to the left, so far over; `behind` another one. */
function Half({ at, behind = false }: { at?: number; behind?: boolean }) {
  return (
    <g {...(at !== undefined && { transform: `translate(${at}) scale(-1 1)` })}>
      <path d="M16 4a28 28 0 0 1 0 56 4 4 0 0 1-4-4V8a4 4 0 0 1 4-4Z" />
      {!behind && <circle className="eye" cx="29" cy="25" r="3.4" />}
    </g>
  );
}

export type Nearness = "apart" | "nearing" | "together";

/** You and somebody, as far apart as the call says; `still`: they hold where they are. */
export function Meeting(props: {
  person: Pick<Person, "id">;
  nearness: Nearness;
  still?: boolean;
}) {
  const { duo } = looks(props.person.id);
  const className = `meeting ${props.nearness} duo-${duo}${props.still ? " still" : ""}`;
  return (
    <svg className={className} viewBox="-1 1 98 62" aria-hidden="true">
      <Pair one="you" other="them" />
    </svg>
  );
}

/** You and a group, in the same way: those further back look over the first one's shoulder. */
export function Gathering(props: { id: string; nearness: Nearness; still?: boolean }) {
  const { duo } = looks(props.id);
  const className = `meeting gathering ${props.nearness} duo-${duo}${props.still ? " still" : ""}`;
  return (
    <svg className={className} viewBox="-1 1 128 62" aria-hidden="true">
      <g className="them third">
        <Half at={126} behind />
      </g>
      <g className="them second">
        <Half at={111} behind />
      </g>
      <Pair one="you" other="them" />
    </svg>
  );
}
