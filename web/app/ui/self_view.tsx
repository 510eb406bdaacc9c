/** One's own picture in a corner: dragged there, or moved by a tap, a key or its button. */

import { type PointerEvent as ReactPointerEvent, useRef, useState } from "react";
import { say } from "../i18n/text.ts";
import { Icon } from "../icons.tsx";
import { Picture } from "./picture.tsx";

/** Bottom end first, then clockwise; a drag ends in the nearest. */
const CORNERS: readonly string[] = ["bottom-end", "bottom-start", "top-start", "top-end"];
const CLICK_PX = 6;

type Offset = Readonly<{ x: number; y: number }>;

export function SelfView(props: {
  stream: MediaStream | undefined;
  sharing: boolean;
  corner: number;
  onCorner: (corner: number) => void;
}) {
  const [offset, setOffset] = useState<Offset>();
  const from = useRef<Offset | undefined>(undefined);
  const place = CORNERS[props.corner % CORNERS.length] ?? "bottom-end";

  const down = (event: ReactPointerEvent<HTMLDivElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    from.current = { x: event.clientX, y: event.clientY };
  };
  const move = (event: ReactPointerEvent<HTMLDivElement>) => {
    const start = from.current;
    if (start) setOffset({ x: event.clientX - start.x, y: event.clientY - start.y });
  };
  const up = (event: ReactPointerEvent<HTMLDivElement>) => {
    const moved = offset !== undefined && Math.hypot(offset.x, offset.y) > CLICK_PX;
    // A tap does what a drag does, for whom dragging is hard.
    props.onCorner(moved ? nearest(event.currentTarget) : props.corner + 1);
    from.current = undefined;
    setOffset(undefined);
  };
  return (
    <div
      className={`self ${place}${offset ? " dragged" : ""}`}
      onPointerDown={down}
      onPointerMove={move}
      onPointerUp={up}
      onPointerCancel={() => {
        from.current = undefined;
        setOffset(undefined);
      }}
      {...(offset && { style: { translate: `${offset.x}px ${offset.y}px` } })}
    >
      <Picture
        stream={props.stream}
        label={say(props.sharing ? "call.sharingSee" : "call.selfView")}
        mirrored={!props.sharing}
      />
      <button
        type="button"
        className="self-move"
        aria-label={say("call.selfMove")}
        onPointerDown={(event) => event.stopPropagation()}
        onClick={() => props.onCorner(props.corner + 1)}
      >
        <Icon name="full" small />
      </button>
    </div>
  );
}

/** Return the corner of the stage that the view is nearest to. */
function nearest(view: HTMLElement): number {
  const stage = view.parentElement?.getBoundingClientRect();
  if (stage === undefined) return 0;
  const mine = view.getBoundingClientRect();
  const left = mine.left + mine.width / 2 < stage.left + stage.width / 2;
  const top = mine.top + mine.height / 2 < stage.top + stage.height / 2;
  const start = left === (getComputedStyle(view).direction === "ltr");
  const wanted = `${top ? "top" : "bottom"}-${start ? "start" : "end"}`;
  return Math.max(0, CORNERS.indexOf(wanted));
}
