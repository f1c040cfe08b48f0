// Where the signal flows and where it stops, in words.
import { screen } from '@testing-library/react';
import { expect, it } from 'vitest';
import type { Project } from '@/api/types';
import { destination, output, project, show } from '@/test/make';
import { page, Refused, serve } from '@/test/server';
import { SignalPath } from './SignalPath';

const LIST = 'GET /api/v1/projects/prj_1/destinations';
const CONNECTIONS = 'GET /api/v1/ingest/connections';
const encoder = { project_id: 'prj_1', remote: '10.0.0.4:50122', encoder: 'obs-output module (libobs version 31.0.1)' };

function path(live: Partial<Project['live']>, more: Record<string, unknown> = {}) {
  const states = ['sending', 'retrying', 'disabled'] as const;
  const list = states.map((state, index) => destination(`dst_${index}`, { enabled: state !== 'disabled', output: output({ state }) }));
  serve({ [LIST]: page(...list), [CONNECTIONS]: page(encoder), ...more });
  show(<SignalPath project={project({}, live)} />);
}

it('says who sends, and to how many it goes out', async () => {
  path({ outputs: { sending: 1, retrying: 1, failed: 0, total: 2 } });
  expect(await screen.findByText(/OBS Studio 31.0.1/)).toHaveTextContent('OBS Studio 31.0.1 · 10.0.0.4');
  expect(screen.getByText('Sending to us')).toHaveAttribute('data-tone', 'ok');
  expect(screen.getByText('Sending to 1 of 2')).toHaveAttribute('data-tone', 'warn');
  expect(screen.getByText('1 retrying')).toBeInTheDocument();
});

it('says that the fault is the encoder’s while it is away', async () => {
  path({ state: 'interrupted', outputs: { sending: 2, retrying: 0, failed: 0, total: 2 } }, { [CONNECTIONS]: page() });
  expect(await screen.findByText('Dropped, held on the air')).toHaveAttribute('data-tone', 'warn');
  expect(await screen.findByText('Nobody is connected')).toBeInTheDocument();
});

it('knows the numbers where the list is not there', async () => {
  path({ outputs: { sending: 1, retrying: 0, failed: 2, total: 3 } }, { [LIST]: new Refused(503, 'unavailable') });
  expect(await screen.findByText('Sending to 1 of 3')).toHaveAttribute('data-tone', 'bad');
  expect(screen.getByText('2 need you')).toBeInTheDocument();
});
