// What the page of the machine says when something of it runs out.
import { screen } from '@testing-library/react';
import { Suspense } from 'react';
import { expect, it } from 'vitest';
import type { System } from '@/api/types';
import { show } from '@/test/make';
import { serve } from '@/test/server';
import { Figures } from './Figures';

const MACHINE: System['machine'] = {
  cpu_percent: 7.42, cpus: 2, memory_bytes: 62e6, memory_total_bytes: 8e9, memory_available_bytes: 5e9, open_files: 40, open_files_max: 8192,
  disk: { free_bytes: 81e9, total_bytes: 250e9, state: 'ok' },
};

function system(machine: Partial<System['machine']>): System {
  return {
    version: '0.1.0', node_id: 'studio', started_at: new Date().toISOString(), uptime_s: 1, phase: 'ready', nodes: 1, projects: 1, streams_live: 0,
    publishers: 0, players: 0, hls_viewers: 0, outputs_sending: 0, public_url: null, database: { kind: 'sqlite', schema: 1, open: 1, idle: 1, max: 4 },
    machine: { ...MACHINE, ...machine },
  };
}

async function cell(label: string, machine: Partial<System['machine']> = {}) {
  serve({ 'GET /api/v1/system': system(machine) });
  show(
    <Suspense>
      <Figures />
    </Suspense>,
  );
  return (await screen.findByText(label)).parentElement as HTMLElement;
}

it('says what the process takes, and of how much', async () => {
  expect(await cell('Processor')).toHaveTextContent('7.4 %of one core; there are 2');
  expect(screen.getByText('Memory').parentElement).toHaveTextContent('62.0 MB5.0 GB free of 8.0 GB');
  expect(screen.getByText('Free disk space').parentElement).toHaveTextContent('81.0 GBof 250 GB');
  expect(document.querySelector('[data-tone]')).toBeNull();
});

it('warns where the disk is nearly full, and what to do', async () => {
  const disk = await cell('Free disk space', { disk: { free_bytes: 5e8, total_bytes: 250e9, state: 'low' } });
  expect(disk).toHaveTextContent('make room, or move data_dir');
  expect(disk).toHaveAttribute('data-tone', 'warn');
});

it('does not pretend to know what the system does not tell', async () => {
  const disk = await cell('Free disk space', { cpu_percent: null, memory_total_bytes: null, memory_available_bytes: null, disk: null });
  expect(disk).toHaveTextContent('–');
  expect(screen.getByText('Processor').parentElement).toHaveTextContent('–');
});
