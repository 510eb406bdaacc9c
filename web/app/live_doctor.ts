/**
 * Looks whether calls will work in this browser. One question to the server, one to its relay if
 * there are credentials for it; nothing of it names the person.
 */

import { Code } from "../core/errors.ts";
import { doctorFetch } from "./live_server.ts";
import type { DoctorCheck, DoctorName } from "./model_actions.ts";

type Said = Omit<DoctorCheck, "name">;
type IceServers = () => Promise<readonly RTCIceServer[] | undefined>;

const GATHER_MS = 8000;
const LOCAL = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Run all checks, telling each as it is known. */
export async function examine(
  tell: (check: DoctorCheck) => void,
  relays: IceServers,
  dropped: ReadonlyMap<string, number>,
): Promise<void> {
  const check = async (name: DoctorName, look: () => Said | Promise<Said>) => {
    tell({ name, result: "running", finding: "" });
    tell({ name, ...(await look()) });
  };
  await check("browser", browser);
  await check("secure", secure);
  await check("encryption", encryption);
  await check("storage", storage);
  let turn = false;
  await check("server", async () => {
    const said = await doctorFetch().catch(() => undefined);
    turn = said?.turn === true;
    return said ? good() : bad();
  });
  await check("arrived", () => arrived(dropped));
  await check("camera", () => devices("videoinput"));
  await check("microphone", () => devices("audioinput"));
  let gathered: Gathered | undefined;
  await check("relay", async () => {
    if (!turn) return { result: "bad", finding: "none" };
    const servers = await relays().catch(() => undefined);
    if (servers === undefined) return { result: "note", finding: "unknown" };
    gathered = await gather(servers);
    if (gathered.relayed === 0) return bad();
    return { result: "good", finding: "ok", value: `${Math.round(gathered.tookMs)} ms` };
  });
  await check("leak", () => {
    if (gathered === undefined) return { result: "note", finding: "unknown" };
    // An address that was offered is one, whether or not the relay answered.
    if (gathered.exposed > 0) return bad();
    return gathered.relayed > 0 ? good() : { result: "note", finding: "unknown" };
  });
  await check("notifications", () =>
    "Notification" in window && Notification.permission === "granted"
      ? good()
      : { result: "note", finding: "off" },
  );
}

function good(): Said {
  return { result: "good", finding: "ok" };
}

function bad(): Said {
  return { result: "bad", finding: "bad" };
}

/** What an honest server and contact never bring; a repeat or a late word is none of it. */
const FALSE: readonly string[] = [
  Code.DECRYPTION,
  Code.MALFORMED,
  Code.BAD_SIGNATURE,
  Code.BAD_CREDENTIAL,
  Code.BAD_COMMITMENT,
  Code.WRONG_SUITE,
  Code.WRONG_GROUP,
];

function arrived(dropped: ReadonlyMap<string, number>): Said {
  const count = FALSE.reduce((sum, code) => sum + (dropped.get(code) ?? 0), 0);
  return count === 0 ? good() : { ...bad(), value: String(count) };
}

function browser(): Said {
  return "RTCRtpScriptTransform" in window && "RTCPeerConnection" in window ? good() : bad();
}

function secure(): Said {
  if (location.protocol === "https:") return good();
  return LOCAL.has(location.hostname) ? { result: "good", finding: "local" } : bad();
}

async function encryption(): Promise<Said> {
  if (!window.isSecureContext) return bad();
  const key = await crypto.subtle
    .generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt"])
    .catch(() => undefined);
  return key && "WebAssembly" in window ? good() : bad();
}

async function storage(): Promise<Said> {
  if (!("indexedDB" in window)) return bad();
  const kept = await navigator.storage?.persisted().catch(() => false);
  return kept ? good() : { result: "note", finding: "note" };
}

async function devices(kind: MediaDeviceKind): Promise<Said> {
  const all = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
  const found = all.filter((device) => device.kind === kind);
  if (found.length === 0) return { result: "note", finding: "missing" };
  const named = found.some((device) => device.label !== "");
  if (!named) return { result: "note", finding: "denied" };
  return { result: "good", finding: "ok", value: String(found.length) };
}

/** What came: candidates of the relay, and such as tell an address of this device. */
type Gathered = { relayed: number; exposed: number; tookMs: number };

/** Gather as a call would, through the relay only, and look at every candidate that comes. */
async function gather(servers: readonly RTCIceServer[]): Promise<Gathered> {
  const began = performance.now();
  const result: Gathered = { relayed: 0, exposed: 0, tookMs: 0 };
  const connection = new RTCPeerConnection({
    iceServers: [...servers],
    iceTransportPolicy: "relay",
  });
  try {
    connection.createDataChannel("doctor");
    const over = new Promise<void>((resolve) => {
      setTimeout(resolve, GATHER_MS);
      connection.onicecandidate = ({ candidate }) => {
        if (candidate === null) return resolve();
        if (candidate.candidate === "") return;
        if (candidate.type === "relay") result.relayed += 1;
        if (candidate.type !== "relay" || !hidesOrigin(candidate)) result.exposed += 1;
        if (result.tookMs === 0) result.tookMs = performance.now() - began;
      };
    });
    await connection.setLocalDescription(await connection.createOffer());
    await over;
  } finally {
    connection.close();
  }
  return result;
}

/**
 * A relayed candidate may name the address it came from (RFC 8839, 5.1). Under this policy Chromium
 * blanks that, and Firefox names the relay a second time.
 */
function hidesOrigin({ address, port, relatedAddress, relatedPort }: RTCIceCandidate): boolean {
  const isBlank = [null, "", "0.0.0.0", "::"].includes(relatedAddress);
  return isBlank || (relatedAddress === address && relatedPort === port);
}
