/** What the law says where people are, to read. Here everybody is asked anyway, everywhere. */

import "./recording.css";
import { type Key, language, say } from "../i18n/text.ts";
import { LAW } from "../recording_law.ts";
import { Note } from "../ui/parts.tsx";
import { Sheet } from "../ui/sheet.tsx";

export default function RecordingLaw({ onClose }: { onClose: () => void }) {
  return (
    <Sheet title={say("law.title")} onClose={onClose}>
      <Note tone="good">{say("law.anyway")}</Note>
      <p className="soft">{say("law.lead")}</p>
      <p className="soft">{say("law.eu")}</p>
      <ul className="law">
        {LAW.map((row) => (
          <li key={row.place}>
            <h3>{placeName(row.place)}</h3>
            <p>{say(`law.rule.${row.rule}`)}</p>
            {row.standing !== "clear" && <p>{say(`law.${row.standing}`)}</p>}
            <p className="help">
              {row.cite !== "" && (
                <>
                  <bdi>{row.cite}</bdi>
                  {" · "}
                </>
              )}
              {say("law.source", { source: row.source, month: monthName(row.read) })}
            </p>
          </li>
        ))}
      </ul>
    </Sheet>
  );
}

/** Return the name of a country; a part of one has its name in our words. */
export function placeName(place: string): string {
  const countries = new Intl.DisplayNames(language(), { type: "region" });
  const [country = place, part] = place.split("-");
  const name = countries.of(country) ?? country;
  if (place === "US") return say("law.federal", { country: name });
  return part === undefined ? name : `${say(`law.place.${place}` as Key)}, ${name}`;
}

function monthName(month: string): string {
  const form = { month: "long", year: "numeric", timeZone: "UTC" } as const;
  return new Intl.DateTimeFormat(language(), form).format(new Date(`${month}-01T00:00:00Z`));
}
