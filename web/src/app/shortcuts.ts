// Single keys, for hands that know them. Off in fields and in dialogs, and off altogether where somebody wants so.
import { useEffect } from 'react';
import { useLocation } from 'wouter';
import { usePreferences } from './preferences';

/** After `g`: where to. */
const GO: Record<string, string> = { o: '/', p: '/projects', a: '/activity', s: '/system', ',': '/settings' };
const GO_MS = 1200;

export const SHORTCUTS: [string, string][] = [
  ['g o', 'Overview'],
  ['g p', 'Projects'],
  ['g a', 'Activity'],
  ['g s', 'System'],
  ['g ,', 'Settings'],
  ['/', 'Search on this page'],
  ['1 … 9', 'Switch destination 1 … 9 on or off'],
  ['Esc', 'Close what is open'],
  ['?', 'This list'],
];

type Keys = Record<string, (event: KeyboardEvent) => void>;

/** Whether a key is somebody's typing, or a dialog's. */
function isTaken(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.repeat) return true;
  const target = event.target as HTMLElement | null;
  if (target?.closest?.('input, textarea, select, [contenteditable], [role="menu"]')) return true;
  return document.querySelector('[role="dialog"], [role="alertdialog"]') !== null;
}

/** Listens for single keys while this is on the page. */
export function useKeys(handle: (key: string, event: KeyboardEvent) => void): void {
  const { shortcuts } = usePreferences();
  useEffect(() => {
    if (!shortcuts) return;
    const down = (event: KeyboardEvent) => {
      if (!isTaken(event)) handle(event.key, event);
    };
    addEventListener('keydown', down);
    return () => removeEventListener('keydown', down);
  }, [shortcuts, handle]);
}

let armedAt = 0;

export function useShortcuts({ onHelp }: { onHelp: () => void }): void {
  const [, navigate] = useLocation();
  const { shortcuts } = usePreferences();
  useEffect(() => {
    if (!shortcuts) return;
    const keys: Keys = {
      g: () => (armedAt = Date.now()),
      '?': onHelp,
      '/': (event) => {
        const search = document.querySelector<HTMLInputElement>('input[type="search"]');
        if (!search) return;
        event.preventDefault();
        search.focus();
      },
    };
    const down = (event: KeyboardEvent) => {
      if (isTaken(event)) return;
      const to = GO[event.key];
      if (to && Date.now() - armedAt < GO_MS) {
        armedAt = 0;
        navigate(to);
      } else keys[event.key]?.(event);
    };
    addEventListener('keydown', down);
    return () => removeEventListener('keydown', down);
  }, [shortcuts, navigate, onHelp]);
}
