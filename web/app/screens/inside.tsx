/**
 * Inside the profile: conversations on one side, what is open on the other, and above both whatever
 * rings or is being talked in. A phone shows one of the two.
 */

import { memo, Suspense, useEffect, useState } from "react";
import "./inside.css";
import "./pages.css";
import { later, say, sayWith } from "../i18n/text.ts";
import type { Landing } from "../landing.ts";
import type { Alert } from "../model.ts";
import { useAppState, useInCall, useModel, useRecording } from "../model_hooks.tsx";
import { plainName } from "../names.ts";
import { useRinging } from "../ringing.ts";
import { go, type Route, replace, useRoute } from "../router.ts";
import { Boundary } from "../ui/boundary.tsx";
import { Mark } from "../ui/faces.tsx";
import { Btn, IconBtn, Note } from "../ui/parts.tsx";
import { screen } from "../ui/screen.tsx";
import { Home } from "./home.tsx";
import { AskedAside } from "./recording_aside.tsx";

const Thread = screen(() => import("./thread.tsx"));
const Person = screen(() => later(() => import("./person.tsx")));
const Group = screen(() => later(() => import("./group.tsx")));
const Members = screen(() => later(() => import("./group_members.tsx")));
const NewGroup = screen(() => later(() => import("./new_group.tsx")));
const Safety = screen(() => import("./safety.tsx"));
const Preview = screen(() => import("./preview.tsx"));
const GroupPreview = screen(() => later(() => import("./group_preview.tsx")));
const History = screen(() => later(() => import("./calls.tsx")));
const Insights = screen(() => later(() => import("./insights.tsx")));
const Mirror = screen(() => later(() => import("./mirror.tsx")));
const Keeping = screen(() => later(() => import("./keeping.tsx")));
const YourData = screen(() => later(() => import("./your_data.tsx")));
const Move = screen(() => later(() => import("./move.tsx")));
const Awaited = screen(() => later(() => import("./awaited.tsx")));
const DataRows = screen(() => later(() => import("./data_rows.tsx")));
const Add = screen(() => later(() => import("./add.tsx")));
const Invite = screen(() => import("./invite.tsx"));
const Join = screen(() => import("./join.tsx"));
const Scan = screen(() => import("./scan.tsx"));
const ByHandle = screen(() => import("./by_handle.tsx"));
const Requests = screen(() => later(() => import("./requests.tsx")));
const Devices = screen(() => import("./devices.tsx"));
const LinkDevice = screen(() => import("./link_device.tsx"));
const Settings = screen(() => import("./settings.tsx"));
const ChangePassword = screen(() => import("./change_password.tsx"));
const Passkeys = screen(() => import("./passkeys.tsx"));
const Rename = screen(() => later(() => import("./rename.tsx")));
const Passphrase = screen(() => import("./passphrase.tsx"));
const Push = screen(() => import("./push.tsx"));
const Recipients = screen(() => import("./recipients.tsx"));
const Limits = screen(() => later(() => import("./limits.tsx")));
const Doctor = screen(() => import("./doctor.tsx"));
const Permissions = screen(() => import("./permissions.tsx"));
const Hacked = screen(() => import("./hacked.tsx"));
const Consents = screen(() => later(() => import("./consents.tsx")));
const CallReceipts = screen(() => later(() => import("./call_receipts.tsx")));
const Recordings = screen(() => later(() => import("./recordings.tsx")));
const Incoming = screen(() => import("./incoming.tsx"));
const Call = screen(() => import("./call.tsx"));
const GroupCall = screen(() => later(() => import("./group_call.tsx")));
const GroupIncoming = screen(() => later(() => import("./group_incoming.tsx")));

/** After so long on the first screen the code of what often comes next is fetched, and of what rings. */
const AHEAD_MS = 1000;
const NEXT = [Incoming, Thread, Preview, Call, History];
/** Only where they can be: with them comes English that others do without. */
const NEXT_GROUPS = [GroupIncoming, GroupCall];

export default function Inside({ landing }: { landing: Landing }) {
  const route = useRoute();
  // Not the call itself: it changes many times a second while it comes to stand.
  const calling = useInCall();
  const hasGroups = useAppState((state) => state.groups.all.length > 0);
  const [aside, setAside] = useState(false);
  useEffect(() => {
    if (landing.kind === "invite") replace({ at: "join", link: landing.link });
    if (landing.kind === "pair") replace({ at: "link", link: landing.link });
  }, [landing]);
  useEffect(() => {
    if (!calling) setAside(false);
  }, [calling]);
  useEffect(() => {
    const next = hasGroups ? [...NEXT, ...NEXT_GROUPS] : NEXT;
    const ahead = setTimeout(() => next.forEach((one) => void one.ahead()), AHEAD_MS);
    return () => clearTimeout(ahead);
  }, [hasGroups]);

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
            <AskedAside />
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
      <Home at={route} />
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
  const incomingGroup = useAppState((state) => state.incomingGroup);
  const groupCall = useAppState((state) => state.groupCall);
  useRinging();
  return (
    <Suspense fallback={<div className="room-cover" data-loading="" />}>
      {call && !props.aside && (
        <Call call={call} onChat={() => props.setAside(openChat(call.person.id))} />
      )}
      {groupCall && (
        <GroupCall call={groupCall} aside={props.aside} onAside={() => props.setAside(true)} />
      )}
      {incomingGroup && <GroupIncoming incoming={incomingGroup} />}
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
  const hasRecording = useRecording()?.keeps ?? false;
  switch (route.at) {
    case "home":
      return <Nothing />;
    case "thread":
      return <Thread id={route.id} />;
    case "person":
      return <Person id={route.id} />;
    case "group":
      return <Group id={route.id} />;
    case "members":
      return <Members id={route.id} />;
    case "newGroup":
      return <NewGroup />;
    case "safety":
      return <Safety id={route.id} />;
    case "groupPreview":
      return <GroupPreview id={route.id} media={route.media} />;
    case "preview":
      return <Preview id={route.id} media={route.media} />;
    case "calls":
      return <History />;
    case "callsWith":
      return <History person={route.id} />;
    case "insights":
      return <Insights />;
    case "mirror":
      return <Mirror />;
    case "keeping":
      return <Keeping />;
    case "data":
      return <YourData />;
    case "move":
      return <Move />;
    case "awaited":
      return <Awaited />;
    case "dataRows":
      return <DataRows kind={route.kind} inDays={route.inDays} />;
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
    case "rename":
      return <Rename />;
    case "passkeys":
      return <Passkeys />;
    case "passphrase":
      return <Passphrase />;
    case "push":
      return <Push />;
    case "recipients":
      return <Recipients />;
    case "limits":
      return <Limits />;
    case "doctor":
      return <Doctor />;
    case "permissions":
      return <Permissions />;
    case "hacked":
      return <Hacked />;
    case "consents":
      return hasRecording ? <Consents /> : <Nothing />;
    case "receipts":
      return hasRecording ? <CallReceipts /> : <Nothing />;
    case "recordings":
      return hasRecording ? <Recordings /> : <Nothing />;
  }
}

function Nothing() {
  const alone = useAppState((state) => state.people.length + state.groups.all.length === 0);
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

const SHOWN: ReadonlySet<Alert["what"]> = new Set(["ownDeviceAdded", "ownHandleChanged"]);

function Banners() {
  const connection = useAppState((state) => state.connection);
  const alert = useAppState((state) =>
    state.alerts.find((one) => SHOWN.has(one.what) || one.what.endsWith("RolledBack")),
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
          {alert.names && (
            <Btn onPress={() => go({ at: "password" })}>{say("settings.password")}</Btn>
          )}
          <IconBtn
            label={say("do.dismiss")}
            icon="close"
            onPress={() => people.dismissAlert(alert.id)}
          />
        </span>
      }
    >
      {device && say("alert.newDeviceLead")}
      {alert.names &&
        sayWith("alert.ownHandle", { name: <bdi>{plainName(alert.names.name)}</bdi> })}
    </Note>
  );
}
