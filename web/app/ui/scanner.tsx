/** The camera as a reader of QR codes. Pictures are looked at here and thrown away. */

import { useEffect, useRef, useState } from "react";
import { type Key, say } from "../i18n/text.ts";
import { useModel } from "../model_hooks.tsx";
import { Note } from "./parts.tsx";

const LOOK_MS = 160;
const WIDTH = 640;

/** Reads until `onText` says that it was the right kind of code; `other` is said of all others. */
export function Scanner(props: {
  onText: (text: string) => boolean | Promise<boolean>;
  other?: Key;
}) {
  const { onText, other = "scan.other" } = props;
  const { devices } = useModel();
  const video = useRef<HTMLVideoElement>(null);
  const [trouble, setTrouble] = useState<Key>();
  const found = useRef(onText);
  found.current = onText;
  const note = useRef(() => devices.use("camera"));
  useEffect(() => {
    const place = video.current;
    if (place === null) return;
    let ended = false;
    let stop = () => {};
    void open(place).then(
      (close) => {
        const noted = note.current();
        stop = () => {
          close();
          noted();
        };
        if (ended) stop();
        else void look(place);
      },
      (error: unknown) => {
        const denied = error instanceof DOMException && error.name === "NotAllowedError";
        setTrouble(denied ? "scan.denied" : "scan.missing");
      },
    );
    async function look(from: HTMLVideoElement) {
      const { default: jsQr } = await import("jsqr");
      const canvas = document.createElement("canvas");
      const context = canvas.getContext("2d", { willReadFrequently: true });
      while (!ended && context !== null) {
        await new Promise((go) => setTimeout(go, LOOK_MS));
        if (from.videoWidth === 0) continue;
        canvas.width = WIDTH;
        canvas.height = Math.round((WIDTH * from.videoHeight) / from.videoWidth);
        context.drawImage(from, 0, 0, canvas.width, canvas.height);
        const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
        const code = jsQr(data, canvas.width, canvas.height);
        if (code === null || ended) continue;
        if (await found.current(code.data)) return;
        if (!ended) setTrouble(other);
      }
    }
    return () => {
      ended = true;
      stop();
    };
  }, [other]);
  const dead = trouble === "scan.denied" || trouble === "scan.missing";
  return (
    <>
      {!dead && (
        <div className="scanner">
          <video ref={video} muted playsInline />
          <div className="scanner-frame" aria-hidden="true" />
        </div>
      )}
      {trouble && (
        <Note tone="warm" live>
          {say(trouble)}
        </Note>
      )}
    </>
  );
}

async function open(place: HTMLVideoElement): Promise<() => void> {
  const stream = await navigator.mediaDevices.getUserMedia({
    video: { facingMode: "environment", width: { ideal: 1280 } },
  });
  place.srcObject = stream;
  await place.play().catch(() => undefined);
  return () => {
    for (const track of stream.getTracks()) track.stop();
    place.srcObject = null;
  };
}
