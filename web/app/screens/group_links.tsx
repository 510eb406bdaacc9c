/** Links by which people without an account ask to come into the calls of a group. */

import { useCallback, useEffect, useState } from "react";
import { date, say, timeOfDay } from "../i18n/text.ts";
import type { CallLinkView, GroupView } from "../model_groups.ts";
import { useModel } from "../model_hooks.tsx";
import { CopyBtn } from "../ui/copy.tsx";
import { Failed } from "../ui/failed.tsx";
import { Choice, Toggle } from "../ui/fields.tsx";
import { Btn } from "../ui/parts.tsx";
import { Sheet } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";

const HOURS = { day: 24, week: 168, month: 720 } as const;

type Span = keyof typeof HOURS;

const SPANS: readonly Span[] = ["day", "week", "month"];

export function GroupLinks({ group, onClose }: { group: GroupView; onClose: () => void }) {
  const { groups } = useModel();
  const [links, setLinks] = useState<readonly CallLinkView[]>();
  const [once, setOnce] = useState(true);
  const [span, setSpan] = useState<Span>("day");
  const task = useTask();
  const { run } = task;
  const look = useCallback(async () => setLinks(await groups.links(group.id)), [groups, group.id]);
  useEffect(() => {
    void run(look);
  }, [run, look]);
  const make = () =>
    void run(async () => {
      await groups.makeLink(group.id, { once, hours: HOURS[span] });
      await look();
    });
  const withdraw = (link: CallLinkView) =>
    void run(async () => {
      await groups.withdrawLink(link);
      await look();
    });
  return (
    <Sheet title={say("link.title")} onClose={onClose}>
      <p>{say("link.lead")}</p>
      <div className="card rows">
        <Toggle label={say("link.once")} help={say("link.onceHelp")} on={once} onChange={setOnce} />
      </div>
      <Choice
        label={say("link.good")}
        row
        value={span}
        onChange={setSpan}
        options={SPANS.map((value) => ({ value, label: say(`link.${value}`) }))}
      />
      <div className="actions">
        <Btn look="primary" icon="plus" busy={task.busy} onPress={make}>
          {say("link.make")}
        </Btn>
      </div>
      <Failed task={task} />
      <h3>{say("link.here")}</h3>
      {links?.length === 0 && <p className="help">{say("link.none")}</p>}
      <ul className="stack">
        {links?.map((link) => (
          <li key={link.link} className="card stack tight">
            <p>{say(link.once ? "link.untilOnce" : "link.until", { time: whenOf(link) })}</p>
            <div className="actions">
              <CopyBtn text={link.link} label={say("link.copy")} look="primary" />
              <Btn busy={task.busy} onPress={() => withdraw(link)}>
                {say("link.withdraw")}
              </Btn>
            </div>
          </li>
        ))}
      </ul>
    </Sheet>
  );
}

function whenOf({ expiresAt }: CallLinkView): string {
  return `${date(expiresAt)}, ${timeOfDay(expiresAt)}`;
}
