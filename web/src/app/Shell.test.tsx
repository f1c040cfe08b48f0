import { act, fireEvent, screen, waitFor } from '@testing-library/react';
import { beforeEach, expect, it } from 'vitest';
import { Router } from 'wouter';
import { memoryLocation } from 'wouter/memory-location';
import { link } from '@/live/link';
import { me, project, show } from '@/test/make';
import { page, serve } from '@/test/server';
import { setPreferences } from './preferences';
import { Shell } from './Shell';

beforeEach(() => {
  setPreferences({ shortcuts: true, theme: 'system', hideSecrets: false });
  serve({ 'GET /api/v1/me': me(), 'GET /api/v1/projects': page(project()) });
});

function shell() {
  const { hook, history = [] } = memoryLocation({ path: '/', record: true });
  show(
    <Router hook={hook}>
      <Shell>
        <label>
          Name <input />
        </label>
      </Shell>
    </Router>,
  );
  return history;
}
const press = (...keys: string[]) => keys.forEach((key) => fireEvent.keyDown(document.activeElement ?? document.body, { key, bubbles: true }));

it('goes where two keys say, but not while somebody types, nor where keys are off', () => {
  const history = shell();
  press('g', 's');
  expect(history.at(-1)).toBe('/system');
  screen.getByLabelText('Name').focus();
  press('g', 'p');
  expect(history.at(-1)).toBe('/system');
  screen.getByLabelText('Name').blur();
  act(() => setPreferences({ shortcuts: false }));
  press('g', 'p');
  expect(history.at(-1)).toBe('/system');
});

it('puts the focus into a page that one comes to', () => {
  shell();
  press('g', 's');
  expect(document.getElementById('page')).toHaveFocus();
});

it('lists the keys at ?', async () => {
  shell();
  press('?');
  expect(await screen.findByRole('dialog', { name: 'Keys' })).toBeInTheDocument();
});

it('says how old the page is while the server cannot be heard', async () => {
  shell();
  act(() => link.receive({ kind: 'open', missed: false, at: new Date(2026, 10, 27, 12, 4, 10).getTime() }));
  // Nothing has happened since, and a heartbeat has said so.
  act(() => link.receive({ kind: 'lost', signedOut: false, at: new Date(2026, 10, 27, 12, 9, 40).getTime() }));
  expect(screen.getByText(/Connection to the server lost/).parentElement).toHaveTextContent('as it was at 12:09:40');
  act(() => link.receive({ kind: 'open', missed: true, at: Date.now() }));
  await waitFor(() => expect(screen.queryByText(/Connection to the server lost/)).not.toBeInTheDocument());
});

it('keeps the theme', () => {
  setPreferences({ theme: 'dark' });
  expect(document.documentElement.dataset.theme).toBe('dark');
  expect(localStorage.getItem('gostream.preferences')).toContain('dark');
  setPreferences({ theme: 'system' });
  expect(document.documentElement.dataset.theme).toBeUndefined();
});
