/** The screen on the device: everything for the person who carries the instrument. */

import "uplot/dist/uPlot.min.css";
import "../style/tokens.css";
import "../style/base.css";
import "../style/field.css";
import { element } from "../dom";
import { language } from "../language";
import { Feed } from "./feed";
import { Encounters, HealthList } from "./lists";
import { Plan } from "./map";
import { Numbers } from "./numbers";
import { Signals } from "./signals";
import { Spectrum } from "./spectrum";
import { Strip } from "./strip";
import { text } from "./texts";
import { Tile } from "./tile";
import { WayToWalk } from "./way";
import { Waterfall } from "./waterfall";

const THEMES = ["day", "dark", "night"] as const;
const TICK_MS = 250;

function start(root: HTMLElement): void {
  const feed = new Feed("stream");
  const signals = new Signals(feed);
  const [tile, numbers, way] = [new Tile(feed), new Numbers(feed), new WayToWalk(feed)];
  const [strip, plan, waterfall, spectrum] = [new Strip(feed), new Plan(feed), new Waterfall(feed), new Spectrum(feed)];
  const [encounters, health] = [new Encounters(feed), new HealthList(feed)];
  const controls = new Controls(signals);
  const { subject = "", realm = "" } = root.dataset;
  const words = [subject, realm === "LIVE" ? "" : realm].filter((each) => each).join(" · ");
  const now = element("div", { class: "now" }, tile.element, numbers.element, way.element, controls.ask);
  const charts = element("div", { class: "charts" }, strip.element, plan.element, waterfall.element, spectrum.element, encounters.element, health.element, controls.help);
  root.replaceChildren(element("h1", { class: "visually-hidden" }, text.name));
  if (words) {
    root.append(element("p", { class: "subject" }, words));
  }
  root.append(now, charts, controls.bar);

  const showAges = (): void => {
    for (const part of [tile, numbers, way, health]) {
      part.show();
    }
    signals.tick();
    controls.show();
  };
  const showAll = (): void => {
    for (const part of [strip, plan, waterfall, spectrum, encounters]) {
      part.show();
    }
    showAges();
  };
  feed.watch(() => {
    showAll();
    root.dataset["ready"] = "";
  });
  let wasStale = false;
  setInterval(() => {
    showAges();
    if (feed.stale || wasStale) {
      // The charts move on without data, so that the hole is seen.
      strip.show();
      waterfall.show();
    }
    wasStale = feed.stale;
  }, TICK_MS);
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const run: Record<string, () => void> = {
      s: () => controls.toggleSound(),
      a: () => controls.see(),
      t: () => controls.nextTheme(),
      "+": () => plan.zoom(2),
      "-": () => plan.zoom(0.5),
    };
    run[event.key.toLowerCase()]?.();
  });
  stayAwake();
}

/** The buttons of the person: sound, seen, theme, language. */
class Controls {
  readonly #sound = button("", () => this.toggleSound());
  readonly #seen = button(text.seen, () => this.see());
  readonly #theme = button("", () => this.nextTheme());
  readonly bar = element("div", { class: "bar", role: "toolbar", "aria-label": `${text.sound}, ${text.seen}, ${text.theme}` }, this.#sound, this.#seen, this.#theme);
  readonly ask = element("p", { class: "ask" }, element("span", {}, text.soundAsk), button(text.soundTest, () => this.toggleSound()));
  readonly help: HTMLElement;

  constructor(readonly signals: Signals) {
    const other = language === "fr" ? "en" : "fr";
    const link = element("a", { href: `?lang=${other}`, lang: other, hreflang: other, class: "language" }, text.language);
    this.help = element("section", { class: "panel help", "aria-label": text.sound }, element("p", {}, text.soundPatterns), element("p", {}, text.keys), link);
    this.#setTheme(kept() ?? "day");
    this.show();
  }

  show(): void {
    this.#sound.textContent = this.signals.on ? text.soundOn : text.soundOff;
    this.#sound.setAttribute("aria-pressed", String(this.signals.on));
    this.ask.hidden = this.signals.on;
    this.#seen.disabled = !this.signals.canBeSeen;
    this.#seen.setAttribute("aria-pressed", String(this.signals.canBeSeen && this.signals.isSeen));
  }

  toggleSound(): void {
    if (this.signals.on) {
      this.signals.switchOff();
      this.show();
    } else {
      void this.signals.switchOn().then(() => this.show());
    }
  }

  see(): void {
    this.signals.seen();
    this.show();
  }

  nextTheme(): void {
    const now = THEMES.findIndex((each) => each === document.documentElement.dataset["theme"]);
    this.#setTheme(THEMES[(now + 1) % THEMES.length] as string);
  }

  #setTheme(theme: string): void {
    document.documentElement.dataset["theme"] = theme;
    const name = text.themes[theme as (typeof THEMES)[number]];
    this.#theme.textContent = `◐ ${name}`;
    this.#theme.setAttribute("aria-label", `${text.theme}: ${name}`);
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // Kept for this page alone where the browser keeps nothing.
    }
    document.dispatchEvent(new Event("themechange"));
  }
}

function button(name: string, run: () => void): HTMLButtonElement {
  const made = element("button", { type: "button" }, name);
  made.addEventListener("click", run);
  return made;
}

function kept(): string | null {
  try {
    const theme = localStorage.getItem("theme");
    return THEMES.some((each) => each === theme) ? theme : null;
  } catch {
    return null;
  }
}

/** A dark screen in the hand of a searching person shows nothing: keep it on where the browser can. */
function stayAwake(): void {
  const ask = (): void => {
    if (document.visibilityState === "visible") {
      navigator.wakeLock?.request("screen").catch(() => undefined);
    }
  };
  document.addEventListener("visibilitychange", ask);
  ask();
}

const root = document.getElementById("screen");
if (root) {
  start(root);
}
