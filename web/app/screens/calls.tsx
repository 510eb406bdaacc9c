/** All calls that are kept: found as one types, by day or by person. Works without the server. */

import { type ReactNode, useDeferredValue, useMemo, useState } from "react";
import "./calls.css";
import { ToggleButton } from "react-aria-components/ToggleButton";
import { equal, fromHex } from "../../core/bytes.ts";
import { nameOf } from "../../core/call_page.ts";
import type { Wanted } from "../../core/call_search.ts";
import { AccountId } from "../../core/ids.ts";
import { type Key, say } from "../i18n/text.ts";
import { Icon } from "../icons.tsx";
import type { PersonId } from "../model.ts";
import type { CallEntry } from "../model_history.ts";
import { useAppState, useRecording } from "../model_hooks.tsx";
import { back, go } from "../router.ts";
import { type By, useCalls, useNames, wantedOf } from "../ui/calls_found.ts";
import { Mark } from "../ui/faces.tsx";
import { Choice } from "../ui/fields.tsx";
import { Btn, IconBtn, Title } from "../ui/parts.tsx";
import { Select } from "../ui/select.tsx";
import { WindowList } from "../ui/window_list.tsx";
import { CallSheet } from "./call_sheet.tsx";
import { Export } from "./calls_export.tsx";
import { DayRow, EntryRow, PersonRow } from "./calls_rows.tsx";
import { Wishes } from "./wishes.tsx";

export type Filters = Readonly<Partial<Pick<Wanted, "text" | "missed" | "pinned" | "media">>>;

export default function CallsScreen(props: {
  person?: PersonId;
  /** What is looked for at first. */
  first?: Filters;
  by?: By;
}) {
  const { entries } = useAppState((state) => state.history);
  const holdsReceipts = useRecording()?.keeps ?? false;
  const [filters, setFilters] = useState<Filters>(props.first ?? {});
  const [person, setPerson] = useState(props.person ?? "");
  const [by, setBy] = useState<By>(props.by ?? "day");
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [shown, setShown] = useState<CallEntry>();
  const [exporting, setExporting] = useState(false);
  const wanted = useMemo(() => {
    const contact = person === "" ? null : new AccountId(fromHex(person));
    return wantedOf({ ...filters, contact });
  }, [filters, person]);
  const look = useCalls(wanted, by, open);
  // As it is now; or as it was, if it went while it is looked at: the sheet says so.
  const entry = useMemo(
    () => shown && (entries.find(({ call }) => equal(call, shown.call)) ?? shown),
    [entries, shown],
  );
  const flip = (key: string) => {
    const next = new Set(open);
    if (!next.delete(key)) next.add(key);
    setOpen(next);
  };
  return (
    <section className="calls">
      <header className="page-bar">
        <IconBtn label={say("do.back")} icon="back" onPress={back} />
        <Title>{say("home.calls")}</Title>
        <IconBtn
          label={say("insights.title")}
          icon="chart"
          onPress={() => go({ at: "insights" })}
        />
        {holdsReceipts && (
          <IconBtn
            label={say("receipts.title")}
            icon="file"
            onPress={() => go({ at: "receipts" })}
          />
        )}
        <IconBtn label={say("export.title")} icon="download" onPress={() => setExporting(true)} />
        <IconBtn
          label={say("keeping.title")}
          icon="settings"
          onPress={() => go({ at: "keeping" })}
        />
      </header>
      <Wishes />
      {entries.length === 0 ? (
        <Nothing />
      ) : (
        <>
          <Tools filters={filters} setFilters={setFilters} by={by} setBy={setBy}>
            <PersonPick person={person} setPerson={setPerson} />
          </Tools>
          <p className="calls-found" role="status">
            {look.found === undefined
              ? say("calls.looking")
              : say("calls.found", { count: look.found })}
          </p>
          {look.rows.length > 0 && (
            <WindowList
              label={say("home.calls")}
              rows={look.rows}
              size={look.found === undefined ? -1 : (look.rows.at(-1)?.position ?? 0)}
              of={wanted}
            >
              {(row, passed) => {
                if (row.kind === "day") return <DayRow at={row.at} />;
                if (row.kind === "person") {
                  return (
                    <PersonRow
                      row={row}
                      counts={look.found !== undefined}
                      passed={passed}
                      onPress={() => flip(row.person)}
                    />
                  );
                }
                return <EntryRow row={row} passed={passed} onPress={() => setShown(row.entry)} />;
              }}
            </WindowList>
          )}
          {look.found === 0 && (
            <div className="calls-none">
              <p className="soft">{say("calls.noneFound")}</p>
              <Btn
                onPress={() => {
                  setFilters({});
                  setPerson("");
                }}
              >
                {say("calls.showAll")}
              </Btn>
            </div>
          )}
        </>
      )}
      {entry && <CallSheet entry={entry} onClose={() => setShown(undefined)} />}
      {exporting && <Export found={look.all()} all={entries} onClose={() => setExporting(false)} />}
    </section>
  );
}

function Nothing() {
  const keep = useAppState((state) => state.history.settings.keep);
  return (
    <div className="empty">
      <Mark big />
      <p className="empty-title">{say(keep === 0 ? "calls.off" : "calls.empty")}</p>
      <p className="soft">{say(keep === 0 ? "calls.offLead" : "calls.emptyLead")}</p>
      <Btn look="quiet" onPress={() => go({ at: "keeping" })}>
        {say("keeping.title")}
      </Btn>
    </div>
  );
}

const FLAGS = ["missed", "pinned"] as const;
const MEDIA = ["voice", "video"] as const;
const MEDIA_WORDS = { voice: "calls.voice", video: "calls.video" } as const;
const BY_WORDS = { day: "calls.byDay", person: "calls.byPerson" } as const satisfies Record<
  By,
  Key
>;

function Tools(props: {
  filters: Filters;
  setFilters: (filters: Filters) => void;
  by: By;
  setBy: (by: By) => void;
  children: ReactNode;
}) {
  const { filters, setFilters } = props;
  return (
    <search className="calls-tools">
      <label className="field-box calls-search">
        <span className="unseen">{say("calls.search")}</span>
        <Icon name="search" />
        <input
          className="input"
          type="search"
          placeholder={say("calls.search")}
          value={filters.text ?? ""}
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => setFilters({ ...filters, text: event.target.value })}
        />
      </label>
      <fieldset className="chips">
        <legend className="unseen">{say("calls.only")}</legend>
        {FLAGS.map((flag) => (
          <ToggleButton
            key={flag}
            className="chip"
            isSelected={filters[flag] ?? false}
            onChange={(on) => setFilters({ ...filters, [flag]: on })}
          >
            {filters[flag] && <Icon name="check" small />}
            {say(`calls.${flag}`)}
          </ToggleButton>
        ))}
        {MEDIA.map((media) => (
          <ToggleButton
            key={media}
            className="chip"
            isSelected={filters.media === media}
            onChange={(on) => setFilters({ ...filters, media: on ? media : null } as Filters)}
          >
            {filters.media === media && <Icon name="check" small />}
            {say(MEDIA_WORDS[media])}
          </ToggleButton>
        ))}
      </fieldset>
      <div className="calls-group">
        {props.children}
        <Choice
          label={say("calls.by")}
          quietLabel
          row
          value={props.by}
          onChange={props.setBy}
          options={(["day", "person"] as const).map((value) => ({
            value,
            label: say(BY_WORDS[value]),
          }))}
        />
      </div>
    </search>
  );
}

/** Contacts there are calls with; looked for once the first calls are seen. */
function PersonPick(props: { person: string; setPerson: (person: string) => void }) {
  const entries = useDeferredValue(
    useAppState((state) => state.history.entries),
    [],
  );
  const names = useNames();
  const known = useMemo(() => {
    const keys = new Set(entries.flatMap(({ members }) => members.map(nameOf)));
    if (props.person !== "") keys.add(props.person);
    return [...keys]
      .map((key) => [key, names.get(key) ?? ""] as const)
      .filter(([, name]) => name !== "")
      .toSorted(([, one], [, other]) => one.localeCompare(other));
  }, [entries, names, props.person]);
  return (
    <Select
      label={say("calls.with")}
      quiet
      value={props.person}
      onChange={props.setPerson}
      options={[["", say("calls.everybody")], ...known]}
    />
  );
}
