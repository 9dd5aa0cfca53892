import { defineConfig, type Plugin } from "vite";
import { worldMap } from "./base-map/world";

const baseMap: Plugin = {
  name: "base-map",
  generateBundle() {
    this.emitFile({ type: "asset", fileName: "world.json", source: worldMap() });
  },
};

export default defineConfig({
  base: "./",
  plugins: [baseMap],
  build: {
    outDir: "../src/tocsin/server/static/tocsin",
    emptyOutDir: true,
    target: "es2022",
    // Styles stay files: the policy of the pages allows no other.
    cssCodeSplit: true,
    assetsInlineLimit: 0,
    modulePreload: false,
    license: { fileName: "LICENCES.md" },
    rolldownOptions: {
      input: { app: "src/app/main.ts", survey: "src/survey/main.ts", picture: "src/picture/main.ts" },
      output: {
        entryFileNames: "[name].js",
        chunkFileNames: "part-[name].js",
        assetFileNames: "[name][extname]",
      },
    },
  },
});
