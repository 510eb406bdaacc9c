/** The small things every screen is made of: buttons, notes, names, faces of a page. */

import { type ReactNode, useEffect, useRef } from "react";
import { Button } from "react-aria-components/Button";
import { type Key, say, sayWith } from "../i18n/text.ts";
import { Icon, type IconName } from "../icons.tsx";
import { plainName } from "../names.ts";
import { back } from "../router.ts";

export type Look = "primary" | "soft" | "quiet" | "danger" | "warm";

export type BtnProps = Readonly<{
  children: ReactNode;
  onPress?: () => void;
  look?: Look;
  icon?: IconName;
  submit?: boolean;
  wide?: boolean;
  busy?: boolean;
  disabled?: boolean;
  autoFocus?: boolean;
}>;

export function Btn(props: BtnProps) {
  const { children, look = "soft", icon, submit = false, wide = false, busy = false } = props;
  return (
    <Button
      className={`btn ${look}${wide ? " wide" : ""}`}
      type={submit ? "submit" : "button"}
      isPending={busy}
      isDisabled={props.disabled ?? false}
      autoFocus={props.autoFocus ?? false}
      {...(props.onPress && { onPress: props.onPress })}
    >
      {icon && <Icon name={icon} />}
      <span className="label">{children}</span>
      {busy && <span className="spin" aria-hidden="true" />}
    </Button>
  );
}

export function IconBtn(props: {
  label: string;
  icon: IconName;
  onPress: () => void;
  look?: Look;
  pressed?: boolean;
  disabled?: boolean;
}) {
  return (
    <Button
      isDisabled={props.disabled ?? false}
      className={`icon-btn ${props.look ?? "quiet"}`}
      aria-label={props.label}
      onPress={props.onPress}
      {...(props.pressed !== undefined && { "aria-pressed": props.pressed })}
    >
      <Icon name={props.icon} />
    </Button>
  );
}

/** Somebody's name, isolated from the words around it and harmless to show. */
export function Name({ of, className }: { of: string; className?: string }) {
  return <bdi {...(className && { className })}>{plainName(of)}</bdi>;
}

/** A sentence with a name in it. */
export function Named({ k, name }: { k: Key; name: string }) {
  return sayWith(k, { name: <Name key="name" of={name} /> });
}

export type Tone = "plain" | "warm" | "danger" | "good";

const TONE_ICON: Readonly<Record<Tone, IconName>> = {
  plain: "info",
  warm: "info",
  danger: "alert",
  good: "check",
};

export function Note(props: {
  tone?: Tone;
  icon?: IconName;
  title?: ReactNode;
  children?: ReactNode;
  action?: ReactNode;
  live?: boolean;
}) {
  const tone = props.tone ?? "plain";
  const role = tone === "danger" ? "alert" : "status";
  return (
    <div className={`note ${tone}`} {...(props.live && { role })}>
      <Icon name={props.icon ?? TONE_ICON[tone]} />
      <div className="grow">
        {props.title && <p className="note-title">{props.title}</p>}
        {props.children && <p>{props.children}</p>}
      </div>
      {props.action}
    </div>
  );
}

/** A screen's heading takes the focus when the screen comes, so that it is read out first. */
export function Title({ children, unseen = false }: { children: ReactNode; unseen?: boolean }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <h1 ref={heading} tabIndex={-1} className={unseen ? "unseen" : "title"}>
      {children}
    </h1>
  );
}

/** A screen beside the list, or in its place on a phone. */
export function Page(props: {
  title: ReactNode;
  lead?: ReactNode;
  children?: ReactNode;
  /** Above the title, which then stands in the middle. */
  face?: ReactNode;
  onBack?: () => void;
}) {
  return (
    <section className="page">
      <header className="page-bar">
        <IconBtn label={say("do.back")} icon="back" onPress={props.onBack ?? back} />
      </header>
      <div className="page-body">
        <div className={props.face ? "page-head middle" : "page-head"}>
          {props.face}
          <Title>{props.title}</Title>
          {props.lead && <p className="lead">{props.lead}</p>}
        </div>
        {props.children}
      </div>
    </section>
  );
}

/** A row that leads somewhere. */
export function Way(props: {
  icon: IconName;
  title: ReactNode;
  help?: ReactNode;
  onPress: () => void;
}) {
  return (
    <Button className="way" onPress={props.onPress}>
      <span className="way-icon">
        <Icon name={props.icon} />
      </span>
      <span className="grow">
        <span className="way-title">{props.title}</span>
        {props.help && <span className="way-help">{props.help}</span>}
      </span>
      <Icon name="next" small />
    </Button>
  );
}
