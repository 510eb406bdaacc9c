/** A new password, with a meter that says what it thinks while one types. */

import { useEffect, useId, useState } from "react";
import { en } from "../i18n/en.ts";
import { type Key, say } from "../i18n/text.ts";
import type { PasswordRating } from "../model_actions.ts";
import { useModel } from "../model_hooks.tsx";
import { Field } from "./fields.tsx";

const STEPS = [1, 2, 3, 4] as const;
const WORDS = ["password.0", "password.1", "password.2", "password.3", "password.4"] as const;

function reasonKey(reason: string): Key | undefined {
  const key = `password.${reason}`;
  return Object.hasOwn(en, key) ? (key as Key) : undefined;
}

/** Rate a password as it is typed; the newest rating that has come. */
export function useRating(password: string, handle: string): PasswordRating | undefined {
  const { door } = useModel();
  const [rating, setRating] = useState<PasswordRating>();
  useEffect(() => {
    let stale = false;
    if (password === "") setRating(undefined);
    else {
      void door.ratePassword(password, handle).then(
        (found) => {
          if (!stale) setRating(found);
        },
        () => undefined, // without the list there is no meter; the client still refuses weak ones
      );
    }
    return () => {
      stale = true;
    };
  }, [door, password, handle]);
  return password === "" ? undefined : rating;
}

export function NewPassword(props: {
  label?: string;
  value: string;
  onChange: (value: string) => void;
  rating: PasswordRating | undefined;
}) {
  const { rating } = props;
  const words = useId();
  const strength = rating === undefined ? 0 : rating.accepted ? Math.max(1, rating.strength) : 1;
  const reasons = (rating?.reasons ?? []).map(reasonKey).filter((key) => key !== undefined);
  return (
    <div className="stack tight">
      <Field
        label={props.label ?? say("field.password")}
        value={props.value}
        onChange={props.onChange}
        help={rating === undefined ? say("password.help") : undefined}
        autoComplete="new-password"
        secret
        required
      />
      {rating && (
        <div className={rating.accepted && strength >= 3 ? "meter good" : "meter"}>
          <div className="meter-bar" aria-hidden="true">
            {STEPS.map((step) => (
              <i key={step} className={step <= strength ? "on" : ""} />
            ))}
          </div>
          <div className="help" id={words} role="status">
            <strong>
              {rating.accepted
                ? say(WORDS[Math.min(4, Math.max(0, rating.strength))] ?? "password.2")
                : say("password.refused")}
            </strong>{" "}
            {reasons.map((key) => say(key)).join(" ")}
          </div>
        </div>
      )}
    </div>
  );
}
