/** The one Trusted Types policy of this page, which the media worker is started through as well. */

export { scriptUrl } from "../media/trusted.ts";
