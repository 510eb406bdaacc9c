/** Which whole screen there is: before the profile, around it, or at home in it. */

import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import { I18nProvider } from "react-aria-components/I18nProvider";
import { later, useLanguage } from "./i18n/text.ts";
import { type Landing, onCallLink } from "./landing.ts";
import { useAppState, useInCall } from "./model_hooks.tsx";
import { Door } from "./screens/door.tsx";
import { Starting } from "./screens/states.tsx";
import { restTitle } from "./tab_title.ts";
import { Boundary } from "./ui/boundary.tsx";
import { Recorded } from "./ui/recorded.tsx";

const Inside = lazy(() => import("./screens/inside.tsx"));
const Recovery = lazy(() => import("./screens/recovery.tsx"));
const Locked = lazy(() => import("./screens/locked.tsx"));
const Stopped = lazy(() => import("./screens/stopped.tsx"));
const Guest = lazy(() => later(() => import("./screens/guest.tsx")));
const Closed = lazy(() => later(() => import("./screens/closed.tsx")));

export function App({ landing }: { landing: Landing }) {
  const language = useLanguage();
  const phase = useAppState((state) => state.phase);
  const [link, setLink] = useState(landing.kind === "call" ? landing.link : undefined);
  const inCall = useInCall();
  const isGuest = useAppState((state) => state.groupCall?.isGuest ?? false);
  // Whoever is in a call stays in it; its secret is gone from the address bar all the same.
  useEffect(() => onCallLink((opened) => inCall || setLink(opened)), [inCall]);
  useEffect(() => {
    restTitle();
  }, []);
  return (
    <I18nProvider locale={language}>
      <Recorded />
      <Boundary>
        <Suspense key={language} fallback={<Starting />}>
          {screen()}
        </Suspense>
      </Boundary>
    </I18nProvider>
  );

  function screen(): ReactNode {
    if (link !== undefined || isGuest)
      return <Guest link={link ?? ""} leave={() => setLink(undefined)} />;
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
      case "refused":
      case "shutOut":
        return <Stopped why={phase.kind} />;
      case "closed":
        return <Closed receipt={phase.receipt} />;
      case "broken":
        return <Stopped why="broken" code={phase.code} />;
      case "ready":
        return <Inside landing={landing} />;
    }
  }
}
