/** Every style sheet at once, where screens are shown that the product loads as they are wanted. */

import "../tokens.css";
import "../base.css";
import "../ui/ui.css";
import "../ui/surfaces.css";
import "../screens/door.css";
import "../screens/inside.css";
import "../screens/pages.css";
import "../screens/thread.css";
import "../screens/call.css";
import "../screens/calls.css";
import "../screens/preview.css";
import "../screens/room.css";
import "../screens/group_call.css";
import "../screens/group_call_edge.css";
import "../screens/group_call_roster.css";
