/** A stream on the screen and to the ear, and how loud a microphone is. */

import {
  type Ref,
  type RefObject,
  useEffect,
  useImperativeHandle,
  useMemo,
  useRef,
  useState,
} from "react";
import { say } from "../i18n/text.ts";
import { useModel } from "../model_hooks.tsx";

/** What is seen of a stream. Nothing is heard of it: that is `Sound`. */
export function Picture(props: {
  stream: MediaStream | undefined;
  label?: string;
  className?: string;
  /** It may have a window of its own. */
  detachable?: boolean;
  mirrored?: boolean;
  hidden?: boolean;
  /** The first picture is there. */
  onFirst?: (stream: MediaStream) => void;
  ref?: Ref<HTMLVideoElement>;
}) {
  const { stream } = props;
  const video = useRef<HTMLVideoElement>(null);
  useImperativeHandle<HTMLVideoElement | null, HTMLVideoElement | null>(
    props.ref,
    () => video.current,
  );
  useStream(video, stream);
  const classes = `picture${props.mirrored ? " mirrored" : ""} ${props.className ?? ""}`;
  return (
    <video
      ref={video}
      className={classes}
      muted
      hidden={props.hidden ?? false}
      playsInline
      autoPlay
      onLoadedData={({ currentTarget: { videoWidth } }) => {
        if (stream && videoWidth > 0) props.onFirst?.(stream);
      }}
      disablePictureInPicture={!props.detachable}
      {...(props.label ? { "aria-label": props.label } : { "aria-hidden": true })}
    />
  );
}

/**
 * What is heard of a stream.
 *
 * Not by the element that shows it: Chromium plays no sound of a stream with a video track before the
 * first picture, so that somebody whose camera is off would not be heard.
 */
export function Sound({
  stream,
  speaker,
}: {
  stream: MediaStream | undefined;
  speaker: string | undefined;
}) {
  const audio = useRef<HTMLAudioElement>(null);
  const heard = useMemo(() => stream && new MediaStream(stream.getAudioTracks()), [stream]);
  useStream(audio, heard);
  useEffect(() => {
    const place = audio.current;
    if (place === null || speaker === undefined || !("setSinkId" in place)) return;
    void place.setSinkId(speaker).catch(() => undefined); // gone: the system's own is used
  }, [speaker]);
  // biome-ignore lint/a11y/useMediaCaption: people who talk; what they write stands beside it
  return <audio ref={audio} autoPlay />;
}

/** Have an element play a stream for as long as it is there. */
function useStream(element: RefObject<HTMLMediaElement | null>, stream: MediaStream | undefined) {
  useEffect(() => {
    const place = element.current;
    if (place === null) return;
    place.srcObject = stream ?? null;
    if (stream) void place.play().catch(() => undefined);
    return () => {
      place.srcObject = null;
    };
  }, [element, stream]);
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
