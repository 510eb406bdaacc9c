/** Which camera, microphone and speaker; and what keeps one from being used. */

import { type Key, say } from "../i18n/text.ts";
import type { DeskDevice, Input } from "../model.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import { plainName } from "../names.ts";
import { Choice } from "./fields.tsx";
import { Note } from "./parts.tsx";
import { Level } from "./picture.tsx";

const KINDS = ["camera", "microphone", "speaker"] as const;

type Kind = (typeof KINDS)[number];

export function DeskChoices({ kinds = KINDS }: { kinds?: readonly Kind[] }) {
  const { calls } = useModel();
  const desk = useAppState((state) => state.desk);
  const lists: Readonly<Record<Kind, readonly DeskDevice[]>> = {
    camera: desk.cameras,
    microphone: desk.microphones,
    speaker: desk.speakers,
  };
  return kinds.map((kind) => (
    <div key={kind} className="stack tight">
      {lists[kind].length > 0 && (
        <Choice
          label={say(`desk.${kind}`)}
          value={desk[kind] ?? lists[kind][0]?.id}
          onChange={(id) => void calls.choose(kind, id)}
          options={lists[kind].map((device, i) => ({
            value: device.id,
            label: (
              <bdi>
                {device.label === ""
                  ? say("desk.unnamed", { kind: say(`desk.${kind}`), number: i + 1 })
                  : plainName(device.label)}
              </bdi>
            ),
          }))}
        />
      )}
      {kind === "microphone" && desk.micOn && <Level />}
    </div>
  ));
}

export function DeskTroubles({ of = ["camera", "microphone"] }: { of?: readonly Input[] }) {
  const { cameraTrouble, micTrouble } = useAppState((state) => state.desk);
  const keys: readonly Key[] = [
    ...(of.includes("camera") && cameraTrouble ? [`desk.camera.${cameraTrouble}` as const] : []),
    ...(of.includes("microphone") && micTrouble ? [`desk.microphone.${micTrouble}` as const] : []),
  ];
  return keys.map((key) => (
    <Note key={key} tone="warm" live>
      {say(key)}
    </Note>
  ));
}
