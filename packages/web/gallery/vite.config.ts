import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** The gallery of components: `npx vite gallery`, to be looked at. Not part of the package. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  oxc: { jsx: { runtime: 'automatic' } },
  build: { outDir: '../node_modules/.gallery', emptyOutDir: true },
});
