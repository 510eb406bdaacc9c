/** One contact: how sure we are of them, and how to let go of them. */

import { useState } from "react";
import { date, say } from "../i18n/text.ts";
import type { PersonId } from "../model.ts";
import { useModel, usePerson } from "../model_hooks.tsx";
import { go, replace } from "../router.ts";
import { Face } from "../ui/faces.tsx";
import { Failed } from "../ui/failed.tsx";
import { Btn, Name, Named, Note, Page, Way } from "../ui/parts.tsx";
import { Ask } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";
import { Changed } from "./changed.tsx";
import { PersonCalls } from "./person_calls.tsx";
import { GroupRule, RulesCard } from "./rules.tsx";

export default function PersonScreen({ id }: { id: PersonId }) {
  const { people } = useModel();
  const person = usePerson(id);
  const [asking, setAsking] = useState(false);
  const [blocking, setBlocking] = useState(false);
  const [deciding, setDeciding] = useState(false);
  const task = useTask();
  if (person === undefined) return <section className="page" />;
  const blocked = person.state === "blocked";
  return (
    <Page
      face={<Face person={person} size="xl" />}
      title={<Name of={person.name} />}
      lead={say("details.devices", { count: person.devices })}
    >
      <div className="person-card">
        {person.state === "contact" && (
          <div className="actions">
            <Btn icon="phone" onPress={() => go({ at: "preview", id, media: "voice" })}>
              {say("thread.voice")}
            </Btn>
            <Btn icon="video" onPress={() => go({ at: "preview", id, media: "video" })}>
              {say("thread.video")}
            </Btn>
          </div>
        )}
      </div>
      {person.state === "changed" && (
        <Note
          tone="danger"
          action={<Btn onPress={() => setDeciding(true)}>{say("changed.decide")}</Btn>}
        >
          {say("changed.banner")}
        </Note>
      )}
      {person.resembles && (
        <Note tone="warm" icon="alert">
          <Named k="incoming.resembles" name={person.resembles} />
        </Note>
      )}
      <div className="ways">
        <Way
          icon="shield"
          title={say("safety.title")}
          help={say(person.verified ? "person.verified" : "person.unverified")}
          onPress={() => go({ at: "safety", id })}
        />
      </div>
      {person.state !== "blocked" && <RulesCard person={person} />}
      {person.state !== "blocked" && <GroupRule person={person} />}
      <PersonCalls person={person} />
      <dl className="card rows facts">
        <div>
          <dt>{say("security.identity")}</dt>
          <dd>
            {person.since === undefined
              ? say("details.sinceUnknown")
              : say("details.since", { date: date(person.since) })}
          </dd>
          {person.byHandle && <dd>{say("details.byHandle")}</dd>}
        </div>
      </dl>
      <div className="actions">
        <Btn
          icon="block"
          busy={task.busy}
          onPress={() =>
            blocked ? void task.run(() => people.setBlocked(id, false)) : setBlocking(true)
          }
        >
          {say(blocked ? "details.unblock" : "details.block")}
        </Btn>
        <Btn look="danger" icon="trash" onPress={() => setAsking(true)}>
          {say("details.forget")}
        </Btn>
      </div>
      <Failed task={task} />
      {blocking && (
        <Ask
          title={<Named k="details.blockSure" name={person.name} />}
          text={say("details.blockText")}
          onClose={() => setBlocking(false)}
          yes={
            <>
              <Btn onPress={() => setBlocking(false)}>{say("do.cancel")}</Btn>
              <Btn
                look="danger"
                icon="block"
                busy={task.busy}
                onPress={() =>
                  void task.run(() => people.setBlocked(id, true)).then(() => setBlocking(false))
                }
              >
                {say("details.block")}
              </Btn>
            </>
          }
        />
      )}
      {asking && (
        <Ask
          title={<Named k="details.forgetSure" name={person.name} />}
          text={say("details.forgetText")}
          onClose={() => setAsking(false)}
          yes={
            <>
              <Btn onPress={() => setAsking(false)}>{say("do.cancel")}</Btn>
              <Btn
                look="danger"
                busy={task.busy}
                onPress={() =>
                  void task.run(async () => {
                    await people.forget(id);
                    replace({ at: "home" });
                  })
                }
              >
                {say("details.forget")}
              </Btn>
            </>
          }
        />
      )}
      {deciding && <Changed person={person} onClose={() => setDeciding(false)} />}
    </Page>
  );
}
