/** Sign in: by a passkey, by another device that scans a code from here, or by the recovery code. */

import { lazy, Suspense, useRef, useState } from "react";
import { say } from "../i18n/text.ts";
import type { SignInStep } from "../model_actions.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import { CopyBtn } from "../ui/copy.tsx";
import { Failed } from "../ui/failed.tsx";
import { Choice, Field, Toggle } from "../ui/fields.tsx";
import { Btn } from "../ui/parts.tsx";
import { NewPassword, useRating } from "../ui/password.tsx";
import { NoPasskeyHere } from "../ui/prove.tsx";
import { useTask } from "../ui/task.ts";
import { DoorFoot, DoorForm } from "./door.tsx";

const Qr = lazy(() => import("../ui/qr.tsx"));

type How = "device" | "code";

export default function SignIn(props: { leave: () => void; step?: SignInStep; how?: How }) {
  const { door } = useModel();
  const possible = useAppState((state) => state.passkeys === "possible");
  const [handle, setHandle] = useState("");
  const [password, setPassword] = useState("");
  const [how, setHow] = useState<How>(props.how ?? "device");
  const [code, setCode] = useState("");
  const [lost, setLost] = useState(false);
  const [step, setStep] = useState<SignInStep | undefined>(props.step);
  const rating = useRating(how === "code" ? password : "", handle);
  const task = useTask();
  const giveUp = useRef<AbortController>(undefined);
  const leave = () => {
    giveUp.current?.abort();
    props.leave();
  };
  const submit = () =>
    void task.run(async () => {
      giveUp.current = new AbortController();
      const { signal } = giveUp.current;
      setStep({ kind: "working" });
      try {
        const way = how === "device" ? "pair" : { recoveryCode: code, lostDevices: lost };
        await door.signIn(handle, password, way, setStep, signal);
      } finally {
        setStep(undefined);
      }
    });

  if (step?.kind === "showLink") return <ShowLink link={step.link} leave={leave} />;
  if (step?.kind === "compare") return <Compare digits={step.digits} leave={leave} />;
  return (
    <DoorForm title={say("signin.title")} leave={leave}>
      <ByPasskey />
      <form
        className="stack loose"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Field
          label={say("field.handle")}
          help={say("field.handleHelp")}
          value={handle}
          onChange={setHandle}
          autoComplete="username"
          required
        />
        <Choice
          label={say("signin.how")}
          value={how}
          onChange={setHow}
          options={[
            { value: "device", label: say("signin.byDevice"), help: say("signin.byDeviceHelp") },
            { value: "code", label: say("signin.byCode"), help: say("signin.byCodeHelp") },
          ]}
        />
        {how === "device" ? (
          <Field
            label={say("field.password")}
            value={password}
            onChange={setPassword}
            autoComplete="current-password"
            secret
            required
          />
        ) : (
          <>
            <Field
              label={say("signin.code")}
              value={code}
              onChange={setCode}
              autoComplete="off"
              code
              required
            />
            <NewPassword
              label={say("field.newPassword")}
              value={password}
              onChange={setPassword}
              rating={rating}
            />
            <Toggle
              label={say("signin.lost")}
              help={say("signin.lostHelp")}
              on={lost}
              onChange={setLost}
            />
          </>
        )}
        <DoorFoot
          task={task}
          submit="signin.submit"
          working="signin.working"
          look={possible ? "soft" : "primary"}
        />
      </form>
    </DoorForm>
  );
}

/** The short way, where there is one; else why there is none. */
function ByPasskey() {
  const { door } = useModel();
  const possible = useAppState((state) => state.passkeys === "possible");
  const task = useTask();
  if (!possible) return <NoPasskeyHere />;
  return (
    <section className="stack">
      <div className="stack tight">
        <Btn
          look="primary"
          icon="key"
          wide
          busy={task.busy}
          onPress={() => void task.run(() => door.signInWithPasskey())}
        >
          {say("passkey.signIn")}
        </Btn>
        <p className="help" role="status">
          {say(task.busy ? "passkey.waiting" : "passkey.signInHelp")}
        </p>
      </div>
      <Failed task={task} />
      <h2 className="door-or">{say("passkey.or")}</h2>
    </section>
  );
}

function ShowLink({ link, leave }: { link: string; leave: () => void }) {
  return (
    <DoorForm title={say("pair.title")} lead={say("pair.lead")} leave={leave}>
      <div className="qr-place">
        <Suspense fallback={<div className="qr" data-loading="" />}>
          <Qr text={link} label={say("pair.title")} />
        </Suspense>
        <CopyBtn text={link} />
      </div>
      <p className="waiting" role="status">
        <span className="spin" aria-hidden="true" />
        {say("pair.waiting")}
      </p>
    </DoorForm>
  );
}

function Compare({ digits, leave }: { digits: string; leave: () => void }) {
  return (
    <DoorForm title={say("pair.compare")} lead={say("pair.compareLead")} leave={leave}>
      <Digits digits={digits} />
      <p className="waiting" role="status">
        <span className="spin" aria-hidden="true" />
        {say("pair.waiting")}
      </p>
    </DoorForm>
  );
}

/** Six digits, large and in two groups. */
export function Digits({ digits }: { digits: string }) {
  return (
    <p className="digits code" dir="ltr">
      <span className="unseen">{say("pair.digits")}</span>
      <span>{digits.slice(0, 3)}</span> <span>{digits.slice(3)}</span>
    </p>
  );
}
