/**
 * The base map that Tocsin carries: countries of Natural Earth (public domain, 1:50 million).
 *
 * The polygons of world-atlas are stitched for the sphere; drawn as they are, Russia, Fiji and
 * Antarctica smear over the whole map. A cylindrical projection that keeps degrees cuts them at the
 * antimeridian.
 */

import { readFileSync } from "node:fs";
import { geoProject } from "d3-geo-projection";
import { geoEquirectangular } from "d3-geo";
import { feature } from "topojson-client";

const DEGREES = 180 / Math.PI;
// 0.001 degree is 100 m, finer than the 1:50 million source.
const DIGITS = 1000;

type Positions = number[] | Positions[];

function rounded(positions: Positions): Positions {
  return positions.map((each) =>
    typeof each === "number" ? Math.round(each * DIGITS) / DIGITS : rounded(each),
  ) as Positions;
}

/** GeoJSON text of all countries with their names, ready for the map. */
export function worldMap(): string {
  const atlas = JSON.parse(
    readFileSync(new URL("../node_modules/world-atlas/countries-50m.json", import.meta.url), "utf8"),
  );
  const projection = geoEquirectangular().scale(DEGREES).translate([0, 0]).reflectY(true).precision(0.1);
  const cut = geoProject(feature(atlas, atlas.objects.countries), projection);
  const features = cut.features.map((each) => ({
    type: "Feature",
    properties: { name: each.properties.name },
    geometry: { type: each.geometry.type, coordinates: rounded(each.geometry.coordinates) },
  }));
  return JSON.stringify({ type: "FeatureCollection", features });
}
