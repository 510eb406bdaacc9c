/** One of many, as the system shows it. Texts of others are made harmless before. */

import { plainName } from "../names.ts";

export function Select(props: {
  label: string;
  /** The label is read out, and not shown. */
  quiet?: boolean;
  value: string;
  options: readonly (readonly [value: string, label: string])[];
  onChange: (value: string) => void;
}) {
  return (
    <label className="field">
      <span className={props.quiet ? "unseen" : "field-name"}>{props.label}</span>
      <span className="field-box">
        <select
          className="input select"
          value={props.value}
          onChange={(event) => props.onChange(event.target.value)}
        >
          {props.options.map(([value, label]) => (
            <option key={value} value={value}>
              {plainName(label)}
            </option>
          ))}
        </select>
      </span>
    </label>
  );
}
