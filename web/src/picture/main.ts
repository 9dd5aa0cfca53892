/** The live picture and the replay: one page over one scene. */

import "../style/picture.css";
import { element } from "../dom";
import { formatSpan } from "../language";
import type { Survey, Waterfall } from "../survey/contract";
import { tilesOf } from "../survey/tiles";
import { charts } from "./charts";
import type { Candidate } from "./contract";
import { AlarmList, DeviceList } from "./lists";
import { LiveScene } from "./live";
import { type BaseMap, PictureMap } from "./map";
import { player } from "./player";
import { Part, ReplayScene } from "./replay";
import type { Scene } from "./scene";
import { text } from "./texts";

async function json<T>(address: string): Promise<T> {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  if (!answer.ok) {
    throw new Error(String(answer.status));
  }
  return (await answer.json()) as T;
}

/** A missing base map takes away the base map, not the page. */
async function orNull<T>(address: string): Promise<T | null> {
  try {
    return address ? await json<T>(address) : null;
  } catch {
    return null;
  }
}

async function baseMap(root: HTMLElement): Promise<BaseMap> {
  const { world = "", plan = "", tiles = "" } = root.dataset;
  const [countries, streets, known] = await Promise.all([orNull<GeoJSON.FeatureCollection>(world), orNull<GeoJSON.FeatureCollection>(plan), tilesOf(tiles)]);
  return { world: countries, plan: streets, tiles: known };
}

/** Whether the stream lives, in words and in colour: what stopped never looks quiet. */
function streamState(root: HTMLElement, scene: LiveScene): HTMLElement {
  const state = element("p", { class: "stream-state", id: "stream-state" });
  const counts = element("p", { class: "picture-counts", id: "counts", role: "status" });
  scene.watch(() => {
    const now = scene.stream;
    root.dataset["stream"] = now;
    if (now === "stale" || now === "ended") {
      state.dataset["tone"] = "alarm";
    } else {
      delete state.dataset["tone"];
    }
    const words = {
      connecting: text.connecting,
      live: text.live(scene.at?.toISOString().slice(11, 19) ?? ""),
      stale: text.stale(formatSpan(scene.silence_s)),
      ended: text.ended,
    };
    state.textContent = words[now];
    const number = (of: string): number => scene.devices.filter((each) => each.state === of).length;
    const said = now === "connecting" ? "" : text.summary(number("live"), number("stale"), number("silent"), scene.alarms.length + scene.moreAlarms) + (scene.shed ? ` · ${text.shed}` : "");
    if (counts.textContent !== said) {
      counts.textContent = said;
    }
  });
  return element("div", { class: "picture-head" }, state, counts);
}

function show(root: HTMLElement, scene: Scene, base: BaseMap, head: HTMLElement, scale: string, alarms: boolean): void {
  const map = new PictureMap(scene, base, scale);
  const lists = element("div", { class: "picture-lists" }, ...(alarms ? [new AlarmList(scene, map).element] : []), new DeviceList(scene).element);
  root.replaceChildren(head, element("div", { class: "picture-main" }, map.element, lists), charts(scene));
  map.start();
  root.dataset["ready"] = "";
}

async function live(root: HTMLElement): Promise<void> {
  const base = await baseMap(root);
  const scene = new LiveScene(root.dataset["stream"] ?? "", root.dataset["recent"] ?? "");
  show(root, scene, base, streamState(root, scene), text.scale, "alarms" in root.dataset);
}

/** What the page says of its surveys: what is missing and may be what alarmed, by the alarm's address. */
function candidatesOf(survey: Element | null): Map<string, Candidate[]> {
  const blocks = [...(survey?.querySelectorAll<HTMLElement>("[data-alarm]") ?? [])];
  return new Map(
    blocks.map((block) => {
      const links = [...block.querySelectorAll<HTMLAnchorElement>("a[data-name]")];
      const told = links.map((link) => {
        const { name = "", title = "", probability = "" } = link.dataset;
        return { name, title, probability: Number(probability), address: link.href };
      });
      return [block.dataset["alarm"] ?? "", told];
    }),
  );
}

async function replay(root: HTMLElement): Promise<void> {
  root.replaceChildren(element("p", { class: "empty", role: "status" }, text.loading));
  const links = [...document.querySelectorAll<HTMLAnchorElement>("a[data-measurement]")];
  const loaded = links.map(async (link) => {
    const { measurement = "", survey = "", waterfall = "" } = link.dataset;
    const [known, table] = await Promise.all([json<Survey>(survey), orNull<Waterfall>(waterfall)]);
    return new Part(measurement, link.href, known, table, candidatesOf(link.closest("li")));
  });
  const [base, parts] = await Promise.all([baseMap(root), Promise.all(loaded)]);
  const scene = new ReplayScene(parts);
  show(root, scene, base, player(scene), text.scaleReplay, true);
}

const root = document.getElementById("picture");
if (root) {
  ("replay" in root.dataset ? replay(root) : live(root)).catch((reason: unknown) => {
    const why = reason instanceof Error && /^\d+$/.test(reason.message) ? reason.message : text.notReached;
    root.replaceChildren(element("p", { class: "notice", "data-tone": "alarm", role: "alert" }, text.failed(why)));
    console.error(reason);
  });
}
