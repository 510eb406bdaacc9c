/** What the browser's tab says, while nothing rings: the app's name, or that something is recorded. */

import { say } from "./i18n/text.ts";

let resting: "app.name" | "recorded.tab" = "app.name";

/** Say it now, and whenever it stops ringing. */
export function restTitle(title: typeof resting = resting): void {
  resting = title;
  document.title = say(title);
}
