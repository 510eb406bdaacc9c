/** Which whole screen there is: before the profile, around it, or at home in it. */

import { lazy, type ReactNode, Suspense, useEffect } from "react";
import { I18nProvider } from "react-aria-components/I18nProvider";
import { say, useLanguage } from "./i18n/text.ts";
import type { Landing } from "./landing.ts";
import { useAppState } from "./model_hooks.tsx";
import { Door } from "./screens/door.tsx";
import { Starting } from "./screens/states.tsx";
import { Boundary } from "./ui/boundary.tsx";

const Inside = lazy(() => import("./screens/inside.tsx"));
const Recovery = lazy(() => import("./screens/recovery.tsx"));
const Locked = lazy(() => import("./screens/locked.tsx"));
const Stopped = lazy(() => import("./screens/stopped.tsx"));

export function App({ landing }: { landing: Landing }) {
  const language = useLanguage();
  const phase = useAppState((state) => state.phase);
  useEffect(() => {
    document.title = say("app.name");
  }, []);
  return (
    <I18nProvider locale={language}>
      <Boundary>
        <Suspense key={language} fallback={<Starting />}>
          {screen()}
        </Suspense>
      </Boundary>
    </I18nProvider>
  );

  function screen(): ReactNode {
    switch (phase.kind) {
      case "starting":
        return <Starting />;
      case "welcome":
        return <Door landing={landing} />;
      case "recovery":
        return <Recovery code={phase.code} />;
      case "locked":
        return <Locked />;
      case "elsewhere":
      case "revoked":
        return <Stopped why={phase.kind} />;
      case "broken":
        return <Stopped why="broken" code={phase.code} />;
      case "ready":
        return <Inside landing={landing} />;
    }
  }
}
