/** Español, lo que la primera parte no necesita: `en_later.ts`. */

import { esConsents } from "./es_consents.ts";
import { esData } from "./es_data.ts";
import { esGroupCall } from "./es_group_call.ts";
import { esHistory } from "./es_history.ts";
import { esInsights } from "./es_insights.ts";
import { esKeeping } from "./es_keeping.ts";
import { esLimits } from "./es_limits.ts";
import { esMove } from "./es_move.ts";
import { esRename } from "./es_rename.ts";

export const esLater = {
  ...esGroupCall,
  ...esHistory,
  ...esKeeping,
  ...esInsights,
  ...esConsents,
  ...esData,
  ...esLimits,
  ...esMove,
  ...esRename,
} as const;
