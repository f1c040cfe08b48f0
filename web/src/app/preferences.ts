// What this browser is set to: the theme, whether secrets are hidden, whether single keys do something.
import { useSyncExternalStore } from 'react';

export type Theme = 'system' | 'dark' | 'light';

export interface Preferences {
  theme: Theme;
  /** Hides keys' ends, addresses and links: for whoever shares this screen on stream. */
  hideSecrets: boolean;
  /** Single-key shortcuts can be turned off (WCAG 2.1.4). */
  shortcuts: boolean;
}

const KEY = 'gostream.preferences';
const DEFAULTS: Preferences = { theme: 'system', hideSecrets: false, shortcuts: true };

let current: Preferences = read();
const watchers = new Set<() => void>();

function read(): Preferences {
  try {
    return { ...DEFAULTS, ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Preferences>) };
  } catch {
    return DEFAULTS;
  }
}

/** Puts the theme on the document. Without one, the system's is followed by CSS alone. */
export function applyPreferences(): void {
  const { theme } = current;
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export function setPreferences(change: Partial<Preferences>): void {
  current = { ...current, ...change };
  try {
    localStorage.setItem(KEY, JSON.stringify(current));
  } catch {
    // A browser that keeps nothing still has it for this visit.
  }
  applyPreferences();
  for (const each of watchers) each();
}

function watch(watcher: () => void): () => void {
  const other = (event: StorageEvent) => {
    if (event.key !== KEY) return;
    current = read();
    applyPreferences();
    watcher();
  };
  watchers.add(watcher);
  addEventListener('storage', other);
  return () => {
    watchers.delete(watcher);
    removeEventListener('storage', other);
  };
}

export const usePreferences = (): Preferences => useSyncExternalStore(watch, () => current);
