/** The calls used of packages that carry no types. */

interface Shape {
  type: "Feature";
  properties: { name: string };
  geometry: { type: string; coordinates: number[][][] | number[][][][] };
}
interface Shapes {
  type: "FeatureCollection";
  features: Shape[];
}
interface Projection {
  scale(factor: number): Projection;
  translate(by: [number, number]): Projection;
  reflectY(yes: boolean): Projection;
  precision(pixels: number): Projection;
}

declare module "d3-geo" {
  export function geoEquirectangular(): Projection;
}
declare module "d3-geo-projection" {
  export function geoProject(shapes: Shapes, projection: Projection): Shapes;
}
declare module "topojson-client" {
  export function feature(topology: unknown, object: unknown): Shapes;
}
