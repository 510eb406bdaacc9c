/** Who waits for a tap: people who would become contacts, and contacts who ask us into groups. */

import { useState } from "react";
import { say, sayWith } from "../i18n/text.ts";
import type { Request } from "../model.ts";
import type { GroupInvite } from "../model_groups.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import { resembles } from "../names.ts";
import { Face } from "../ui/faces.tsx";
import { Failed } from "../ui/failed.tsx";
import { Btn, Name, Named, Note, Page } from "../ui/parts.tsx";
import { useTask } from "../ui/task.ts";

export default function Requests() {
  const requests = useAppState((state) => state.requests);
  const invites = useAppState((state) => state.groups.invites);
  // Until we are let in nothing else shows that we said yes.
  const [accepted, setAccepted] = useState<readonly GroupInvite[]>([]);
  const isEmpty = requests.length + invites.length + accepted.length === 0;
  return (
    <Page title={say("requests.title")}>
      {isEmpty && <p className="soft">{say("requests.empty")}</p>}
      {accepted.map((invite) => (
        <Note key={invite.id} tone="good" live>
          {sayInvite("group.saidYes", invite)}
        </Note>
      ))}
      {invites.length > 0 && (
        <ul className="stack">
          {invites.map((invite) => (
            <Asked
              key={invite.id}
              invite={invite}
              onAccepted={() => setAccepted((before) => [...before, invite])}
            />
          ))}
        </ul>
      )}
      {requests.length > 0 && (
        <>
          <ul className="stack">
            {requests.map((request) => (
              <Waiting key={request.id} request={request} />
            ))}
          </ul>
          <Note>{say("requests.note")}</Note>
        </>
      )}
    </Page>
  );
}

/** Say who asks us into what. */
function sayInvite(key: "group.asksYou" | "group.saidYes", { name, inviter }: GroupInvite) {
  return sayWith(key, {
    who: <Name key="who" of={inviter.name} />,
    name: <Name key="name" of={name} />,
  });
}

function Asked({ invite, onAccepted }: { invite: GroupInvite; onAccepted: () => void }) {
  const { groups } = useModel();
  const task = useTask();
  const accept = () =>
    void task.run(() => groups.accept(invite)).then((isDone) => isDone && onAccepted());
  return (
    <li className="card request">
      <div className="row">
        <Face person={invite.inviter} />
        <div className="grow">
          <h2>{sayInvite("group.asksYou", invite)}</h2>
          <p className="help">{say("group.peopleIn", { count: invite.members })}</p>
        </div>
      </div>
      <p className="help">{say("group.asksNote")}</p>
      <Failed task={task} />
      <div className="actions">
        <Btn busy={task.busy} onPress={() => void task.run(() => groups.decline(invite))}>
          {say("requests.decline")}
        </Btn>
        <Btn look="primary" busy={task.busy} onPress={accept}>
          {say("group.sayYes")}
        </Btn>
      </div>
    </li>
  );
}

function Waiting({ request }: { request: Request }) {
  const { people } = useModel();
  const known = useAppState((state) => state.people);
  const awaited = useAppState((state) => state.awaited);
  const task = useTask();
  const others = [...known, ...awaited].filter(({ id }) => id !== request.id);
  const alike = others.find(({ name }) => resembles(name, request.name));
  return (
    <li className="card request">
      <div className="row">
        <Face person={{ ...request, verified: false }} />
        <div className="grow">
          <h2>
            <Name of={request.name} />
          </h2>
          <p className="help">{say(request.byHandle ? "requests.byHandle" : "requests.byLink")}</p>
        </div>
      </div>
      {request.was !== "" && (
        <Note icon="person">
          <Named k="requests.was" name={request.was} />
        </Note>
      )}
      {alike && (
        <Note tone="warm" icon="alert">
          <Named k="requests.resembles" name={alike.name} />
        </Note>
      )}
      <Failed task={task} />
      <div className="actions">
        <Btn busy={task.busy} onPress={() => void task.run(() => people.decline(request))}>
          {say("requests.decline")}
        </Btn>
        <Btn
          look="primary"
          busy={task.busy}
          onPress={() => void task.run(() => people.approve(request))}
        >
          {say("requests.accept")}
        </Btn>
      </div>
    </li>
  );
}
