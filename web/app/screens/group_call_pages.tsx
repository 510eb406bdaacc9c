/** Pages of tiles: how they are turned, and which of their pictures are asked for. */

import { type PointerEvent, useEffect, useRef } from "react";
import type { Plan, TileOf } from "../group_plan.ts";
import { say } from "../i18n/text.ts";
import type { ShownTile } from "../model_group_call.ts";
import { useModel } from "../model_hooks.tsx";
import { IconBtn } from "../ui/parts.tsx";
import { useHidden } from "../ui/watch.ts";

/** A finger that goes so far sideways turns the page. */
const SWIPE_PX = 48;

export function Pager(props: { page: number; pages: number; onPage: (page: number) => void }) {
  const { page, pages, onPage } = props;
  const values = { page: page + 1, pages };
  return (
    <div className="pager">
      <IconBtn
        label={say("groupCall.previous")}
        icon="back"
        onPress={() => onPage((page + pages - 1) % pages)}
      />
      <p className="pager-page" role="status">
        <span className="unseen">{say("groupCall.pageLong", values)}</span>
        <bdi aria-hidden="true">{say("groupCall.page", values)}</bdi>
      </p>
      <IconBtn
        label={say("groupCall.next")}
        icon="next"
        onPress={() => onPage((page + 1) % pages)}
      />
    </div>
  );
}

/** Turn pages by a finger; a mouse has the buttons. */
export function useSwipe(onTurn: (step: 1 | -1) => void) {
  const from = useRef<Readonly<{ x: number; y: number }>>(undefined);
  return {
    onPointerDown: (event: PointerEvent) => {
      from.current =
        event.pointerType === "mouse" ? undefined : { x: event.clientX, y: event.clientY };
    },
    onPointerUp: (event: PointerEvent<HTMLElement>) => {
      const begun = from.current;
      from.current = undefined;
      if (begun === undefined) return;
      const [x, y] = [event.clientX - begun.x, event.clientY - begun.y];
      if (Math.abs(x) < SWIPE_PX || Math.abs(x) < 2 * Math.abs(y)) return;
      const isOnward = x < 0 === (getComputedStyle(event.currentTarget).direction === "ltr");
      onTurn(isOnward ? 1 : -1);
    },
  };
}

/** Ask for the pictures that are seen, in their size, and for none once nothing is shown. */
export function useLook(plan: Plan, shown: readonly TileOf[], own: number | undefined): void {
  const { groupCall } = useModel();
  const visible = !useHidden();
  const tiles = seen(plan, shown, own, visible);
  const said = JSON.stringify(tiles);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `said` is what is in `tiles`
  useEffect(() => groupCall.look(tiles), [groupCall, said]);
  useEffect(() => () => groupCall.look([]), [groupCall]);
}

/** Return the others' tiles in the order of their weight: the large one first. */
export function seen(
  plan: Plan,
  shown: readonly TileOf[],
  own: number | undefined,
  visible: boolean,
): readonly ShownTile[] {
  const small = plan.kind === "grid" ? plan.tile : "strip" in plan ? plan.strip?.tile : undefined;
  return [
    ...("large" in plan ? [{ ...plan.large, ...plan.size, visible }] : []),
    ...(small ? shown.map((tile) => ({ ...tile, ...small, visible })) : []),
  ].filter(({ leaf }) => leaf !== own);
}
