/**
 * Sign-up by link: a name, a passkey where there can be one, else a password that is rated honestly;
 * and then the recovery code.
 */

import { useState } from "react";
import { say } from "../i18n/text.ts";
import type { Landing } from "../landing.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import { Field } from "../ui/fields.tsx";
import { Btn, Note } from "../ui/parts.tsx";
import { NewPassword, useRating } from "../ui/password.tsx";
import { NoPasskeyHere } from "../ui/prove.tsx";
import { useTask } from "../ui/task.ts";
import { DoorFoot, DoorForm } from "./door.tsx";

const NAME = /^[a-z0-9_-]{2,20}$/;

type Way = "passkey" | "password";

export default function SignUp(props: { landing: Landing; leave: () => void; way?: Way }) {
  const { landing, leave } = props;
  const possible = useAppState((state) => state.passkeys === "possible");
  const [way, setWay] = useState<Way>(props.way ?? (possible ? "passkey" : "password"));
  const { door } = useModel();
  const given = landing.kind === "signup" ? landing.link : undefined;
  const [link, setLink] = useState(given ?? "");
  const [name, setName] = useState("");
  const [tried, setTried] = useState(false);
  const [password, setPassword] = useState("");
  const rating = useRating(password, name);
  const task = useTask();
  const nameGood = NAME.test(name);
  const submit = () => {
    setTried(true);
    if (!nameGood || link === "") return;
    if (way === "passkey") void task.run(() => door.signUp(link, name, undefined));
    else if (rating?.accepted) void task.run(() => door.signUp(link, name, password));
  };
  const turn = (other: Way) => {
    task.clear();
    setWay(other);
  };
  return (
    <DoorForm title={say("signup.title")} leave={leave}>
      <form
        className="stack loose"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        {given === undefined ? (
          <Field
            label={say("signup.link")}
            help={say("signup.linkHelp")}
            value={link}
            onChange={setLink}
            autoComplete="off"
            error={tried && link === "" ? say("error.mistyped") : undefined}
            code
            required
          />
        ) : (
          <Note tone="good">{say("signup.linkRead")}</Note>
        )}
        <Field
          label={say("signup.name")}
          help={say("signup.nameHelp")}
          value={name}
          onChange={(value) => setName(value.toLowerCase())}
          autoComplete="username"
          error={tried && !nameGood ? say("signup.nameBad") : undefined}
          required
        />
        {way === "passkey" ? (
          <p className="soft">{say("passkey.signUpHelp")}</p>
        ) : (
          <NewPassword value={password} onChange={setPassword} rating={rating} />
        )}
        <DoorFoot
          task={task}
          submit={way === "passkey" ? "passkey.signUp" : "signup.submit"}
          working={way === "passkey" ? "passkey.waiting" : "signup.working"}
          {...(way === "passkey" && { icon: "key" })}
        >
          {possible && !task.busy && (
            <Btn look="quiet" wide onPress={() => turn(way === "passkey" ? "password" : "passkey")}>
              {say(way === "passkey" ? "passkey.signUpPassword" : "passkey.signUpPasskey")}
            </Btn>
          )}
        </DoorFoot>
        <NoPasskeyHere />
      </form>
    </DoorForm>
  );
}
