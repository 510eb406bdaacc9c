/**
 * Keeps a fault of one screen from taking the others along, a call before all. Also where code that
 * should be loaded is gone: the server was upgraded under an open page. Nothing reloads by itself.
 */

import { Component, type ReactNode } from "react";
import { say } from "../i18n/text.ts";
import { Btn } from "./parts.tsx";

type Props = Readonly<{ children: ReactNode }>;

export class Boundary extends Component<Props, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override render(): ReactNode {
    if (!this.state.broken) return this.props.children;
    return (
      <section className="solo" role="alert">
        <h1>{say("crash.title")}</h1>
        <p className="soft">{say("crash.lead")}</p>
        <Btn look="primary" onPress={() => window.location.reload()}>
          {say("crash.reload")}
        </Btn>
      </section>
    );
  }
}
