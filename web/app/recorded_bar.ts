/**
 * The red bar: who records what in this call, and one tap that ends it.
 *
 * It is not a part of any screen, and made by hand: a screen that breaks, a sheet, full screen or a
 * page beside the call do not take it along. What it shows is what the model says is recorded.
 */

import { list, say, sayWith } from "./i18n/text.ts";
import type { RecordedView } from "./model_recording.ts";
import { plainName } from "./names.ts";
import { sentence } from "./ui/task.ts";
import { keepInSight } from "./ui/unhidden.ts";

/** One recording, in words. */
export type BarLine = Readonly<{
  id: string;
  own: boolean;
  /** The sentence; who records stands apart, as their name is text of a stranger. */
  parts: readonly (string | Readonly<{ name: string }>)[];
  stop: string;
}>;

/** Return what the bar says. */
export function barLines(recorded: readonly RecordedView[]): readonly BarLine[] {
  return recorded.map(({ id, by, own, kinds }) => {
    const named = list(kinds.map((kind) => say(`kind.${kind}`)));
    const mark = { name: plainName(by) };
    const said = sayWith(own ? "recorded.own" : "recorded.by", { name: "\0", kinds: named });
    return {
      id,
      own,
      parts: said.map((part) => (part === "\0" ? mark : String(part))),
      stop: say(own ? "recorded.stop" : "recorded.withdraw"),
    };
  });
}

const CLASS = "recorded-bar";

export class RecordedBar {
  readonly #end: (line: BarLine) => Promise<unknown>;
  #bar: HTMLElement | undefined;
  #lines: readonly BarLine[] = [];
  #letGo: () => void = () => undefined;
  /** What is being ended, and what could not be. */
  readonly #under = new Map<string, string | undefined>();

  /** @param end ends one's own recording, or takes back one's yes. */
  constructor(end: (line: BarLine) => Promise<unknown>) {
    this.#end = end;
  }

  show(recorded: readonly RecordedView[]): void {
    const lines = barLines(recorded);
    if (lines.length === 0) {
      this.close();
      return;
    }
    const isSame = JSON.stringify(lines) === JSON.stringify(this.#lines);
    this.#lines = lines;
    if (this.#bar === undefined) this.#open();
    else if (!isSame) this.#draw(this.#bar);
  }

  close(): void {
    this.#letGo();
    this.#bar = undefined;
    this.#lines = [];
    this.#under.clear();
  }

  #open(): void {
    const bar = document.createElement("div");
    this.#bar = bar;
    const isWhole = () => bar.textContent === this.#text() && bar.innerText.trim() !== "";
    const letGo = keepInSight(bar, CLASS, isWhole, () => this.#draw(bar));
    // Screens leave room for it.
    const root = document.documentElement;
    const size = new ResizeObserver(() => {
      root.style.setProperty("--recorded-block", `${bar.offsetHeight}px`);
    });
    size.observe(bar);
    this.#letGo = () => {
      size.disconnect();
      letGo();
      root.style.removeProperty("--recorded-block");
      this.#letGo = () => undefined;
    };
  }

  #text(): string {
    return this.#lines
      .map(({ id, parts, stop }) => {
        const said = parts.map((part) => (typeof part === "string" ? part : part.name)).join("");
        const failed = this.#under.get(id);
        return said + (failed === undefined ? "" : ` ${failed}`) + stop;
      })
      .join("");
  }

  #draw(bar: HTMLElement): void {
    const place = document.createElement("section");
    place.setAttribute("aria-label", say("recorded.region"));
    const told = document.createElement("div");
    told.setAttribute("role", "alert");
    const rows = document.createElement("ul");
    rows.append(...this.#lines.map((line) => this.#row(line, bar)));
    told.append(rows);
    place.append(told);
    // What has the focus keeps it.
    const held = bar.contains(document.activeElement);
    bar.replaceChildren(place);
    if (held) bar.querySelector("button")?.focus();
  }

  #row(line: BarLine, bar: HTMLElement): HTMLElement {
    const row = document.createElement("li");
    const words = document.createElement("span");
    words.append(
      ...line.parts.map((part) => {
        if (typeof part === "string") return part;
        const name = document.createElement("bdi");
        name.textContent = part.name;
        return name;
      }),
    );
    const stop = document.createElement("button");
    stop.type = "button";
    stop.textContent = line.stop;
    stop.disabled = this.#under.has(line.id) && this.#under.get(line.id) === undefined;
    stop.addEventListener("click", () => void this.#stop(line, bar));
    const said = document.createElement("p");
    said.append(words);
    row.append(said, stop);
    const failed = this.#under.get(line.id);
    if (failed !== undefined) words.append(` ${failed}`);
    return row;
  }

  async #stop(line: BarLine, bar: HTMLElement): Promise<void> {
    this.#under.set(line.id, undefined);
    this.#draw(bar);
    try {
      await this.#end(line);
    } catch (error) {
      this.#under.set(line.id, say(sentence(error)));
    }
    if (this.#bar === bar) this.#draw(bar);
  }
}
