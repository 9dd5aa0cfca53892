/** Map: the track coloured by what was measured, encounters with their 95 % regions. */

import { AttributionControl, type ExpressionSpecification, type GeoJSONSource, LngLatBounds, Map as Chart, Marker, NavigationControl, ScaleControl, setWorkerUrl } from "maplibre-gl";
import worker from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import { element } from "../dom";
import { formatNumber } from "../language";
import { onTheme, rampAt, rgb, themeColour } from "./colours";
import type { Column } from "./contract";
import { type Records, usualSpan } from "./data";
import { island } from "./island";
import { baseStyle, graticule } from "./map-style";
import type { Tiles } from "./tiles";
import { ColourScale } from "./scale";
import type { Store } from "./store";
import { describe, statisticName } from "./strip";
import { encounterWords, isSelected, selectEncounter } from "./summary";
import { text } from "./texts";
import { extendTo } from "./time-keys";

const RAMP_STEPS = 9;
const EARTH_RADIUS_M = 6_371_008.8; // mean radius of GRS 80 (Moritz 2000)
/** A jump over more records without a fix is not joined by a line. */
const MOST_MISSING = 5;

const FIT = { padding: 40, maxZoom: 17 };

setWorkerUrl(worker);

interface Quantity {
  name: string;
  unit: string;
  values: Column;
}

/** The map, put into its place first: it takes its size from there when it is made. */
export function surveyMap(
  parent: HTMLElement,
  records: Records,
  store: Store,
  world: GeoJSON.FeatureCollection | null,
  tiles: Tiles | null,
): void {
  const { section, tools, plot, readout } = island("map", text.map);
  parent.append(section);
  const places = Array.from({ length: records.count }, (_, i) => records.position(i));
  if (!places.some((each) => each)) {
    plot.replaceWith(element("p", { class: "empty" }, text.noPositions));
    return;
  }
  plot.classList.add("map-frame");

  const { statistic, dose_rate_uSv_h } = records.survey.columns;
  const quantities: Quantity[] = [
    { name: text.rate, unit: "/s", values: records.rate },
    { name: statisticName(records), unit: "", values: statistic },
    { name: text.neutronRate, unit: "/s", values: records.neutronRate },
    { name: text.dose, unit: "µSv/h", values: dose_rate_uSv_h },
  ].filter((each) => each.values?.some((v) => v != null));
  const choice = element("select", { id: "map-colour" }, ...quantities.map((q, i) => element("option", { value: i }, q.name)));
  const scale = new ColourScale(text.map, () => recolour());
  tools.append(element("label", { for: "map-colour" }, text.colourBy), choice, scale.element);
  const quantity = (): Quantity => quantities[choice.selectedIndex] ?? { name: "", unit: "", values: null };

  let chart: Chart;
  try {
    chart = new Chart({
      container: plot,
      style: baseStyle(world, tiles),
      bounds: boundsOf(places),
      fitBoundsOptions: FIT,
      attributionControl: false,
      locale: { "NavigationControl.ZoomIn": text.zoomInMap, "NavigationControl.ZoomOut": text.zoomOutMap, "Map.Title": text.mapCanvas },
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
    });
  } catch {
    plot.replaceWith(element("p", { class: "empty" }, text.noWebGl));
    return;
  }
  chart.addControl(new NavigationControl({ showCompass: false }), "top-right");
  chart.addControl(new ScaleControl({ unit: "metric" }), "bottom-right");
  if (tiles) {
    // The tiles name whose they are; Natural Earth, in the public domain, is named below the map.
    chart.addControl(new AttributionControl({ compact: false }), "bottom-left");
  }

  const source = (id: string): GeoJSONSource | undefined => chart.getSource<GeoJSONSource>(id);
  const drawGraticule = (): void => {
    const b = chart.getBounds();
    const made = graticule({ west: b.getWest(), east: b.getEast(), south: b.getSouth(), north: b.getNorth() }, plot.clientWidth);
    source("graticule")?.setData(made.lines);
    source("degrees")?.setData(made.labels);
  };

  /** Track, regions and cursor on top of the base style; anew after each change of theme. */
  const addData = (): void => {
    const ink = themeColour("--ink");
    const alarm = themeColour("--alarm");
    chart.addSource("regions", { type: "geojson", data: regions(records) });
    chart.addSource("way", { type: "geojson", data: way(places) });
    chart.addSource("points", { type: "geojson", data: points(places, quantity().values) });
    chart.addSource("chosen", { type: "geojson", data: points([], null) });
    chart.addSource("cursor", { type: "geojson", data: points([], null) });
    chart.addLayer({ id: "regions", type: "fill", source: "regions", paint: { "fill-color": alarm, "fill-opacity": 0.12 } });
    chart.addLayer({ id: "region-edges", type: "line", source: "regions", paint: { "line-color": alarm, "line-width": 2, "line-dasharray": [3, 2] } });
    // A dark bed under the points: light colours of the scale are seen on light land too.
    chart.addLayer({ id: "way", type: "line", source: "way", layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": ink, "line-width": byZoom(7, 13) } });
    chart.addLayer({ id: "chosen", type: "circle", source: "chosen", paint: { "circle-radius": 9, "circle-color": themeColour("--action"), "circle-opacity": 0.55 } });
    chart.addLayer({
      id: "points", type: "circle", source: "points",
      layout: { "circle-sort-key": ["coalesce", ["get", "v"], 0] },
      paint: { "circle-radius": byZoom(2.7, 5.3), "circle-color": ramp(scale.ends) },
    });
    chart.addLayer({ id: "cursor", type: "circle", source: "cursor", paint: { "circle-radius": 9, "circle-opacity": 0, "circle-stroke-color": ink, "circle-stroke-width": 3 } });
    drawGraticule();
    choose();
    follow();
  };

  function recolour(): void {
    if (chart?.getLayer("points")) {
      chart.setPaintProperty("points", "circle-color", ramp(scale.ends));
      source("points")?.setData(points(places, quantity().values));
    }
  }
  const newQuantity = (): void => {
    scale.setAuto(usualSpan(quantity().values ?? []), quantity().unit);
    recolour();
  };
  function choose(): void {
    const selected = store.state.selected;
    const inside = selected ? places.slice(selected[0], selected[1] + 1) : [];
    source("chosen")?.setData(points(inside, null));
  }
  function follow(): void {
    const cursor = store.state.cursor;
    const place = cursor === null ? null : places[cursor];
    source("cursor")?.setData(points(place ? [place] : [], null));
    if (place && store.state.playing && !chart.getBounds().contains(place)) {
      chart.panTo(place);
    }
    readout.textContent =
      cursor === null
        ? ""
        : [describe(records, cursor), place ? `${place[1].toFixed(5)}, ${place[0].toFixed(5)}` : text.noFix].join(" · ");
  }

  choice.addEventListener("change", newQuantity);
  newQuantity();
  chart.once("idle", () => (section.dataset["ready"] = ""));
  // Not on `load`: the track does not wait for tiles of the base map.
  chart.once("style.load", () => {
    chart.fitBounds(boundsOf(places), { ...FIT, animate: false });
    addData();
    onTheme(() => {
      chart.setStyle(baseStyle(world, tiles), { diff: false });
      chart.once("style.load", addData);
    });
    store.watch(["selected"], choose);
    store.watch(["selected"], () => goToSelection(chart, places, store));
    store.watch(["cursor"], follow);
  });
  chart.on("moveend", drawGraticule);
  chart.on("resize", drawGraticule);
  chart.on("mousemove", "points", (event) => {
    const record = event.features?.[0]?.properties["record"];
    if (typeof record === "number") {
      store.set({ cursor: record });
    }
  });
  chart.on("click", "points", (event) => {
    const record = event.features?.[0]?.properties["record"];
    if (typeof record === "number") {
      if (event.originalEvent.shiftKey) {
        extendTo(store, record, store.state.selected?.[1] ?? record);
      } else {
        store.set({ selected: [record, record], cursor: record }, "step");
      }
    }
  });
  addMarkers(chart, records, store, places);
  section.append(element("p", { class: "caption" }, text.baseMap));
}

/** A width that grows from street plan to doorstep. */
export function byZoom(far: number, near: number): ExpressionSpecification {
  return ["interpolate", ["linear"], ["zoom"], 10, far, 17, near];
}

export function ramp([low, high]: [number, number]): ExpressionSpecification {
  const stops: (number | string)[] = [];
  for (let i = 0; i < RAMP_STEPS; i++) {
    const part = i / (RAMP_STEPS - 1);
    stops.push(low + part * (high - low), rgb(rampAt(part)));
  }
  const colours = ["interpolate", ["linear"], ["get", "v"], ...stops];
  return ["case", ["has", "v"], colours, "rgba(0, 0, 0, 0)"] as unknown as ExpressionSpecification;
}

type Place = [longitude: number, latitude: number] | null;

function points(places: Place[], values: Column): GeoJSON.FeatureCollection {
  const features: GeoJSON.Feature[] = [];
  for (const [record, place] of places.entries()) {
    if (place) {
      const v = values?.[record];
      const properties = v == null ? { record } : { record, v };
      features.push({ type: "Feature", properties, geometry: { type: "Point", coordinates: place } });
    }
  }
  return { type: "FeatureCollection", features };
}

function way(places: Place[]): GeoJSON.Feature {
  const parts: [number, number][][] = [];
  let missing = MOST_MISSING + 1;
  for (const place of places) {
    if (!place) {
      missing++;
      continue;
    }
    if (missing > MOST_MISSING) {
      parts.push([]);
    }
    missing = 0;
    parts[parts.length - 1]?.push(place);
  }
  return { type: "Feature", properties: {}, geometry: { type: "MultiLineString", coordinates: parts.filter((p) => p.length > 1) } };
}

/** Circle on the sphere around a place. */
export function circle([longitude, latitude]: [number, number], radius_m: number): [number, number][] {
  const radians = Math.PI / 180;
  const d = radius_m / EARTH_RADIUS_M;
  const lat = latitude * radians;
  return Array.from({ length: 73 }, (_, i) => {
    const bearing = (i * 5) * radians;
    const to = Math.asin(Math.sin(lat) * Math.cos(d) + Math.cos(lat) * Math.sin(d) * Math.cos(bearing));
    const turn = Math.atan2(Math.sin(bearing) * Math.sin(d) * Math.cos(lat), Math.cos(d) - Math.sin(lat) * Math.sin(to));
    return [longitude + turn / radians, to / radians];
  });
}

function regions(records: Records): GeoJSON.FeatureCollection {
  const features: GeoJSON.Feature[] = [];
  for (const { number, position } of records.survey.encounters) {
    if (position) {
      const ring = circle([position.longitude, position.latitude], position.radius_m_95);
      features.push({ type: "Feature", properties: { number }, geometry: { type: "Polygon", coordinates: [ring] } });
    }
  }
  return { type: "FeatureCollection", features };
}

function boundsOf(places: Place[]): LngLatBounds {
  const bounds = new LngLatBounds();
  for (const place of places) {
    if (place) {
      bounds.extend(place);
    }
  }
  return bounds;
}

/** Move so that what was selected is in view, without changing the scale where it need not. */
function goToSelection(chart: Chart, places: Place[], store: Store): void {
  const selected = store.state.selected;
  const inside = selected ? places.slice(selected[0], selected[1] + 1).filter((each) => each) : [];
  const view = chart.getBounds();
  if (inside.some((place) => place && !view.contains(place))) {
    chart.fitBounds(boundsOf(inside), { padding: 60, maxZoom: Math.max(chart.getZoom(), 15) });
  }
}

/** A numbered button at each encounter: where the source is thought to be, else where the peak was. */
function addMarkers(chart: Chart, records: Records, store: Store, places: Place[]): void {
  for (const each of records.survey.encounters) {
    const { position } = each;
    const place: Place = position ? [position.longitude, position.latitude] : (places[each.peak_record] ?? null);
    if (!place) {
      continue;
    }
    const words = [encounterWords(each), text.classes[each.class]];
    if (position) {
      words.push(text.radius(formatNumber(position.radius_m_95)));
    }
    const button = element(
      "button",
      { type: "button", class: "encounter-marker", "data-class": each.class, "aria-label": words.join(", "), title: words.join(", ") },
      String(each.number),
    );
    button.addEventListener("click", (event) => {
      event.stopPropagation();
      selectEncounter(store, each);
    });
    store.watch(["selected"], () => button.toggleAttribute("data-chosen", isSelected(store, each)));
    new Marker({ element: button }).setLngLat(place).addTo(chart);
  }
}
