/** What this browser allows the page to use, as far as it says. */

import type { Permission, Permissions, Permitted } from "./model_actions.ts";

const ALL: readonly Permitted[] = ["camera", "microphone", "notifications"];

export async function permissions(): Promise<Permissions> {
  const found = await Promise.all(ALL.map(async (name) => [name, await permission(name)] as const));
  return { camera: "unknown", microphone: "unknown", notifications: "unknown", ...from(found) };
}

function from(found: readonly (readonly [Permitted, Permission])[]): Partial<Permissions> {
  return Object.fromEntries(found);
}

async function permission(name: Permitted): Promise<Permission> {
  if (name === "notifications") {
    if (!("Notification" in globalThis)) return "unknown";
    return Notification.permission === "default" ? "prompt" : Notification.permission;
  }
  try {
    return (await navigator.permissions.query({ name })).state;
  } catch {
    return "unknown"; // Firefox had no word for cameras for long
  }
}
