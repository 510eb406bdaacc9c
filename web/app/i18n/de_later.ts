/** Deutsch, was der erste Teil nicht braucht: `en_later.ts`. */

import { deConsents } from "./de_consents.ts";
import { deData } from "./de_data.ts";
import { deGroupCall } from "./de_group_call.ts";
import { deHistory } from "./de_history.ts";
import { deInsights } from "./de_insights.ts";
import { deKeeping } from "./de_keeping.ts";
import { deLimits } from "./de_limits.ts";
import { deMove } from "./de_move.ts";
import { deRename } from "./de_rename.ts";

export const deLater = {
  ...deGroupCall,
  ...deHistory,
  ...deKeeping,
  ...deInsights,
  ...deConsents,
  ...deData,
  ...deLimits,
  ...deMove,
  ...deRename,
} as const;
