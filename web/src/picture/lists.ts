/** Beside the map, the same in words: detectors with state and numbers, alarms with candidates. */

import { element } from "../dom";
import { formatFixed, formatNumber, formatSpan } from "../language";
import type { Alarm, Device } from "./contract";
import { LiveScene } from "./live";
import type { PictureMap } from "./map";
import type { Scene } from "./scene";
import { text } from "./texts";
import { ageWords, alarmWords, placeWords } from "./words";

interface Line {
  row: HTMLTableRowElement;
  button: HTMLButtonElement;
  badge: HTMLElement;
  age: HTMLElement;
  more: HTMLElement;
  rate: HTMLElement;
  above: HTMLElement;
}

const TONES = { live: "calm", stale: "warn", silent: "alarm", ended: "info" };

export class DeviceList {
  readonly element: HTMLElement;
  readonly #body = element("tbody");
  readonly #empty = element("p", { class: "empty" }, text.noDevices);
  readonly #frame: HTMLElement;
  readonly #more = element("p", { class: "hint", hidden: true });
  readonly #lines = new Map<string, Line>();

  constructor(readonly scene: Scene) {
    const heads = [text.detector, text.state, text.rate, text.above];
    const head = heads.map((each, i) => element("th", { scope: "col", class: i > 1 ? "number" : undefined }, each));
    const table = element("table", { class: "stack" }, element("thead", {}, element("tr", {}, ...head)), this.#body);
    this.#frame = element("div", { class: "table-frame", tabindex: 0, role: "region", "aria-label": text.devices }, table);
    this.element = element("section", { class: "island", id: "detectors" }, element("h2", {}, text.devices), this.#empty, this.#frame, this.#more);
    scene.watch(() => this.#show());
  }

  #show(): void {
    const { devices } = this.scene;
    this.#empty.hidden = devices.length > 0;
    this.#frame.hidden = devices.length === 0;
    this.#more.hidden = this.scene.moreDevices === 0;
    put(this.#more, text.moreDevices(this.scene.moreDevices));
    const shown = new Set(devices.map((each) => each.survey));
    for (const [survey, { row }] of this.#lines) {
      if (!shown.has(survey)) {
        row.remove();
        this.#lines.delete(survey);
      }
    }
    let before: HTMLElement | null = null;
    for (const device of devices) {
      const line = this.#lines.get(device.survey) ?? this.#add(device);
      this.#say(line, device);
      place(this.#body, line.row, before);
      before = line.row;
    }
  }

  #add(device: Device): Line {
    const button = element("button", { type: "button", class: "quiet choose", "aria-pressed": "false" }, device.name);
    button.addEventListener("click", () => this.scene.choose(device.survey));
    const badge = element("span", { class: "badge" });
    const [age, more] = [element("span"), element("span", { class: "hint" })];
    const cell = (label: string, number: boolean, ...content: (Node | string)[]): HTMLTableCellElement =>
      element("td", { "data-label": label, class: number ? "number" : undefined }, ...content);
    const [rate, above] = [element("span"), element("span")];
    const row = element(
      "tr",
      {},
      element("th", { scope: "row", "data-label": text.detector }, button),
      cell(text.state, false, badge, " ", age, more),
      cell(text.rate, true, rate),
      cell(text.above, true, above),
    );
    const line = { row, button, badge, age, more, rate, above };
    this.#lines.set(device.survey, line);
    return line;
  }

  #say(line: Line, device: Device): void {
    const live = this.scene instanceof LiveScene ? this.scene : null;
    const age_s = live ? live.age_s(device) : null;
    line.row.dataset["state"] = device.state;
    line.badge.dataset["tone"] = live ? TONES[device.state] : "info";
    put(line.badge, live ? text.states[device.state] : device.records ? text.replayStates[device.state] : text.notBegun);
    put(line.age, live ? ageWords(age_s) : "");
    const notes = device.behind_s === null ? [] : [text.behind(formatSpan(device.behind_s))];
    if (device.latitude === null) {
      notes.push(text.noPlace);
    }
    put(line.more, notes.join("; "));
    put(line.rate, device.rate_cps === null ? "–" : text.perSecond(formatNumber(device.rate_cps)));
    const learning = device.rate_cps !== null && device.significance === null;
    put(line.above, device.significance === null ? (learning ? text.learning : "–") : text.sigma(formatFixed(device.significance, 1)));
    const chosen = String(device.survey === this.scene.chosen);
    if (line.button.getAttribute("aria-pressed") !== chosen) {
      line.button.setAttribute("aria-pressed", chosen);
    }
  }
}

/** Put a row behind another; only what is out of order moves, for what moves would lose the focus. */
function place(parent: HTMLElement, row: HTMLElement, before: HTMLElement | null): void {
  if (row.parentElement !== parent || row.previousElementSibling !== before) {
    parent.insertBefore(row, before ? before.nextSibling : parent.firstChild);
  }
}

/** Only what differs is written: who reads by ear is not told the same again. */
function put(target: HTMLElement, words: string): void {
  if (target.textContent !== words) {
    target.textContent = words;
  }
}

export class AlarmList {
  readonly element: HTMLElement;
  readonly #list = element("ol", { class: "alarms" });
  readonly #empty: HTMLElement;
  readonly #more = element("p", { class: "hint", hidden: true });
  readonly #spoken = element("p", { class: "visually-hidden", role: "alert" });
  readonly #items = new Map<string, { item: HTMLElement; said: string }>();
  #first = true;

  constructor(
    readonly scene: Scene,
    readonly map: PictureMap,
  ) {
    this.#empty = element("p", { class: "empty" }, scene instanceof LiveScene ? text.noAlarms : text.noAlarmYet);
    this.element = element("section", { class: "island", id: "alarms" }, element("h2", {}, text.alarms), this.#spoken, this.#empty, this.#list, this.#more);
    scene.watch(() => this.#show());
  }

  #show(): void {
    const { alarms, moreAlarms } = this.scene;
    this.#empty.hidden = alarms.length > 0;
    const shown = new Set(alarms.map((each) => each.id));
    for (const [id, { item }] of this.#items) {
      if (!shown.has(id)) {
        item.remove();
        this.#items.delete(id);
      }
    }
    let before: HTMLElement | null = null;
    for (const alarm of alarms) {
      const device = this.scene.devices.find((each) => each.survey === alarm.survey);
      const said = JSON.stringify([alarm, device?.name]);
      let known = this.#items.get(alarm.id);
      if (!known) {
        known = { item: element("li", { id: `alarm-${alarm.id}` }), said: "" };
        this.#items.set(alarm.id, known);
        if (!this.#first) {
          this.#spoken.textContent = text.newAlarm([alarmWords(alarm), device?.name].filter((each) => each).join(", "));
        }
      }
      if (known.said !== said) {
        known.said = said;
        known.item.replaceChildren(...this.#content(alarm, device));
      }
      place(this.#list, known.item, before);
      before = known.item;
    }
    this.#first = this.#first && !(this.scene instanceof LiveScene && this.scene.stream === "live");
    this.#more.hidden = moreAlarms === 0;
    if (moreAlarms > 0 && this.#more.dataset["n"] !== String(moreAlarms)) {
      this.#more.dataset["n"] = String(moreAlarms);
      this.#more.replaceChildren(`${text.moreAlarms(moreAlarms)} `, element("a", { href: "/alarms/" }, text.allAlarms));
    }
  }

  #content(alarm: Alarm, device: Device | undefined): Node[] {
    const what = element("strong", {}, alarm.nuclides.join(", ") || text.notIdentified);
    const badges: (Node | string)[] = [element("span", { class: "badge", "data-class": alarm.class || undefined }, text.classes[alarm.class])];
    if (alarm.neutron) {
      badges.push(" ", element("span", { class: "badge", "data-tone": "alarm" }, text.neutrons));
    }
    if (alarm.state_name) {
      badges.push(" ", element("span", { class: "badge", "data-state": alarm.state }, alarm.state_name));
    }
    const when = alarm.name ? text.raised(alarm.raised_at.slice(11, 19)) : text.at(alarm.raised_at);
    const facts = [device?.name, when, placeWords(alarm)].filter((each) => each).join(" · ");
    const tools: HTMLElement[] = [];
    if (alarm.address) {
      tools.push(element("a", { href: alarm.address }, alarm.name ? `${text.openAlarm} ${alarm.name}` : text.openAlarm));
    }
    if (alarm.latitude !== null && alarm.longitude !== null) {
      const [longitude, latitude] = [alarm.longitude, alarm.latitude];
      const show = element("button", { type: "button", class: "quiet" }, text.showOnMap);
      show.addEventListener("click", () => this.map.goTo(longitude, latitude));
      tools.push(show);
    }
    const content: Node[] = [
      element("p", {}, what, " ", ...badges),
      element("p", { class: "hint" }, facts),
      element("p", { class: "tools" }, ...tools),
    ];
    if (alarm.candidates.length > 0) {
      const rows = alarm.candidates.map((each) =>
        element("li", {}, element("a", { href: each.address }, `${each.name}: ${each.title}`), ` ${text.percent(formatNumber(100 * each.probability))}`),
      );
      content.push(element("div", { class: "candidates" }, element("p", {}, this.scene instanceof LiveScene ? text.mayBe : text.mayBeToday), element("ul", {}, ...rows)));
    }
    return content;
  }
}
