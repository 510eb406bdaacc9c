/** The first screen: what this is, and the two ways in. Forms are loaded when one is chosen. */

import { lazy, type ReactNode, Suspense, useState } from "react";
import { type Key, later, say } from "../i18n/text.ts";
import type { IconName } from "../icons.tsx";
import type { Landing } from "../landing.ts";
import { Mark } from "../ui/faces.tsx";
import { Failed } from "../ui/failed.tsx";
import { Btn, Note, Title } from "../ui/parts.tsx";
import type { Task } from "../ui/task.ts";
import { Starting } from "./states.tsx";

const SignUp = lazy(() => import("./sign_up.tsx"));
const BringIn = lazy(() => later(() => import("./bring_in.tsx")));
const SignIn = lazy(() => import("./sign_in.tsx"));

type Way = "welcome" | "signUp" | "signIn" | "bringIn";

export function Door({ landing, first }: { landing: Landing; first?: Way }) {
  const [way, setWay] = useState<Way>(first ?? (landing.kind === "signup" ? "signUp" : "welcome"));
  if (way === "welcome") return <Welcome landing={landing} choose={setWay} />;
  const leave = () => setWay("welcome");
  return (
    <Suspense fallback={<Starting />}>
      {way === "signUp" && (
        <SignUp landing={landing} leave={leave} onBring={() => setWay("bringIn")} />
      )}
      {way === "signIn" && <SignIn leave={leave} />}
      {way === "bringIn" && <BringIn landing={landing} leave={() => setWay("signUp")} />}
    </Suspense>
  );
}

function Welcome({ landing, choose }: { landing: Landing; choose: (way: Way) => void }) {
  return (
    <main className="welcome">
      <div className="welcome-words">
        <p className="brand">
          <Mark />
          {say("app.name")}
        </p>
        <Title>{say("app.tagline")}</Title>
        <p className="lead">{say("welcome.lead")}</p>
        {landing.kind === "invite" && <Note tone="warm">{say("join.signedOut")}</Note>}
        <div className="welcome-ways">
          <Btn look="primary" onPress={() => choose("signUp")}>
            {say("welcome.join")}
          </Btn>
          <Btn look="soft" onPress={() => choose("signIn")}>
            {say("welcome.signIn")}
          </Btn>
        </div>
        <p className="fine">{say("welcome.fine")}</p>
      </div>
      <div className="welcome-picture" aria-hidden="true">
        <Mark big />
      </div>
    </main>
  );
}

/** The foot of a form at the door: what failed, the button, and what it does meanwhile. */
export function DoorFoot(props: {
  task: Task;
  submit: Key;
  working: Key;
  look?: "primary" | "soft";
  icon?: IconName;
  children?: ReactNode;
}) {
  const { task, look = "primary", icon } = props;
  return (
    <>
      <Failed task={task} />
      <div className="stack tight">
        <Btn look={look} submit wide busy={task.busy} {...(icon && { icon })}>
          {say(props.submit)}
        </Btn>
        {task.busy && (
          <p className="help" role="status">
            {say(props.working)}
          </p>
        )}
        {props.children}
      </div>
    </>
  );
}

/** The frame of a form at the door. */
export function DoorForm(props: {
  title: string;
  lead?: string;
  leave: () => void;
  children: React.ReactNode;
}) {
  return (
    <main className="door">
      <div className="door-card">
        <header className="door-bar">
          <Btn look="quiet" icon="back" onPress={props.leave}>
            {say("do.back")}
          </Btn>
          <Mark />
        </header>
        <div className="stack tight">
          <Title>{props.title}</Title>
          {props.lead && <p className="lead">{props.lead}</p>}
        </div>
        {props.children}
      </div>
    </main>
  );
}
