// The contract on our stores in Firefox.

import { openFirefox, version } from "../support/firefox.mjs";
import { contractIn } from "./grid/browser_suite.mjs";

// Of the two tabs one is behind the other, and its timers must not be a hidden tab's.
const BOTH_AWAKE = {
  "dom.min_background_timeout_value": 4,
  "dom.min_background_timeout_value_without_budget_throttling": 4,
  "dom.timeout.enable_budget_timer_throttling": false,
};

contractIn({
  name: "firefox",
  runtime: `firefox ${version()}`,
  open: (profile) => openFirefox(profile, BOTH_AWAKE),
});
