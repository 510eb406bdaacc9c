/** A round button of a call, with its word below. */

import { Button } from "react-aria-components/Button";
import { Icon, type IconName } from "../icons.tsx";

export function Round(props: {
  label: string;
  icon: IconName;
  onPress: () => void;
  tone?: "plain" | "end" | "go" | "off" | "on";
  className?: string;
  shortcut?: string;
}) {
  return (
    <Button
      className={`round ${props.tone ?? "plain"} ${props.className ?? ""}`}
      onPress={props.onPress}
      {...(props.shortcut && { "aria-keyshortcuts": props.shortcut })}
    >
      <span className="round-disc">
        <Icon name={props.icon} />
      </span>
      <span className="round-label">{props.label}</span>
    </Button>
  );
}
