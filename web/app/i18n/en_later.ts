/** English that the first bundle does without: loaded with the screens that say it (`later`). */

import { enConsents } from "./en_consents.ts";
import { enData } from "./en_data.ts";
import { enGroupCall } from "./en_group_call.ts";
import { enGroups } from "./en_groups.ts";
import { enHistory } from "./en_history.ts";
import { enInsights } from "./en_insights.ts";
import { enKeeping } from "./en_keeping.ts";
import { enLimits } from "./en_limits.ts";
import { enMove } from "./en_move.ts";
import { enRename } from "./en_rename.ts";

export const enLater = {
  ...enGroupCall,
  ...enGroups,
  ...enHistory,
  ...enKeeping,
  ...enInsights,
  ...enConsents,
  ...enData,
  ...enLimits,
  ...enMove,
  ...enRename,
} as const;
