/** Keys and buttons that move along the records: the same in the strip chart and in the waterfall. */

import type { Records } from "./data";
import type { Range, Store } from "./store";

const ZOOM = 2;
const LEAST_RECORDS = 5;

/** Shown span after a zoom by a factor about the cursor; null once all would be shown. */
export function zoomed(records: Records, store: Store, factor: number): Range | null {
  const whole = records.whole();
  const [low, high] = store.state.time ?? whole;
  const at = records.begin(store.state.cursor ?? 0);
  const centre = at >= low && at <= high ? at : (low + high) / 2;
  const least = ((whole[1] - whole[0]) / records.count) * LEAST_RECORDS;
  const half = Math.max(least, ((high - low) * factor) / 2) / 2;
  const first = Math.max(whole[0], centre - 2 * half * ((centre - low) / (high - low)));
  const last = Math.min(whole[1], first + 2 * half);
  return first <= whole[0] && last >= whole[1] ? null : [first, last];
}

export function zoomTime(records: Records, store: Store, direction: "in" | "out"): void {
  const factor = direction === "in" ? 2 / ZOOM : 2 * ZOOM;
  store.set({ time: zoomed(records, store, factor) }, "step");
}

/** Select up to a record: from it alone, or from the far end of what is selected. */
export function extendTo(store: Store, record: number, from: number): void {
  const selected = store.state.selected;
  const anchor = selected ? (from === selected[1] ? selected[0] : selected[1]) : from;
  store.set({ selected: [Math.min(anchor, record), Math.max(anchor, record)], cursor: record }, "step");
}

export function timeKeys(plot: HTMLElement, records: Records, store: Store): void {
  plot.addEventListener("keydown", (event) => {
    const last = records.count - 1;
    const now = store.state.cursor ?? store.state.selected?.[0] ?? 0;
    const page = Math.max(1, Math.round(records.count / 20));
    const target: Record<string, number> = {
      ArrowLeft: now - 1,
      ArrowRight: now + 1,
      ArrowDown: now - 1,
      ArrowUp: now + 1,
      PageUp: now + page,
      PageDown: now - page,
      Home: 0,
      End: last,
    };
    const to = target[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (to !== undefined) {
      const record = Math.min(last, Math.max(0, to));
      if (event.shiftKey) {
        extendTo(store, record, now);
      } else {
        store.set({ cursor: record });
      }
    } else if (event.key === "Enter") {
      store.set({ selected: [now, now] }, "step");
    } else if (event.key === "Escape") {
      store.set({ selected: null, time: null }, "step");
    } else if (event.key === "+" || event.key === "-") {
      zoomTime(records, store, event.key === "+" ? "in" : "out");
    } else {
      return;
    }
    event.preventDefault();
  });
}
