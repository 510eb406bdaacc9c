/** A screen with one thing on it: the mark, what is the case, and what can be done. */

import type { ReactNode } from "react";
import { say } from "../i18n/text.ts";
import { Mark } from "../ui/faces.tsx";
import { Title } from "../ui/parts.tsx";

export function Solo(props: { title: ReactNode; lead?: ReactNode; children?: ReactNode }) {
  return (
    <main className="solo">
      <Mark big />
      <div className="stack">
        <Title>{props.title}</Title>
        {props.lead && <p className="lead">{props.lead}</p>}
      </div>
      {props.children}
    </main>
  );
}

export function Starting() {
  return (
    <main className="solo starting" aria-busy="true" data-loading="">
      <Mark big />
      <h1 className="unseen">{say("starting.title")}</h1>
    </main>
  );
}
