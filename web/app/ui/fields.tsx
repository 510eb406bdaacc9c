/** What a person fills in or switches. */

import { type ReactNode, useId, useState } from "react";
import { FieldError } from "react-aria-components/FieldError";
import { Input } from "react-aria-components/Input";
import { Label } from "react-aria-components/Label";
import { Radio, RadioGroup } from "react-aria-components/RadioGroup";
import { Switch } from "react-aria-components/Switch";
import { Text } from "react-aria-components/Text";
import { TextField } from "react-aria-components/TextField";
import { say } from "../i18n/text.ts";
import { IconBtn } from "./parts.tsx";

export type FieldProps = Readonly<{
  label: string;
  value: string;
  onChange: (value: string) => void;
  help?: ReactNode;
  error?: string | undefined;
  autoComplete?: string;
  secret?: boolean;
  code?: boolean;
  autoFocus?: boolean;
  required?: boolean;
}>;

export function Field(props: FieldProps) {
  const [seen, setSeen] = useState(false);
  const secret = props.secret ?? false;
  return (
    <TextField
      className="field"
      value={props.value}
      onChange={props.onChange}
      type={secret && !seen ? "password" : "text"}
      isInvalid={props.error !== undefined}
      isRequired={props.required ?? false}
      validationBehavior="aria"
      autoFocus={props.autoFocus ?? false}
      {...(props.autoComplete && { autoComplete: props.autoComplete })}
    >
      <Label>{props.label}</Label>
      <span className="field-box">
        <Input
          className={props.code ? "input code" : "input"}
          spellCheck={false}
          autoCapitalize="none"
          autoCorrect="off"
        />
        {secret && (
          <IconBtn
            label={say(seen ? "do.hide" : "do.show")}
            icon={seen ? "eyeOff" : "eye"}
            onPress={() => setSeen(!seen)}
          />
        )}
      </span>
      {props.help && (
        <Text slot="description" className="help">
          {props.help}
        </Text>
      )}
      <FieldError className="field-error">{props.error}</FieldError>
    </TextField>
  );
}

export function Toggle(props: {
  label: ReactNode;
  help?: ReactNode;
  on: boolean;
  onChange: (on: boolean) => void;
  disabled?: boolean;
}) {
  // The name alone is read out first, and the help as its description: both stand in one label.
  const [label, help] = [useId(), useId()];
  return (
    <Switch
      className="toggle"
      aria-labelledby={label}
      {...(props.help && { "aria-describedby": help })}
      isSelected={props.on}
      onChange={props.onChange}
      isDisabled={props.disabled ?? false}
    >
      <span className="grow">
        <span className="toggle-label" id={label}>
          {props.label}
        </span>
        {props.help && (
          <span className="help" id={help}>
            {props.help}
          </span>
        )}
      </span>
      <span className="track" aria-hidden="true">
        <span className="thumb" />
      </span>
    </Switch>
  );
}

export type Option<T extends string> = Readonly<{ value: T; label: ReactNode; help?: ReactNode }>;

/** One of a few. `row` puts them side by side. */
export function Choice<T extends string>(props: {
  label: string;
  value: T | undefined;
  options: readonly Option<T>[];
  onChange: (value: T) => void;
  row?: boolean;
  quietLabel?: boolean;
}) {
  return (
    <RadioGroup
      className={props.row ? "choice in-row" : "choice"}
      value={props.value ?? null}
      onChange={(value) => {
        const chosen = props.options.find((option) => option.value === value);
        if (chosen) props.onChange(chosen.value);
      }}
    >
      <Label className={props.quietLabel ? "unseen" : ""}>{props.label}</Label>
      <div className="choice-list">
        {props.options.map((option) => (
          <Radio key={option.value} value={option.value} className="option">
            <span className="dot" aria-hidden="true" />
            <span className="grow">
              <span className="option-label">{option.label}</span>
              {option.help && <span className="help">{option.help}</span>}
            </span>
          </Radio>
        ))}
      </div>
    </RadioGroup>
  );
}
