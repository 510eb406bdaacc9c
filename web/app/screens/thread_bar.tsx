/** The head of a conversation: whom it is with, and the ways to call them. */

import "./thread.css";
import type { ReactNode } from "react";
import { Button } from "react-aria-components/Button";
import { say } from "../i18n/text.ts";
import type { Media } from "../model.ts";
import { back } from "../router.ts";
import { IconBtn, Name, Title } from "../ui/parts.tsx";

export function ThreadBar(props: {
  title: string;
  face: ReactNode;
  name: string;
  /** What is read out of the button that leads to the details. */
  details: string;
  /** Below the name. */
  state: ReactNode;
  good?: boolean;
  onOpen: () => void;
  /** Absent: nobody can be called now. */
  onCall?: (media: Media) => void;
}) {
  const { onCall } = props;
  return (
    <header className="thread-bar">
      <span className="only-narrow">
        <IconBtn label={say("do.back")} icon="back" onPress={back} />
      </span>
      <Title unseen>{props.title}</Title>
      <Button className="thread-who" onPress={props.onOpen}>
        {props.face}
        <span className="grow">
          <span className="row-name clip">
            <Name of={props.name} />
          </span>
          <span className="unseen">{props.details}</span>
          <span className={`thread-state ${props.good ? "good" : ""}`}>{props.state}</span>
        </span>
      </Button>
      {onCall && (
        <>
          <IconBtn
            label={say("thread.voice")}
            icon="phone"
            look="soft"
            onPress={() => onCall("voice")}
          />
          <IconBtn
            label={say("thread.video")}
            icon="video"
            look="soft"
            onPress={() => onCall("video")}
          />
        </>
      )}
    </header>
  );
}
