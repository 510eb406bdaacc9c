/** One of several things to do, in their order. */

import type { ReactNode } from "react";

export function Step(props: { number: number; title: string; text: string; children?: ReactNode }) {
  return (
    <section className="stack">
      <h2 className="step-title">
        <span className="step-number" aria-hidden="true">
          {props.number}
        </span>
        {props.title}
      </h2>
      <p className="soft">{props.text}</p>
      {props.children}
    </section>
  );
}
