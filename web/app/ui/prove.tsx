/** Show anew that it is you: the password, or a passkey, whichever the account has. */

import { useEffect, useState } from "react";
import { say } from "../i18n/text.ts";
import type { Proof, WaysIn } from "../model_actions.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import { Failed } from "./failed.tsx";
import { Field } from "./fields.tsx";
import { Btn, type Look } from "./parts.tsx";
import { type Task, useTask } from "./task.ts";

/** How the account is opened; undefined until the server has said so. */
export function useWaysIn(): Readonly<{ ways: WaysIn | undefined; asking: Task }> {
  const { devices } = useModel();
  const [ways, setWays] = useState<WaysIn>();
  const asking = useTask();
  const { run } = asking;
  useEffect(() => {
    void run(async () => setWays(await devices.waysIn()));
  }, [devices, run]);
  return { ways, asking };
}

/** Whether a passkey can be asked for here and now, of an account that has these ways in. */
export function useCanPasskey(ways: WaysIn | undefined): boolean {
  const possible = useAppState((state) => state.passkeys === "possible");
  return possible && (ways?.passkeys.length ?? 0) > 0;
}

export function Prove(props: {
  /** What is done with it, in a word. */
  action: string;
  look?: Look;
  task: Task;
  onProof: (proof: Proof) => void;
  onCancel: () => void;
  /** A password that there is must be typed: a passkey cannot stand for it. */
  passwordFirst?: boolean;
}) {
  const { task, onProof } = props;
  const { ways, asking } = useWaysIn();
  const [password, setPassword] = useState("");
  const canPasskey = useCanPasskey(ways);
  const byPassword = ways?.password ?? false;
  const byPasskey = canPasskey && !(props.passwordFirst && byPassword);
  const look = props.look ?? "primary";
  return (
    <form
      className="stack"
      aria-busy={ways === undefined}
      onSubmit={(event) => {
        event.preventDefault();
        if (byPassword) onProof(password);
      }}
    >
      <Failed task={asking} />
      {byPassword && (
        <Field
          label={say("field.password")}
          value={password}
          onChange={setPassword}
          error={task.failed && say(task.failed)}
          autoComplete="current-password"
          secret
          required
        />
      )}
      {!byPassword && <Failed task={task} />}
      {ways !== undefined && !byPassword && !byPasskey && <NoPasskeyHere />}
      <div className="actions">
        <Btn onPress={props.onCancel}>{say("do.cancel")}</Btn>
        {byPasskey && (
          <Btn
            look={byPassword ? "soft" : look}
            icon="key"
            busy={task.busy && !byPassword}
            onPress={() => onProof({ passkey: true })}
          >
            {say("passkey.use")}
          </Btn>
        )}
        {byPassword && (
          <Btn look={look} submit busy={task.busy}>
            {props.action}
          </Btn>
        )}
      </div>
    </form>
  );
}

/** Why there is no passkey to be had here. */
export function NoPasskeyHere() {
  const passkeys = useAppState((state) => state.passkeys);
  if (passkeys === "possible") return null;
  return (
    <p className="help">{say(passkeys === "address" ? "passkey.address" : "passkey.browser")}</p>
  );
}
