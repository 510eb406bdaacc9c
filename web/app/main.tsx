/** Starts the app: takes secrets out of the address bar, sets looks and language, shows the door. */

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./tokens.css";
import "./base.css";
import "./ui/ui.css";
import "./ui/surfaces.css";
import "./screens/door.css";
import { App } from "./app.tsx";
import { takeLanding } from "./landing.ts";
import { LiveModel } from "./live_model.ts";
import { ModelProvider } from "./model_hooks.tsx";
import { startOffline } from "./offline.ts";
import { startPrefs } from "./prefs.ts";
import { startRouter } from "./router.ts";

async function start(): Promise<void> {
  const place = document.getElementById("root");
  if (place === null) return;
  const landing = takeLanding();
  startRouter();
  await startPrefs();
  const model = new LiveModel();
  model.start();
  createRoot(place).render(
    <StrictMode>
      <ModelProvider model={model}>
        <App landing={landing} />
      </ModelProvider>
    </StrictMode>,
  );
  startOffline();
}

void start();
