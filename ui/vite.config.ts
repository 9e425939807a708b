import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** Where `npm run dev` finds the server; the mock server in `dev/server.mjs` by default. */
const server = process.env.ROSTRUM_SERVER ?? "http://127.0.0.1:4300";
const proxied = ["/graphql", "/events", "/api/", "/login", "/logout", "/health"];

export default defineConfig({
  base: "/",
  plugins: [react()],
  build: {
    outDir: "../src/rostrum/web/static",
    emptyOutDir: true,
    // Hashed files live under /app/, apart from the page /assets.
    assetsDir: "app",
    target: "es2022",
    cssCodeSplit: true,
    manifest: true,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        // Few requests matter more than small files: what several pages share comes with the entry.
        codeSplitting: {
          groups: [{ name: "main", test: /\/src\/(main|router|parts(?!\/markdown-tree)|list|format|filter|shell|live|api|styles|graph\/model|pages\/missing|pages\/[\w-]+-(actions|inspector))\b|node_modules\/(?!flatbush|marked)/, entriesAware: false }],
        },
      },
    },
  },
  worker: { format: "es" },
  server: {
    port: 4301,
    proxy: Object.fromEntries(
      proxied.map((path) => [
        path,
        {
          target: server,
          changeOrigin: false,
          // A run page and a run's log share a prefix; only requests for data go on to the server.
          bypass: (request: { headers: { accept?: string }; url?: string }) =>
            request.headers.accept?.includes("text/html") ? "/index.html" : undefined,
        },
      ]),
    ),
  },
});
