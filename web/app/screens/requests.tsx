/** Who waits for a tap. */

import { say } from "../i18n/text.ts";
import type { Request } from "../model.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import { resembles } from "../names.ts";
import { Face } from "../ui/faces.tsx";
import { Failed } from "../ui/failed.tsx";
import { Btn, Name, Named, Note, Page } from "../ui/parts.tsx";
import { useTask } from "../ui/task.ts";

export default function Requests() {
  const requests = useAppState((state) => state.requests);
  return (
    <Page title={say("requests.title")}>
      {requests.length === 0 ? (
        <p className="soft">{say("requests.empty")}</p>
      ) : (
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

function Waiting({ request }: { request: Request }) {
  const { people } = useModel();
  const known = useAppState((state) => state.people);
  const task = useTask();
  const alike = known.find((person) => resembles(person.name, request.name));
  const face = {
    ...request,
    state: "contact",
    verified: false,
    devices: 0,
    since: undefined,
    resembles: undefined,
    rules: { calls: "video", hours: undefined, seesRinging: false, direct: false },
  } as const;
  return (
    <li className="card request">
      <div className="row">
        <Face person={face} />
        <div className="grow">
          <h2>
            <Name of={request.name} />
          </h2>
          <p className="help">{say(request.byHandle ? "requests.byHandle" : "requests.byLink")}</p>
        </div>
      </div>
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
