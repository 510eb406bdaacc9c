/** Copy a text, and say that it was. */

import { useEffect, useState } from "react";
import { say } from "../i18n/text.ts";
import { Btn, type Look } from "./parts.tsx";

const SHOWN_MS = 2000;

export function CopyBtn(props: { text: string; label?: string; look?: Look }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <>
      <Btn
        look={props.look ?? "soft"}
        icon={copied ? "check" : "copy"}
        onPress={() => {
          void navigator.clipboard.writeText(props.text).then(
            () => setCopied(true),
            () => undefined,
          );
        }}
      >
        {copied ? say("do.copied") : (props.label ?? say("do.copy"))}
      </Btn>
      <span className="unseen" role="status">
        {copied && say("do.copied")}
      </span>
    </>
  );
}
