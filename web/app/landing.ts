/**
 * The link a person came by. Its secret is in the fragment; it is taken out of the address bar and
 * the history before anything else happens.
 */

export type Landing =
  | { kind: "none" }
  | { kind: "signup"; link: string }
  | { kind: "invite"; link: string }
  | { kind: "pair"; link: string }
  | { kind: "call"; link: string };

const KINDS = { "/signup": "signup", "/i": "invite", "/d": "pair" } as const;

/** Return what a link is for, by its path. */
export function landingOf(link: string): Landing {
  if (!URL.canParse(link.trim())) return { kind: "none" };
  const url = new URL(link.trim());
  if (url.hash.length < 2) return { kind: "none" };
  // A call link is opened by people who have never been here: the shortest there is.
  if (url.pathname === "/" && url.hash.startsWith("#call=")) {
    return { kind: "call", link: link.trim() };
  }
  const kind = Object.entries(KINDS).find(([path]) => url.pathname === path)?.[1];
  return kind === undefined ? { kind: "none" } : { kind, link: link.trim() };
}

/**
 * Be told of a link that is opened in a page that is there already: of call links alone, since these
 * differ from the page's own address by the fragment only. Its secret is taken out first.
 */
export function onCallLink(listener: (link: string) => void): () => void {
  const changed = () => {
    const landing = takeLanding();
    if (landing.kind === "call") listener(landing.link);
  };
  window.addEventListener("hashchange", changed);
  return () => window.removeEventListener("hashchange", changed);
}

/** Take the landing out of the address bar. */
export function takeLanding(): Landing {
  const landing = landingOf(window.location.href);
  window.history.replaceState(window.history.state, "", "/");
  return landing;
}
