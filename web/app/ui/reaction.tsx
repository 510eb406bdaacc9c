/** Reactions, drawn by us: no font is fetched, and they look alike to everybody. */

import type { ReactNode } from "react";
import type { ReactionKind } from "../model_group_call.ts";

/** The round face that two of them share. */
function Smiley({ children }: { children: ReactNode }) {
  return (
    <>
      <circle className="glyph-warm" cx="16" cy="16" r="13" />
      {children}
    </>
  );
}

const DRAWN: Readonly<Record<ReactionKind, ReactNode>> = {
  thumbsUp: (
    <>
      <path
        className="glyph-warm"
        d="M11.5 14.2 15.6 5a2.9 2.9 0 0 1 3.9 2.7l-.3 4.6h5.6a2.8 2.8 0 0 1 2.7 3.4l-1.8 8.1a3.4 3.4 0 0 1-3.3 2.7H11.5Z"
      />
      <rect className="glyph-cool" x="4.5" y="13.2" width="6" height="14.3" rx="2.4" />
    </>
  ),
  clap: (
    <>
      <g transform="rotate(-32 12 19)">
        <rect className="glyph-cool" x="6.5" y="7" width="3.6" height="14" rx="1.8" />
        <rect className="glyph-cool" x="10.1" y="5.4" width="3.6" height="16" rx="1.8" />
        <rect className="glyph-cool" x="13.7" y="6.6" width="3.6" height="15" rx="1.8" />
        <path className="glyph-cool" d="M6.5 15h10.8v6.4a5.4 5.4 0 0 1-10.8 0Z" />
      </g>
      <g transform="rotate(-14 19 21)">
        <rect className="glyph-warm" x="13.2" y="11" width="3.6" height="13" rx="1.8" />
        <rect className="glyph-warm" x="16.8" y="9.2" width="3.6" height="15" rx="1.8" />
        <rect className="glyph-warm" x="20.4" y="10.6" width="3.6" height="14" rx="1.8" />
        <path className="glyph-warm" d="M13.2 18.5H24v6.2a5.4 5.4 0 0 1-10.8 0Z" />
      </g>
      <path className="glyph-line" d="M20.5 3.2 20 6.2M25.4 5.2l-1.8 2.5M28.6 9.4l-2.9 1.2" />
    </>
  ),
  heart: (
    <path
      className="glyph-heart"
      d="M16 27.6C9.2 22.8 4 18.2 4 12.4A6.6 6.6 0 0 1 10.6 5.6c2.3 0 4.2 1.2 5.4 3 1.2-1.8 3.1-3 5.4-3A6.6 6.6 0 0 1 28 12.4c0 5.8-5.2 10.4-12 15.2Z"
    />
  ),
  laugh: (
    <Smiley>
      <path className="glyph-ink" d="M8.6 17h14.8a7.4 7.4 0 0 1-14.8 0Z" />
      <path className="glyph-heart" d="M12.2 23.2a6 6 0 0 1 7.6 0 7.4 7.4 0 0 1-7.6 0Z" />
      <path className="glyph-dark" d="M8.4 12.8c1-2.2 3.6-2.2 4.6 0M19 12.8c1-2.2 3.6-2.2 4.6 0" />
    </Smiley>
  ),
  surprised: (
    <Smiley>
      <circle className="glyph-ink" cx="11.4" cy="12.8" r="1.9" />
      <circle className="glyph-ink" cx="20.6" cy="12.8" r="1.9" />
      <ellipse className="glyph-ink" cx="16" cy="21.4" rx="3.1" ry="3.9" />
      <path className="glyph-dark" d="M9 8.6c1.2-1 2.8-1.2 4-.6M23 8.6c-1.2-1-2.8-1.2-4-.6" />
    </Smiley>
  ),
  celebrate: (
    <>
      <path className="glyph-warm" d="M10.2 12.4 19.6 21.8 6.4 27.4a1.4 1.4 0 0 1-1.8-1.8Z" />
      <path className="glyph-dark" d="m8.6 16.4 7 7" />
      <path className="glyph-line" d="M13.6 10.4c1.2-1.8 1-4-.4-5.6M21.6 18.4c1.8-1.2 4-1 5.6.4" />
      <path className="glyph-line" d="m17.8 14.2 5-5" />
      <circle className="glyph-heart" cx="18.6" cy="5.6" r="1.8" />
      <circle className="glyph-cool" cx="26.4" cy="6.4" r="2" />
      <circle className="glyph-heart" cx="26.8" cy="13.2" r="1.6" />
      <circle className="glyph-cool" cx="22.6" cy="25.8" r="1.6" />
    </>
  ),
};

export function Reaction({ kind }: { kind: ReactionKind }) {
  return (
    <svg className="glyph" viewBox="0 0 32 32" aria-hidden="true">
      {DRAWN[kind]}
    </svg>
  );
}
