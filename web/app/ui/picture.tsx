/** A stream on the screen, and how loud a microphone is. */

import { type Ref, useEffect, useImperativeHandle, useRef, useState } from "react";
import { say } from "../i18n/text.ts";
import { useModel } from "../model_hooks.tsx";

export function Picture(props: {
  stream: MediaStream | undefined;
  label?: string;
  className?: string;
  muted?: boolean;
  mirrored?: boolean;
  hidden?: boolean;
  /** The first picture is there. */
  onFirst?: (stream: MediaStream) => void;
  speaker?: string | undefined;
  ref?: Ref<HTMLVideoElement>;
}) {
  const { stream, speaker } = props;
  const video = useRef<HTMLVideoElement>(null);
  useImperativeHandle<HTMLVideoElement | null, HTMLVideoElement | null>(
    props.ref,
    () => video.current,
  );
  useEffect(() => {
    const place = video.current;
    if (place === null) return;
    place.srcObject = stream ?? null;
    if (stream) void place.play().catch(() => undefined);
    return () => {
      place.srcObject = null;
    };
  }, [stream]);
  useEffect(() => {
    const place = video.current;
    if (place === null || speaker === undefined || !("setSinkId" in place)) return;
    void place.setSinkId(speaker).catch(() => undefined); // gone: the system's own is used
  }, [speaker]);
  const classes = `picture${props.mirrored ? " mirrored" : ""} ${props.className ?? ""}`;
  return (
    <video
      ref={video}
      className={classes}
      muted={props.muted ?? false}
      hidden={props.hidden ?? false}
      playsInline
      autoPlay
      onLoadedData={({ currentTarget: { videoWidth } }) => {
        if (stream && videoWidth > 0) props.onFirst?.(stream);
      }}
      disablePictureInPicture={props.muted ?? false}
      {...(props.label ? { "aria-label": props.label } : { "aria-hidden": true })}
    />
  );
}

const STEPS = 14;

/** A bar that moves when one speaks. */
export function Level() {
  const { calls } = useModel();
  const [level, setLevel] = useState(0);
  useEffect(() => {
    let frame = 0;
    const look = () => {
      setLevel(Math.round(Math.min(1, calls.level()) * STEPS));
      frame = requestAnimationFrame(look);
    };
    look();
    return () => cancelAnimationFrame(frame);
  }, [calls]);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a <meter> cannot be drawn in steps
    <div
      className="level"
      role="meter"
      aria-label={say("preview.level")}
      aria-valuemin={0}
      aria-valuemax={STEPS}
      aria-valuenow={level}
    >
      {Array.from({ length: STEPS }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: steps never move
        <i key={i} className={i < level ? "on" : ""} />
      ))}
    </div>
  );
}
