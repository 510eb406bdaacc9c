/**
 * Plays a recording from its parts: one clock, and for each member's track the part that is on, with
 * the next one opened ahead. Opening a part fetches its share of the key, which is kept nowhere; so
 * what somebody has withdrawn does not play.
 */

import { useEffect, useMemo, useRef, useState } from "react";
import { clock, say } from "../i18n/text.ts";
import type { Part } from "../model_recording.ts";
import { DRIFT_S, lengthOf, openAt, partAt, type Track, tracksOf } from "../recording_play.ts";
import { useBlobUrl } from "../ui/blob_url.ts";
import { Failed } from "../ui/failed.tsx";
import { Btn, Name, Note } from "../ui/parts.tsx";
import { type Task, useTask } from "../ui/task.ts";

const TICK_MS = 100;
const STEP_S = 1;

export function Player({ parts }: { parts: readonly Part[] }) {
  const tracks = useMemo(() => tracksOf(parts), [parts]);
  const length = useMemo(() => lengthOf(parts), [parts]);
  const [time, setTime] = useState(0);
  const [playing, setPlaying] = useState(false);
  const task = useTask();
  const opened = useOpened(tracks, time, task);
  // Time stands still until everything that is on is open: nobody is heard before the others.
  const waits = tracks.some((track) => {
    const now = partAt(track, time);
    return now !== undefined && !opened.has(now.id);
  });
  const runs = playing && !waits;
  useEffect(() => {
    if (!runs) return;
    let before = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      const passed = (now - before) / 1000;
      before = now;
      setTime((at) => Math.min(length, at + passed));
    }, TICK_MS);
    return () => clearInterval(timer);
  }, [runs, length]);
  const isOver = time >= length;
  useEffect(() => {
    if (isOver) setPlaying(false);
  }, [isOver]);
  if (parts.length === 0) return <Note>{say("recordings.nothing")}</Note>;
  const seen = tracks.filter(({ kind }) => kind !== "audio");
  return (
    <div className="player">
      {seen.length > 0 && (
        <ul className="player-pictures">
          {seen.map((track) => (
            <li key={track.key}>
              <TrackOn track={track} time={time} runs={runs} opened={opened} />
              <span className="help">
                <Name of={track.name} />
                {track.kind === "screen" && ` · ${say("kind.screen")}`}
              </span>
            </li>
          ))}
        </ul>
      )}
      {tracks
        .filter(({ kind }) => kind === "audio")
        .map((track) => (
          <TrackOn key={track.key} track={track} time={time} runs={runs} opened={opened} />
        ))}
      <label className="player-at">
        <span className="unseen">{say("recordings.position")}</span>
        <input
          type="range"
          min={0}
          max={length}
          step={STEP_S}
          value={time}
          aria-valuetext={say("recordings.at", { time: clock(time), length: clock(length) })}
          onChange={(event) => setTime(Number(event.target.value))}
        />
      </label>
      <div className="row">
        <Btn
          look="primary"
          onPress={() => {
            if (isOver) setTime(0);
            task.clear();
            setPlaying(!playing);
          }}
        >
          {say(playing ? "recordings.pause" : "recordings.play")}
        </Btn>
        <span className="code" aria-hidden="true">
          {say("recordings.at", { time: clock(time), length: clock(length) })}
        </span>
        {playing && waits && !task.failed && (
          <span className="help" role="status">
            {say("recordings.opening")}
          </span>
        )}
      </div>
      <Failed task={task} />
    </div>
  );
}

/** Open what is on and what comes next, and let go of all else. */
function useOpened(tracks: readonly Track[], time: number, task: Task): ReadonlyMap<string, Blob> {
  const [opened, setOpened] = useState<ReadonlyMap<string, Blob>>(new Map());
  const under = useRef(new Set<string>());
  const wanted = tracks.flatMap((track) => openAt(track, time));
  const key = wanted.map(({ id }) => id).join(" ");
  const latest = useRef(wanted);
  latest.current = wanted;
  const { run } = task;
  const failed = task.failed !== undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for what is wanted
  useEffect(() => {
    const ids = new Set(latest.current.map(({ id }) => id));
    setOpened((before) => new Map([...before].filter(([id]) => ids.has(id))));
    if (failed) return;
    const missing = latest.current.filter(({ id }) => !opened.has(id) && !under.current.has(id));
    if (missing.length === 0) return;
    for (const { id } of missing) under.current.add(id);
    const openAll = async () => {
      try {
        const found = await Promise.all(
          missing.map(async ({ id, open }) => [id, await open()] as const),
        );
        setOpened((before) => new Map([...before, ...found]));
      } finally {
        for (const { id } of missing) under.current.delete(id);
      }
    };
    void openAll().catch((error: unknown) => run(async () => Promise.reject(error)));
  }, [key, failed, run]);
  return opened;
}

/** One track, at its place in time; two elements take turns, so that the next part is loaded. */
function TrackOn(props: {
  track: Track;
  time: number;
  runs: boolean;
  opened: ReadonlyMap<string, Blob>;
}) {
  const { track, time, runs, opened } = props;
  const now = partAt(track, time);
  const shown = openAt(track, time).filter(({ id }) => opened.has(id));
  return (
    <span className={`player-track ${track.kind}`}>
      {shown.map((part) => (
        <PartOn
          key={part.id}
          part={part}
          blob={opened.get(part.id)}
          time={time}
          isOn={part === now}
          runs={runs}
        />
      ))}
    </span>
  );
}

function PartOn(props: {
  part: Part;
  blob: Blob | undefined;
  time: number;
  isOn: boolean;
  runs: boolean;
}) {
  const { part, time, isOn, runs } = props;
  const url = useBlobUrl(props.blob);
  const place = useRef<HTMLMediaElement>(null);
  const within = Math.max(0, time - part.at);
  useEffect(() => {
    const media = place.current;
    if (media === null || url === undefined) return;
    // Of a recorder that cut it short the end is not known; what has ended stays so.
    const to = Number.isFinite(media.duration) ? Math.min(within, media.duration) : within;
    if (isOn && Math.abs(media.currentTime - to) > DRIFT_S) media.currentTime = to;
  }, [url, isOn, within]);
  useEffect(() => {
    const media = place.current;
    if (media === null || url === undefined) return;
    if (isOn && runs)
      void media.play().catch(() => undefined); // its end came first
    else media.pause();
  }, [url, isOn, runs]);
  const set = (media: HTMLMediaElement | null) => {
    place.current = media;
  };
  if (url === undefined) return null;
  return part.kind === "audio" ? (
    // biome-ignore lint/a11y/useMediaCaption: people who talk; a transcript is a kind of its own
    <audio ref={set} src={url} preload="auto" />
  ) : (
    <video ref={set} src={url} preload="auto" muted playsInline hidden={!isOn} />
  );
}
