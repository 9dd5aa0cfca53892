/** The operator's tiles: what kind they are says the archive itself. */

import { addProtocol } from "maplibre-gl";
import { PMTiles, Protocol, TileType } from "pmtiles";

export interface Tiles {
  url: string;
  raster: boolean;
  /** Layers of vector tiles; null where the archive names none. */
  layers: string[] | null;
}

const RASTER: TileType[] = [TileType.Png, TileType.Jpeg, TileType.Webp, TileType.Avif];
let protocol: Protocol | null = null;

/** Read the header of an archive; null where there is none that can be drawn: the map is drawn without. */
export async function tilesOf(address: string): Promise<Tiles | null> {
  if (!address) {
    return null;
  }
  const url = new URL(address, location.href).href;
  const archive = new PMTiles(url);
  try {
    const { tileType } = await archive.getHeader();
    if (!protocol) {
      protocol = new Protocol({ metadata: true });
      addProtocol("pmtiles", protocol.tile);
    }
    protocol.add(archive);
    if (tileType !== TileType.Mvt && !RASTER.includes(tileType)) {
      return null;
    }
    const { vector_layers: named } = (await archive.getMetadata()) as { vector_layers?: { id: string }[] };
    return { url: `pmtiles://${url}`, raster: tileType !== TileType.Mvt, layers: named?.map((each) => each.id) ?? null };
  } catch {
    return null;
  }
}
