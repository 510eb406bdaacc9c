/**
 * Inside the profile: conversations on one side, what is open on the other, and above both whatever
 * rings or is being talked in. A phone shows one of the two.
 */

import { lazy, memo, Suspense, useEffect, useState } from "react";
import "./inside.css";
import "./pages.css";
import { say } from "../i18n/text.ts";
import type { Landing } from "../landing.ts";
import type { Alert } from "../model.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import { useRinging } from "../ringing.ts";
import { go, type Route, replace, useRoute } from "../router.ts";
import { Boundary } from "../ui/boundary.tsx";
import { Mark } from "../ui/faces.tsx";
import { Btn, IconBtn, Note } from "../ui/parts.tsx";
import { Home } from "./home.tsx";

const Thread = lazy(() => import("./thread.tsx"));
const Person = lazy(() => import("./person.tsx"));
const Safety = lazy(() => import("./safety.tsx"));
const Preview = lazy(() => import("./preview.tsx"));
const Add = lazy(() => import("./add.tsx"));
const Invite = lazy(() => import("./invite.tsx"));
const Join = lazy(() => import("./join.tsx"));
const Scan = lazy(() => import("./scan.tsx"));
const ByHandle = lazy(() => import("./by_handle.tsx"));
const Requests = lazy(() => import("./requests.tsx"));
const Devices = lazy(() => import("./devices.tsx"));
const LinkDevice = lazy(() => import("./link_device.tsx"));
const Settings = lazy(() => import("./settings.tsx"));
const ChangePassword = lazy(() => import("./change_password.tsx"));
const Passkeys = lazy(() => import("./passkeys.tsx"));
const Passphrase = lazy(() => import("./passphrase.tsx"));
const Push = lazy(() => import("./push.tsx"));
const Recipients = lazy(() => import("./recipients.tsx"));
const Doctor = lazy(() => import("./doctor.tsx"));
const Permissions = lazy(() => import("./permissions.tsx"));
const Hacked = lazy(() => import("./hacked.tsx"));
const Incoming = lazy(() => import("./incoming.tsx"));
const Call = lazy(() => import("./call.tsx"));

export default function Inside({ landing }: { landing: Landing }) {
  const route = useRoute();
  // Not the call itself: it changes many times a second while it comes to stand.
  const calling = useAppState((state) => state.call !== undefined);
  const [aside, setAside] = useState(false);
  useEffect(() => {
    if (landing.kind === "invite") replace({ at: "join", link: landing.link });
    if (landing.kind === "pair") replace({ at: "link", link: landing.link });
  }, [landing]);
  useEffect(() => {
    if (!calling) setAside(false);
  }, [calling]);

  const inCall = calling && !aside;
  return (
    <>
      <div className={`shell ${route.at === "home" ? "at-home" : "at-page"}`} inert={inCall}>
        <Banners />
        {calling && aside && (
          <div className="call-strip">
            <Btn look="warm" icon="phone" wide onPress={() => setAside(false)}>
              {say("call.back")}
            </Btn>
          </div>
        )}
        <Panes route={route} />
      </div>
      <Calls aside={aside} setAside={setAside} />
    </>
  );
}

/** What lies behind a call: drawn again when one goes elsewhere, not when a call moves on. */
const Panes = memo(({ route }: { route: Route }) => (
  <main className="panes">
    <div className="pane-list">
      <Home selected={"id" in route ? route.id : undefined} first={route.at === "home"} />
    </div>
    <div className="pane-page">
      <Suspense fallback={<div className="page" data-loading="" />}>
        <Boundary key={keyOf(route)}>
          <Screen route={route} />
        </Boundary>
      </Suspense>
    </div>
  </main>
));

/** The call, and what rings. */
function Calls(props: { aside: boolean; setAside: (aside: boolean) => void }) {
  const incoming = useAppState((state) => state.incoming);
  const call = useAppState((state) => state.call);
  useRinging();
  return (
    <Suspense fallback={<div className="room-cover" data-loading="" />}>
      {call && !props.aside && (
        <Call call={call} onChat={() => props.setAside(openChat(call.person.id))} />
      )}
      {incoming && <Incoming incoming={incoming} />}
    </Suspense>
  );
}

function openChat(id: string): true {
  go({ at: "thread", id });
  return true;
}

function keyOf(route: Route): string {
  return "id" in route ? `${route.at} ${route.id}` : route.at;
}

function Screen({ route }: { route: Route }) {
  switch (route.at) {
    case "home":
      return <Nothing />;
    case "thread":
      return <Thread id={route.id} />;
    case "person":
      return <Person id={route.id} />;
    case "safety":
      return <Safety id={route.id} />;
    case "preview":
      return <Preview id={route.id} media={route.media} />;
    case "add":
      return <Add />;
    case "invite":
      return <Invite />;
    case "join":
      return <Join link={route.link} />;
    case "scan":
      return <Scan />;
    case "handle":
      return <ByHandle />;
    case "requests":
      return <Requests />;
    case "devices":
      return <Devices />;
    case "link":
      return <LinkDevice link={route.link} />;
    case "settings":
      return <Settings />;
    case "password":
      return <ChangePassword />;
    case "passkeys":
      return <Passkeys />;
    case "passphrase":
      return <Passphrase />;
    case "push":
      return <Push />;
    case "recipients":
      return <Recipients />;
    case "doctor":
      return <Doctor />;
    case "permissions":
      return <Permissions />;
    case "hacked":
      return <Hacked />;
  }
}

function Nothing() {
  const alone = useAppState((state) => state.people.length === 0);
  if (alone) {
    return (
      <section className="nothing">
        <Mark big />
      </section>
    );
  }
  return (
    <section className="nothing">
      <Mark big />
      <p className="nothing-title">{say("home.pick")}</p>
      <p className="soft">{say("home.pickLead")}</p>
    </section>
  );
}

function Banners() {
  const connection = useAppState((state) => state.connection);
  const alert = useAppState((state) =>
    state.alerts.find((one) => one.what === "ownDeviceAdded" || one.what.endsWith("RolledBack")),
  );
  return (
    <div className="banners">
      {connection === "offline" && (
        <div className="offline" role="status">
          {say("net.offline")}
        </div>
      )}
      {alert && <AlertNote alert={alert} />}
    </div>
  );
}

function AlertNote({ alert }: { alert: Alert }) {
  const { people } = useModel();
  const device = alert.what === "ownDeviceAdded";
  return (
    <Note
      tone="warm"
      live
      icon={device ? "devices" : "alert"}
      title={say(device ? "alert.newDevice" : `event.${alert.what}`)}
      action={
        <span className="row">
          {device && <Btn onPress={() => go({ at: "devices" })}>{say("alert.look")}</Btn>}
          <IconBtn
            label={say("do.dismiss")}
            icon="close"
            onPress={() => people.dismissAlert(alert.id)}
          />
        </span>
      }
    >
      {device && say("alert.newDeviceLead")}
    </Note>
  );
}
