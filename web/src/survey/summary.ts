/** The line above the islands: encounters to choose, what is selected, replay and undo. */

import { element } from "../dom";
import { nuclideNames, type Records } from "./data";
import type { Encounter } from "./contract";
import { toggle } from "./island";
import type { Store } from "./store";
import { text } from "./texts";

export function encounterWords(each: Encounter): string {
  const what = [nuclideNames(each) || text.unknownNuclide];
  if (each.neutron) {
    what.push(text.neutrons);
  }
  return text.encounter(each.number, what.join(", "));
}

/** The next encounter after what is selected, in the order of the list. */
export function nextEncounter(records: Records, store: Store): void {
  const { encounters } = records.survey;
  const now = encounters.findIndex((each) => isSelected(store, each));
  const next = encounters[(now + 1) % encounters.length];
  if (next) {
    selectEncounter(store, next);
  }
}

export function selectEncounter(store: Store, each: Encounter): void {
  store.set({ selected: [each.first_record, each.last_record], cursor: each.peak_record, time: null }, "step");
}

export function isSelected(store: Store, each: Encounter): boolean {
  const selected = store.state.selected;
  return selected?.[0] === each.first_record && selected[1] === each.last_record;
}

export function summary(records: Records, store: Store): HTMLElement {
  const list = element("ul", { class: "encounters", "aria-label": text.encounters });
  for (const each of records.survey.encounters) {
    const badge = element("span", { class: "badge", "data-class": each.class }, text.classes[each.class]);
    const button = element("button", { type: "button", "aria-pressed": "false" }, `${encounterWords(each)} `, badge);
    button.addEventListener("click", () => selectEncounter(store, each));
    store.watch(["selected"], () => button.setAttribute("aria-pressed", String(isSelected(store, each))));
    const item = element("li", {}, button);
    if (each.alarm) {
      item.append(element("a", { href: each.alarm }, text.openAlarm));
    }
    list.append(item);
  }
  if (records.survey.encounters.length === 0) {
    list.append(element("li", {}, text.noEncounters));
  }

  const now = element("strong", { role: "status", class: "selected-records" });
  const clear = element("button", { type: "button" }, text.clear);
  clear.addEventListener("click", () => store.set({ selected: null }, "step"));
  const play = toggle(text.play, "Space", () => store.set({ playing: !store.state.playing }));
  const undo = element("button", { type: "button", title: "Z", "aria-keyshortcuts": "Z" }, text.undo);
  undo.addEventListener("click", () => store.undo());
  const larger = element("button", { type: "button", title: "M", "aria-keyshortcuts": "M" }, text.larger);
  larger.addEventListener("click", () => enlargeNext(store));
  store.watch(["selected"], ({ selected }) => {
    now.textContent = selected
      ? `${text.records(selected[0], selected[1])} · ${records.clock(selected[0])}–${records.clock(selected[1])}`
      : text.all;
    clear.disabled = selected === null;
  });
  store.watch(["playing"], ({ playing }) => {
    play.textContent = playing ? text.pause : text.play;
    play.setAttribute("aria-pressed", String(playing));
  });
  return element("div", { class: "survey-bar" }, list, element("div", { class: "actions" }, now, clear, play, undo, larger));
}

/** Map large, spectrum large, both: in turn. */
export function enlargeNext(store: Store): void {
  const next = { both: "map", map: "spectrum", spectrum: "both" } as const;
  store.set({ large: next[store.state.large] });
}
