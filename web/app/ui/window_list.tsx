/**
 * A list of any length of which only what is seen stands in the page (R-06: 100,000 calls).
 *
 * Each row says which of how many it is. Arrow keys, Page Up and Down, Home and End go from row to
 * row; Tab goes in and out, and the row one was at stays in the page while it is scrolled away.
 */

import {
  type KeyboardEvent,
  type ReactNode,
  useCallback,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";

/** Rows above and below what is seen. Higher: fewer gaps while scrolling fast; lower: fewer nodes. */
const MORE = 6;

export type WindowRow = Readonly<{
  key: string;
  /** In root em, so that it grows with the text. */
  height: number;
  /** Which one it is, from 1; undefined: a heading, which is passed over. */
  position?: number;
}>;

export type WindowListProps<R extends WindowRow> = Readonly<{
  label: string;
  rows: readonly R[];
  /** How many rows have a position; -1: not known yet. */
  size: number;
  /** When this becomes another, the list begins at its top again. */
  of: unknown;
  /** Draws a row; `passed`: its buttons are left out when one goes on with Tab. */
  children: (row: R, passed: boolean) => ReactNode;
}>;

function rem(): number {
  if (typeof document === "undefined") return 16; // drawn in a test
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
}

/** Return the last place whose top is at or above `y`. */
function placeAt(tops: Float64Array, y: number): number {
  let [low, high] = [0, tops.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((tops[middle] ?? 0) <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}

export function WindowList<R extends WindowRow>(props: WindowListProps<R>) {
  const { rows, size, label, of, children } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ top: 0, height: 900 });
  const [active, setActive] = useState<string>();
  const wantsFocus = useRef(false);
  const unit = useMemo(rem, []);
  const tops = useMemo(() => {
    const found = new Float64Array(rows.length + 1);
    for (const [i, row] of rows.entries()) found[i + 1] = (found[i] ?? 0) + row.height * unit;
    return found;
  }, [rows, unit]);

  const look = useCallback(() => {
    const box = scroller.current;
    if (box) setSeen({ top: box.scrollTop, height: box.clientHeight });
  }, []);
  useLayoutEffect(() => {
    look();
    const box = scroller.current;
    if (!box) return;
    const watch = new ResizeObserver(look);
    watch.observe(box);
    return () => watch.disconnect();
  }, [look]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: what is looked for changed
  useLayoutEffect(() => {
    if (scroller.current) scroller.current.scrollTop = 0;
    setActive(undefined);
    look();
  }, [of, look]);

  const first = Math.max(0, placeAt(tops, seen.top) - MORE);
  const last = Math.min(rows.length, placeAt(tops, seen.top + seen.height) + 1 + MORE);
  const places = Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i);
  const at = active === undefined ? -1 : rows.findIndex((row) => row.key === active);
  const firstItem = places.find((place) => rows[place]?.position !== undefined) ?? -1;
  const reachable = at < 0 ? firstItem : at;
  if (at >= 0 && (at < first || at >= last)) places.splice(at < first ? 0 : places.length, 0, at);

  useLayoutEffect(() => {
    if (!wantsFocus.current || at < 0) return;
    wantsFocus.current = false;
    const row = scroller.current?.querySelector(`[data-place="${at}"]`);
    row?.querySelector<HTMLElement>("button")?.focus({ preventScroll: true });
  });

  const goTo = (wanted: number, step: 1 | -1) => {
    const box = scroller.current;
    let place = Math.min(Math.max(wanted, 0), rows.length - 1);
    while (rows[place] && rows[place]?.position === undefined) place += step;
    const row = rows[place];
    if (!box || !row) return;
    const [top = 0, end = 0] = [tops[place], tops[place + 1]];
    if (top < box.scrollTop) box.scrollTop = place <= 1 ? 0 : top;
    else if (end > box.scrollTop + box.clientHeight) box.scrollTop = end - box.clientHeight;
    wantsFocus.current = true;
    setActive(row.key);
    look();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const from = reachable;
    const page = Math.max(1, Math.floor(seen.height / (unit * (rows[from]?.height ?? 4))) - 1);
    const moves = new Map<string, readonly [place: number, step: 1 | -1]>([
      ["ArrowDown", [from + 1, 1]],
      ["ArrowUp", [from - 1, -1]],
      ["PageDown", [from + page, 1]],
      ["PageUp", [from - page, -1]],
      ["Home", [0, 1]],
      ["End", [rows.length - 1, -1]],
    ]);
    const move = moves.get(event.key);
    if (move === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    goTo(...move);
  };
  return (
    <div className="window" ref={scroller} onScroll={look}>
      {/* biome-ignore lint/a11y/useSemanticElements: rows are placed, and headings stand between */}
      <div
        role="list"
        aria-label={label}
        className="window-list"
        style={{ blockSize: `${tops[rows.length]}px` }}
        onKeyDown={onKeyDown}
      >
        {places.map((place) => {
          const row = rows[place];
          if (row === undefined) return null;
          const style = {
            insetBlockStart: `${tops[place]}px`,
            blockSize: `${row.height * unit}px`,
          };
          if (row.position === undefined) {
            return (
              <div key={row.key} className="window-row" style={style}>
                {children(row, true)}
              </div>
            );
          }
          return (
            // biome-ignore lint/a11y/useSemanticElements: as the list
            <div
              key={row.key}
              role="listitem"
              aria-posinset={row.position}
              aria-setsize={size}
              className="window-row"
              data-place={place}
              style={style}
              onFocus={() => setActive(row.key)}
            >
              {children(row, place !== reachable)}
            </div>
          );
        })}
      </div>
    </div>
  );
}
