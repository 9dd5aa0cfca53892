/** The map's style: no tiles, no fonts and no pictures from anywhere; an operator may add own tiles. */

import type { LayerSpecification, SourceSpecification, StyleSpecification } from "maplibre-gl";
import { themeColour } from "./colours";
import type { Tiles } from "./tiles";

const FONT = ["Noto Sans", "DejaVu Sans", "sans-serif"];

/** Countries, a graticule and, where there are such, tiles (pictures, or vectors in the Protomaps scheme) and a street plan. */
export function baseStyle(
  world: GeoJSON.FeatureCollection | null,
  tiles: Tiles | null,
  plan: GeoJSON.FeatureCollection | null = null,
): StyleSpecification {
  const empty: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };
  const land = themeColour("--map-land");
  const border = themeColour("--map-border");
  const soft = themeColour("--soft");
  const sea = themeColour("--map-sea");
  const sources: Record<string, SourceSpecification> = {
    world: { type: "geojson", data: world ?? empty },
    graticule: { type: "geojson", data: empty },
    degrees: { type: "geojson", data: empty },
    plan: { type: "geojson", data: plan ?? empty },
  };
  if (tiles) {
    sources["tiles"] = tiles.raster ? { type: "raster", url: tiles.url, tileSize: 256 } : { type: "vector", url: tiles.url };
  }
  const halo = { "text-color": soft, "text-halo-color": land, "text-halo-width": 1.5 };
  return {
    version: 8,
    sources,
    layers: [
      { id: "sea", type: "background", paint: { "background-color": sea } },
      { id: "land", type: "fill", source: "world", paint: { "fill-color": land } },
      ...(tiles ? (tiles.raster ? pictureLayers() : tileLayers().filter((each) => drawable(each, tiles))) : []),
      ...(plan ? planLayers() : []),
      { id: "borders", type: "line", source: "world", paint: { "line-color": border, "line-width": 0.8 } },
      { id: "graticule", type: "line", source: "graticule", paint: { "line-color": border, "line-width": 0.5, "line-dasharray": [4, 4] } },
      {
        id: "degrees", type: "symbol", source: "degrees", paint: halo,
        layout: { "text-field": ["get", "label"], "text-font": FONT, "text-size": 11, "text-anchor": ["get", "anchor"], "text-allow-overlap": true },
      },
    ],
  };
}

/** Pictures keep their colours by day; where the page is dark they are dimmed, so that what lies on them is seen. */
function pictureLayers(): LayerSpecification[] {
  const { theme = "auto" } = document.documentElement.dataset;
  const day = theme === "auto" ? !matchMedia("(prefers-color-scheme: dark)").matches : theme === "day";
  return [{ id: "tile-pictures", type: "raster", source: "tiles", paint: { "raster-brightness-max": day ? 1 : 0.55 } }];
}

/** A layer that the archive does not have is not asked for. */
function drawable(layer: LayerSpecification, { layers }: Tiles): boolean {
  return !layers || !("source-layer" in layer) || layers.includes(layer["source-layer"] ?? "");
}

function tileLayers(): LayerSpecification[] {
  const border = themeColour("--map-border");
  const raised = themeColour("--raised");
  const card = themeColour("--card");
  const sea = themeColour("--map-sea");
  const land = themeColour("--map-land");
  /** A road: its edge, and on it the road itself; `more` is added to the width. */
  const road = (id: string, kinds: string[], width: number, colour: string, more: number): LayerSpecification => ({
    id, type: "line", source: "tiles", "source-layer": "roads",
    filter: ["in", ["get", "kind"], ["literal", kinds]],
    layout: { "line-cap": "round", "line-join": "round" },
    paint: { "line-color": colour, "line-width": ["interpolate", ["exponential", 1.5], ["zoom"], 9, width / 6 + more / 8, 14, width + more, 18, 6.5 * width + 2 * more] },
  });
  const small = ["minor_road"];
  const large = ["major_road", "medium_road", "highway"];
  const halo = { "text-color": themeColour("--soft"), "text-halo-color": land, "text-halo-width": 1.5 };
  return [
    { id: "tile-land", type: "fill", source: "tiles", "source-layer": "earth", paint: { "fill-color": land } },
    { id: "tile-use", type: "fill", source: "tiles", "source-layer": "landuse", paint: { "fill-color": raised, "fill-opacity": 0.5 } },
    {
      id: "tile-parks", type: "fill", source: "tiles", "source-layer": "landuse",
      filter: ["in", ["get", "kind"], ["literal", ["park", "forest", "wood", "grass", "garden", "nature_reserve"]]], paint: { "fill-color": themeColour("--calm-paper") },
    },
    { id: "tile-water", type: "fill", source: "tiles", "source-layer": "water", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": sea } },
    { id: "tile-buildings", type: "fill", source: "tiles", "source-layer": "buildings", minzoom: 13, paint: { "fill-color": raised, "fill-outline-color": border } },
    road("tile-paths", ["path", "rail"], 1, border, 0),
    road("tile-road-edges", small, 2, border, 2),
    road("tile-large-edges", large, 4, border, 2),
    road("tile-roads", small, 2, card, 0),
    road("tile-large", large, 4, card, 0),
    {
      id: "tile-road-names", type: "symbol", source: "tiles", "source-layer": "roads", minzoom: 13, filter: ["has", "name"],
      layout: { "symbol-placement": "line", "text-field": ["get", "name"], "text-font": FONT, "text-size": 11 }, paint: halo,
    },
    {
      id: "tile-places", type: "symbol", source: "tiles", "source-layer": "places",
      layout: { "text-field": ["get", "name"], "text-font": FONT, "text-size": 12 }, paint: halo,
    },
  ];
}

/** A street plan: areas and lines by their `kind`, names where a feature has a `name`. */
function planLayers(): LayerSpecification[] {
  const border = themeColour("--map-border");
  const raised = themeColour("--raised");
  const area = (kind: string, colour: string, edge: string): LayerSpecification => ({
    id: `plan-${kind}`, type: "fill", source: "plan",
    filter: ["all", ["==", ["geometry-type"], "Polygon"], ["==", ["get", "kind"], kind]],
    paint: { "fill-color": colour, "fill-outline-color": edge },
  });
  const street = (id: string, colour: string, more: number): LayerSpecification => ({
    id, type: "line", source: "plan", minzoom: 11,
    filter: ["all", ["==", ["geometry-type"], "LineString"], ["in", ["get", "kind"], ["literal", ["street", "road"]]]],
    layout: { "line-cap": "round", "line-join": "round" },
    paint: {
      "line-color": colour,
      "line-width": ["interpolate", ["exponential", 1.5], ["zoom"], 11, 0.4 + more / 4, 14, ["+", more, ["match", ["get", "kind"], "road", 4, 2]], 18, ["+", 2 * more, ["match", ["get", "kind"], "road", 22, 13]]],
    },
  });
  const halo = { "text-color": themeColour("--soft"), "text-halo-color": themeColour("--map-land"), "text-halo-width": 1.5 };
  return [
    area("water", themeColour("--map-sea"), border),
    area("park", themeColour("--calm-paper"), border),
    area("building", raised, border),
    street("plan-street-edges", border, 2),
    street("plan-streets", themeColour("--card"), 0),
    {
      id: "plan-street-names", type: "symbol", source: "plan", minzoom: 13,
      filter: ["all", ["==", ["geometry-type"], "LineString"], ["has", "name"]],
      layout: { "symbol-placement": "line", "text-field": ["get", "name"], "text-font": FONT, "text-size": 11 }, paint: halo,
    },
    {
      id: "plan-places", type: "symbol", source: "plan", minzoom: 12,
      filter: ["all", ["==", ["geometry-type"], "Point"], ["has", "name"]],
      layout: { "text-field": ["get", "name"], "text-font": FONT, "text-size": 12 }, paint: halo,
    },
  ];
}

const STEPS_DEG = [30, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001];

interface Bounds {
  west: number;
  east: number;
  south: number;
  north: number;
}

/** Pixels between labelled lines, and the room at the edges where labels of the two kinds would meet. */
const APART_PX = 110;
const CORNER_PX = 80;

/** Lines of latitude and longitude for what is in view, with their degrees at the left and lower edge. */
export function graticule(view: Bounds, width: number): { lines: GeoJSON.FeatureCollection; labels: GeoJSON.FeatureCollection } {
  const span = Math.max(view.east - view.west, 0.0004);
  const step = STEPS_DEG.findLast((each) => (each / span) * width >= APART_PX) ?? 30;
  const perDegree = width / span;
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const lines: GeoJSON.Feature[] = [];
  const labels: GeoJSON.Feature[] = [];
  const line = (...coordinates: [number, number][]): void => {
    lines.push({ type: "Feature", properties: {}, geometry: { type: "LineString", coordinates } });
  };
  const degree = (at: [number, number], words: string, anchor: string): void => {
    labels.push({ type: "Feature", properties: { label: words, anchor }, geometry: { type: "Point", coordinates: at } });
  };
  const hemisphere = (value: number, positive: string, negative: string): string =>
    `${Math.abs(value).toFixed(digits)}° ${value >= 0 ? positive : negative}`;
  for (let i = Math.ceil(view.west / step); i <= view.east / step; i++) {
    line([i * step, view.south], [i * step, view.north]);
    if ((i * step - view.west) * perDegree > CORNER_PX) {
      degree([i * step, view.south], hemisphere(i * step, "E", "W"), "bottom");
    }
  }
  for (let i = Math.ceil(view.south / step); i <= view.north / step; i++) {
    line([view.west, i * step], [view.east, i * step]);
    if ((i * step - view.south) * perDegree > CORNER_PX / 3) {
      degree([view.west, i * step], hemisphere(i * step, "N", "S"), "left");
    }
  }
  const collection = (features: GeoJSON.Feature[]): GeoJSON.FeatureCollection => ({ type: "FeatureCollection", features });
  return { lines: collection(lines), labels: collection(labels) };
}
