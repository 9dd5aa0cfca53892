/** htmx and its stream extension in one bundle: as two files the stream did not always connect. */

import htmx from "htmx.org";
import "htmx.org/dist/ext/hx-sse.js";

// Alarms must arrive in a tab that is not looked at. The types do not know the extension's settings.
Object.assign(htmx.config, { sse: { pauseOnBackground: false } });
