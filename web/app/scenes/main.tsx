/** One scene, named in the fragment: `scenes.html#thread`. `scenes.html#thread,de` in German. */

import { Suspense } from "react";
import { createRoot } from "react-dom/client";
import "./styles.ts";
import { App } from "../app.tsx";
import { isLanguage, later, speak } from "../i18n/text.ts";
import { ModelProvider } from "../model_hooks.tsx";
import { setPrefs } from "../prefs.ts";
import { startRouter } from "../router.ts";
import { FakeModel } from "./fake_model.ts";
import { STATE } from "./fixtures.ts";
import { PRESSED, SCENES } from "./scenes.tsx";

const [name = "", language = "en"] = location.hash.slice(1).split(",");
const place = document.getElementById("root");

if (name === "" && place !== null) {
  // What there is, for tools/screens.mjs.
  place.dataset["scenes"] = JSON.stringify({ scenes: Object.keys(SCENES), pressed: PRESSED });
} else if (place !== null) {
  const scene = SCENES[name]?.() ?? {};
  if (scene.prefs) setPrefs(scene.prefs);
  if (isLanguage(language)) await speak(language);
  await later(async () => undefined); // scenes show parts of screens that the app loads with it
  if (scene.dir) document.documentElement.dir = scene.dir;
  startRouter(scene.route ?? { at: "home" });
  const model = new FakeModel({ ...STATE, ...scene.state }, scene.ways, scene.data);
  createRoot(place).render(
    <ModelProvider model={model}>
      {scene.element ? (
        <Suspense>{scene.element}</Suspense>
      ) : (
        <App landing={scene.landing ?? { kind: "none" }} />
      )}
    </ModelProvider>,
  );
}
