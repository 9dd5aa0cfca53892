import { defineConfig } from "vite";

/** The screen on the device stands alone: it is served by the agent, which may have no server beside it. */
export default defineConfig({
  base: "./",
  build: {
    outDir: "../src/tocsin/field/screen/static",
    emptyOutDir: true,
    target: "es2022",
    // Styles stay files: the policy of the page allows no other.
    cssCodeSplit: true,
    assetsInlineLimit: 0,
    modulePreload: false,
    license: { fileName: "LICENCES.md" },
    rolldownOptions: {
      input: { field: "src/field/main.ts" },
      output: {
        entryFileNames: "[name].js",
        chunkFileNames: "part-[name].js",
        assetFileNames: "[name][extname]",
      },
    },
  },
});
