// What is said aloud: changes of state, once, and failures at once. Never what comes every second.
import { act, screen, waitFor } from '@testing-library/react';
import { beforeEach, expect, it, vi } from 'vitest';
import { keys } from '@/api/queries';
import type { Event } from '@/api/types';
import { link } from '@/live/link';
import { destination, event, show, stats } from '@/test/make';
import { announce } from '@/ui/toast';
import { useStateVoice } from './voice';

function Voice() {
  useStateVoice();
  return null;
}

const tell = (told: Event) => act(() => link.receive({ kind: 'event', at: Date.now(), event: { id: told.id, type: told.type, data: JSON.stringify(told) } }));
const said = () => [screen.getAllByRole('status')[0]?.textContent, screen.getAllByRole('alert')[0]?.textContent];

beforeEach(() => {
  announce('');
  announce('', 'alert');
  const { client } = show(<Voice />);
  client.setQueryData(keys.projectPart('prj_1', 'destinations'), [destination('dst_1', { name: 'Twitch' })]);
});

it('a failure interrupts, by the name that people know', async () => {
  tell(event('output.state', { destination_id: 'dst_1', state: 'failed', reason: 'publish_rejected' }));
  await waitFor(() => expect(said()).toEqual(['', 'Twitch needs you. It refused the stream key']));
});

it('what comes back waits its turn', async () => {
  tell(event('ingest.resumed', { after_ms: 4000 }));
  await waitFor(() => expect(said()).toEqual(['Encoder back after 4 s', '']));
});

it('figures and changes of settings are not read out', async () => {
  act(() => link.receive({ kind: 'event', at: Date.now(), event: { id: '', type: 'stats', data: JSON.stringify(stats(1)) } }));
  tell(event('project.changed', { by: 'Ada' }));
  await vi.dynamicImportSettled();
  expect(said()).toEqual(['', '']);
});
