/**
 * Small drawings of numbers: inline SVG with a title and a description, the numbers in a table beside
 * each. What matters is told by size, place and words; colour only agrees with them.
 */

import { type ReactNode, useId } from "react";
import { number, say, weekday } from "../i18n/text.ts";

/** A drawing, what it says, and its table to open. */
function Plot(props: {
  title: string;
  says: string;
  viewBox: string;
  table: ReactNode;
  children: ReactNode;
}) {
  const [title, desc] = [useId(), useId()];
  return (
    <figure className="plot">
      <figcaption className="plot-title">{props.title}</figcaption>
      <svg
        className="plot-drawing"
        viewBox={props.viewBox}
        role="img"
        aria-labelledby={title}
        aria-describedby={desc}
      >
        <title id={title}>{props.title}</title>
        <desc id={desc}>{props.says}</desc>
        {props.children}
      </svg>
      <p className="help">{props.says}</p>
      <details className="more">
        <summary>{say("insights.table")}</summary>
        <div className="table-box">{props.table}</div>
      </details>
    </figure>
  );
}

export type Cell = string | number;

/** A table with a heading for each row and column. */
export function Numbers(props: {
  caption: string;
  head: readonly string[];
  rows: readonly (readonly Cell[])[];
}) {
  return (
    <table className="numbers">
      <caption className="unseen">{props.caption}</caption>
      <thead>
        <tr>
          {props.head.map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {props.rows.map(([name = "", ...cells]) => (
          <tr key={name}>
            <th scope="row">
              <bdi>{name}</bdi>
            </th>
            {cells.map((cell, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: columns never move
              <td key={i}>{typeof cell === "number" ? number(cell) : cell}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const CELL = 13;
const LEFT = 34;
const EVERY = 6;

/** How a week is used: a dot for each hour of each weekday, the larger the more. */
export function WeekPlot(props: {
  title: string;
  says: string;
  grid: readonly (readonly number[])[];
}) {
  const { grid } = props;
  const most = Math.max(1, ...grid.flat());
  const hours = grid[0]?.length ?? 24;
  return (
    <Plot
      title={props.title}
      says={props.says}
      viewBox={`0 0 ${LEFT + hours * CELL} ${grid.length * CELL + 18}`}
      table={
        <Numbers
          caption={props.title}
          head={[say("insights.hour"), ...grid.map((_, day) => weekday(day, "long"))]}
          rows={Array.from({ length: hours }, (_, hour) => [
            `${hour}–${hour + 1}`,
            ...grid.map((row) => row[hour] ?? 0),
          ])}
        />
      }
    >
      {grid.map((row, day) => (
        <g key={weekday(day, "long")}>
          <text className="plot-word" x={0} y={(day + 0.5) * CELL} dy="0.36em">
            {weekday(day, "short")}
          </text>
          {row.map((calls, hour) => (
            <circle
              // biome-ignore lint/suspicious/noArrayIndexKey: hours never move
              key={hour}
              className={calls > 0 ? "plot-dot" : "plot-none"}
              cx={LEFT + (hour + 0.5) * CELL}
              cy={(day + 0.5) * CELL}
              r={calls > 0 ? 1.6 + 4.6 * Math.sqrt(calls / most) : 0.9}
            />
          ))}
        </g>
      ))}
      {Array.from({ length: hours / EVERY }, (_, i) => i * EVERY).map((hour) => (
        <text
          key={hour}
          className="plot-word"
          x={LEFT + (hour + 0.5) * CELL}
          y={grid.length * CELL + 13}
          textAnchor="middle"
        >
          {hour}
        </text>
      ))}
    </Plot>
  );
}

const BAR = { width: 338, height: 120, foot: 20, head: 16 } as const;

/** A bar for each value, its number above it. */
export function BarPlot(props: {
  title: string;
  says: string;
  head: readonly [string, string];
  bars: readonly Readonly<{ name: string; short: string; value: number }>[];
}) {
  const { bars } = props;
  const most = Math.max(1, ...bars.map(({ value }) => value));
  const step = BAR.width / bars.length;
  const room = BAR.height - BAR.foot - BAR.head;
  return (
    <Plot
      title={props.title}
      says={props.says}
      viewBox={`0 0 ${BAR.width} ${BAR.height}`}
      table={
        <Numbers
          caption={props.title}
          head={props.head}
          rows={bars.map(({ name, value }) => [name, value])}
        />
      }
    >
      {bars.map(({ name, short, value }, i) => {
        const height = (value / most) * room;
        const top = BAR.head + room - height;
        const middle = (i + 0.5) * step;
        return (
          <g key={name}>
            <rect
              className="plot-bar"
              x={middle - step * 0.36}
              y={top}
              width={step * 0.72}
              height={Math.max(height, 1)}
              rx={Math.min(3, height / 2)}
            />
            <text className="plot-number" x={middle} y={top - 4} textAnchor="middle">
              {number(value)}
            </text>
            <text className="plot-word" x={middle} y={BAR.height - 4} textAnchor="middle">
              {short}
            </text>
          </g>
        );
      })}
    </Plot>
  );
}

const PAIR = { width: 338, row: 38, middle: 169 } as const;

/** Two bars for each name, to both sides of a line: what comes from one and what from the other. */
export function PairPlot(props: {
  title: string;
  says: string;
  head: readonly [string, string, string];
  rows: readonly Readonly<{ key: string; name: string; one: number; other: number }>[];
}) {
  const { rows, head } = props;
  const most = Math.max(1, ...rows.flatMap(({ one, other }) => [one, other]));
  const scale = (PAIR.middle - 36) / most;
  return (
    <Plot
      title={props.title}
      says={props.says}
      viewBox={`0 0 ${PAIR.width} ${20 + rows.length * PAIR.row}`}
      table={
        <Numbers
          caption={props.title}
          head={head}
          rows={rows.map(({ name, one, other }) => [name, one, other])}
        />
      }
    >
      <text className="plot-word strong" x={PAIR.middle - 8} y={10} textAnchor="end">
        {head[1]}
      </text>
      <text className="plot-word strong" x={PAIR.middle + 8} y={10}>
        {head[2]}
      </text>
      {rows.map(({ key, name, one, other }, i) => {
        const top = 20 + i * PAIR.row;
        return (
          <g key={key}>
            <text className="plot-word" x={PAIR.middle} y={top + 12} textAnchor="middle">
              {name}
            </text>
            <rect
              className="plot-bar"
              x={PAIR.middle - 1 - one * scale}
              y={top + 18}
              width={one * scale}
              height={9}
              rx={2}
            />
            <rect
              className="plot-bar other"
              x={PAIR.middle + 1}
              y={top + 18}
              width={other * scale}
              height={9}
              rx={2}
            />
            <text
              className="plot-number"
              x={PAIR.middle - 6 - one * scale}
              y={top + 27}
              textAnchor="end"
            >
              {number(one)}
            </text>
            <text className="plot-number" x={PAIR.middle + 6 + other * scale} y={top + 27}>
              {number(other)}
            </text>
          </g>
        );
      })}
    </Plot>
  );
}
