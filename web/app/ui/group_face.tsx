/**
 * What stands for a group: its picture, or the first letters of its name in colours that follow from
 * its id. It has corners: no group can be taken for a person.
 */

import type { GroupView } from "../model_groups.ts";
import { initials } from "../names.ts";
import { useBlobUrl } from "./blob_url.ts";
import { duoOf, type Size } from "./faces.tsx";

type Faced = Readonly<{ group: Pick<GroupView, "id" | "name" | "picture">; size?: Size }>;

export function GroupFace({ group, size = "md" }: Faced) {
  const url = useBlobUrl(group.picture);
  if (url !== undefined) return <img className={`face group-face ${size}`} src={url} alt="" />;
  return (
    <svg className={`face ${size} ${duoOf(group.id)}`} viewBox="0 0 64 64" aria-hidden="true">
      <clipPath id={`corners-${group.id}-${size}`}>
        <rect x="5" y="5" width="54" height="54" rx="17" />
      </clipPath>
      <g clipPath={`url(#corners-${group.id}-${size})`}>
        <path className="half-a" d="M0 0h64L0 64Z" />
        <path className="half-b" d="M64 0v64H0Z" />
      </g>
      <text className="face-letter" x="32" y="32" dy="0.36em" textAnchor="middle">
        {initials(group.name)}
      </text>
    </svg>
  );
}
