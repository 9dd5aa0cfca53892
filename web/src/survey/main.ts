/** The survey page: four islands over one state. */

import "maplibre-gl/dist/maplibre-gl.css";
import "uplot/dist/uPlot.min.css";
import "../style/survey.css";
import { element } from "../dom";
import type { Waterfall } from "./contract";
import { type Addresses, Records, Refused, Source } from "./data";
import { startHotkeys, startReplay } from "./hotkeys";
import { surveyMap } from "./map";
import { SpectrumIsland } from "./spectrum";
import { Store } from "./store";
import { stripChart } from "./strip";
import { summary } from "./summary";
import { text } from "./texts";
import { tilesOf } from "./tiles";
import { waterfall } from "./waterfall";

async function start(root: HTMLElement): Promise<void> {
  const { survey = "", waterfall: table = "", spectrum = "", lines = "", world = "", tiles = "" } = root.dataset;
  const addresses: Addresses = { survey, waterfall: table, spectrum, lines, world, tiles };
  const source = new Source(addresses);
  root.replaceChildren(element("p", { class: "empty", role: "status" }, text.loading));
  // A recording without spectra or a missing base map takes away one island, not the page.
  const orNull = <T>(wanted: Promise<T>): Promise<T | null> => wanted.catch(() => null);
  const [known, cells, countries, pictures] = await Promise.all([
    source.survey(),
    orNull(source.waterfall()),
    orNull(source.world()),
    tilesOf(tiles),
  ]);
  const records = new Records(known);
  const store = new Store();
  const charts = new SpectrumIsland(source, store);
  const islands = element("div", { class: "islands", "data-kind": known.kind });
  if (known.kind === "static") {
    root.replaceChildren(islands);
    islands.append(charts.section);
  } else {
    root.replaceChildren(summary(records, store), islands);
    surveyMap(islands, records, store, countries, pictures);
    islands.append(charts.section, stripChart(records, store), waterfallOrReason(records, cells, store));
    startReplay(records, store);
  }
  store.watch(["large"], ({ large }) => (islands.dataset["large"] = large));
  store.watch(["selected"], ({ selected }) => {
    charts.section.setAttribute("aria-busy", "true");
    source.spectrum(selected).then(
      (found) => {
        charts.section.removeAttribute("aria-busy");
        charts.show(found);
      },
      (reason: unknown) => {
        // A newer request has taken its place: that one will answer.
        if (!(reason instanceof DOMException && reason.name === "AbortError")) {
          charts.section.removeAttribute("aria-busy");
          charts.fail(why(reason));
        }
      },
    );
  });
  startHotkeys(records, store);
  await charts.loadLines();
  root.dataset["ready"] = "";
}

function waterfallOrReason(records: Records, table: Waterfall | null, store: Store): HTMLElement {
  if (table && table.rows > 0) {
    return waterfall(records, table, store);
  }
  return element(
    "section",
    { class: "island", id: "waterfall" },
    element("h2", {}, text.waterfall),
    element("p", { class: "empty" }, text.noSpectra),
  );
}

function why(reason: unknown): string {
  return reason instanceof Refused ? reason.message : text.notReached;
}

const root = document.getElementById("survey");
if (root) {
  start(root).catch((reason: unknown) => {
    const words = text.failed(why(reason));
    root.replaceChildren(element("p", { class: "notice", "data-tone": "alarm", role: "alert" }, words));
    if (!(reason instanceof Refused)) {
      console.error(reason);
    }
  });
}
