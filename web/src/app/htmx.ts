/** htmx and its stream extension in one bundle: as two files the stream did not always connect. */

import "htmx.org";
import "htmx.org/dist/ext/hx-sse.js";
