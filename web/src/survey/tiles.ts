/** The operator's tiles: what kind they are says the archive itself. */

import { addProtocol } from "maplibre-gl";
import { PMTiles, Protocol, TileType } from "pmtiles";

export interface Tiles {
  url: string;
  raster: boolean;
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
    return tileType === TileType.Mvt || RASTER.includes(tileType) ? { url: `pmtiles://${url}`, raster: tileType !== TileType.Mvt } : null;
  } catch {
    return null;
  }
}
