/**
 * Sign-up by link: a name, a passkey where there can be one, else a password that is rated honestly;
 * and then the recovery code. The same for an account that comes from another server.
 */

import { type ReactNode, useState } from "react";
import { nameOf } from "../../core/handle.ts";
import { say } from "../i18n/text.ts";
import type { Landing } from "../landing.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import type { Brought } from "../model_move.ts";
import { Field } from "../ui/fields.tsx";
import { NoticeLink } from "../ui/notice_link.tsx";
import { Btn, Note } from "../ui/parts.tsx";
import { NewPassword, useRating } from "../ui/password.tsx";
import { NoPasskeyHere } from "../ui/prove.tsx";
import { useTask } from "../ui/task.ts";
import { DoorFoot, DoorForm } from "./door.tsx";

const NAME = /^[a-z0-9_-]{2,20}$/;

type Way = "passkey" | "password";

export default function SignUp(props: {
  landing: Landing;
  leave: () => void;
  way?: Way;
  /** Chooses to bring an account along. */
  onBring?: () => void;
  /** The account that comes along, and what is said of it. */
  brought?: Brought;
  children?: ReactNode;
}) {
  const { landing, leave, brought, onBring } = props;
  const possible = useAppState((state) => state.passkeys === "possible");
  const [way, setWay] = useState<Way>(props.way ?? (possible ? "passkey" : "password"));
  const { door, move } = useModel();
  const given = landing.kind === "signup" ? landing.link : undefined;
  const [link, setLink] = useState(given ?? "");
  const [name, setName] = useState(() => nameOf(brought?.handle ?? ""));
  const [tried, setTried] = useState(false);
  const [password, setPassword] = useState("");
  const rating = useRating(password, name);
  const task = useTask();
  const nameGood = NAME.test(name);
  // Whoever types fast presses before the meter has moved; what it shows may be of a shorter password.
  // Where there is no meter, the client still refuses weak ones.
  const isAccepted = () =>
    door.ratePassword(password, name).then(
      ({ accepted }) => accepted,
      () => true,
    );
  const submit = () => {
    setTried(true);
    if (!nameGood || link === "") return;
    const signUp = (secret: string | undefined) =>
      brought === undefined
        ? door.signUp(link, name, secret)
        : move.signUp(link, name, secret, brought);
    void task.run(async () => {
      if (way === "passkey") await signUp(undefined);
      else if (await isAccepted()) await signUp(password);
    });
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
        {props.children}
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
          {onBring && !task.busy && (
            <Btn look="quiet" wide onPress={onBring}>
              {say("signup.bring")}
            </Btn>
          )}
        </DoorFoot>
        <NoPasskeyHere />
        <NoticeLink />
      </form>
    </DoorForm>
  );
}
