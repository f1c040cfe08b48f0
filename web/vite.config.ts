import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

interface Modules {
  getModuleInfo: (id: string) => { importedIds: string[] } | null;
}

/** What the bundler adds to files that import others. */
const HELPER = /^\0/;
const REACT = /node_modules\/(react|react-dom|scheduler)\//;

const closures = new Map<string, Set<string>>();

/** The module and all that it cannot be without. */
function closure(entry: string, modules: Modules): Set<string> {
  const known = closures.get(entry);
  if (known) return known;
  const all = new Set<string>();
  const add = (id: string) => {
    if (all.has(id)) return;
    all.add(id);
    for (const each of modules.getModuleInfo(id)?.importedIds ?? []) add(each);
  };
  add(here('.' + entry));
  closures.set(entry, all);
  return all;
}

const PAGES = readdirSync(here('./src/pages')).map((file) => `/src/pages/${file}`);
const ROOM = '/src/pages/ProjectPage.tsx';
const ENCODER = '/src/features/project/EncoderSetup.tsx';

/**
 * In which file a module goes. Left alone, the bundler makes a file of each little set of modules that some pages share;
 * a browser asks for six at a time, and each has a price.
 */
function together(id: string, modules: Modules): string | null {
  const of = (entry: string) => closure(entry, modules).has(id);
  if (HELPER.test(id)) return 'base';
  // The viewer's page has a few modules in common with the dashboard, and loads nothing else of it.
  if (of('/src/watch/main.ts')) return of(ROOM) ? 'base' : null;
  // Two files are read beside each other, and React changes less often than what is ours.
  if (of('/src/main.tsx')) return REACT.test(id) ? 'react' : 'first';
  if (of(ENCODER) && PAGES.some((page) => page !== ROOM && of(page))) return 'parts';
  if (!of(ROOM)) return null;
  return PAGES.some((page) => page !== ROOM && of(page)) ? 'parts' : 'room';
}

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: { alias: { '@': here('./src') } },
  build: {
    target: ['chrome123', 'edge123', 'firefox124', 'safari17.5'],
    // Everything is a file of its own: the page's policy allows nothing inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    // hls.js is what it is, and comes only with a picture.
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      input: { index: here('./index.html'), watch: here('./watch.html') },
      output: { codeSplitting: { groups: [{ name: together, debugName: 'together' }], includeDependenciesRecursively: false } },
    },
  },
  worker: { format: 'es' },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['./src/test/setup.ts'],
    // The machine has other work to do.
    maxWorkers: 2,
    restoreMocks: true,
    testTimeout: 30_000,
  },
});
