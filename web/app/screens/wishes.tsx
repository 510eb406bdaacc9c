/** Calls that contacts wish deleted here: the person decides, and nobody is told what. */

import { say } from "../i18n/text.ts";
import type { Person } from "../model.ts";
import type { Wish } from "../model_history.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import { Failed } from "../ui/failed.tsx";
import { Btn, Named, Note } from "../ui/parts.tsx";
import { useTask } from "../ui/task.ts";

export function Wishes() {
  const wishes = useAppState((state) => state.history.wishes);
  const people = useAppState((state) => state.people);
  if (wishes.length === 0) return null;
  return (
    <div className="wishes">
      {wishes.map((wish) => {
        const person = people.find(({ id }) => id === wish.person);
        return person && <WishNote key={wish.person} wish={wish} person={person} />;
      })}
    </div>
  );
}

function WishNote({ wish, person }: { wish: Wish; person: Person }) {
  const { history } = useModel();
  const task = useTask();
  const answer = (remove: boolean) => void task.run(() => history.answerWish(person.id, remove));
  return (
    <Note
      tone="warm"
      icon="inbox"
      title={<Named k="wish.title" name={person.name} />}
      action={
        <span className="row">
          <Btn busy={task.busy} onPress={() => answer(false)}>
            {say("wish.keep")}
          </Btn>
          <Btn busy={task.busy} onPress={() => answer(true)}>
            {say("wish.delete", { count: wish.calls })}
          </Btn>
        </span>
      }
    >
      {say("wish.text", { count: wish.calls })}
      <Failed task={task} />
    </Note>
  );
}
