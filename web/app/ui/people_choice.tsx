/** Some of several people, each with a switch. */

import type { ReactNode } from "react";
import type { Person, PersonId } from "../model.ts";
import { Toggle } from "./fields.tsx";
import { Name } from "./parts.tsx";

export function PeopleChoice(props: {
  people: readonly Person[];
  chosen: ReadonlySet<PersonId>;
  onChange: (chosen: ReadonlySet<PersonId>) => void;
  /** For whom it is done already: they cannot be chosen any more. */
  done?: ReadonlySet<PersonId>;
  /** What stands below a name. */
  help?: (person: Person) => ReactNode;
}) {
  const { chosen, done } = props;
  const choose = (id: PersonId, on: boolean) => {
    const next = new Set(chosen);
    if (on) next.add(id);
    else next.delete(id);
    props.onChange(next);
  };
  return (
    <div className="card rows">
      {props.people.map((person) => {
        const { id, name } = person;
        const isDone = done?.has(id) ?? false;
        return (
          <Toggle
            key={id}
            label={<Name of={name} />}
            help={props.help?.(person)}
            on={chosen.has(id) || isDone}
            disabled={isDone}
            onChange={(on) => choose(id, on)}
          />
        );
      })}
    </div>
  );
}
