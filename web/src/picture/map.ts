/** The map of the scene: tracks, devices, alarms with the region that holds the source. */

import { AttributionControl, type ExpressionSpecification, type GeoJSONSource, LngLatBounds, Map as Chart, Marker, NavigationControl, ScaleControl } from "maplibre-gl";
import { element } from "../dom";
import { formatNumber } from "../language";
import { onTheme, rampAt, rgb, themeColour } from "../survey/colours";
import { byZoom, circle, ramp } from "../survey/map";
import { baseStyle, graticule } from "../survey/map-style";
import type { Tiles } from "../survey/tiles";
import type { Alarm, Device, Point } from "./contract";
import type { Scene } from "./scene";
import { text } from "./texts";
import { alarmWords, deviceStateWords } from "./words";

/** The same colours mean the same on every day: no scale that follows what is there. */
const SCALE: [number, number] = [0, 10];
/** Points of all tracks together: so many a browser draws anew each second without effort. */
const MOST_POINTS = 20_000;
const FIT = { padding: 50, maxZoom: 17, animate: false };

export interface BaseMap {
  world: GeoJSON.FeatureCollection | null;
  plan: GeoJSON.FeatureCollection | null;
  tiles: Tiles | null;
}

export class PictureMap {
  readonly element: HTMLElement;
  readonly #plot = element("div", { class: "plot map-frame" });
  readonly #keep = element("input", { type: "checkbox" });
  readonly #devices = new Map<string, { marker: Marker; button: HTMLButtonElement }>();
  readonly #alarms = new Map<string, { marker: Marker; said: string }>();
  #chart: Chart | null = null;
  #ready = false;
  #drawn = -1;
  #regions = "";

  constructor(
    readonly scene: Scene,
    readonly base: BaseMap,
    scaleName: string,
  ) {
    const all = element("button", { type: "button" }, text.showAll);
    all.addEventListener("click", () => this.showAll());
    this.#keep.checked = true;
    const head = element(
      "header",
      {},
      element("h2", { id: "map-title" }, text.map),
      element("div", { class: "tools" }, element("label", {}, this.#keep, ` ${text.follow}`), all),
    );
    this.element = element(
      "section",
      { class: "island", id: "map", "aria-labelledby": "map-title" },
      head,
      this.#plot,
      scaleBar(scaleName),
      element("p", { class: "caption" }, text.baseMap),
    );
  }

  /** Make the chart; the element must be in the page, from where it takes its size. */
  start(): void {
    try {
      this.#chart = new Chart({
        container: this.#plot,
        style: this.#style(),
        bounds: this.#bounds() ?? [-170, -60, 170, 75],
        fitBoundsOptions: FIT,
        attributionControl: false,
        locale: { "NavigationControl.ZoomIn": text.zoomInMap, "NavigationControl.ZoomOut": text.zoomOutMap, "Map.Title": text.mapCanvas },
        dragRotate: false,
        pitchWithRotate: false,
        touchPitch: false,
      });
    } catch {
      this.#plot.replaceWith(element("p", { class: "empty" }, text.noWebGl));
      return;
    }
    const chart = this.#chart;
    chart.addControl(new NavigationControl({ showCompass: false }), "top-right");
    chart.addControl(new ScaleControl({ unit: "metric" }), "bottom-right");
    if (this.base.tiles) {
      chart.addControl(new AttributionControl({ compact: false }), "bottom-left");
    }
    chart.once("style.load", () => {
      this.#addData();
      onTheme(() => {
        this.#ready = false;
        chart.setStyle(this.#style(), { diff: false });
        chart.once("style.load", () => this.#addData());
      });
    });
    chart.on("moveend", () => this.#drawGraticule());
    chart.on("resize", () => this.#drawGraticule());
    // Who moves the map looks at something: it stays there.
    for (const event of ["dragstart", "wheel", "keydown", "boxzoomstart"] as const) {
      this.#plot.addEventListener(event, () => (this.#keep.checked = false));
    }
    chart.on("dragstart", () => (this.#keep.checked = false));
    this.scene.watch(() => this.#draw());
  }

  showAll(): void {
    this.#keep.checked = true;
    const bounds = this.#bounds();
    if (bounds) {
      this.#chart?.fitBounds(bounds, FIT);
    }
  }

  /** Go to a place, without changing the scale where it need not. */
  goTo(longitude: number, latitude: number): void {
    this.#keep.checked = false;
    this.#chart?.jumpTo({ center: [longitude, latitude], zoom: Math.max(this.#chart.getZoom(), 15) });
  }

  #style(): ReturnType<typeof baseStyle> {
    return baseStyle(this.base.world, this.base.tiles, this.base.plan);
  }

  #source(id: string): GeoJSONSource | undefined {
    return this.#chart?.getSource<GeoJSONSource>(id);
  }

  #addData(): void {
    const chart = this.#chart as Chart;
    const alarm = themeColour("--alarm");
    const empty: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };
    for (const id of ["regions", "ways", "points"]) {
      chart.addSource(id, { type: "geojson", data: empty });
    }
    chart.addLayer({ id: "regions", type: "fill", source: "regions", paint: { "fill-color": alarm, "fill-opacity": 0.12 } });
    chart.addLayer({ id: "region-edges", type: "line", source: "regions", paint: { "line-color": alarm, "line-width": 2, "line-dasharray": [3, 2] } });
    // A dark bed under the points: light colours of the scale are seen on light land too.
    chart.addLayer({ id: "ways", type: "line", source: "ways", layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": themeColour("--ink"), "line-width": byZoom(4, 11) } });
    chart.addLayer({
      id: "points", type: "circle", source: "points",
      layout: { "circle-sort-key": ["coalesce", ["get", "v"], -1] },
      paint: { "circle-radius": byZoom(1.6, 4.6), "circle-color": colour() },
    });
    this.#ready = true;
    this.#drawn = -1;
    this.#regions = "";
    this.#drawGraticule();
    this.#draw();
    this.element.dataset["ready"] = "";
  }

  #drawGraticule(): void {
    const chart = this.#chart;
    if (chart && this.#ready) {
      const b = chart.getBounds();
      const made = graticule({ west: b.getWest(), east: b.getEast(), south: b.getSouth(), north: b.getNorth() }, this.#plot.clientWidth);
      this.#source("graticule")?.setData(made.lines);
      this.#source("degrees")?.setData(made.labels);
    }
  }

  #draw(): void {
    if (!this.#ready) {
      return;
    }
    const { scene } = this;
    if (scene.tracksVersion !== this.#drawn) {
      this.#drawn = scene.tracksVersion;
      const tracks = [...scene.tracks.values()].map((each) => each.points);
      this.#source("ways")?.setData(ways(tracks));
      this.#source("points")?.setData(points(tracks));
      if (this.#keep.checked) {
        this.#keepInView();
      }
    }
    this.#drawDevices(scene.devices);
    this.#drawAlarms(scene.alarms);
  }

  #drawDevices(devices: Device[]): void {
    const shown = new Set<string>();
    for (const device of devices) {
      if (device.latitude === null || device.longitude === null) {
        continue;
      }
      shown.add(device.survey);
      let known = this.#devices.get(device.survey);
      if (!known) {
        // The list beside the map has a button for each as well: one stop of the Tab key is enough.
        const button = element("button", { type: "button", class: "device-marker", tabindex: -1 }, short(device.name));
        button.addEventListener("click", () => this.scene.choose(device.survey));
        const marker = new Marker({ element: button }).setLngLat([device.longitude, device.latitude]).addTo(this.#chart as Chart);
        known = { marker, button };
        this.#devices.set(device.survey, known);
      }
      known.marker.setLngLat([device.longitude, device.latitude]);
      known.button.dataset["state"] = device.state;
      known.button.toggleAttribute("data-chosen", device.survey === this.scene.chosen);
      const said = text.markerOf(device.name, deviceStateWords(this.scene, device));
      if (known.button.title !== said) {
        known.button.title = said;
        known.button.setAttribute("aria-label", said);
      }
    }
    drop(this.#devices, shown);
  }

  #drawAlarms(alarms: Alarm[]): void {
    const shown = new Set<string>();
    const features: GeoJSON.Feature[] = [];
    for (const alarm of alarms) {
      const place = placeOf(alarm, this.scene);
      if (!place) {
        continue;
      }
      shown.add(alarm.id);
      if (alarm.radius_m_95 !== null) {
        const ring = circle(place, alarm.radius_m_95);
        features.push({ type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [ring] } });
      }
      const words = alarmWords(alarm);
      const known = this.#alarms.get(alarm.id);
      if (known?.said === words) {
        known.marker.setLngLat(place);
        continue;
      }
      known?.marker.remove();
      const button = element("button", { type: "button", class: "alarm-marker", "data-class": alarm.class, "aria-label": words, title: words }, alarm.nuclides[0] ?? "?");
      button.addEventListener("click", () => {
        const item = document.getElementById(`alarm-${alarm.id}`);
        item?.scrollIntoView({ block: "nearest" });
        item?.querySelector<HTMLElement>("a, button")?.focus();
      });
      const marker = new Marker({ element: button, anchor: "bottom", offset: [0, -6] }).setLngLat(place).addTo(this.#chart as Chart);
      this.#alarms.set(alarm.id, { marker, said: words });
    }
    drop(this.#alarms, shown);
    const drawn = JSON.stringify(features);
    if (drawn !== this.#regions) {
      this.#regions = drawn;
      this.#source("regions")?.setData({ type: "FeatureCollection", features });
    }
  }

  /** Move only when something has left the view. */
  #keepInView(): void {
    const bounds = this.#bounds();
    const view = this.#chart?.getBounds();
    if (bounds && view && (!view.contains(bounds.getNorthEast()) || !view.contains(bounds.getSouthWest()) || far(view, bounds))) {
      this.#chart?.fitBounds(bounds, FIT);
    }
  }

  #bounds(): LngLatBounds | null {
    const bounds = new LngLatBounds();
    for (const { points: all } of this.scene.tracks.values()) {
      for (const [latitude, longitude] of all) {
        bounds.extend([longitude, latitude]);
      }
    }
    for (const alarm of this.scene.alarms) {
      // Alarms of devices that are here; one of another land would leave nothing to see.
      const place = this.scene.tracks.has(alarm.survey ?? "") ? placeOf(alarm, this.scene) : null;
      if (place) {
        bounds.extend(place);
      }
    }
    if (bounds.isEmpty()) {
      for (const alarm of this.scene.alarms) {
        const place = placeOf(alarm, this.scene);
        if (place) {
          bounds.extend(place);
        }
      }
    }
    return bounds.isEmpty() ? null : bounds;
  }
}

/** Where the source is thought to be, else where its device is. */
function placeOf(alarm: Alarm, scene: Scene): [number, number] | null {
  if (alarm.latitude !== null && alarm.longitude !== null) {
    return [alarm.longitude, alarm.latitude];
  }
  const device = scene.devices.find((each) => each.survey === alarm.survey);
  return device && device.latitude !== null && device.longitude !== null ? [device.longitude, device.latitude] : null;
}

function drop(held: Map<string, { marker: Marker }>, shown: Set<string>): void {
  for (const [id, { marker }] of held) {
    if (!shown.has(id)) {
      marker.remove();
      held.delete(id);
    }
  }
}

/** Whether what is to be seen fills less than a tenth of the view. */
function far(view: LngLatBounds, bounds: LngLatBounds): boolean {
  const wide = (b: LngLatBounds): number => b.getEast() - b.getWest();
  const tall = (b: LngLatBounds): number => b.getNorth() - b.getSouth();
  return wide(view) > 0.05 && wide(bounds) < wide(view) / 10 && tall(bounds) < tall(view) / 10;
}

/** Two or three signs that tell devices apart: the number in the name, else its beginning. */
function short(name: string): string {
  return /\d{1,3}(?!.*\d)/.exec(name)?.[0] ?? name.slice(0, 2);
}

function colour(): ExpressionSpecification {
  const unknown = themeColour("--map-border");
  return ["case", ["has", "v"], ramp(SCALE), unknown] as unknown as ExpressionSpecification;
}

/** The tracks, thinned together to what is drawn with ease; of each stretch the hottest place stays. */
function points(tracks: Point[][]): GeoJSON.FeatureCollection {
  const total = tracks.reduce((sum, each) => sum + each.length, 0);
  const step = Math.max(1, Math.ceil(total / MOST_POINTS));
  const features: GeoJSON.Feature[] = [];
  for (const track of tracks) {
    for (let i = 0; i < track.length; i += step) {
      let hottest = track[i] as Point;
      for (let k = i + 1; k < Math.min(i + step, track.length); k++) {
        const other = track[k] as Point;
        hottest = (other[2] ?? -Infinity) > (hottest[2] ?? -Infinity) ? other : hottest;
      }
      const [latitude, longitude, v] = hottest;
      features.push({ type: "Feature", properties: v === null ? {} : { v }, geometry: { type: "Point", coordinates: [longitude, latitude] } });
    }
  }
  return { type: "FeatureCollection", features };
}

function ways(tracks: Point[][]): GeoJSON.Feature {
  const lines = tracks.filter((each) => each.length > 1).map((each) => each.map(([latitude, longitude]) => [longitude, latitude]));
  return { type: "Feature", properties: {}, geometry: { type: "MultiLineString", coordinates: lines } };
}

/** The colours with their numbers. */
function scaleBar(name: string): HTMLElement {
  const bar = element("canvas", { width: 120, height: 1, class: "scale-bar", "aria-hidden": "true" });
  const paint = (): void => {
    const context = bar.getContext("2d");
    for (let x = 0; context && x < bar.width; x++) {
      context.fillStyle = rgb(rampAt(x / (bar.width - 1)));
      context.fillRect(x, 0, 1, 1);
    }
  };
  onTheme(paint);
  paint();
  const [low, high] = SCALE;
  return element("p", { class: "caption picture-scale" }, `${formatNumber(low)} `, bar, ` ${formatNumber(high)}+ · ${name} · ${text.grey}`);
}
