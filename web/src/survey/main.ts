import * as maplibregl from "maplibre-gl";
import uPlot from "uplot";
import "maplibre-gl/dist/maplibre-gl.css";
import "uplot/dist/uPlot.min.css";
console.log(maplibregl, uPlot);
